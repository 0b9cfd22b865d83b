#include "programs/programs_child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    TERMINATE_AFTER_S = 10, /* since it was asked by SIGINT */
    KILL_AFTER_S = 30,
};

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

char **program_environment_of(PGconn *connection, bool guarded)
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
void program_in_child(gpointer parent)
{
    setsid();
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGINT);
    if (getppid() != GPOINTER_TO_INT(parent))
        raise(SIGINT);
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
