#include "capture/capture_program.h"

#include "error.h"
#include "interrupt.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LOOK_MS = 50,
    KILL_AFTER_US = 10 * G_USEC_PER_SEC, /* since it was asked to end */
};

char *capture_url(const struct program_place *place)
{
    g_autofree char *role = g_uri_escape_string(place->role, NULL, FALSE);
    g_autofree char *database = g_uri_escape_string(place->database, NULL, FALSE);
    g_autofree char *socket = g_uri_escape_string(place->socket, "/", FALSE);

    return g_strdup_printf("postgresql://%s@/%s?host=%s&port=%s&sslmode=disable", role,
                           database, socket, place->port);
}

char **capture_environment(char **base, const struct program_place *place)
{
    char **environment = g_strdupv(base);
    g_autofree char *url = capture_url(place);

    for (char **variable = base; *variable != NULL; variable++) {
        const char *equals = strchr(*variable, '=');
        if (!g_str_has_prefix(*variable, "PG") || equals == NULL)
            continue;
        g_autofree char *name = g_strndup(*variable, (gsize) (equals - *variable));
        environment = g_environ_unsetenv(environment, name);
    }
    environment = g_environ_setenv(environment, "PGHOST", place->socket, TRUE);
    environment = g_environ_setenv(environment, "PGPORT", place->port, TRUE);
    environment = g_environ_setenv(environment, "PGUSER", place->role, TRUE);
    environment = g_environ_setenv(environment, "PGDATABASE", place->database, TRUE);
    environment = g_environ_setenv(environment, "PGSSLMODE", "disable", TRUE);
    environment = g_environ_setenv(environment, "DATABASE_URL", url, TRUE);
    for (const char *const *more = place->variables; more != NULL && *more != NULL; more++)
        environment = g_environ_setenv(environment, *more, url, TRUE);
    return environment;
}

/* Between fork and exec. Should this process die, the program has no database any more. */
static void in_child(gpointer parent)
{
    signal(SIGPIPE, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != GPOINTER_TO_INT(parent))
        raise(SIGTERM);
}

/* Waits; from the first signal on the program is asked to end, and after a while it is ended. */
static int await(pid_t pid)
{
    gint64 asked_us = 0;
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        struct pollfd look = {asked_us == 0 ? interrupt_fd() : -1, POLLIN, 0};
        poll(&look, 1, LOOK_MS);
        if (!interrupt_pending())
            continue;
        if (asked_us == 0) {
            asked_us = g_get_monotonic_time();
            kill(pid, SIGTERM);
        } else if (g_get_monotonic_time() > asked_us + KILL_AFTER_US) {
            kill(pid, SIGKILL);
        }
    }
    return status;
}

bool capture_run(const char *const *words, const struct program_place *place, GError **error)
{
    g_auto(GStrv) base = g_get_environ();
    g_auto(GStrv) environment = capture_environment(base, place);
    g_autoptr(GError) trouble = NULL;
    GPid pid = 0;

    if (!g_spawn_async_with_pipes_and_fds(
            NULL, words, (const char *const *) environment,
            G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN,
            in_child, GINT_TO_POINTER((int) getpid()), -1, STDERR_FILENO, STDERR_FILENO, NULL,
            NULL, 0, &pid, NULL, NULL, NULL, &trouble)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not start \"%s\": %s", words[0],
                          trouble->message);
        return false;
    }
    int status = await(pid);
    if (interrupt_pending())
        runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted; \"%s\" was ended",
                          words[0]);
    else if (WIFSIGNALED(status))
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "\"%s\" was ended by signal %d",
                          words[0], WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        runbook_error_set(error, RUNBOOK_FAILED,
                          "It is to migrate the database of DATABASE_URL (PGHOST, PGDATABASE) "
                          "and then to end with 0.",
                          "\"%s\" ended with %d", words[0], WEXITSTATUS(status));
    else
        return true;
    return false;
}
