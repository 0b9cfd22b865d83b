#include "follow/follow_private.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- which lines --------------------------------------------------------------------------- */

static void test_matches(void)
{
    static const struct {
        const char *line;
        bool matches;
    } cases[] = {
        {"FATAL:  sorry, too many clients already", true},
        {"FATAL:  too many connections for role \"app\"", true},
        {"pq: Too Many Connections", true},
        {"{\"level\":\"error\",\"msg\":\"connection pool exhausted\",\"n\":3}", true},
        {"{\"code\":\"CONNECTION_POOL_EXHAUSTED\"}", true},
        {"FATAL:  remaining connection slots are reserved for roles with the SUPERUSER", true},
        {"error=\"failed to connect (SQLSTATE 53300)\"", true},
        {"WARNING C-0x1: app/app@10.0.0.1 pooler error: no more connections allowed", true},
        {"", false},
        {"too many", false},
        {"too many connection", false},
        {"connection accepted", false},
        {"SQLSTATE 5330", false},
        {"connection slots remaining: 12", false},
        {"pgrunbook: warning: refused: too many connections", false},
        {"app=PgRunbook FATAL:  sorry, too many clients already", false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].line);
        g_assert_cmpint(follow_line_matches(cases[i].line, strlen(cases[i].line)), ==,
                        cases[i].matches);
    }
    /* Each of them in any case, wherever it stands. */
    static const char *const each[] = {
        "TOO MANY CONNECTIONS",
        "x Too-Many-Clients",
        "Remaining connection Slots",
        "a connection pool exhausted",
        "Connection pool is exhausted",
        "NO more connections allowed",
        "(sqlstate 53300)",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(each); i++)
        g_assert_true(follow_line_matches(each[i], strlen(each[i])));
    /* The length counts, not what stands behind it. */
    g_assert_false(follow_line_matches("too many connections", 19));
}

/* ---- a file in a folder -------------------------------------------------------------------- */

struct place {
    char *folder, *path, *other;
    GPtrArray *lines;
    struct follow *follow;
};

static void collect(const char *line, gsize length, gpointer lines)
{
    g_assert_true(line[length] == '\0');
    g_ptr_array_add(lines, g_strndup(line, length));
}

static void setup(struct place *place, gconstpointer data)
{
    (void) data;
    place->folder = g_dir_make_tmp("follow-XXXXXX", NULL);
    place->path = g_build_filename(place->folder, "app.log", NULL);
    place->other = g_build_filename(place->folder, "app.log.1", NULL);
    place->lines = g_ptr_array_new_with_free_func(g_free);
}

static void teardown(struct place *place, gconstpointer data)
{
    (void) data;
    follow_free(place->follow);
    g_unlink(place->path);
    g_unlink(place->other);
    g_assert_cmpint(g_rmdir(place->folder), ==, 0);
    g_ptr_array_unref(place->lines);
    g_free(place->folder);
    g_free(place->path);
    g_free(place->other);
}

static int open_log(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static void put(int fd, const char *text)
{
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize) strlen(text));
}

static void append(const char *path, const char *text)
{
    int fd = open_log(path);

    put(fd, text);
    close(fd);
}

/* What has come since the last time, joined by "|". */
static void expect(struct place *place, const char *lines)
{
    g_assert_false(follow_read(place->follow, collect, place->lines));
    g_ptr_array_add(place->lines, NULL);
    g_autofree char *joined = g_strjoinv("|", (char **) place->lines->pdata);
    g_assert_cmpstr(joined, ==, lines);
    g_ptr_array_set_size(place->lines, 0);
}

static void test_grows(struct place *place, gconstpointer data)
{
    (void) data;
    append(place->path, "old\nold too\n");
    place->follow = follow_new(place->path);
    expect(place, "");
    append(place->path, "one\ntw");
    expect(place, "one");
    expect(place, "");
    append(place->path, "o\r\n\nthree\n");
    expect(place, "two||three");
    g_assert_null(follow_trouble(place->follow));
}

/* What is unfinished when we begin is read whole. */
static void test_unfinished(struct place *place, gconstpointer data)
{
    (void) data;
    append(place->path, "old\nhalf a ");
    place->follow = follow_new(place->path);
    append(place->path, "line\n");
    expect(place, "half a line");
    follow_free(place->follow);
    g_unlink(place->path);
    append(place->path, "only ");
    place->follow = follow_new(place->path);
    append(place->path, "one\n");
    expect(place, "only one");
}

static void test_appears(struct place *place, gconstpointer data)
{
    (void) data;
    place->follow = follow_new(place->path);
    expect(place, "");
    g_assert_cmpstr(follow_trouble(place->follow), ==, "No such file or directory");
    append(place->path, "first\n");
    expect(place, "first");
    g_assert_null(follow_trouble(place->follow));
}

static void test_long_line(struct place *place, gconstpointer data)
{
    (void) data;
    g_autofree char *filler = g_strnfill(3 * FOLLOW_LINE_BYTES, 'x');
    g_autofree char *line = g_strconcat("too many connections ", filler, "\nnext\n", NULL);

    append(place->path, "");
    place->follow = follow_new(place->path);
    append(place->path, line);
    g_assert_false(follow_read(place->follow, collect, place->lines));
    g_assert_cmpuint(place->lines->len, ==, 2);
    g_assert_cmpuint(strlen(place->lines->pdata[0]), ==, FOLLOW_LINE_BYTES);
    g_assert_true(follow_line_matches(place->lines->pdata[0], FOLLOW_LINE_BYTES));
    g_assert_cmpstr(place->lines->pdata[1], ==, "next");
}

/* A day's worth at once is read in several calls. */
static void test_bounded(struct place *place, gconstpointer data)
{
    enum { LINES = 100000 };
    guint calls = 1;

    (void) data;
    append(place->path, "");
    place->follow = follow_new(place->path);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < LINES; i++)
        g_string_append_printf(text, "%-99u\n", i);
    append(place->path, text->str);
    while (follow_read(place->follow, collect, place->lines))
        calls++;
    g_assert_cmpuint(calls, >, 1);
    g_assert_cmpuint(place->lines->len, ==, LINES);
    for (guint i = 0; i < LINES; i++)
        g_assert_cmpuint(g_ascii_strtoull(place->lines->pdata[i], NULL, 10), ==, i);
}

/* ---- what is done to log files ------------------------------------------------------------- */

/* The program keeps writing to the old file until it is told to open the new one. */
static void test_rename_create(struct place *place, gconstpointer data)
{
    (void) data;
    int old = open_log(place->path);
    place->follow = follow_new(place->path);
    put(old, "1\n");
    expect(place, "1");
    put(old, "2\n");
    g_rename(place->path, place->other);
    put(old, "3\n");
    expect(place, "2|3");
    put(old, "4\n");
    append(place->path, "6\n");
    expect(place, "4|6");
    put(old, "5\n");
    append(place->path, "7\n");
    expect(place, "5|7");
    close(old);
    /* And back again: no line of it comes twice. */
    g_rename(place->other, place->path);
    append(place->path, "8\n");
    expect(place, "8");
}

/* Three files between two looks: those that were renamed are found, in order. */
static void test_missed(struct place *place, gconstpointer data)
{
    g_autofree char *older = g_build_filename(place->folder, "app.log.2", NULL);

    (void) data;
    append(place->path, "old\n");
    place->follow = follow_new(place->path);
    struct pollfd wait = {.fd = follow_fd(place->follow), .events = POLLIN};
    g_assert_cmpint(poll(&wait, 1, 0), ==, 0);
    append(place->path, "1\n");
    g_assert_cmpint(poll(&wait, 1, 0), ==, 0);
    g_rename(place->path, place->other);
    append(place->path, "2\n");
    g_rename(place->other, older);
    g_rename(place->path, place->other);
    append(place->path, "3\n");
    g_assert_cmpint(poll(&wait, 1, 0), ==, 1);
    expect(place, "1|2|3");
    g_assert_cmpint(poll(&wait, 1, 0), ==, 0);
    append(older, "late\n");
    append(place->other, "later\n");
    expect(place, "late|later");
    g_unlink(older);
}

static void test_replaced(struct place *place, gconstpointer data)
{
    (void) data;
    append(place->path, "old\n");
    place->follow = follow_new(place->path);
    append(place->path, "1\n");
    append(place->other, "2\n");
    g_rename(place->other, place->path);
    expect(place, "1|2");
    append(place->path, "3\n");
    expect(place, "3");
}

static void test_deleted(struct place *place, gconstpointer data)
{
    (void) data;
    int old = open_log(place->path);
    place->follow = follow_new(place->path);
    put(old, "1\n");
    g_unlink(place->path);
    put(old, "2\n");
    expect(place, "1|2");
    g_assert_nonnull(follow_trouble(place->follow));
    put(old, "3\n");
    append(place->path, "4\n");
    expect(place, "3|4");
    close(old);
}

static void test_truncated(struct place *place, gconstpointer data)
{
    (void) data;
    append(place->path, "an old line that is rather long\n");
    place->follow = follow_new(place->path);
    append(place->path, "1\nhalf");
    expect(place, "1");
    g_assert_cmpint(truncate(place->path, 0), ==, 0);
    append(place->path, "2\n");
    expect(place, "2");
    /* Grown beyond the old length before anybody looked. */
    g_assert_cmpint(truncate(place->path, 0), ==, 0);
    append(place->path, "3\n4\n5\n");
    expect(place, "3|4|5");
    /* What is known of it came in pieces. */
    append(place->path, "6\n");
    expect(place, "6");
    g_assert_cmpint(truncate(place->path, 0), ==, 0);
    append(place->path, "3\n4\n5\n7\n8\n");
    expect(place, "3|4|5|7|8");
}

/* A writer without O_APPEND goes on at its old place: before it is a hole. */
static void test_hole(struct place *place, gconstpointer data)
{
    (void) data;
    int writer = open(place->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    place->follow = follow_new(place->path);
    for (guint i = 0; i < 30000; i++)
        put(writer, "a line like many others\n");
    g_assert_false(follow_read(place->follow, collect, place->lines));
    g_assert_cmpuint(place->lines->len, ==, 30000);
    g_ptr_array_set_size(place->lines, 0);
    g_assert_cmpint(truncate(place->path, 0), ==, 0);
    put(writer, "after the hole\n");
    expect(place, "after the hole");
    close(writer);
}

/* The door closes behind us; the file that comes next cannot be opened at first. */
static void test_permissions(struct place *place, gconstpointer data)
{
    (void) data;
    uid_t user = geteuid();
    if (user == 0) { /* nothing is closed to root */
        g_assert_cmpint(chown(place->folder, 65534, (gid_t) -1), ==, 0);
        g_assert_cmpint(seteuid(65534), ==, 0);
    }
    append(place->path, "");
    place->follow = follow_new(place->path);
    g_chmod(place->path, 0);
    expect(place, "");
    g_rename(place->path, place->other);
    append(place->path, "1\n");
    g_chmod(place->path, 0);
    expect(place, "");
    g_assert_cmpstr(follow_trouble(place->follow), ==, "Permission denied");
    g_chmod(place->path, 0600);
    append(place->path, "2\n");
    expect(place, "1|2");
    g_assert_cmpint(seteuid(user), ==, 0);
}

static void test_no_file(struct place *place, gconstpointer data)
{
    (void) data;
    g_mkdir(place->path, 0700);
    place->follow = follow_new(place->path);
    expect(place, "");
    g_assert_cmpstr(follow_trouble(place->follow), ==, "not a regular file");
    g_rmdir(place->path);
    g_assert_cmpint(mkfifo(place->path, 0600), ==, 0);
    expect(place, "");
    g_assert_cmpstr(follow_trouble(place->follow), ==, "not a regular file");
}

/* ---- under load ---------------------------------------------------------------------------- */

enum { ROTATIONS = 100 };

/* How often the file was looked at since; none of them is counted again. */
static int take_looks(int looks)
{
    char look[256];
    int count = 0;

    for (ssize_t got; (got = read(looks, look, sizeof look)) > 0;)
        count += (int) got;
    return count;
}

/* Writes numbered lines without a pause. The file is changed only when it was looked at twice
 * since the last change: what came and went between two looks nobody can have seen. */
static void write_and_rotate(const struct place *place, int looks)
{
    int fd = open_log(place->path), rotation = 0;
    int seen = 0;
    char line[64];
    unsigned number = 0;

    take_looks(looks); /* there was no file */

    while (rotation < ROTATIONS) {
        g_snprintf(line, sizeof line, "line %u\n", number++);
        put(fd, line);
        seen += take_looks(looks);
        if (seen < 2)
            continue;
        if (rotation % 3 == 0) { /* rename, write on, create */
            g_rename(place->path, place->other);
            g_snprintf(line, sizeof line, "line %u\n", number++);
            put(fd, line);
            close(fd);
            fd = open_log(place->path);
        } else if (rotation % 3 == 1) { /* another file over it */
            g_unlink(place->other);     /* or it were the one renamed before */
            int next = open_log(place->other);
            g_rename(place->other, place->path);
            g_snprintf(line, sizeof line, "line %u\n", number++);
            put(fd, line);
            close(fd);
            fd = next;
        } else { /* deleted and created anew */
            g_unlink(place->path);
            g_snprintf(line, sizeof line, "line %u\n", number++);
            put(fd, line);
            close(fd);
            fd = open_log(place->path);
        }
        rotation++;
        take_looks(looks);
        seen = 0;
    }
    put(fd, "end\n");
    _exit(0);
}

struct count {
    unsigned next;
    bool ended;
};

static void count_line(const char *line, gsize length, gpointer data)
{
    struct count *count = data;
    char expected[64];

    (void) length;
    g_snprintf(expected, sizeof expected, "line %u", count->next);
    count->ended = strcmp(line, "end") == 0;
    if (!count->ended)
        g_assert_cmpstr(line, ==, expected);
    count->next++;
}

static void test_load(struct place *place, gconstpointer data)
{
    struct count count = {0};
    int looks[2], status;

    (void) data;
    place->follow = follow_new(place->path);
    g_assert_cmpint(pipe2(looks, O_CLOEXEC | O_NONBLOCK), ==, 0);
    pid_t writer = fork();
    if (writer == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
        write_and_rotate(place, looks[0]);
    gint64 deadline = g_get_monotonic_time() + 120 * (gint64) G_USEC_PER_SEC;
    while (!count.ended) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        follow_read(place->follow, count_line, &count);
        ssize_t ignored = write(looks[1], "x", 1);
        (void) ignored;
    }
    g_assert_cmpint(waitpid(writer, &status, 0), ==, writer);
    g_assert_cmpint(status, ==, 0);
    g_test_message("%u lines over %d changes", count.next - 1, ROTATIONS);
    close(looks[0]);
    close(looks[1]);
}

/* Renamed and created anew as fast as it goes, whether anybody looks or not: each line comes, and
 * comes once. In what order, only the numbers know. */
enum { HASTY_ROTATIONS = 100, HASTY_LINES = 50, HASTY_ALL = HASTY_ROTATIONS * HASTY_LINES };

static void write_and_rename(const struct place *place)
{
    int fd = open_log(place->path);
    char line[64];

    for (int i = 0; i < HASTY_ALL; i++) {
        g_snprintf(line, sizeof line, "%d\n", i);
        if (i % HASTY_LINES == HASTY_LINES - 1) {
            g_autofree char *name = g_strdup_printf("%s.%d", place->path, i / HASTY_LINES);
            g_rename(place->path, name);
            put(fd, line);
            close(fd);
            fd = open_log(place->path);
            g_usleep(1000);
            continue;
        }
        put(fd, line);
    }
    _exit(0);
}

static void count_once(const char *line, gsize length, gpointer data)
{
    guint8 *seen = data;
    gint64 number = g_ascii_strtoll(line, NULL, 10);

    g_assert_cmpuint(length, >, 0);
    g_assert_cmpint(number, <, HASTY_ALL);
    g_assert_cmpint(seen[number]++, ==, 0);
}

static void test_hasty(struct place *place, gconstpointer data)
{
    g_autofree guint8 *seen = g_malloc0(HASTY_ALL);
    guint calls = 0;

    (void) data;
    place->follow = follow_new(place->path);
    pid_t writer = fork();
    if (writer == 0)
        write_and_rename(place);
    for (bool ended = false; !ended;) {
        struct pollfd wait = {.fd = follow_fd(place->follow), .events = POLLIN};
        poll(&wait, 1, 10);
        ended = waitpid(writer, NULL, WNOHANG) == writer;
        calls++;
        while (follow_read(place->follow, count_once, seen))
            ;
    }
    g_assert_null(memchr(seen, 0, HASTY_ALL));
    g_test_message("%u looks at %d files", calls, HASTY_ROTATIONS);
    for (int i = 0; i < HASTY_ROTATIONS; i++) {
        g_autofree char *name = g_strdup_printf("%s.%d", place->path, i);
        g_unlink(name);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(struct place *, gconstpointer);
    } tests[] = {
        {"/follow/grows", test_grows},     {"/follow/unfinished", test_unfinished},
        {"/follow/appears", test_appears}, {"/follow/long-line", test_long_line},
        {"/follow/bounded", test_bounded}, {"/follow/rename-create", test_rename_create},
        {"/follow/missed", test_missed},   {"/follow/replaced", test_replaced},
        {"/follow/deleted", test_deleted}, {"/follow/truncated", test_truncated},
        {"/follow/hole", test_hole},       {"/follow/permissions", test_permissions},
        {"/follow/no-file", test_no_file}, {"/follow/load", test_load},
        {"/follow/hasty", test_hasty},
    };

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/follow/matches", test_matches);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, struct place, NULL, setup, tests[i].test, teardown);
    return g_test_run();
}
