/* Connection slots: today the line of `pgrunbook check` that sees exhaustion coming. */
#include "connections.h"
#include "connections_pool.h"
#include "connections_queries.h"

static const struct setting settings[] = {
    {"warning", SETTING_FRACTION, 0, "85%", NULL, NULL, NULL,
     "`check` warns when this part of the slots an ordinary role may use is taken."},
    {"critical", SETTING_FRACTION, 0, "95%", NULL, NULL, NULL,
     "… and is critical from here on."},
    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

static const struct right rights[] = {
    {140000, 0, "pg_monitor", "to see what kind of session holds each slot"},
    {0, 0, NULL, NULL},
};

static const struct command commands[] = {
    {
        .verb = "pool",
        .summary = "Hold the applications' pools against the server",
        .prose =
            "Each application is a section [app NAME] of the configuration: instances, "
            "max_open, max_idle, max_lifetime, and how to tell its sessions. Says whether the "
            "sum of instances times max_open fits the ordinary slots and how many instances "
            "would, which application has more sessions, more idle or older ones than agreed, "
            "and what SQL makes the bounds durable. --source reads the calls that size the "
            "pool "
            "in a Go file and says which is missing or different. Changes nothing.",
        .examples =
            "pgrunbook connections pool insightengine\n"
            "pgrunbook connections pool --source database/connection.go insightengine\n"
            "pgrunbook connections pool --pgbouncer 'port=6432 dbname=pgbouncer' --json",
        .options = connections_pool_options,
        .flags = COMMAND_NEEDS_SERVER,
        .run = connections_pool_command,
    },
    {.verb = NULL},
};

static enum verdict_status judge(const struct settings *settings_read, double share)
{
    if (share >= settings_fraction(settings_read, "connections.critical"))
        return VERDICT_CRITICAL;
    if (share >= settings_fraction(settings_read, "connections.warning"))
        return VERDICT_WARNING;
    return VERDICT_OK;
}

/* The database's own limit (ALTER DATABASE … CONNECTION LIMIT) may be the tighter one; a refused
 * connection has the same SQLSTATE 53300 either way. */
static bool check_slots(struct check *check, GError **error)
{
    AUTO(rows)
    rows = session_query(check_session(check), &query_connections_slots, NULL, error);
    if (rows == NULL)
        return false;
    gint64 limit = rows_int(rows, 0, CONNECTIONS_SLOTS_ORDINARY);
    gint64 used = rows_int(rows, 0, CONNECTIONS_SLOTS_USED);
    gint64 own_limit = rows_int(rows, 0, CONNECTIONS_SLOTS_DATABASE_LIMIT);
    gint64 own_used = rows_int(rows, 0, CONNECTIONS_SLOTS_DATABASE_USED);
    const char *whose = "of the slots an ordinary role may use";
    if (own_limit > 0 && own_used * limit > used * own_limit) {
        limit = own_limit;
        used = own_used;
        whose = "of the connections this database allows";
    }
    double share = (double) used / (double) MAX(limit, 1);
    enum verdict_status status = judge(check_settings(check), share);
    g_autofree char *message = g_strdup_printf(
        "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " connections used, %.0f%% %s%s", used,
        limit, 100 * share, whose,
        status == VERDICT_OK ? "" : "; when they are gone the application is refused");

    check_add(check, &(struct verdict){
                         .name = "connection_slots",
                         .status = status,
                         .value = (double) used,
                         .message = message,
                         .next = status == VERDICT_OK
                                     ? NULL
                                     : "SELECT application_name, state, count(*) FROM "
                                       "pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC",
                     });
    return true;
}

const struct feature feature_connections = {
    .name = "connections",
    .title = "Connection slots",
    .runbook = connections_readme,
    .settings = settings,
    .kinds = connections_kinds,
    .commands = commands,
    .rights = rights,
    .queries = connections_queries,
    .check = check_slots,
};
