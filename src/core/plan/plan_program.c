/*
 * A program at work in a lane: started beside us in a session of its own (no terminal to ask on,
 * none of our signals), its output read as it comes, stopped in three degrees. It finds the server
 * through PG* variables made from a connection of ours, never through its command line, which
 * everybody on the machine can read.
 */
#include "error.h"
#include "plan/plan_private.h"
#include "programs/programs_child.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TAIL_BYTES = 8192, /* of the output that are kept */
    WORDS_LINES = 3,   /* that make its words */
};

struct program {
    GPid pid;
    int output; /* -1: it closed it */
    GString *tail;
    gint64 asked_us; /* when it was first asked to stop; 0: never */
    int signals;     /* degrees of asking that were used up */
    bool ended;
    int status; /* as waitpid() tells, once it ended */
};

/* ---- how it starts ------------------------------------------------------------------------- */

static char **with_options(char **environment, const char *options)
{
    const char *has = g_environ_getenv(environment, "PGOPTIONS");
    g_autofree char *all = g_strdup_printf("%s %s", has != NULL ? has : "", options);

    return g_environ_setenv(environment, "PGOPTIONS", g_strstrip(all), TRUE);
}

struct program *program_start(const struct step *step, PGconn *connection, bool guarded,
                              GError **error)
{
    g_auto(GStrv) environment = program_environment_of(connection, guarded);
    int pipe[2];
    GPid pid;

    if (step->program_options != NULL)
        environment = with_options(environment, step->program_options);

    if (!g_unix_open_pipe(pipe, FD_CLOEXEC, error))
        return NULL;
    /* A named pipe opens once it has a writer. */
    int input =
        open(step->program_input ? step->program_input : "/dev/null", O_RDONLY | O_CLOEXEC);
    bool started = g_spawn_async_with_pipes_and_fds(
        NULL, (const char *const *) step->program, (const char *const *) environment,
        G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, program_in_child,
        GINT_TO_POINTER(getpid()), input, pipe[1], pipe[1], NULL, NULL, 0, &pid, NULL, NULL,
        NULL, error);
    close(pipe[1]);
    if (input >= 0)
        close(input);
    if (!started) {
        close(pipe[0]);
        return NULL;
    }
    g_unix_set_fd_nonblocking(pipe[0], TRUE, NULL);
    struct program *program = g_new0(struct program, 1);
    program->pid = pid;
    program->output = pipe[0];
    program->tail = g_string_new(NULL);
    return program;
}

/* ---- what it says -------------------------------------------------------------------------- */

static void read_output(struct program *program)
{
    char chunk[4096];

    while (program->output >= 0) {
        ssize_t got = read(program->output, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            close(program->output);
            program->output = -1;
            return;
        }
        g_string_append_len(program->tail, chunk, got);
        if (program->tail->len > TAIL_BYTES)
            g_string_erase(program->tail, 0, (gssize) (program->tail->len - TAIL_BYTES));
    }
}

/* "pg_restore: error: …": what comes before it is of less interest, and behind it is why. */
static guint first_error(char **lines, guint count)
{
    for (guint i = 0; i < count; i++)
        if (strstr(lines[i], ": error: ") != NULL)
            return i;
    return count;
}

char *program_last_lines(const char *output, gsize length)
{
    g_autofree char *text = g_utf8_make_valid(output, (gssize) length);
    g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);
    guint count = g_strv_length(lines);
    guint error = first_error(lines, count);
    GString *words = g_string_new(NULL);
    int kept = 0;

    for (guint i = error; i < count && kept < WORDS_LINES; i++) {
        const char *line = g_strstrip(lines[i]);
        if (line[0] != '\0')
            g_string_append_printf(words, "%s%s", kept++ > 0 ? "; " : "", line);
    }
    bool none = error == count;
    while (none && kept < WORDS_LINES && count-- > 0) {
        const char *line = g_strstrip(lines[count]);
        if (line[0] == '\0')
            continue;
        if (kept++ > 0)
            g_string_prepend(words, "; ");
        g_string_prepend(words, line);
    }
    return g_string_free(words, FALSE);
}

char *program_words(const struct program *program)
{
    g_autofree char *said = program_last_lines(program->tail->str, program->tail->len);
    g_autofree char *how =
        WIFSIGNALED(program->status)
            ? g_strdup_printf("ended by signal %d (%s)", WTERMSIG(program->status),
                              g_strsignal(WTERMSIG(program->status)))
            : g_strdup_printf("exit code %d", WEXITSTATUS(program->status));

    return said[0] == '\0' ? g_steal_pointer(&how) : g_strdup_printf("%s (%s)", said, how);
}

/* ---- how it ends --------------------------------------------------------------------------- */

int program_fd(const struct program *program)
{
    return program->output;
}

bool program_ended(struct program *program)
{
    read_output(program);
    if (!program->ended && waitpid(program->pid, &program->status, WNOHANG) == program->pid) {
        program->ended = true;
        read_output(program);
    }
    return program->ended;
}

const char *program_sqlstate(const struct program *program)
{
    if (WIFEXITED(program->status) && WEXITSTATUS(program->status) == 0)
        return "";
    return program->asked_us != 0 ? "57014" : "38000";
}

void program_stop(struct program *program)
{
    gint64 now = g_get_monotonic_time();

    if (program->ended)
        return;
    if (program->asked_us == 0)
        program->asked_us = now;
    int number = program_next_signal(program->signals, program->asked_us, now);
    if (number == 0)
        return;
    program->signals++;
    kill(-program->pid, number);
}

void program_free(struct program *program)
{
    if (!program->ended) {
        kill(-program->pid, SIGKILL);
        waitpid(program->pid, &program->status, 0);
    }
    if (program->output >= 0)
        close(program->output);
    g_string_free(program->tail, TRUE);
    g_free(program);
}
