/* What the gates want to know: of the server, of the history, of the repository. */
#include "apply.h"

#include "migrations_evidence.h"
#include "migrations_queries.h"
#include "repo/repo.h"

#include <string.h>

/* ---- the server ---------------------------------------------------------------------------- */

bool apply_observe_place(struct apply *apply, GError **error)
{
    struct session *control = apply->control;
    AUTO(rows) rows = session_query(control, &query_migrations_apply_place, NULL, error);

    if (rows == NULL ||
        !gate_primary(control, rows_bool(rows, 0, MIGRATIONS_APPLY_PLACE_IN_RECOVERY),
                      "no migration can run there", error))
        return false;
    if (rows_int(rows, 0, MIGRATIONS_APPLY_PLACE_PID) != session_pid(control)) {
        runbook_error_set(
            error, RUNBOOK_REFUSED,
            "connect to the server itself: locks and settings of a session do not "
            "outlast a transaction behind a pooler",
            "a pooler is between here and the server");
        return false;
    }
    apply->time_zone = g_strdup(rows_text(rows, 0, MIGRATIONS_APPLY_PLACE_TIME_ZONE));
    apply->system = g_strdup(session_system_identifier(control));
    return true;
}

static char *oids_of(const struct apply_item *item)
{
    g_autoptr(GString) oids = g_string_new("{");

    for (guint i = 0; i < item->locks->len; i++) {
        const struct apply_lock *lock = g_ptr_array_index(item->locks, i);
        if (lock->oid != 0 && lock->mode >= DDL_SHARE_UPDATE_EXCLUSIVE)
            g_string_append_printf(oids, "%s%u", oids->len > 1 ? "," : "", lock->oid);
    }
    g_string_append_c(oids, '}');
    return g_strdup(oids->str);
}

bool apply_observe_obstacles(struct apply *apply, const struct apply_item *item,
                             GPtrArray *transactions, GPtrArray *vacuums, GError **error)
{
    g_autofree char *oids = oids_of(item);
    g_autofree char *long_ms = g_strdup_printf(
        "%" G_GINT64_FORMAT, settings_int(apply->call->settings, "migrations.old_transaction"));
    /* What is not understood may lock anything. */
    bool any = item->form.shape == APPLY_ALONE || !item->analysed;
    const char *const values[] = {oids, long_ms, any ? "true" : "false"};
    AUTO(rows)
    rows = session_query(apply->control, &query_migrations_apply_obstacles, values, error);

    for (int row = 0; rows != NULL && row < rows_count(rows); row++) {
        const char *kind = rows_text(rows, row, MIGRATIONS_APPLY_OBSTACLES_KIND);
        char *sentence = g_strdup(rows_text(rows, row, MIGRATIONS_APPLY_OBSTACLES_SENTENCE));
        if (strcmp(kind, "unseen") != 0) {
            g_ptr_array_add(strcmp(kind, "vacuum") == 0 ? vacuums : transactions, sentence);
            continue;
        }
        g_free(apply->unseen);
        apply->unseen = sentence;
    }
    return rows != NULL;
}

/* ---- the history --------------------------------------------------------------------------- */

static void keep_rehearsal(const struct store_rehearsal *rehearsal, gpointer data)
{
    struct apply_rehearsal *kept = data;

    apply_rehearsal_clear(kept);
    *kept = (struct apply_rehearsal){
        .found = true,
        .passed = rehearsal->passed,
        .run = rehearsal->run,
        .at_us = rehearsal->at_us,
        .verdict = g_strdup(rehearsal->verdict),
        .detail = g_strdup(rehearsal->detail),
        .schema_hash = g_strdup(rehearsal->schema_hash),
        .longest_hold_ms = rehearsal->longest_hold_ms,
        .predicted_hold_ms = rehearsal->predicted_hold_ms,
    };
}

void apply_observe_rehearsal(const struct apply *apply, struct apply_item *item)
{
    apply_rehearsal_clear(&item->rehearsal);
    item->rehearsal = (struct apply_rehearsal){.found = false};
    if (apply->system != NULL)
        store_rehearsal_last(apply->call->store, apply->system,
                             session_database(apply->control), item->migration->hash,
                             keep_rehearsal, &item->rehearsal);
}

/* What is known of an item from earlier runs. */
struct begun {
    const struct apply_item *item;
    bool running;
};

static void see_migration(const struct store_migration *migration, gpointer data)
{
    struct begun *begun = data;

    if (strcmp(migration->hash, begun->item->migration->hash) == 0 &&
        strcmp(migration->direction, begun->item->down ? "down" : "up") == 0)
        begun->running = strcmp(migration->outcome, "running") == 0;
}

bool apply_begun_before(const struct apply *apply, const struct apply_item *item)
{
    struct begun begun = {.item = item};

    if (apply->system != NULL)
        store_migrations_each(apply->call->store, apply->system,
                              session_database(apply->control), apply->ledger, see_migration,
                              &begun);
    return begun.running;
}

/* ---- backups ------------------------------------------------------------------------------- */

static void see_backup(const struct repo_backup *backup, struct apply_backup *found)
{
    if (backup->trouble != NULL || backup->proof == REPO_DAMAGED ||
        (found->before_us != 0 && backup->stopped_us > found->before_us))
        return;
    if (backup->proof == REPO_PROVEN && backup->stopped_us > found->proven_us) {
        g_free(found->proven);
        found->proven = g_strdup(backup->id);
        found->proven_us = backup->stopped_us;
    }
    if (backup->stopped_us > found->newest_us) {
        g_free(found->newest);
        found->newest = g_strdup(backup->id);
        found->newest_us = backup->stopped_us;
        found->dump = false;
    }
}

static bool has_system(const struct repo *repo, const char *system)
{
    g_auto(GStrv) systems = repo_systems(repo, NULL);

    return systems != NULL && g_strv_contains((const char *const *) systems, system);
}

static void look_into_repository(const struct apply *apply, struct apply_backup *found)
{
    const char *path = settings_string(apply->call->settings, "backup.repo");
    g_autoptr(GError) broken = NULL;

    if (path == NULL || *path == '\0' || apply->system == NULL)
        return;
    found->configured = true;
    AUTO(repo) repo = repo_open(apply->call->settings, false, &broken);
    if (repo != NULL && !has_system(repo, apply->system))
        return;
    AUTO(lineage)
    lineage = repo != NULL ? lineage_open(repo, apply->system, false, &broken) : NULL;
    g_autoptr(GPtrArray) backups = lineage != NULL ? lineage_backups(lineage, &broken) : NULL;
    if (backups == NULL) {
        found->trouble = g_strdup(broken->message);
        g_strdelimit(found->trouble, "\n", ' ');
        return;
    }
    for (guint i = 0; i < backups->len; i++)
        see_backup(g_ptr_array_index(backups, i), found);
}

struct dumps {
    const struct apply *apply;
    struct apply_backup *found;
};

static void see_dump(const struct store_run_view *run, gpointer data)
{
    const struct dumps *dumps = data;
    struct apply_backup *found = dumps->found;

    if (g_strcmp0(run->verb, "dump") != 0 || g_strcmp0(run->outcome, "done") != 0 ||
        g_strcmp0(run->system_identifier, dumps->apply->system) != 0 ||
        g_strcmp0(run->dbname, session_database(dumps->apply->control)) != 0 ||
        run->started_us <= found->newest_us ||
        (found->before_us != 0 && run->started_us > found->before_us))
        return;
    g_free(found->newest);
    found->newest = g_strdup_printf("%" G_GINT64_FORMAT, run->id);
    found->newest_us = run->started_us; /* what it holds is of its beginning */
    found->dump = true;
}

struct apply_backup apply_observe_backup(const struct apply *apply, gint64 before_us)
{
    struct apply_backup found = {.before_us = before_us};
    struct dumps dumps = {apply, &found};

    look_into_repository(apply, &found);
    if (apply->system != NULL)
        store_each_run(apply->call->store, "backup", NULL, 1000, see_dump, &dumps, NULL);
    return found;
}
