/* The section's lines of `pgrunbook check`. */
#include "units/units.h"
#include "vacuum.h"

#include <string.h>

enum {
    SYSTEM_ROWS = 10000,     /* dead rows of a system catalog that are worth a word */
    STALE_ROWS = 1000,       /* smaller tables plan well enough without statistics */
    HORIZON_XIDS = 10000000, /* where a holder's age in time is not known */
    AUTOVACUUM_BEHIND = 2,   /* times its own threshold */
};
static const double DEAD_WARNING = 0.2; /* of a table's rows */

struct look {
    struct check *check;
    struct vacuum_case *state;
    char *run; /* the command that mends most of it */
};

static void add(const struct look *look, const char *name, enum verdict_status status,
                double value, const char *next, const char *format, ...) G_GNUC_PRINTF(6, 7);

static void add(const struct look *look, const char *name, enum verdict_status status,
                double value, const char *next, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    check_add(look->check, &(struct verdict){name, status, value, message,
                                             status == VERDICT_OK ? NULL : next});
}

/* What does it for one table, in psql; a standby refuses it. */
static void add_sql(const struct look *look, const char *verb, const struct vacuum_table *table)
{
    if (table == NULL || look->state->server.in_recovery)
        return;
    g_autofree char *name =
        session_quote(check_session(look->check), table->schema, table->name);
    g_autofree char *sql = g_strconcat(verb, " ", name, NULL);
    check_sql(look->check, sql);
}

/* ---- wraparound ---------------------------------------------------------------------------- */

struct age {
    const char *name, *what;
    gint64 database, limit, failsafe;
    gint64 (*of)(const struct vacuum_table *table);
};

static gint64 xids_of(const struct vacuum_table *table)
{
    return MAX(table->xid_age, table->toast_xid_age);
}

static gint64 mxids_of(const struct vacuum_table *table)
{
    return MAX(table->mxid_age, table->toast_mxid_age);
}

static const struct vacuum_table *oldest_table(const struct look *look, const struct age *age)
{
    const struct vacuum_table *oldest = NULL;

    for (guint i = 0; i < look->state->tables->len; i++) {
        const struct vacuum_table *table =
            &g_array_index(look->state->tables, struct vacuum_table, i);
        if (table->kind != 'p' && table->kind != 'f' &&
            (oldest == NULL || age->of(table) > age->of(oldest)))
            oldest = table;
    }
    return oldest;
}

/* Reaching 100 % of autovacuum_freeze_max_age is normal: that is when autovacuum acts. Two and a
 * half times that, or half-way to the failsafe, means that it does not get through. The server
 * never takes the failsafe below 105 % of the former (documentation of vacuum_failsafe_age). */
static enum verdict_status judge_age(const struct age *age, gint64 worst)
{
    double failsafe = MAX((double) age->failsafe, 1.05 * (double) age->limit);
    double warning = MIN(2.5 * (double) age->limit, ((double) age->limit + failsafe) / 2);

    return (double) worst >= failsafe  ? VERDICT_CRITICAL
           : (double) worst >= warning ? VERDICT_WARNING
                                       : VERDICT_OK;
}

static void check_age(const struct look *look, const struct age *age)
{
    const struct vacuum_table *table = oldest_table(look, age);
    gint64 worst = MAX(age->database, table ? age->of(table) : 0);
    enum verdict_status status = judge_age(age, worst);
    g_autofree char *shown = units_format_count(worst);
    g_autofree char *name =
        table ? g_strconcat(table->schema, ".", table->name, NULL) : g_strdup("none");
    bool toast = table != NULL &&
                 age->of(table) > (age->of == xids_of ? table->xid_age : table->mxid_age);

    add(look, age->name, status, (double) worst, look->run,
        "oldest %s is %s old, %.0f%% of what autovacuum allows; worst table %s%s%s", age->what,
        shown, 100 * (double) worst / (double) MAX(age->limit, 1), name,
        toast ? " (its TOAST)" : "",
        status == VERDICT_OK ? "" : "; at the end of its range the server stops taking writes");
    add_sql(look, "VACUUM (FREEZE)", table);
}

/* ---- horizon ------------------------------------------------------------------------------- */

static enum verdict_status judge_holder(const struct look *look,
                                        const struct vacuum_holder *holder, gint64 seconds)
{
    const struct settings *settings = check_settings(look->check);
    gint64 limit = look->state->server.freeze_max_age;

    if (holder->age_xids > limit / 2 ||
        seconds * 1000 >= settings_int(settings, "vacuum.horizon_critical"))
        return VERDICT_CRITICAL;
    if (holder->age_xids > MIN(limit / 4, HORIZON_XIDS) ||
        seconds * 1000 >= settings_int(settings, "vacuum.horizon_warning"))
        return VERDICT_WARNING;
    return VERDICT_OK;
}

static void check_horizon(const struct look *look)
{
    const struct vacuum_case *state = look->state;

    if (!state->server.sees_all) {
        g_autofree char *user = session_quote(check_session(look->check), NULL,
                                              session_user(check_session(look->check)));
        g_autofree char *grant = g_strdup_printf("GRANT pg_monitor TO %s", user);
        check_unreadable(look->check, "snapshots of other roles' sessions (the xmin horizon)",
                         grant);
    }
    if (state->holders->len == 0) {
        g_autofree char *setup =
            g_strdup_printf("pgrunbook setup %s", check_where(look->check));
        add(look, "xmin_horizon", state->server.sees_all ? VERDICT_OK : VERDICT_UNKNOWN, 0,
            setup, "%s",
            state->server.sees_all ? "nothing holds the xmin horizon back"
                                   : "who holds the xmin horizon back cannot be seen");
        return;
    }
    const struct vacuum_holder *holder = vacuum_oldest_holder(state, NULL);
    if (holder == NULL) /* a logical slot, which holds catalogs */
        holder = g_ptr_array_index(state->holders, 0);
    gint64 seconds = holder->since > 0 ? MAX(state->server.now - holder->since, 0) : 0;
    enum verdict_status status = judge_holder(look, holder, seconds);
    g_autofree char *age = units_format_counted(holder->age_xids, "transaction");
    g_autofree char *time = units_format_duration((double) seconds);
    add(look, "xmin_horizon", status, (double) holder->age_xids, holder->remedy,
        "held back by %s, %s old%s%s%s", holder->holder, age,
        holder->since > 0 ? ", since " : "", holder->since > 0 ? time : "",
        status == VERDICT_OK ? "" : "; rows that died since then cannot be removed");
}

/* ---- rows and statistics --------------------------------------------------------------------- */

struct tally {
    guint tables;
    gint64 rows;
    const struct vacuum_table *worst;
    double worst_share;
};

static void count(struct tally *tally, const struct vacuum_table *table, gint64 rows,
                  double share)
{
    tally->tables++;
    tally->rows += rows;
    if (tally->worst == NULL || share > tally->worst_share) {
        tally->worst = table;
        tally->worst_share = share;
    }
}

static double dead_share(const struct vacuum_table *table)
{
    return (double) table->dead / MAX((double) (table->live + table->dead), 1);
}

static const struct vacuum_choice *choice_at(const struct look *look, guint index)
{
    return &g_array_index(look->state->choices, struct vacuum_choice, index);
}

/* Every ANALYZE leaves some dead rows in pg_statistic, every CREATE in others. */
static bool worth_a_line(const struct vacuum_table *table)
{
    return !vacuum_is_system(table) || table->dead >= SYSTEM_ROWS;
}

static void check_dead(const struct look *look)
{
    struct tally tally = {0};

    for (guint i = 0; i < look->state->choices->len; i++) {
        const struct vacuum_choice *choice = choice_at(look, i);
        if ((choice->needs | choice->held) & VACUUM_NEED_DEAD && worth_a_line(choice->table))
            count(&tally, choice->table, choice->table->dead, dead_share(choice->table));
    }
    g_autofree char *rows = units_format_counted(tally.rows, "dead row");
    g_autofree char *tables = units_format_counted(tally.tables, "table");
    if (tally.tables == 0)
        add(look, "dead_rows", VERDICT_OK, 0, NULL, "no table has dead rows worth a VACUUM");
    else
        add(look, "dead_rows", tally.worst_share >= DEAD_WARNING ? VERDICT_WARNING : VERDICT_OK,
            (double) tally.rows, look->run,
            "%s in %s; worst %s.%s with %.0f%%; they slow every scan", rows, tables,
            tally.worst->schema, tally.worst->name, 100 * tally.worst_share);
    add_sql(look, "VACUUM (ANALYZE)", tally.worst);
}

static void check_statistics(const struct look *look)
{
    struct tally tally = {0};

    for (guint i = 0; i < look->state->choices->len; i++) {
        const struct vacuum_choice *choice = choice_at(look, i);
        const struct vacuum_table *table = choice->table;
        bool large = table->kind == 'p' || table->live >= STALE_ROWS;
        if ((choice->needs & VACUUM_NEEDS_ANALYZE) && large && !vacuum_is_system(table))
            count(&tally, table, table->changed, (double) table->changed);
    }
    g_autofree char *tables = units_format_counted(tally.tables, "table");
    if (tally.tables == 0)
        add(look, "stale_statistics", VERDICT_OK, 0, NULL,
            "the planner's statistics are up to date");
    else
        add(look, "stale_statistics", VERDICT_WARNING, tally.tables, look->run,
            "%s with stale or no statistics, first %s.%s; the planner guesses wrong "
            "there",
            tables, tally.worst->schema, tally.worst->name);
    add_sql(look, "ANALYZE", tally.worst);
}

static void check_autovacuum_behind(const struct look *look)
{
    struct tally tally = {0};

    for (guint i = 0; i < look->state->tables->len; i++) {
        const struct vacuum_table *table =
            &g_array_index(look->state->tables, struct vacuum_table, i);
        double threshold = vacuum_autovacuum_threshold(&look->state->server, table);
        double share = (double) table->dead / MAX(threshold, 1);
        if (table->kind != 'p' && share >= AUTOVACUUM_BEHIND && worth_a_line(table))
            count(&tally, table, table->dead, share);
    }
    g_autofree char *tables = units_format_counted(tally.tables, "table");
    if (tally.tables == 0)
        add(look, "autovacuum_behind", VERDICT_OK, 0, NULL, "autovacuum keeps up");
    else
        add(look, "autovacuum_behind", VERDICT_WARNING, tally.tables, look->run,
            "autovacuum is behind on %s; worst %s.%s at %.1f times its threshold", tables,
            tally.worst->schema, tally.worst->name, tally.worst_share);
    add_sql(look, "VACUUM (ANALYZE)", tally.worst);
}

static bool turned_off(const struct vacuum_table *table)
{
    return table->options != NULL && (strstr(table->options, "autovacuum_enabled=false") ||
                                      strstr(table->options, "autovacuum_enabled=off"));
}

/* NULL for no table. */
static char *turn_on(const struct look *look, const struct vacuum_table *table)
{
    if (table == NULL)
        return NULL;
    g_autofree char *name =
        session_quote(check_session(look->check), table->schema, table->name);
    return g_strdup_printf("ALTER TABLE %s RESET (autovacuum_enabled)", name);
}

static void check_autovacuum(const struct look *look)
{
    const struct vacuum_server *server = &look->state->server;
    struct tally tally = {0};

    for (guint i = 0; i < look->state->tables->len; i++) {
        const struct vacuum_table *table =
            &g_array_index(look->state->tables, struct vacuum_table, i);
        if (turned_off(table))
            count(&tally, table, 0, (double) table->pages);
    }
    g_autofree char *tables = units_format_counted(tally.tables, "table");
    g_autofree char *reset = turn_on(look, tally.worst);
    if (!server->track_counts || !server->autovacuum)
        add(look, "autovacuum", VERDICT_CRITICAL, 0,
            "ALTER SYSTEM SET autovacuum = on; ALTER SYSTEM SET track_counts = on; "
            "SELECT pg_reload_conf()",
            "autovacuum is off for the whole server: dead rows pile up between windows");
    else if (tally.tables > 0)
        add(look, "autovacuum", VERDICT_WARNING, tally.tables, reset,
            "autovacuum is off for %s, first %s.%s: only this runbook cleans them", tables,
            tally.worst->schema, tally.worst->name);
    else
        add(look, "autovacuum", VERDICT_OK, 0, NULL, "autovacuum is on everywhere");
}

bool vacuum_check(struct check *check, GError **error)
{
    struct session *session = check_session(check);
    AUTO(vacuum_case) state = vacuum_observe(session, error);
    if (state == NULL)
        return false;
    state->rules = vacuum_rules_read(check_settings(check));
    vacuum_decide(state);
    g_autofree char *run = g_strdup_printf("pgrunbook vacuum run %s", check_where(check));
    struct look look = {check, state, run};

    check_age(&look,
              &(struct age){"transaction_age", "transaction", state->server.xid_age,
                            state->server.freeze_max_age, state->server.failsafe_age, xids_of});
    check_age(&look, &(struct age){"multixact_age", "multixact", state->server.mxid_age,
                                   state->server.multixact_freeze_max_age,
                                   state->server.multixact_failsafe_age, mxids_of});
    check_horizon(&look);
    if (!state->server.in_recovery) { /* rows and statistics are counted on the primary */
        check_dead(&look);
        check_statistics(&look);
        check_autovacuum_behind(&look);
        check_autovacuum(&look);
    }
    check_hand_over(check, g_steal_pointer(&state), (GDestroyNotify) vacuum_case_free);
    return true;
}
