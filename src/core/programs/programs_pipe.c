#include "programs/programs_pipe.h"

#include "error.h"
#include "programs/programs_child.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINES_KEPT = 40, LONGEST_LINE = 64 * 1024 };

struct programs_pipe {
    struct programs_pipe_plan plan;
    char *name; /* of the program, for words */
    GPid pid;
    int input, output, errors;
    GString *rest;    /* of a line that is not complete */
    GPtrArray *lines; /* the last it said */
    gint64 asked_us;  /* when it was first asked to stop; 0: never */
    int signals;
    bool ended;
    int status;
};

/* ---- how it starts ------------------------------------------------------------------------ */

static char **environment_for(const struct programs_pipe_plan *plan)
{
    char **environment =
        plan->connection ? program_environment_of(plan->connection, false) : g_get_environ();

    environment = g_environ_setenv(environment, "LC_ALL", "C", TRUE);
    return g_environ_unsetenv(environment, "LANGUAGE");
}

struct programs_pipe *programs_pipe_start(const struct programs_pipe_plan *plan, GError **error)
{
    g_auto(GStrv) environment = environment_for(plan);
    g_autoptr(GError) failed = NULL;
    int input = -1, output = -1, errors = -1;
    GPid pid;

    if (!g_spawn_async_with_pipes(NULL, plan->arguments, environment,
                                  G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES,
                                  program_in_child, GINT_TO_POINTER(getpid()), &pid,
                                  plan->feeds ? &input : NULL, &output, &errors, &failed)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot start %s: %s",
                          plan->arguments[0], failed->message);
        return NULL;
    }
    struct programs_pipe *pipe = g_new0(struct programs_pipe, 1);
    g_unix_set_fd_nonblocking(errors, TRUE, NULL);
    pipe->plan = *plan;
    pipe->plan.arguments = NULL;
    pipe->name = g_path_get_basename(plan->arguments[0]);
    pipe->pid = pid;
    pipe->input = input;
    pipe->output = output;
    pipe->errors = errors;
    pipe->rest = g_string_new(NULL);
    pipe->lines = g_ptr_array_new_with_free_func(g_free);
    return pipe;
}

int programs_pipe_output(const struct programs_pipe *pipe)
{
    return pipe->output;
}

int programs_pipe_errors(const struct programs_pipe *pipe)
{
    return pipe->errors;
}

int programs_pipe_input(const struct programs_pipe *pipe)
{
    return pipe->input;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void programs_pipe_close_input(struct programs_pipe *pipe)
{
    close_fd(&pipe->input);
}

/* ---- what it says -------------------------------------------------------------------------- */

/* Of very many lines the first errors matter, and the last. */
static void keep(struct programs_pipe *pipe, const char *text)
{
    char *line = g_utf8_make_valid(text, -1);

    if (pipe->plan.line != NULL)
        pipe->plan.line(line, pipe->plan.data);
    if (pipe->lines->len >= LINES_KEPT)
        g_ptr_array_remove_index(pipe->lines, LINES_KEPT / 2);
    g_ptr_array_add(pipe->lines, line);
}

static void take_lines(struct programs_pipe *pipe)
{
    char *end;

    while ((end = memchr(pipe->rest->str, '\n', pipe->rest->len)) != NULL) {
        *end = '\0';
        if (pipe->rest->str[0] != '\0')
            keep(pipe, pipe->rest->str);
        g_string_erase(pipe->rest, 0, end - pipe->rest->str + 1);
    }
    if (pipe->rest->len > LONGEST_LINE)
        g_string_truncate(pipe->rest, LONGEST_LINE);
}

bool programs_pipe_listen(struct programs_pipe *pipe)
{
    char chunk[4096];

    while (pipe->errors >= 0) {
        ssize_t got = read(pipe->errors, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got <= 0) {
            close_fd(&pipe->errors);
            if (pipe->rest->len > 0)
                keep(pipe, pipe->rest->str);
            g_string_truncate(pipe->rest, 0);
            return false;
        }
        g_string_append_len(pipe->rest, chunk, got);
        take_lines(pipe);
    }
    return false;
}

/* "pg_dump: error: connection lost" -> "error: connection lost" */
static const char *without_name(const char *line)
{
    const char *colon = strstr(line, ": ");

    return colon != NULL && g_str_has_prefix(line, "pg_") ? colon + 2 : line;
}

char *programs_pipe_reason(const char *const *lines)
{
    GString *reason = g_string_new(NULL);
    const char *last = NULL;

    for (; *lines != NULL; lines++) {
        const char *line = without_name(*lines);
        bool more = g_str_has_prefix(line, "detail: ") || g_str_has_prefix(line, "hint: ") ||
                    g_str_has_prefix(line, "Command was: ");
        last = line;
        if (reason->len > 0 && !more)
            break;
        if (g_str_has_prefix(line, "error: ") || g_str_has_prefix(line, "fatal: "))
            g_string_append(reason, strchr(line, ' ') + 1);
        else if (reason->len > 0)
            g_string_append_printf(reason, "\n%s%s", *line == 'C' ? "detail: " : "", line);
    }
    if (reason->len == 0 && last != NULL)
        g_string_append(reason, last);
    return g_string_free(reason, reason->len == 0);
}

/* ---- how it ends --------------------------------------------------------------------------- */

void programs_pipe_stop(struct programs_pipe *pipe)
{
    gint64 now = g_get_monotonic_time();

    if (pipe->ended)
        return;
    if (pipe->asked_us == 0)
        pipe->asked_us = now;
    int number = program_next_signal(pipe->signals, pipe->asked_us, now);
    if (number == 0)
        return;
    pipe->signals++;
    kill(-pipe->pid, number);
}

bool programs_pipe_ended(struct programs_pipe *pipe)
{
    programs_pipe_listen(pipe);
    if (!pipe->ended && waitpid(pipe->pid, &pipe->status, WNOHANG) == pipe->pid) {
        pipe->ended = true;
        programs_pipe_listen(pipe);
    }
    return pipe->ended;
}

bool programs_pipe_finish(struct programs_pipe *pipe, const char *what, GError **error)
{
    while (!programs_pipe_ended(pipe)) {
        struct pollfd descriptor = {.fd = pipe->errors, .events = POLLIN};
        poll(&descriptor, 1, pipe->errors >= 0 ? 100 : 10);
    }
    if (WIFEXITED(pipe->status) && WEXITSTATUS(pipe->status) == 0)
        return true;
    g_ptr_array_add(pipe->lines, NULL);
    g_autofree char *reason = programs_pipe_reason((const char *const *) pipe->lines->pdata);
    g_ptr_array_remove_index(pipe->lines, pipe->lines->len - 1);
    g_autofree char *how =
        WIFSIGNALED(pipe->status)
            ? g_strdup_printf("ended by signal %d (%s)", WTERMSIG(pipe->status),
                              g_strsignal(WTERMSIG(pipe->status)))
            : g_strdup_printf("exit code %d", WEXITSTATUS(pipe->status));
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "%s: %s: %s", what, pipe->name,
                      reason != NULL ? reason : how);
    return false;
}

void programs_pipe_free(struct programs_pipe *pipe)
{
    close_fd(&pipe->input);
    close_fd(&pipe->output);
    if (!pipe->ended) {
        kill(-pipe->pid, SIGKILL);
        waitpid(pipe->pid, &pipe->status, 0);
    }
    close_fd(&pipe->errors);
    g_string_free(pipe->rest, TRUE);
    g_ptr_array_unref(pipe->lines);
    g_free(pipe->name);
    g_free(pipe);
}
