/* The month's runs, and the order of all gathering. */
#include "report/report.h"
#include "store/store_report.h"

#include <string.h>

struct runs {
    struct report *report;
    GHashTable *databases; /* "SYSTEM/DBNAME" → target */
    GHashTable
        *places; /* the same, and "SYSTEM/" for the cluster → GPtrArray: all its targets */
    GHashTable *seen; /* targets that had a run in the month */
};

static char *key_of(const char *system, const char *dbname)
{
    return g_strconcat(system != NULL ? system : "", "/", dbname != NULL ? dbname : "", NULL);
}

const char *report_database(struct report *report, GHashTable *databases, const char *system,
                            const char *dbname)
{
    g_autofree char *key = key_of(system, dbname);
    const char *target = g_hash_table_lookup(databases, key);

    if (report->target != NULL)
        return g_strcmp0(target, report->target) == 0 ? report->target : NULL;
    return report_text(report, target != NULL ? target : dbname);
}

/* NULL: the history knows of none. */
static const GPtrArray *targets_of(const struct runs *runs, const char *system,
                                   const char *dbname)
{
    g_autofree char *key = key_of(system, dbname);

    return system != NULL ? g_hash_table_lookup(runs->places, key) : NULL;
}

static bool has_target(const GPtrArray *targets, const char *target)
{
    return targets != NULL && g_ptr_array_find_with_equal_func((GPtrArray *) (guintptr) targets,
                                                               target, g_str_equal, NULL);
}

/* What concerns no database is the cluster's: each of its targets' who asks for one, and nobody's
 * in particular where there are several. A drill asks no server, and knows no more than whose
 * backup it restores. */
static const char *target_of_cluster(struct runs *runs, const char *system)
{
    struct report *report = runs->report;
    const GPtrArray *targets = targets_of(runs, system, NULL);

    if (report->target != NULL)
        return has_target(targets, report->target) ? report->target : NULL;
    return targets != NULL && targets->len == 1 ? targets->pdata[0] : "";
}

/* A run that was typed without a target is the target's whose database it was on. */
static const char *target_of(struct runs *runs, const struct store_run_view *run)
{
    struct report *report = runs->report;

    if (run->target != NULL && run->target[0] != '\0')
        return report->target == NULL || strcmp(run->target, report->target) == 0
                   ? report_text(report, run->target)
                   : NULL;
    if (run->dbname == NULL)
        return target_of_cluster(runs, run->system_identifier);
    return report_database(report, runs->databases, run->system_identifier, run->dbname);
}

/* One database may have several targets: who asks for one of them means that. Takes the key. */
static void learn_place(struct runs *runs, char *key, const char *target)
{
    if (g_strcmp0(target, runs->report->target) != 0 &&
        g_hash_table_contains(runs->databases, key))
        g_free(key);
    else
        g_hash_table_replace(runs->databases, key, g_strdup(target));
}

static void learn_target(struct runs *runs, char *key, const char *target)
{
    GPtrArray *targets = g_hash_table_lookup(runs->places, key);

    if (targets == NULL)
        g_hash_table_insert(runs->places, g_strdup(key), targets = g_ptr_array_new());
    if (!has_target(targets, target))
        g_ptr_array_add(targets, (gpointer) (guintptr) report_text(runs->report, target));
    g_free(key);
}

static bool is_there(const struct runs *runs, const char *target)
{
    const char *const *configured = runs->report->configured;

    return g_hash_table_contains(runs->seen, target) ||
           (configured != NULL && g_strv_contains(configured, target));
}

/* A target that was renamed or is gone is none of this month's; where no other is known it is the
 * best that there is. Who asks for it by name gets it. */
static void forget_gone(const struct runs *runs)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, runs->places);
    while (runs->report->target == NULL && g_hash_table_iter_next(&iter, NULL, &value)) {
        GPtrArray *targets = value;
        guint there = 0;
        for (guint i = 0; i < targets->len; i++)
            there += is_there(runs, targets->pdata[i]);
        for (guint i = targets->len; i > 0 && there > 0; i--)
            if (!is_there(runs, targets->pdata[i - 1]))
                g_ptr_array_remove_index(targets, i - 1);
    }
}

static bool in_month(const struct report *report, const struct store_run_view *run)
{
    return run->started_us >= report->month.from_us && run->started_us < report->month.until_us;
}

/* Every run teaches which target a database is. */
static void learn(const struct store_run_view *run, gpointer data)
{
    struct runs *runs = data;
    struct report *report = runs->report;

    if (report->known_us == 0 || run->started_us < report->known_us)
        report->known_us = run->started_us;
    if (run->target != NULL && run->target[0] != '\0' &&
        !g_ptr_array_find_with_equal_func(report->names, run->target, g_str_equal, NULL))
        g_ptr_array_add(report->names, (gpointer) (guintptr) report_text(report, run->target));
    if (run->target == NULL || run->target[0] == '\0' || run->system_identifier == NULL)
        return;
    g_hash_table_insert(report->clusters,
                        (gpointer) (guintptr) report_text(report, run->target),
                        (gpointer) (guintptr) report_text(report, run->system_identifier));
    if (in_month(report, run))
        g_hash_table_add(runs->seen, (gpointer) (guintptr) report_text(report, run->target));
    learn_target(runs, key_of(run->system_identifier, NULL), run->target);
    if (run->dbname == NULL)
        return;
    learn_target(runs, key_of(run->system_identifier, run->dbname), run->target);
    learn_place(runs, key_of(run->system_identifier, run->dbname), run->target);
}

static const char *who(struct report *report, const struct store_run_view *run)
{
    if (run->actor != NULL)
        return report_text(report, run->actor);
    return run->os_user != NULL ? report_textf(report, "%s on %s", run->os_user,
                                               run->os_host != NULL ? run->os_host : "?")
                                : "somebody";
}

static void take_relief(struct report *report, const struct store_run_view *run)
{
    const struct report_relief one = {
        .run = run->id,
        .started_us = run->started_us,
        .cluster = report_text(report, run->system_identifier),
    };

    if (run->verb != NULL && report_ends_sessions(run->verb) && one.cluster != NULL &&
        (g_strcmp0(run->outcome, "done") == 0 || g_strcmp0(run->outcome, "partly") == 0))
        g_array_append_val(report->reliefs, one);
}

/* A backup and a drill of it are of the whole cluster, a dump of a database: they count for each of
 * its targets. No other section has these verbs. */
static void take_backup(struct runs *runs, const struct store_run_view *run,
                        const struct report_run *one)
{
    struct report *report = runs->report;
    const bool dump = strcmp(one->verb, "dump") == 0;
    const GPtrArray *targets =
        targets_of(runs, run->system_identifier, dump ? run->dbname : NULL);
    struct report_run copy = *one;

    if (!dump && strcmp(one->verb, "create") != 0 && strcmp(one->verb, "drill") != 0)
        return;
    if (targets == NULL && one->target != NULL)
        g_array_append_val(report->safeguards, copy);
    for (guint i = 0; targets != NULL && i < targets->len; i++) {
        copy.target = targets->pdata[i];
        if (report->target == NULL || strcmp(copy.target, report->target) == 0)
            g_array_append_val(report->safeguards, copy);
    }
}

static void take(const struct store_run_view *run, gpointer data)
{
    struct runs *runs = data;
    struct report *report = runs->report;

    take_relief(report, run);
    if (!in_month(report, run))
        return;
    const struct report_run one = {
        .id = run->id,
        .started_us = run->started_us,
        .ended_us = run->ended_us,
        .target = target_of(runs, run),
        .own = run->target != NULL && run->target[0] != '\0' ? report_text(report, run->target)
                                                             : NULL,
        .section = report_text(report, run->section),
        .verb = report_text(report, run->verb != NULL ? run->verb : ""),
        .by = who(report, run),
        .reason = report_text(report, run->reason),
        .error = report_text(report, run->error),
        .summary = report_text(report, run->summary),
        .outcome = report_outcome_of(run->outcome),
        .undoes = run->undoes,
        .undo_run = run->undo_run,
    };
    if (one.target != NULL)
        g_array_append_val(report->runs, one);
    take_backup(runs, run, &one);
}

/* Of one run by target. */
static int by_id(const void *left, const void *right)
{
    const struct report_run *a = left, *b = right;

    return a->id != b->id ? (a->id > b->id) - (a->id < b->id) : strcmp(a->target, b->target);
}

/* ---- migrations ----------------------------------------------------------------------------- */

static void take_migration(const struct store_migration *migration, gpointer data)
{
    struct runs *runs = data;
    struct report *report = runs->report;
    const char *database =
        report_database(report, runs->databases, migration->system, migration->dbname);
    const struct report_migration one = {
        .run = migration->run,
        .at_us = migration->at_us,
        .database = database,
        .version = report_text(report, migration->version),
        .name = report_text(report, migration->name),
        .direction = report_text(report, migration->direction),
        .outcome = report_text(report, migration->outcome),
        .forced = report_text(report, migration->forced),
        .longest_hold_ms = migration->longest_hold_ms,
    };

    if (database != NULL)
        g_array_append_val(report->migrations, one);
}

bool report_gather_migrations(struct report *report, struct store *store, GHashTable *databases,
                              GError **error)
{
    struct runs runs = {.report = report, .databases = databases};

    return store_each_migration(store, report->month.from_us, report->month.until_us,
                                take_migration, &runs, error);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void tell_beginning(struct report *report)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(report->known_us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) at = g_date_time_to_timezone(utc, report->zone);
    g_autofree char *text = g_date_time_format(at, "%Y-%m-%d %H:%M");

    if (report->known_us == 0)
        report_gap(report,
                   "The history is empty: nothing was recorded in this month or before.");
    else if (report->known_us >= report->month.until_us)
        report_gap(report, "The history begins after this month: nothing of it was recorded.");
    else if (report->known_us > report->month.from_us)
        report_gap(report,
                   "The first run in the history is of %s. What was done in this month "
                   "before it was recorded is not known.",
                   text);
}

bool report_gather(struct report *report, struct store *store, GError **error)
{
    g_autoptr(GHashTable) databases =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                         (GDestroyNotify) g_ptr_array_unref);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    struct runs runs = {report, databases, places, seen};

    if (!store_each_run(store, NULL, NULL, 0, learn, &runs, error))
        return false;
    forget_gone(&runs);
    if (!store_each_run(store, NULL, NULL, 0, take, &runs, error))
        return false;
    if (report->known_us == 0)
        report->minutes_us = 0;
    g_array_sort(report->runs, by_id);
    g_array_sort(report->safeguards, by_id);
    report_tally_runs(report);
    tell_beginning(report);
    report_gather_backups(report);
    return report_gather_objects(report, store, error) &&
           report_gather_watched(report, store, error) &&
           report_gather_migrations(report, store, databases, error) &&
           report_gather_indexes(report, store, databases, error) &&
           report_gather_sizes(report, store, databases, error);
}
