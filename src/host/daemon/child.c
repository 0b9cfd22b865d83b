#include "daemon/child.h"

#include "daemon/line_reader.h"
#include "daemon/signals.h"
#include "error.h"
#include "feature.h"
#include "settings/settings.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FEED_MOST = 1 << 20, TURN_BYTES = 1 << 16 };

/* A pipe it writes to. */
struct stream {
    struct child *child;
    int fd; /* -1: closed, or none */
    guint source;
    struct line_reader *reader;
    void (*line)(const char *line, gsize length, bool cut, gpointer data);
};

struct child {
    struct child_plan plan;
    pid_t pid; /* 0: it was reaped, the number may be another's */
    gint64 started_us;
    struct stream output, errors;
    int input; /* -1: closed, or none */
    guint input_source, kill_timer;
    gint64 kill_at_us;
    bool told;        /* to end */
    GString *waiting; /* for its stdin */
};

static GPtrArray *children; /* of struct child, borrowed; NULL: never any */

/* ---- its output ----------------------------------------------------------------------------- */

static void close_stream(struct stream *stream)
{
    if (stream->fd < 0)
        return;
    if (stream->source != 0)
        g_source_remove(stream->source);
    stream->source = 0;
    close(stream->fd);
    stream->fd = -1;
}

/* What is there by now, at most `most` bytes: one that prints without end must not keep us from
 * the others. False at its end. */
static bool read_some(const struct stream *stream, gsize most)
{
    const struct child *child = stream->child;
    char chunk[8192];

    while (most > 0) {
        ssize_t got = read(stream->fd, chunk, MIN(sizeof chunk, most));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        most -= (gsize) got;
        if (stream == &child->output && child->plan.bytes != NULL)
            child->plan.bytes(chunk, (gsize) got, child->plan.data);
        else
            line_reader_feed(stream->reader, chunk, (gsize) got, stream->line,
                             child->plan.data);
    }
    return true;
}

static gboolean on_output(gint fd, GIOCondition condition, gpointer data)
{
    struct stream *stream = data;
    (void) fd;
    (void) condition;

    if (read_some(stream, TURN_BYTES))
        return G_SOURCE_CONTINUE;
    stream->source = 0;
    close_stream(stream);
    return G_SOURCE_REMOVE;
}

/* ---- its input ------------------------------------------------------------------------------ */

static void close_input(struct child *child)
{
    if (child->input < 0)
        return;
    if (child->input_source != 0)
        g_source_remove(child->input_source);
    child->input_source = 0;
    close(child->input);
    child->input = -1;
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer data)
{
    struct child *child = data;
    (void) condition;

    ssize_t sent = write(fd, child->waiting->str, child->waiting->len);
    if (sent > 0)
        g_string_erase(child->waiting, 0, sent);
    if (child->waiting->len > 0 && (sent >= 0 || errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    child->input_source = 0;
    if (sent < 0)
        close_input(child); /* it does not read any more; that it ends is told elsewhere */
    return G_SOURCE_REMOVE;
}

bool child_feed(struct child *child, const char *text)
{
    if (child->input < 0 || child->waiting->len + strlen(text) > FEED_MOST)
        return false;
    g_string_append(child->waiting, text);
    if (child->input_source == 0)
        child->input_source = g_unix_fd_add(child->input, G_IO_OUT, on_input, child);
    return true;
}

/* ---- its beginning -------------------------------------------------------------------------- */

/* All that the child needs between fork and exec, where only what a signal handler may do is
 * allowed. */
struct birth {
    pid_t parent;
    char **words, **environment;
    int input, output; /* -1: /dev/null */
    int errors;        /* -1: shared with us */
    int settings_fd;
};

static G_GNUC_NORETURN void in_child(const struct birth *birth)
{
    static const int ours[] = {SIGTERM, SIGINT, SIGHUP};
    static const char last_words[] = "pgrunbook: cannot start a child process\n";
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int input = birth->input >= 0 ? birth->input : null_fd;

    /* No terminal to ask on, and none of our Ctrl-C. */
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != birth->parent)
        _exit(127);
    if (dup2(input, STDIN_FILENO) < 0 || dup2(birth->output, STDOUT_FILENO) < 0 ||
        (birth->errors >= 0 && dup2(birth->errors, STDERR_FILENO) < 0))
        _exit(127);
    if (birth->settings_fd >= 0)
        fcntl(birth->settings_fd, F_SETFD, 0);
    /* A handler of ours would swallow what comes before exec. */
    for (gsize i = 0; i < G_N_ELEMENTS(ours); i++)
        signal(ours[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, signals_mask_before(), NULL);
    /* The very file we are, even when a newer one has taken its place meanwhile. */
    execve("/proc/self/exe", birth->words, birth->environment);
    ssize_t unheard = write(STDERR_FILENO, last_words, sizeof last_words - 1);
    (void) unheard;
    _exit(127);
}

char **child_words(const char *program, const char *const *arguments)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();

    if (program != NULL)
        g_strv_builder_add(words, program);
    for (; *arguments != NULL; arguments++)
        g_strv_builder_add(words, *arguments);
    return g_strv_builder_end(words);
}

/* It reads the settings as they are in force here, and calls the target what we call it. */
static char **environment_of(const struct child_plan *plan)
{
    g_autofree char *number = g_strdup_printf("%d", plan->settings_fd);
    char **environment = g_environ_unsetenv(g_get_environ(), CALL_ALIAS_VARIABLE);

    /* Who acts is said of one act, never of what started us. */
    environment = g_environ_unsetenv(environment, STORE_ACTOR_VARIABLE);
    environment = g_environ_unsetenv(environment, STORE_REASON_VARIABLE);
    environment = g_environ_unsetenv(environment, CALL_LOOKS_VARIABLE);
    if (plan->alias != NULL)
        environment = g_environ_setenv(environment, CALL_ALIAS_VARIABLE, plan->alias, TRUE);
    for (const char *const *pair = plan->environment; pair != NULL && *pair != NULL; pair += 2)
        environment = g_environ_setenv(environment, pair[0], pair[1], TRUE);
    if (plan->settings_fd < 0)
        return environment;
    return g_environ_setenv(environment, SETTINGS_FILES_VARIABLE, number, TRUE);
}

static void listen_to(struct child *child, struct stream *stream, int fd,
                      void (*line)(const char *line, gsize length, bool cut, gpointer data))
{
    *stream = (struct stream){
        .child = child, .fd = fd, .reader = line_reader_new(child->plan.longest), .line = line};
    if (fd < 0)
        return;
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    stream->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, on_output, stream);
}

/* Our ends of its pipes; -1: none. */
struct ends {
    int output, errors, input;
};

static struct child *adopt(const struct child_plan *plan, pid_t pid, const struct ends *ends)
{
    struct child *child = g_new0(struct child, 1);

    child->plan = *plan;
    child->plan.arguments = NULL;
    child->plan.environment = NULL;
    child->pid = pid;
    child->started_us = g_get_real_time();
    child->input = ends->input;
    child->waiting = g_string_new(NULL);
    if (ends->input >= 0)
        g_unix_set_fd_nonblocking(ends->input, TRUE, NULL);
    listen_to(child, &child->output, ends->output, plan->line);
    listen_to(child, &child->errors, ends->errors, plan->message);
    if (children == NULL)
        children = g_ptr_array_new();
    g_ptr_array_add(children, child);
    return child;
}

static void close_both(int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
}

struct pipes {
    int output[2], errors[2], input[2]; /* -1: none */
};

static bool open_pipes(struct pipes *pipes, const struct child_plan *plan)
{
    bool apart = plan->messages && plan->message != NULL;

    return pipe2(pipes->output, O_CLOEXEC) == 0 &&
           (!apart || pipe2(pipes->errors, O_CLOEXEC) == 0) &&
           (!plan->feed || pipe2(pipes->input, O_CLOEXEC) == 0);
}

static int errors_of(const struct pipes *pipes, const struct child_plan *plan)
{
    if (!plan->messages)
        return -1;
    return pipes->errors[1] >= 0 ? pipes->errors[1] : pipes->output[1];
}

struct child *child_start(const struct child_plan *plan, GError **error)
{
    g_auto(GStrv) words = child_words("pgrunbook", plan->arguments);
    g_auto(GStrv) environment = environment_of(plan);
    struct pipes pipes = {{-1, -1}, {-1, -1}, {-1, -1}};
    pid_t pid = -1;

    if (open_pipes(&pipes, plan)) {
        struct birth birth = {getpid(),         words,           environment,
                              pipes.input[0],   pipes.output[1], errors_of(&pipes, plan),
                              plan->settings_fd};
        pid = fork();
        if (pid == 0)
            in_child(&birth);
    }
    if (pid < 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot start a child process: %s",
                          g_strerror(errno));
        close_both(pipes.output);
        close_both(pipes.errors);
        close_both(pipes.input);
        return NULL;
    }
    close(pipes.output[1]);
    if (pipes.errors[1] >= 0)
        close(pipes.errors[1]);
    if (pipes.input[0] >= 0)
        close(pipes.input[0]);
    return adopt(plan, pid, &(struct ends){pipes.output[0], pipes.errors[0], pipes.input[1]});
}

pid_t child_pid(const struct child *child)
{
    return child->pid;
}

gint64 child_started_us(const struct child *child)
{
    return child->started_us;
}

/* ---- its end -------------------------------------------------------------------------------- */

static void send_signal(const struct child *child, int number)
{
    if (child->pid > 0)
        kill(child->pid, number);
}

/* A second SIGTERM would mean "at once". */
static void tell_to_end(struct child *child)
{
    if (!child->told)
        send_signal(child, SIGTERM);
    child->told = true;
}

void child_interrupt(struct child *child)
{
    tell_to_end(child);
}

void child_kill(struct child *child)
{
    send_signal(child, SIGKILL);
}

static gboolean on_grace_over(gpointer data)
{
    struct child *child = data;

    child->kill_timer = 0;
    child_kill(child);
    return G_SOURCE_REMOVE;
}

void child_stop(struct child *child, guint grace_ms)
{
    gint64 kill_at_us = g_get_monotonic_time() + (gint64) grace_ms * 1000;

    if (child->kill_timer == 0)
        tell_to_end(child);
    else if (kill_at_us >= child->kill_at_us)
        return;
    else
        g_source_remove(child->kill_timer);
    child->kill_at_us = kill_at_us;
    child->kill_timer = g_timeout_add(grace_ms, on_grace_over, child);
    close_input(child);
}

/* Its own children may hold the pipe open: what it said itself is there by now. */
static void finish_stream(struct stream *stream)
{
    const struct child *child = stream->child;

    if (stream->fd >= 0)
        read_some(stream, G_MAXSIZE);
    close_stream(stream);
    if (stream->line != NULL)
        line_reader_finish(stream->reader, stream->line, child->plan.data);
    g_clear_pointer(&stream->reader, line_reader_free);
}

static void bury(struct child *child, int status)
{
    child->pid = 0;
    g_ptr_array_remove_fast(children, child);
    finish_stream(&child->output);
    finish_stream(&child->errors);
    close_input(child);
    if (child->kill_timer != 0)
        g_source_remove(child->kill_timer);
    child->plan.ended(status, child->plan.data);
    g_string_free(child->waiting, TRUE);
    g_free(child);
}

void child_reap_all(void)
{
    for (guint i = child_count(); i > 0; i--) {
        /* What `ended` starts anew stands behind those that were not looked at yet. */
        struct child *child = i <= children->len ? g_ptr_array_index(children, i - 1) : NULL;
        int status;
        if (child != NULL && waitpid(child->pid, &status, WNOHANG) == child->pid)
            bury(child, status);
    }
}

guint child_count(void)
{
    return children != NULL ? children->len : 0;
}

char *child_status_words(int status)
{
    if (WIFSIGNALED(status))
        return g_strdup_printf("killed by signal %d (%s)", WTERMSIG(status),
                               g_strsignal(WTERMSIG(status)));
    return g_strdup_printf("exit code %d", WEXITSTATUS(status));
}

int child_exit_code(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
