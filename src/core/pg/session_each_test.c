/* Answers by COPY: lines taken apart, and a server that breaks off in the middle. */
#include "error.h"
#include "interrupt.h"
#include "pg/session_private.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void test_split(void)
{
    static const struct {
        const char *line;
        guint count;
        const char *fields[4];
    } cases[] = {
        {"1\ttwo\t3\n", 3, {"1", "two", "3"}},
        {"one\n", 1, {"one"}},
        {"one", 1, {"one"}},
        {"\n", 1, {""}},
        {"\t\n", 2, {"", ""}},
        {"\\N\ta\t\\N\n", 3, {NULL, "a", NULL}},
        {"\\\\N\t\\\\\n", 2, {"\\N", "\\"}},
        {"a\\tb\tc\\nd\\re\t\\b\\f\\v\n", 3, {"a\tb", "c\nd\re", "\b\f\v"}},
        {"C:\\\\new\\\\table\tx\n", 2, {"C:\\new\\table", "x"}},
        {"a\\qb\t\\\n", 2, {"aqb", "\\"}}, /* what no server writes */
        {"Größe\t🐘\n", 2, {"Größe", "🐘"}},
        {"1\t2\t3\t4\t5\n", 4, {"1", "2", "3", "4"}},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *fields[4] = {NULL};
        g_autofree char *line = g_strdup(cases[i].line);
        guint count = rows_split(line, fields, G_N_ELEMENTS(fields));
        g_assert_cmpuint(count, ==, cases[i].count);
        for (guint field = 0; field < count; field++)
            g_assert_cmpstr(fields[field], ==, cases[i].fields[field]);
    }
}

static void test_cells(void)
{
    const char *const fields[] = {"-7", "0.5", "t", "f", NULL};
    const struct rows row = {.fields = fields};

    g_assert_cmpint(rows_count(&row), ==, 1);
    g_assert_cmpint(rows_int(&row, 0, 0), ==, -7);
    g_assert_cmpfloat(rows_real(&row, 0, 1), ==, 0.5);
    g_assert_true(rows_bool(&row, 0, 2));
    g_assert_false(rows_bool(&row, 0, 3));
    g_assert_true(rows_null(&row, 0, 4));
    g_assert_null(rows_text(&row, 0, 4));
    g_assert_cmpint(rows_int(&row, 0, 4), ==, 0);
    g_assert_cmpfloat(rows_real(&row, 0, 4), ==, 0);
    g_assert_false(rows_bool(&row, 0, 4));
}

/* ---- a server of few words -------------------------------------------------------------------- */

static const struct query query = {
    .name = "test",
    .since = 140000,
    .param_types = (const char *const[]){"text", "int8", NULL},
    .columns = (const char *const[]){"number", "name", NULL},
    .column_types = (const char *const[]){"int8", "text", NULL},
    .sql = "SELECT 1, $1 WHERE 2 = $2",
};

/* It lets everybody in, reads one statement, and says `answer`; then it waits for a cancel, which
 * comes on a connection of its own, or ends. */
struct server {
    char *folder, *path, *statement;
    int listener;
    GByteArray *answer, *after_cancel; /* after_cancel NULL: the connection ends */
    GThread *thread;
};

static void packet(GByteArray *to, char type, const void *body, guint size)
{
    guint32 length = GUINT32_TO_BE(size + 4);

    g_byte_array_append(to, (const guint8 *) &type, 1);
    g_byte_array_append(to, (const guint8 *) &length, sizeof length);
    g_byte_array_append(to, body, size);
}

static void say(int client, const GByteArray *bytes)
{
    g_assert_cmpint(write(client, bytes->data, bytes->len), ==, bytes->len);
}

static void wait_for_cancel(const struct server *server)
{
    char request[64];
    int canceller = accept(server->listener, NULL, NULL);

    g_assert_cmpint(read(canceller, request, sizeof request), ==, 16);
    close(canceller);
}

static gpointer serve(gpointer data)
{
    struct server *server = data;
    g_autoptr(GByteArray) welcome = g_byte_array_new();
    char request[4096] = "";
    int client = accept(server->listener, NULL, NULL);

    packet(welcome, 'R', "\0\0\0\0", 4);
    packet(welcome, 'K', "\0\0\0\1\0\0\0\2", 8);
    packet(welcome, 'Z', "I", 1);
    g_assert_cmpint(read(client, request, sizeof request), >, 0);
    say(client, welcome);
    g_assert_cmpint(read(client, request, sizeof request - 1), >, 5);
    server->statement = g_strdup(request + 5);
    say(client, server->answer);
    if (server->after_cancel != NULL) {
        wait_for_cancel(server);
        say(client, server->after_cancel);
    }
    shutdown(client, SHUT_WR);
    while (read(client, request, sizeof request) > 0)
        continue;
    close(client);
    return NULL;
}

static struct server *server_open(GByteArray *answer, GByteArray *after_cancel)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct server *server = g_new0(struct server, 1);
    g_autoptr(GError) error = NULL;

    server->answer = answer;
    server->after_cancel = after_cancel;
    server->folder = g_dir_make_tmp("pgrunbook-each-XXXXXX", &error);
    g_assert_no_error(error);
    server->path = g_build_filename(server->folder, ".s.PGSQL.1", NULL);
    g_strlcpy(address.sun_path, server->path, sizeof address.sun_path);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(server->listener, (struct sockaddr *) &address, sizeof address), ==,
                    0);
    g_assert_cmpint(listen(server->listener, 8), ==, 0);
    server->thread = g_thread_new("server", serve, server);
    return server;
}

/* What it was asked, once it has ended. */
static const char *server_statement(struct server *server)
{
    if (server->thread != NULL)
        g_thread_join(g_steal_pointer(&server->thread));
    return server->statement;
}

static void server_close(struct server *server)
{
    server_statement(server);
    close(server->listener);
    g_unlink(server->path);
    g_rmdir(server->folder);
    g_byte_array_unref(server->answer);
    if (server->after_cancel != NULL)
        g_byte_array_unref(server->after_cancel);
    g_free(server->path);
    g_free(server->folder);
    g_free(server->statement);
    g_free(server);
}

static struct session session_to(const struct server *server)
{
    const char *const names[] = {"host",    "port",       "user", "dbname",
                                 "sslmode", "gssencmode", NULL};
    const char *const values[] = {server->folder, "1", "u", "d", "disable", "disable", NULL};
    struct session session = {.connection = PQconnectStartParams(names, values, 0),
                              .version = 140000};
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
        struct pollfd wait = {
            .fd = PQsocket(session.connection),
            .events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT,
        };
        g_assert_cmpint(poll(&wait, 1, -1), ==, 1);
        status = PQconnectPoll(session.connection);
    }

    g_assert_cmpint(PQstatus(session.connection), ==, CONNECTION_OK);
    return session;
}

/* The beginning of every answer: two rows of two columns. */
static GByteArray *two_rows(void)
{
    GByteArray *answer = g_byte_array_new();

    packet(answer, 'H', "\0\0\2\0\0\0\0", 7);
    packet(answer, 'd', "1\tone\\ntwo\n", 11);
    packet(answer, 'd', "2\t\\N\n", 5);
    return answer;
}

static void append_failure(GByteArray *answer, const char *sqlstate)
{
    g_autofree char *fields = g_strdup_printf("SERROR|C%s|Mno more|", sqlstate);
    guint size = (guint) strlen(fields);

    packet(answer, 'E', g_strdelimit(fields, "|", '\0'), size + 1);
    packet(answer, 'Z', "I", 1);
}

static void visit(const struct rows *row, gpointer data)
{
    g_string_append_printf(data, "%d=%s;", (int) rows_int(row, 0, 0),
                           rows_null(row, 0, 1) ? "null" : rows_text(row, 0, 1));
}

/* Runs the query; expects these rows, and this error (NULL: none). */
static void expect(struct session *session, enum runbook_exit code, const char *message)
{
    const char *const values[] = {"it's", NULL};
    g_autoptr(GString) seen = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    bool done = session_each(session, &query, values, visit, seen, &error);

    g_assert_cmpstr(seen->str, ==, "1=one\ntwo;2=null;");
    g_assert_true(done == (message == NULL));
    if (message == NULL) {
        g_assert_no_error(error);
        g_assert_cmpstr(session_sqlstate(session), ==, "");
        return;
    }
    g_assert_error(error, RUNBOOK_ERROR, (int) code);
    g_assert_nonnull(strstr(error->message, message));
}

static void test_rows(void)
{
    GByteArray *answer = two_rows();
    packet(answer, 'c', "", 0);
    packet(answer, 'C', "COPY 2", 7);
    packet(answer, 'Z', "I", 1);
    struct server *server = server_open(answer, NULL);
    struct session session = session_to(server);

    expect(&session, RUNBOOK_DONE, NULL);
    PQfinish(session.connection);
    g_assert_cmpstr(server_statement(server), ==,
                    "COPY (\nSELECT 1, ('it''s'::pg_catalog.text) WHERE 2 = "
                    "(NULL::pg_catalog.int8)\n) TO STDOUT");
    server_close(server);
}

static void test_failure(void)
{
    GByteArray *answer = two_rows();
    append_failure(answer, "57014");
    struct server *server = server_open(answer, NULL);
    struct session session = session_to(server);

    expect(&session, RUNBOOK_FAILED, "no more");
    g_assert_cmpstr(session_sqlstate(&session), ==, "57014");
    g_assert_nonnull(session.connection);
    PQfinish(session.connection);
    server_close(server);
}

static void test_lost(void)
{
    struct server *server = server_open(two_rows(), NULL);
    struct session session = session_to(server);

    expect(&session, RUNBOOK_CONNECT, "connection lost: ");
    g_assert_cmpstr(session_sqlstate(&session), ==, "08006");
    g_assert_null(session.connection);
    g_assert_false(
        session_each(&session, &query, (const char *const[]){"", ""}, NULL, NULL, NULL));
    g_assert_cmpstr(session_sqlstate(&session), ==, "08003");
    server_close(server);
}

static void visit_and_raise(const struct rows *row, gpointer data)
{
    visit(row, data);
    if (rows_int(row, 0, 0) == 2)
        raise(SIGINT);
}

/* The cancel is sent, and what comes until it has its effect is read: the session is usable. */
static void test_interrupted(void)
{
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
        return;
    }
    GByteArray *late = g_byte_array_new();
    packet(late, 'd', "3\tlate\n", 7);
    append_failure(late, "57014");
    struct server *server = server_open(two_rows(), late);
    struct session session = session_to(server);
    g_autoptr(GString) seen = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    interrupt_install();
    g_assert_false(session_each(&session, &query, (const char *const[]){"", "1"},
                                visit_and_raise, seen, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED);
    g_assert_cmpstr(seen->str, ==, "1=one\ntwo;2=null;");
    g_assert_nonnull(session.connection);
    g_assert_cmpint(PQtransactionStatus(session.connection), ==, PQTRANS_IDLE);
    PQfinish(session.connection);
    server_close(server);
}

/* Interrupted before its first word, it says this in spite of the cancel. Returns the connection. */
static PGconn *interrupted_before(GByteArray *late)
{
    struct server *server = server_open(g_byte_array_new(), late);
    struct session session = session_to(server);
    g_autoptr(GString) seen = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    interrupt_install();
    raise(SIGINT);
    g_assert_false(
        session_each(&session, &query, (const char *const[]){"", "1"}, visit, seen, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED);
    g_assert_cmpstr(seen->str, ==, "");
    g_assert_cmpstr(session_sqlstate(&session), ==, "57014");
    if (session.connection == NULL)
        server_close(server);
    return session.connection;
}

/* A COPY that begins only after the cancel has to be read as well; libpq names it again and again. */
static void test_interrupted_before(void)
{
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
        return;
    }
    GByteArray *late = two_rows();
    append_failure(late, "57014");
    PGconn *connection = interrupted_before(late);
    g_assert_nonnull(connection);
    g_assert_cmpint(PQtransactionStatus(connection), ==, PQTRANS_IDLE);
    PQfinish(connection);
}

/* One that wants data nobody can end: the connection is given up. */
static void test_interrupted_in(void)
{
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
        return;
    }
    GByteArray *late = g_byte_array_new();
    packet(late, 'G', "\0\0\2\0\0\0\0", 7);
    g_assert_null(interrupted_before(late));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    g_test_add_func("/pg/each/split", test_split);
    g_test_add_func("/pg/each/cells", test_cells);
    g_test_add_func("/pg/each/rows", test_rows);
    g_test_add_func("/pg/each/failure", test_failure);
    g_test_add_func("/pg/each/lost", test_lost);
    g_test_add_func("/pg/each/interrupted", test_interrupted);
    g_test_add_func("/pg/each/cancelled-early", test_interrupted_before);
    g_test_add_func("/pg/each/cancelled-in", test_interrupted_in);
    return g_test_run();
}
