/*
 * The conversation on the socket itself. libpq copies each byte twice on its way from the kernel, and
 * asks for 64 kB at a time; a backup is gigabytes of them, and the processors are busy with
 * compressing. The command is sent while libpq is idle, and its answer read to the ReadyForQuery at
 * its end, behind which libpq is idle again and no wiser.
 */
#include "replication/base_backup_line.h"
#include "replication/wire_message.h"

#include "error.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* Large enough for few system calls, small enough for the processor's own cache. */
enum { BUFFER_BYTES = 256 << 10 };

struct wire_line {
    struct base_backup_line base;
    int fd;
    guint8 *buffer;
    gsize room, begin, end; /* what has arrived and was not taken is from begin to end */
};

static bool lost(struct base_backup_line *line, int code, GError **error)
{
    const struct base_backup_said said = {
        .message = code == 0 ? "the server closed the connection" : g_strerror(code)};

    return base_backup_refused(line, &said, error);
}

static bool strange(GError **error, const char *what)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "the server's answer to BASE_BACKUP cannot be understood: %s", what);
    return false;
}

static bool send_command(struct base_backup_line *line, const char *command, GError **error)
{
    struct wire_line *self = (struct wire_line *) line;
    gsize length = strlen(command) + 1, sent = 0;
    guint32 said = GUINT32_TO_BE((guint32) length + 4);
    g_autoptr(GByteArray) message = g_byte_array_new();

    g_byte_array_append(message, (const guint8 *) "Q", 1);
    g_byte_array_append(message, (const guint8 *) &said, sizeof said);
    g_byte_array_append(message, (const guint8 *) command, (guint) length);
    while (sent < message->len) {
        gssize done = send(self->fd, message->data + sent, message->len - sent, MSG_NOSIGNAL);
        if (done >= 0)
            sent += (gsize) done;
        else if (errno == EAGAIN) {
            if (!base_backup_await(line, POLLOUT, error))
                return false;
        } else if (errno != EINTR)
            return lost(line, errno, error);
    }
    return true;
}

/* ---- messages ----------------------------------------------------------------------------- */

/* More bytes behind those that wait; makes room for them. */
static bool receive(struct wire_line *self, GError **error)
{
    if (self->begin > 0) {
        memmove(self->buffer, self->buffer + self->begin, self->end - self->begin);
        self->end -= self->begin;
        self->begin = 0;
    }
    if (self->end == self->room) {
        self->room *= 2; /* a message is bounded, and with it this */
        self->buffer = g_realloc(self->buffer, self->room);
    }
    for (;;) {
        gssize got = recv(self->fd, self->buffer + self->end, self->room - self->end, 0);
        if (got > 0) {
            self->end += (gsize) got;
            return true;
        }
        if (got == 0)
            return lost(&self->base, 0, error);
        if (errno == EAGAIN) {
            if (!base_backup_await(&self->base, POLLIN, error))
                return false;
        } else if (errno != EINTR)
            return lost(&self->base, errno, error);
    }
}

static struct base_backup_said said_in(const struct wire_message *message)
{
    return (struct base_backup_said){
        .severity = wire_message_field(message, 'V'),
        .sqlstate = wire_message_field(message, 'C'),
        .message = wire_message_field(message, 'M'),
        .hint = wire_message_field(message, 'H'),
        .function = wire_message_field(message, 'R'),
    };
}

/* The next message but for those that may come at any time. */
static bool next_message(struct wire_line *self, struct wire_message *ret_message,
                         GError **error)
{
    for (;;) {
        gsize taken = 0;
        enum wire_state state = wire_message_take(self->buffer + self->begin,
                                                  self->end - self->begin, ret_message, &taken);
        if (state == WIRE_BROKEN)
            return strange(error, "bytes that are no message");
        if (state == WIRE_MORE) {
            if (!receive(self, error))
                return false;
            continue;
        }
        self->begin += taken;
        struct base_backup_said said;
        switch (ret_message->type) {
        case 'N':
            said = said_in(ret_message);
            self->base.heard(&said, self->base.data);
            break;
        case 'S': /* a setting has changed */
            break;
        case 'E':
            said = said_in(ret_message);
            return base_backup_refused(&self->base, &said, error);
        default:
            return true;
        }
    }
}

static bool expect(struct wire_line *self, char type, struct wire_message *ret_message,
                   GError **error)
{
    if (!next_message(self, ret_message, error))
        return false;
    return ret_message->type == type || strange(error, "a message out of its turn");
}

/* ---- the parts of the answer -------------------------------------------------------------- */

static GPtrArray *read_rows(struct base_backup_line *line, guint columns, GError **error)
{
    struct wire_line *self = (struct wire_line *) line;
    g_autoptr(GPtrArray) rows =
        g_ptr_array_new_with_free_func((GDestroyNotify) g_ptr_array_unref);
    struct wire_message message;

    if (!expect(self, 'T', &message, error))
        return NULL;
    for (;;) {
        if (!next_message(self, &message, error))
            return NULL;
        if (message.type == 'C' && rows->len > 0)
            return g_steal_pointer(&rows);
        g_autoptr(GPtrArray) row = message.type == 'D' ? wire_message_row(&message) : NULL;
        if (row == NULL || row->len < columns) {
            strange(error, "a result set of another form");
            return NULL;
        }
        g_ptr_array_add(rows, g_steal_pointer(&row));
    }
}

static bool begin_copy(struct base_backup_line *line, GError **error)
{
    struct wire_message message;

    return expect((struct wire_line *) line, 'H', &message, error);
}

static enum base_backup_copied read_copy(struct base_backup_line *line, const void **ret_bytes,
                                         gsize *ret_length, GError **error)
{
    struct wire_message message;

    if (!next_message((struct wire_line *) line, &message, error))
        return BASE_BACKUP_COPY_FAILED;
    if (message.type == 'c')
        return BASE_BACKUP_COPY_END;
    if (message.type != 'd') {
        strange(error, "a message out of its turn");
        return BASE_BACKUP_COPY_FAILED;
    }
    *ret_bytes = message.body;
    *ret_length = message.length;
    return BASE_BACKUP_BYTES;
}

static bool read_end(struct base_backup_line *line, GError **error)
{
    struct wire_line *self = (struct wire_line *) line;
    struct wire_message message = {0};

    do {
        if (!next_message(self, &message, error))
            return false;
        if (message.type != 'C' && message.type != 'Z')
            return strange(error, "a message out of its turn");
    } while (message.type != 'Z');
    return true;
}

static void close_line(struct base_backup_line *line)
{
    struct wire_line *self = (struct wire_line *) line;

    g_free(self->buffer);
    g_free(self);
}

/* What libpq has not taken from the socket yet would be lost on it. */
static bool quiet(PGconn *connection)
{
    struct pollfd socket = {.fd = PQsocket(connection), .events = POLLIN};

    return poll(&socket, 1, 0) == 0;
}

struct base_backup_line *base_backup_wire(PGconn *connection)
{
    static const struct base_backup_way way = {send_command, read_rows, begin_copy,
                                               read_copy,    read_end,  close_line};

    if (PQsslInUse(connection) || PQgssEncInUse(connection) || !quiet(connection))
        return NULL;
    struct wire_line *self = g_new0(struct wire_line, 1);
    self->base.way = &way;
    self->base.connection = connection;
    self->fd = PQsocket(connection);
    self->room = BUFFER_BYTES;
    self->buffer = g_malloc(self->room);
    return &self->base;
}
