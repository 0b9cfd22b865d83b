#include "follow/follow_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BYTES_A_CALL = 4 * 1024 * 1024,
    PIECE = 16 * 1024,
    MARK = 64,            /* bytes before the place reached, to know them again */
    OLD_QUIET_S = 60,     /* an old file nobody writes to for so long is let go */
    OLD_FEW = 4,          /* of more than these, */
    OLD_QUIET_MANY_S = 2, /* after so long; */
    OLD_MOST = 64,        /* of more than these, at once */
};

/* One file, whatever it is called by now. */
struct source {
    int fd;
    dev_t device;
    ino_t inode;
    off_t offset;
    GString *unfinished;
    char mark[MARK]; /* what stands right before the offset */
    gsize marked;
    gint64 grown_us; /* monotonic */
};

struct follow {
    char *path;
    struct source *current; /* NULL: none yet */
    GPtrArray *old;         /* of struct source, owned, the oldest first */
    struct follow_names *names;
    char *trouble;
    bool from_end; /* the first file there is, is read from its end */
};

/* ---- a file -------------------------------------------------------------------------------- */

static void source_free(gpointer data)
{
    struct source *source = data;

    close(source->fd);
    g_string_free(source->unfinished, TRUE);
    g_free(source);
}

/* Remembers what stands before the offset. */
static void set_mark(struct source *source)
{
    gsize wanted = (gsize) MIN(source->offset, MARK);
    ssize_t got = pread(source->fd, source->mark, wanted, source->offset - (off_t) wanted);

    source->marked = got == (ssize_t) wanted ? wanted : 0;
}

/* The same, of what was read: the file itself may hold something else by now. */
static void keep_mark(struct source *source, const char *piece, gsize length)
{
    gsize fresh = MIN(length, MARK);
    gsize kept = MIN(source->marked, MARK - fresh);

    memmove(source->mark, source->mark + source->marked - kept, kept);
    memcpy(source->mark + kept, piece + length - fresh, fresh);
    source->marked = kept + fresh;
}

static bool mark_holds(const struct source *source)
{
    char found[MARK];
    off_t from = source->offset - (off_t) source->marked;

    return pread(source->fd, found, source->marked, from) == (ssize_t) source->marked &&
           memcmp(found, source->mark, source->marked) == 0;
}

/* To the end, or to the beginning of the line that is unfinished there. */
static void go_to_end(struct source *source, off_t size)
{
    g_autofree char *tail = g_malloc(FOLLOW_LINE_BYTES);
    gsize wanted = (gsize) MIN(size, FOLLOW_LINE_BYTES);
    ssize_t got = pread(source->fd, tail, wanted, size - (off_t) wanted);
    const char *end = got > 0 ? memrchr(tail, '\n', (gsize) got) : NULL;

    source->offset = size;
    if (end != NULL)
        source->offset = size - got + (end + 1 - tail);
    else if (got == size)
        source->offset = 0;
    set_mark(source);
}

static struct source *source_open(const char *path, GError **error)
{
    struct stat found;
    /* Not to wait for the other end of a fifo somebody put there. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, &found) != 0) {
        g_set_error_literal(error, G_FILE_ERROR, (gint) g_file_error_from_errno(errno),
                            g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (!S_ISREG(found.st_mode)) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "not a regular file");
        close(fd);
        return NULL;
    }
    struct source *source = g_new0(struct source, 1);
    source->fd = fd;
    source->device = found.st_dev;
    source->inode = found.st_ino;
    source->unfinished = g_string_new(NULL);
    source->grown_us = g_get_monotonic_time();
    return source;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Shorter than what was read, or other bytes before that place: it was truncated and begins
 * anew. A writer who did not notice leaves a hole, which nobody wants to read. */
static void heed_truncation(struct source *source)
{
    struct stat found;

    if (fstat(source->fd, &found) != 0 ||
        (found.st_size >= source->offset && (source->marked == 0 || mark_holds(source))))
        return;
    off_t data = lseek(source->fd, 0, SEEK_DATA);
    source->offset = MAX(data, 0);
    source->marked = 0;
    g_string_truncate(source->unfinished, 0);
}

/* To the end of the file, or until the budget is used up: false. */
static bool source_read(struct source *source, gsize *budget, follow_line *line, gpointer data)
{
    char piece[PIECE];
    ssize_t got = 0;
    bool any = false;

    heed_truncation(source);
    while (*budget > 0 &&
           (got = pread(source->fd, piece, MIN(sizeof piece, *budget), source->offset)) > 0) {
        follow_split(source->unfinished, piece, (gsize) got, line, data);
        keep_mark(source, piece, (gsize) got);
        source->offset += got;
        *budget -= (gsize) got;
        any = true;
    }
    if (any)
        source->grown_us = g_get_monotonic_time();
    return *budget > 0;
}

/* Nobody will finish its last line. */
static void source_end(struct source *source, follow_line *line, gpointer data)
{
    if (source->unfinished->len > 0)
        follow_split(source->unfinished, "\n", 1, line, data);
}

/* ---- which file it is ---------------------------------------------------------------------- */

static void set_trouble(struct follow *follow, const char *words)
{
    if (g_strcmp0(words, follow->trouble) == 0)
        return;
    g_free(follow->trouble);
    follow->trouble = g_strdup(words);
}

static bool is_file(const struct source *source, const struct stat *found)
{
    return source != NULL && source->device == found->st_dev && source->inode == found->st_ino;
}

/* The file that bears the name now, when it is one that bore it before. */
static struct source *take_old(struct follow *follow, const struct stat *found)
{
    for (guint i = 0; i < follow->old->len; i++)
        if (is_file(follow->old->pdata[i], found))
            return g_ptr_array_steal_index(follow->old, i);
    return NULL;
}

static bool is_known(const struct follow *follow, const struct source *source)
{
    const struct stat found = {.st_dev = source->device, .st_ino = source->inode};

    for (guint i = 0; i < follow->old->len; i++)
        if (is_file(follow->old->pdata[i], &found))
            return true;
    return is_file(follow->current, &found);
}

static void set_current(struct follow *follow, struct source *source)
{
    if (follow->current != NULL)
        g_ptr_array_add(follow->old, follow->current);
    follow->current = source;
}

/* True: a file that bore the name for a while, which nobody saw, is the current one now. */
static bool take_missed(struct follow *follow)
{
    char *path;

    while ((path = follow_names_next(follow->names)) != NULL) {
        struct source *source = source_open(path, NULL);
        g_free(path);
        if (source != NULL && !is_known(follow, source)) {
            set_current(follow, source);
            return true;
        }
        if (source != NULL)
            source_free(source);
    }
    return false;
}

/* True: another file bears the name, and is open. Its predecessor is read on. */
static bool change_file(struct follow *follow)
{
    struct stat found;
    g_autoptr(GError) error = NULL;

    if (stat(follow->path, &found) != 0) {
        set_trouble(follow, g_strerror(errno));
        /* What was never there is read from its beginning. Behind a closed door it may be. */
        if (errno == ENOENT)
            follow->from_end = false;
        return false;
    }
    if (is_file(follow->current, &found)) {
        set_trouble(follow, NULL);
        return false;
    }
    struct source *next = take_old(follow, &found);
    if (next == NULL)
        next = source_open(follow->path, &error);
    set_trouble(follow, next == NULL ? error->message : NULL);
    if (next == NULL)
        return false;
    set_current(follow, next);
    return true;
}

static bool may_go(const struct follow *follow, const struct source *source)
{
    guint count = follow->old->len;
    gint64 quiet_s = (g_get_monotonic_time() - source->grown_us) / G_USEC_PER_SEC;

    return quiet_s >= (count > OLD_FEW ? OLD_QUIET_MANY_S : OLD_QUIET_S) || count > OLD_MOST;
}

static void let_go(struct follow *follow, follow_line *line, gpointer data)
{
    while (follow->old->len > 0 && may_go(follow, follow->old->pdata[0])) {
        source_end(follow->old->pdata[0], line, data);
        g_ptr_array_remove_index(follow->old, 0);
    }
}

/* ---- the follower -------------------------------------------------------------------------- */

static void start_at_end(struct follow *follow)
{
    struct stat found;

    if (follow->from_end && fstat(follow->current->fd, &found) == 0)
        go_to_end(follow->current, found.st_size);
    follow->from_end = false;
}

struct follow *follow_new(const char *path)
{
    struct follow *follow = g_new0(struct follow, 1);

    follow->path = g_strdup(path);
    follow->old = g_ptr_array_new_with_free_func(source_free);
    follow->from_end = true;
    follow->names = follow_names_new(path);
    follow_names_read(follow->names);
    if (change_file(follow))
        start_at_end(follow);
    return follow;
}

void follow_free(struct follow *follow)
{
    g_ptr_array_free(follow->old, TRUE);
    if (follow->current != NULL)
        source_free(follow->current);
    follow_names_free(follow->names);
    g_free(follow->trouble);
    g_free(follow->path);
    g_free(follow);
}

bool follow_read(struct follow *follow, follow_line *line, gpointer data)
{
    gsize budget = BYTES_A_CALL;

    follow_names_read(follow->names);
    for (guint i = 0; i < follow->old->len; i++)
        if (!source_read(follow->old->pdata[i], &budget, line, data))
            return true;
    do {
        if (follow->current != NULL && !source_read(follow->current, &budget, line, data))
            return true;
    } while (take_missed(follow));
    if (!change_file(follow)) {
        let_go(follow, line, data);
        return false;
    }
    start_at_end(follow);
    /* What was written between the last look and the change. */
    if (follow->old->len > 0 &&
        !source_read(follow->old->pdata[follow->old->len - 1], &budget, line, data))
        return true;
    let_go(follow, line, data);
    return !source_read(follow->current, &budget, line, data);
}

int follow_fd(const struct follow *follow)
{
    return follow_names_fd(follow->names);
}

const char *follow_trouble(const struct follow *follow)
{
    return follow->trouble;
}
