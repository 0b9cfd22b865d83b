/* Starting, waiting, asking, stopping. */
#include "server/server.h"

#include "error.h"
#include "interrupt.h"
#include "programs/programs.h"
#include "server/server_private.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LOOK_MS = 20,       /* between two looks at what we wait for */
    CALM_MS = 250,      /* when that takes longer: a look is a process, and a line in the log */
    EAGER_US = 2000000, /* until then */
    FAST_SECONDS = 600, /* for the checkpoint of a fast shutdown */
    IMMEDIATE_SECONDS = 20,
    UNHEARD_US = 60000000,
};

/* ---- starting ------------------------------------------------------------------------------ */

static void set(GPtrArray *arguments, const char *name, const char *value)
{
    g_ptr_array_add(arguments, g_strdup("-c"));
    g_ptr_array_add(arguments, g_strdup_printf("%s=%s", name, value));
}

static void set_place(GPtrArray *arguments, const struct server *server, const char *name,
                      const char *file)
{
    g_autofree char *path = server_place_file(server->place, file);

    set(arguments, name, path);
}

static void set_number(GPtrArray *arguments, const char *name, int value)
{
    g_autofree char *text = g_strdup_printf("%d", value);

    set(arguments, name, text);
}

static void set_megabytes(GPtrArray *arguments, const char *name, int value)
{
    g_autofree char *text = g_strdup_printf("%dMB", value);

    set(arguments, name, text);
}

/* What replay needs at least as large as it was where the WAL was written, and what must not be lost
 * by a server that runs without it (commit timestamps are removed by one). */
static void set_from_control(GPtrArray *arguments, const struct server_control *control)
{
    static const char *const levels[] = {"minimal", "replica", "logical"};

    set_number(arguments, "max_connections", MAX(control->max_connections, 20));
    set_number(arguments, "max_worker_processes", MAX(control->max_worker_processes, 8));
    set_number(arguments, "max_wal_senders",
               control->wal_level == 0 ? 0 : MAX(control->max_wal_senders, 10));
    set_number(arguments, "max_prepared_transactions", control->max_prepared_transactions);
    set_number(arguments, "max_locks_per_transaction",
               MAX(control->max_locks_per_transaction, 64));
    set(arguments, "track_commit_timestamp", control->track_commit_timestamp ? "on" : "off");
    set(arguments, "wal_level", levels[CLAMP(control->wal_level, 0, 2)]);
    set_megabytes(arguments, "min_wal_size", MAX(80, 2 * (control->segment_bytes >> 20)));
    set_megabytes(arguments, "max_wal_size", MAX(1024, 4 * (control->segment_bytes >> 20)));
}

struct private_setting {
    const char *name, *value;
    int since; /* major version; 0: all that are known */
};

/* On the command line they stand above every file. */
static void set_private(GPtrArray *arguments, int major)
{
    static const struct private_setting settings[] = {
        {"listen_addresses", "", 0},
        {"port", SERVER_PORT, 0},
        {"unix_socket_permissions", "0700", 0},
        {"external_pid_file", "", 0},
        {"archive_mode", "off", 0},
        {"primary_conninfo", "", 0},
        /* A copy of a subscriber has its subscriptions: their workers would take the changes from
         * the publisher, and the subscriber itself would never get them. */
        {"max_logical_replication_workers", "0", 0},
        {"max_sync_workers_per_subscription", "0", 0},
        {"sync_replication_slots", "off", 17},
        {"event_triggers", "off", 17},
        /* How far each subscription has come is in the backup, and wants room. */
        {"max_replication_slots", "1000", 0},
        {"max_active_replication_origins", "1000", 18},
        /* A tablespace may be a folder of the data directory; older base backups have none. */
        {"allow_in_place_tablespaces", "on", 16},
        /* What is damaged must show. */
        {"zero_damaged_pages", "off", 0},
        {"ignore_checksum_failure", "off", 0},
        {"ignore_system_indexes", "off", 0},
        {"shared_preload_libraries", "", 0},
        {"session_preload_libraries", "", 0},
        {"local_preload_libraries", "", 0},
        {"hot_standby", "on", 0},
        {"ssl", "off", 0},
        {"logging_collector", "off", 0},
        {"log_destination", "stderr", 0},
        {"log_line_prefix", "", 0},
        {"log_min_messages", "warning", 0},
        {"log_statement", "none", 0},
        {"lc_messages", "C", 0},
        {"shared_buffers", "128MB", 0},
        {"huge_pages", "off", 0},
        {"synchronous_standby_names", "", 0},
        {"superuser_reserved_connections", "3", 0},
        {"autovacuum", "off", 0},
        {"restart_after_crash", "off", 0},
        /* One call, where fsync would be one a file. */
        {"recovery_init_sync_method", "syncfs", 0},
        {"cluster_name", "pgrunbook", 0},
        /* Nobody has archived the first segments of a new timeline yet. */
        {"wal_keep_size", "256MB", 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++)
        if (major >= settings[i].since)
            set(arguments, settings[i].name, settings[i].value);
}

static char **arguments_for(const struct server *server, const struct server_setup *setup,
                            const struct server_control *control)
{
    GPtrArray *arguments = g_ptr_array_new();

    g_ptr_array_add(arguments, g_build_filename(server->programs, "postgres", NULL));
    g_ptr_array_add(arguments, g_strdup("-D"));
    g_ptr_array_add(arguments, g_strdup(server->folder));
    set(arguments, "data_directory", server->folder);
    set_place(arguments, server, "config_file", SERVER_CONFIGURATION);
    set_place(arguments, server, "hba_file", SERVER_HBA);
    set_place(arguments, server, "ident_file", SERVER_IDENT);
    set(arguments, "unix_socket_directories", server->place);
    set_private(arguments, server->major);
    set_from_control(arguments, control);
    for (const char *const *more = setup->settings; more != NULL && *more != NULL; more++) {
        g_ptr_array_add(arguments, g_strdup("-c"));
        g_ptr_array_add(arguments, g_strdup(*more));
    }
    g_ptr_array_add(arguments, NULL);
    return (char **) g_ptr_array_free(arguments, FALSE);
}

struct child {
    const struct server_owner *owner;
    const GArray *groups;
    pid_t parent;
};

/* Between fork and exec. A fast shutdown is what the server gets when this process dies; the kernel
 * forgets that at a change of account, so it is asked for afterwards. */
static void in_child(gpointer data)
{
    const struct child *child = data;

    setsid();
    if (!server_owner_become(child->owner, child->groups))
        _exit(125);
    umask(077);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGINT);
    if (getppid() != child->parent)
        _exit(125);
}

/* Nothing of what was said to us about another server is said to this one. */
static char **environment_for_server(void)
{
    static const char *const folders[] = {
        "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "USER", "LOGNAME"};
    char **environment = g_get_environ();
    g_auto(GStrv) names = g_listenv();

    for (char **name = names; *name != NULL; name++)
        if (g_str_has_prefix(*name, "PG") && !g_str_has_prefix(*name, "PGRUNBOOK"))
            environment = g_environ_unsetenv(environment, *name);
    /* A descriptor of ours, which a restore_command would look for in vain. */
    environment = g_environ_unsetenv(environment, SETTINGS_FILES_VARIABLE);
    if (geteuid() != 0)
        return g_environ_setenv(environment, "LC_ALL", "C", TRUE);
    /* Nor root's own folders. */
    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++)
        environment = g_environ_unsetenv(environment, folders[i]);
    return g_environ_setenv(environment, "LC_ALL", "C", TRUE);
}

/* What it is to read: of few bytes, which fit into a pipe. -1: it cannot be had. */
static int input_of(const char *statements)
{
    int ends[2];

    if (statements == NULL)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    bool good = write(ends[1], statements, strlen(statements)) == (ssize_t) strlen(statements);
    close(ends[1]);
    if (good)
        return ends[0];
    close(ends[0]);
    return -1;
}

bool server_spawn(struct server *server, char **arguments, const char *statements,
                  GError **error)
{
    g_autofree char *log = server_place_file(server->place, SERVER_LOG);
    g_auto(GStrv) environment = environment_for_server();
    g_autoptr(GArray) groups = server_owner_groups(&server->owner);
    struct child child = {&server->owner, groups, getpid()};
    int output = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
    int input = input_of(statements);

    bool started =
        output >= 0 && input >= 0 &&
        g_spawn_async_with_pipes_and_fds(
            server->folder, (const char *const *) arguments, (const char *const *) environment,
            G_SPAWN_DO_NOT_REAP_CHILD, in_child, &child, input, output, output, NULL, NULL, 0,
            &server->pid, NULL, NULL, NULL, error);
    if (!started && (output < 0 || input < 0))
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot open \"%s\": %s", log,
                          g_strerror(errno));
    if (output >= 0)
        close(output);
    if (input >= 0)
        close(input);
    server->ended = !started;
    return started;
}

char **server_roles_to_try(const char *folder, const char *wanted)
{
    const char *const usual[] = {wanted ? wanted : "postgres", NULL};
    g_auto(GStrv) found = wanted ? NULL : server_roles(folder);

    return g_strdupv(found && found[0] ? found : (char **) (gsize) usual);
}

static bool prepared(struct server *server, const struct server_setup *setup, GError **error)
{
    if (!server_owner_of(server->folder, &server->owner, error) ||
        !server_owner_usable(&server->owner, server->folder, error))
        return false;
    server->major = server_major_of(server->folder, error);
    if (server->major == 0)
        return false;
    if (!server_stopped_on(server->folder, error))
        return false;
    g_autofree char *postgres =
        programs_find("postgres", server->major, server->major, setup->bindir, NULL, error);
    if (postgres == NULL)
        return false;
    server->programs = g_path_get_dirname(postgres);
    server->roles = server_roles_to_try(server->folder, setup->role);
    server->place = server_place_new(&server->owner, error);
    return server->place != NULL;
}

struct server *server_start(const struct server_setup *setup, GError **error)
{
    AUTO(server) server = g_new0(struct server, 1);
    struct server_control control;

    server->folder = g_canonicalize_filename(setup->folder, NULL);
    server->ended = true;
    if (!server_control_read(server->folder, &control, error) ||
        !prepared(server, setup, error))
        return NULL;
    server->arguments = arguments_for(server, setup, &control);
    if (!server_spawn(server, server->arguments, NULL, error))
        return NULL;
    return g_steal_pointer(&server);
}

/* ---- what it says -------------------------------------------------------------------------- */

const char *server_socket(const struct server *server)
{
    return server->place;
}

const char *server_port(const struct server *server)
{
    (void) server;
    return SERVER_PORT;
}

const char *server_role(const struct server *server)
{
    return server->roles[server->role];
}

int server_major(const struct server *server)
{
    return server->major;
}

const char *server_program(struct server *server, const char *name)
{
    g_free(server->beside);
    server->beside = g_build_filename(server->programs, name, NULL);
    return server->beside;
}

char *server_log(const struct server *server)
{
    g_autofree char *path = server_place_file(server->place, SERVER_LOG);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

char *server_reason(const struct server *server)
{
    g_autofree char *text = server_log(server);

    return server_log_reason(text);
}

bool server_runs(struct server *server)
{
    if (!server->ended && waitpid(server->pid, &server->status, WNOHANG) == server->pid)
        server->ended = true;
    return !server->ended;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static bool ended_error(struct server *server, GError **error)
{
    g_autofree char *reason = server_reason(server);

    runbook_error_set(error, RUNBOOK_FAILED, NULL, "the server ended: %s",
                      reason ? reason : "it gave no reason");
    return false;
}

/* Whether a server that did not let us in may do so later. *unheard: since when it has been listening
 * and yet not been heard; 0: it was. That lasts only where something on our side is in the way. */
static bool comes_later(const struct server *server, gint64 *unheard)
{
    g_autofree char *socket = server_place_file(server->place, ".s.PGSQL." SERVER_PORT);
    const char *refusal = server->params.refusal;
    bool silent = g_str_equal(refusal, "08001") || g_str_equal(refusal, "08006");
    gint64 now = g_get_monotonic_time();

    if (!silent || !g_file_test(socket, G_FILE_TEST_EXISTS))
        *unheard = 0;
    else if (*unheard == 0)
        *unheard = now;
    return g_str_equal(refusal, "57P03") ||
           (silent && (*unheard == 0 || now - *unheard < UNHEARD_US));
}

bool server_await(struct server *server, double seconds, void (*tick)(gpointer data),
                  gpointer data, GError **error)
{
    gint64 began = g_get_monotonic_time();
    gint64 deadline = began + (gint64) (seconds * G_USEC_PER_SEC);
    gint64 unheard = 0;
    struct pollfd wake = {.fd = interrupt_fd(), .events = POLLIN};

    for (;;) {
        g_autoptr(GError) refused = NULL;
        if (!server_runs(server))
            return ended_error(server, error);
        AUTO(session) session = server_session(server, NULL, &refused);
        if (session != NULL)
            return true;
        if (refused->code == RUNBOOK_INTERRUPTED || interrupt_pending()) {
            runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
            return false;
        }
        if (!comes_later(server, &unheard)) {
            g_propagate_error(error, g_steal_pointer(&refused));
            return false;
        }
        if (seconds > 0 && g_get_monotonic_time() > deadline) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL,
                              "the server does not answer after %.0f s", seconds);
            return false;
        }
        if (tick != NULL)
            tick(data);
        poll(&wake, 1, g_get_monotonic_time() - began < EAGER_US ? LOOK_MS : CALM_MS);
    }
}

/* ---- stopping ------------------------------------------------------------------------------ */

static bool ended_within(struct server *server, double seconds)
{
    gint64 deadline = g_get_monotonic_time() + (gint64) (seconds * G_USEC_PER_SEC);

    while (server_runs(server) && g_get_monotonic_time() < deadline)
        g_usleep(LOOK_MS * 500);
    return server->ended;
}

bool server_finish(struct server *server, GError **error)
{
    if (ended_within(server, FAST_SECONDS) && WIFEXITED(server->status) &&
        WEXITSTATUS(server->status) == 0)
        return true;
    g_autofree char *reason = server_reason(server);
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "postgres --single failed: %s",
                      reason ? reason : "it gave no reason");
    return false;
}

bool server_promote(struct server *server, GError **error)
{
    g_autofree char *path = g_build_filename(server->folder, "promote", NULL);

    if (!g_file_set_contents_full(path, "", 0, G_FILE_SET_CONTENTS_NONE, 0600, error))
        return false;
    if (server_runs(server))
        kill(server->pid, SIGUSR1);
    return true;
}

bool server_explain(struct server *server, GError **error)
{
    enum { A_MOMENT_S = 5 };

    if (error == NULL || *error == NULL || (*error)->code != RUNBOOK_CONNECT ||
        !ended_within(server, A_MOMENT_S))
        return false;
    g_clear_error(error);
    return ended_error(server, error);
}

bool server_stop(struct server *server, enum server_stop how, GError **error)
{
    if (!server_runs(server))
        return true;
    kill(server->pid, how == SERVER_FAST ? SIGINT : SIGQUIT);
    if (ended_within(server, how == SERVER_FAST ? FAST_SECONDS : IMMEDIATE_SECONDS)) {
        if (how != SERVER_FAST ||
            (WIFEXITED(server->status) && WEXITSTATUS(server->status) == 0))
            return true;
        g_autofree char *reason = server_reason(server);
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "the server did not stop as it should: %s",
                          reason ? reason : "it gave no reason");
        return false;
    }
    kill(server->pid, SIGQUIT);
    if (!ended_within(server, IMMEDIATE_SECONDS)) {
        kill(server->pid, SIGKILL);
        ended_within(server, IMMEDIATE_SECONDS);
    }
    if (how == SERVER_IMMEDIATE)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "the server did not stop within %d s",
                      FAST_SECONDS);
    return false;
}

void server_free(struct server *server)
{
    server_stop(server, SERVER_IMMEDIATE, NULL);
    if (server->place != NULL)
        server_place_remove(server->place);
    g_free(server->folder);
    g_free(server->place);
    g_free(server->programs);
    g_strfreev(server->roles);
    g_strfreev(server->arguments);
    g_free(server->beside);
    g_free(server->database);
    g_free(server);
}
