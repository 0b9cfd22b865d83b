/* Figures for monitoring: of the history, and of the folder where the settings name one. */
#include "migrations.h"

#include "folder/version_rows.h"
#include "migrations_evidence.h"
#include "store/store_migrations.h"

#include <string.h>

enum { FILES, APPLIED, FAILED, LAST_AT, LAST_SUCCESS, LAST_HOLD };

const struct metric migrations_metrics[] = {
    [FILES] = {"files", METRIC_GAUGE, NULL,
               "Migrations of the folder (setting migrations.dir) by where they stand", "state",
               false},
    [APPLIED] = {"applied", METRIC_GAUGE, NULL,
                 "Migrations that were applied from this machine and not taken back", NULL,
                 false},
    [FAILED] = {"failed", METRIC_GAUGE, NULL,
                "Migrations whose newest attempt from this machine failed", NULL, false},
    [LAST_AT] = {"last_apply_timestamp_seconds", METRIC_GAUGE, "seconds",
                 "When a migration was last applied or taken back, as Unix time", NULL, false},
    [LAST_SUCCESS] = {"last_apply_success", METRIC_GAUGE, NULL,
                      "Whether that went well: 1, else 0", NULL, false},
    [LAST_HOLD] = {"last_apply_lock_hold_seconds", METRIC_GAUGE, "seconds",
                   "For how long it held its strongest lock", NULL, false},
    {.name = NULL},
};

struct tally {
    GHashTable *applied, *failed; /* sets of versions, each with its version table */
    gint64 at_us;                 /* 0: none */
    double hold_ms;
    bool success;
};

/* Oldest first. */
static void take(const struct store_migration *migration, gpointer data)
{
    struct tally *tally = data;
    bool done = strcmp(migration->outcome, "done") == 0;

    if (strcmp(migration->outcome, "seen") == 0 || strcmp(migration->outcome, "running") == 0)
        return;
    g_autofree char *which = g_strdup_printf("%s\n%s", migration->ledger, migration->version);
    g_hash_table_remove(tally->failed, which);
    if (!done)
        g_hash_table_add(tally->failed, g_steal_pointer(&which));
    else if (strcmp(migration->direction, "up") == 0)
        g_hash_table_add(tally->applied, g_steal_pointer(&which));
    else
        g_hash_table_remove(tally->applied, which);
    if (migration->at_us < tally->at_us)
        return;
    tally->at_us = migration->at_us;
    tally->success = done;
    tally->hold_ms = migration->longest_hold_ms;
}

static const char *hash_of(const char *version, gconstpointer data)
{
    return migrations_evidence_hash(data, version);
}

/* Each state always, so that an alert on one sees it end. */
static void count_files(struct measure *measure, const GArray *rows)
{
    guint counts[VERSION_UNKNOWN + 1] = {0};

    for (guint i = 0; i < rows->len; i++)
        counts[g_array_index(rows, struct version_row, i).state]++;
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autofree char *state = g_strdup(version_state_name((enum version_state) i));
        measure_add(measure, &migrations_metrics[FILES], counts[i],
                    g_strdelimit(state, " ", '_'));
    }
}

static bool measure_files(struct measure *measure, GError **error)
{
    struct session *session = measure_session(measure);
    const char *dir = settings_string(measure_settings(measure), "migrations.dir");

    if (dir == NULL || dir[0] == '\0')
        return true;
    AUTO(folder) folder = folder_of_settings(dir, measure_settings(measure), error);
    AUTO(version_table)
    table = folder != NULL ? version_table_read(session, folder, error) : NULL;
    if (table == NULL)
        return false;
    g_autofree char *ledger = version_table_ledger(table);
    AUTO(migrations_evidence)
    evidence =
        migrations_evidence_read(measure_store(measure), session_system_identifier(session),
                                 session_database(session), ledger);
    g_autoptr(GArray) rows = version_rows(folder, table, hash_of, evidence);
    count_files(measure, rows);
    return true;
}

static void measure_history(struct measure *measure)
{
    struct session *session = measure_session(measure);
    const char *system = session_system_identifier(session);
    struct tally tally = {0};

    if (system == NULL)
        return;
    tally.applied = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    tally.failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    store_migrations_each(measure_store(measure), system, session_database(session), NULL, take,
                          &tally);
    measure_add(measure, &migrations_metrics[APPLIED], g_hash_table_size(tally.applied));
    measure_add(measure, &migrations_metrics[FAILED], g_hash_table_size(tally.failed));
    if (tally.at_us > 0) {
        measure_add(measure, &migrations_metrics[LAST_AT],
                    (double) tally.at_us / G_USEC_PER_SEC);
        measure_add(measure, &migrations_metrics[LAST_SUCCESS], tally.success);
        measure_add(measure, &migrations_metrics[LAST_HOLD], tally.hold_ms / 1000);
    }
    g_hash_table_unref(tally.applied);
    g_hash_table_unref(tally.failed);
}

bool migrations_measure(struct measure *measure, GError **error)
{
    measure_history(measure);
    return measure_files(measure, error);
}
