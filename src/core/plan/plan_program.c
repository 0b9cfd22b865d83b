/*
 * A program at work in a lane: started beside us in a session of its own (no terminal to ask on,
 * none of our signals), its output read as it comes, stopped in three degrees. It finds the server
 * through PG* variables made from a connection of ours, never through its command line, which
 * everybody on the machine can read.
 */
#include "error.h"
#include "plan/plan_private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TERMINATE_AFTER_S = 10, /* since it was asked by SIGINT */
    KILL_AFTER_S = 30,
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

/* ---- what it is given ---------------------------------------------------------------------- */

/* Already looked up by libpq; read again by the program, they would come before what the user gave
 * as an option. */
static bool is_looked_up(const char *variable)
{
    static const char *const names[] = {"PGSERVICE", "PGSERVICEFILE", NULL};

    return g_strv_contains(names, variable);
}

static char **replace(char **environment, const char *variable, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return g_environ_unsetenv(environment, variable);
    return g_environ_setenv(environment, variable, value, TRUE);
}

char **program_environment(char **base, const struct program_server *server)
{
    char **environment = g_strdupv(base);

    environment = g_environ_unsetenv(environment, "PGSERVICEFILE");
    for (const PQconninfoOption *option = server->options; option && option->keyword;
         option++) {
        if (option->envvar == NULL)
            continue;
        environment = replace(environment, option->envvar,
                              is_looked_up(option->envvar) ? NULL : option->val);
    }
    /* Of several hosts, the one we are on. */
    environment = replace(environment, "PGHOST", server->host);
    environment = replace(environment, "PGPORT", server->port);
    if (g_environ_getenv(environment, "PGHOSTADDR") != NULL)
        environment = replace(environment, "PGHOSTADDR", server->address);
    if (server->guarded) {
        const char *options = g_environ_getenv(environment, "PGOPTIONS");
        g_autofree char *more = g_strdup_printf("%s -c client_connection_check_interval=5s",
                                                options ? options : "");
        environment = g_environ_setenv(environment, "PGOPTIONS", g_strstrip(more), TRUE);
    }
    return environment;
}

static char **environment_for(PGconn *connection, bool guarded)
{
    g_auto(GStrv) base = g_get_environ();
    PQconninfoOption *options = PQconninfo(connection);
    struct program_server server = {
        .options = options,
        .host = PQhost(connection),
        .port = PQport(connection),
        .address = PQhostaddr(connection),
        .guarded = guarded,
    };
    char **environment = program_environment(base, &server);

    PQconninfoFree(options);
    return environment;
}

/* Between fork and exec: only what a signal handler may do as well. Should this process die, the
 * program is asked to stop as if by us, and must not die of having nobody to tell about it. */
static void in_child(gpointer parent)
{
    setsid();
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGINT);
    if (getppid() != GPOINTER_TO_INT(parent))
        raise(SIGINT);
}

struct program *program_start(char **arguments, PGconn *connection, bool guarded,
                              GError **error)
{
    g_auto(GStrv) environment = environment_for(connection, guarded);
    int pipe[2];
    GPid pid;

    if (!g_unix_open_pipe(pipe, FD_CLOEXEC, error))
        return NULL;
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool started = g_spawn_async_with_pipes_and_fds(
        NULL, (const char *const *) arguments, (const char *const *) environment,
        G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, in_child, GINT_TO_POINTER(getpid()),
        nothing, pipe[1], pipe[1], NULL, NULL, 0, &pid, NULL, NULL, NULL, error);
    close(pipe[1]);
    if (nothing >= 0)
        close(nothing);
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

char *program_last_lines(const char *output, gsize length)
{
    g_autofree char *text = g_utf8_make_valid(output, (gssize) length);
    g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);
    guint count = g_strv_length(lines);
    GString *words = g_string_new(NULL);
    int kept = 0;

    while (count-- > 0 && kept < WORDS_LINES) {
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

int program_next_signal(int used, gint64 asked_us, gint64 now_us)
{
    static const struct {
        int after_s, number;
    } degrees[] = {{0, SIGINT}, {TERMINATE_AFTER_S, SIGTERM}, {KILL_AFTER_S, SIGKILL}};

    if (used >= (int) G_N_ELEMENTS(degrees))
        return 0;
    if (now_us < asked_us + degrees[used].after_s * G_USEC_PER_SEC)
        return 0;
    return degrees[used].number;
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
