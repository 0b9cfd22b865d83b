/*
 * `backup expire`: removes backups and WAL that the rules do not keep. Backups first, the oldest
 * first, each taken out of sight before any of its files goes; then WAL, the oldest first: wherever
 * it is stopped, what is listed can be restored.
 */
#include "expire.h"

#include "backup_commands.h"
#include "interrupt.h"
#include "out/grid.h"
#include "plan/plan_gate.h"
#include "units/units.h"

#include <string.h>

#define WAL_MARK "wal@"

struct expire {
    struct call *call;
    struct repository repository;
    GArray *segments;
    struct expire_plan *plan;
    GArray *going; /* of struct repo_segment */
    guint64 backup_bytes, wal_bytes;
    guint removed, removed_segments;
    gint64 now_us;
    gint64 run; /* in the history */
};

static void clear_plan(struct expire *expire)
{
    g_clear_pointer(&expire->segments, g_array_unref);
    g_clear_pointer(&expire->going, g_array_unref);
    g_clear_pointer(&expire->plan, expire_plan_free);
    expire->backup_bytes = expire->wal_bytes = 0;
}

static void clear(struct expire *expire)
{
    clear_plan(expire);
    repository_clear(&expire->repository);
}

static enum expire_verdict verdict_of(const struct expire *expire, guint i)
{
    return g_array_index(expire->plan->verdicts, enum expire_verdict, i);
}

/* ---- the plan ----------------------------------------------------------------------------- */

static void find_segments(struct expire *expire)
{
    expire->going = g_array_new(FALSE, FALSE, sizeof(struct repo_segment));
    for (guint i = 0; i < expire->segments->len; i++) {
        const struct repo_segment *segment =
            &g_array_index(expire->segments, struct repo_segment, i);
        if (segment->segment >= expire->plan->first_segment)
            continue;
        g_array_append_vals(expire->going, segment, 1);
        expire->wal_bytes += segment->stored;
    }
}

static bool is_used(const struct repo_backup *backup, gpointer data)
{
    return lineage_backup_used(data, backup);
}

static bool plan(struct expire *expire, GError **error)
{
    const struct settings *settings = expire->call->settings;
    const struct expire_rules rules = {
        .keep = (guint) settings_int(settings, "backup.keep"),
        .keep_time_us = settings_int(settings, "backup.keep_time") * 1000,
        .damaged = option_given(expire->call->options, "damaged"),
        .now_us = expire->now_us,
        .used = is_used,
        .used_data = expire->repository.lineage,
    };
    g_autofree char *damage = lineage_damage(expire->repository.lineage);
    if (damage != NULL) {
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "repair the cluster, then take a backup: one that meets no bad page "
                          "takes the mark away",
                          "nothing is expired: the last backup met bad pages in the cluster\n"
                          "detail: %s",
                          damage);
        return false;
    }
    expire->segments = lineage_segments(expire->repository.lineage, error);
    if (expire->segments == NULL)
        return false;
    lineage_segments_measure(expire->repository.lineage, expire->segments);
    expire->plan = expire_decide(expire->repository.backups, expire->segments, &rules);
    find_segments(expire);
    for (guint i = 0; i < expire->repository.backups->len; i++) {
        const struct repo_backup *backup = expire->repository.backups->pdata[i];
        if (verdict_of(expire, i) == EXPIRE_GOES)
            expire->backup_bytes += backup->stored;
    }
    return true;
}

/* ---- showing ------------------------------------------------------------------------------ */

static void say(struct expire *expire)
{
    static const struct grid_column columns[] = {{"backup", false}, {"ended", false},
                                                 {"stored", true},  {"proof", false},
                                                 {"what", false},   {NULL, false}};
    struct output *output = expire->call->output;
    const GPtrArray *backups = expire->repository.backups;
    AUTO(grid) grid = grid_new(columns);
    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *backup = backups->pdata[i];
        enum repo_proof proof = repository_proof(backup);
        bool goes = verdict_of(expire, i) == EXPIRE_GOES;
        grid_cell(grid, OUTPUT_PLAIN, backup->id);
        grid_take(grid, OUTPUT_PLAIN, repository_time(backup->stopped_us));
        grid_size(grid, OUTPUT_PLAIN, (gint64) backup->stored);
        grid_cell(grid, repository_tone(proof), repo_proof_name(proof));
        grid_cell(grid, goes ? OUTPUT_BOLD : OUTPUT_PLAIN,
                  expire_verdict_text(verdict_of(expire, i)));
    }
    if (backups->len > 0)
        grid_print(grid, output);
    g_autofree char *freed =
        units_format_size((gint64) (expire->backup_bytes + expire->wal_bytes));
    g_autofree char *count = units_format_counted(expire->plan->goes, "backup");
    g_autofree char *wal = units_format_counted(expire->going->len, "segment");
    if (expire->plan->none_good)
        output_say(output, "Nothing goes: there is no backup that can be restored.");
    else
        output_say(output, "%s and %s of WAL that no other needs go: %s.", count, wal, freed);
}

static void show(gpointer data)
{
    say(data);
}

/* The marks of what goes: the backups by their ids, and how far WAL goes. */
static json_t *marks_of(const struct expire *expire)
{
    json_t *marks = json_array();
    g_autofree char *wal =
        g_strdup_printf(WAL_MARK "%" G_GUINT64_FORMAT, expire->plan->first_segment);
    for (guint i = 0; i < expire->repository.backups->len; i++) {
        const struct repo_backup *backup = expire->repository.backups->pdata[i];
        if (verdict_of(expire, i) == EXPIRE_GOES)
            json_array_append_new(marks, document_text(backup->id));
    }
    json_array_append_new(marks, json_string(wal));
    return marks;
}

static void show_document(const struct expire *expire)
{
    const GPtrArray *backups = expire->repository.backups;
    struct document *document =
        repository_document(expire->call, "backup.expire/1", &expire->repository);
    document_member(document, "dry_run", json_boolean(expire->call->dry_run));
    if (expire->call->dry_run)
        document_member(document, "only", marks_of(expire));
    document_array(document, "backups");
    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *backup = backups->pdata[i];
        document_item(document,
                      json_pack("{s:o, s:b, s:s, s:s, s:I}", "id", document_text(backup->id),
                                "goes", verdict_of(expire, i) == EXPIRE_GOES, "verdict",
                                expire_verdict_text(verdict_of(expire, i)), "proof",
                                repo_proof_name(repository_proof(backup)), "stored_bytes",
                                (json_int_t) backup->stored));
    }
    document_member(document, "segments", json_integer(expire->going->len));
    document_member(document, "backup_bytes", json_integer((json_int_t) expire->backup_bytes));
    document_member(document, "wal_bytes", json_integer((json_int_t) expire->wal_bytes));
    document_member(document, "removed_backups", json_integer(expire->removed));
    document_member(document, "removed_segments", json_integer(expire->removed_segments));
    document_member(document, "run_id",
                    expire->run < 0 ? json_null() : json_integer(expire->run));
    document_end(document);
}

/* ---- removing ----------------------------------------------------------------------------- */

static bool interrupted(GError **error)
{
    if (!interrupt_pending())
        return false;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL,
                      "interrupted; what was removed is removed, all the rest is whole");
    return true;
}

static bool remove_backups(struct expire *expire, GError **error)
{
    const GPtrArray *backups = expire->repository.backups;
    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *backup = backups->pdata[i];
        if (verdict_of(expire, i) != EXPIRE_GOES)
            continue;
        if (interrupted(error) ||
            !lineage_backup_remove(expire->repository.lineage, backup, error))
            return false;
        expire->removed++;
        store_object(expire->call->store, expire->run,
                     &(struct store_object){.name = backup->id,
                                            .outcome = "done",
                                            .reason = "expired",
                                            .bytes = (gint64) backup->stored});
    }
    return true;
}

static bool remove_segments(struct expire *expire, GError **error)
{
    for (guint i = 0; i < expire->going->len; i++) {
        const struct repo_segment *segment =
            &g_array_index(expire->going, struct repo_segment, i);
        if (i % 256 == 0 && interrupted(error))
            return false;
        if (!lineage_segment_remove(expire->repository.lineage, segment, error))
            return false;
        expire->removed_segments++;
    }
    return lineage_wal_tidy(expire->repository.lineage, expire->plan->first_segment, error);
}

static void say_note(const char *text, gpointer data)
{
    const struct call *call = data;
    output_note(call->output, "%s", text);
}

static char *summary_of(const struct expire *expire)
{
    return g_strdup_printf("{\"backups\": %u, \"segments\": %u}", expire->removed,
                           expire->removed_segments);
}

static void say_removed(const struct expire *expire)
{
    g_autofree char *backups = units_format_counted(expire->removed, "backup");
    g_autofree char *segments = units_format_counted(expire->removed_segments, "segment");

    output_say(expire->call->output, "Removed %s and %s of WAL.", backups, segments);
}

static enum runbook_exit act(struct expire *expire, GError **error)
{
    struct call *call = expire->call;
    const struct store_run record = {
        .section = call->feature->name,
        .verb = call->command->verb,
        .target = call->target != NULL ? call->target : call->alias,
        .system_identifier = lineage_system(expire->repository.lineage),
        .command_line = call->command_line,
    };
    g_autoptr(GError) broken = NULL;
    expire->run = store_run_begin(call->store, &record);
    bool ok = lineage_clean(expire->repository.lineage, say_note, call, &broken) &&
              remove_backups(expire, &broken) && remove_segments(expire, &broken);
    g_autofree char *summary = summary_of(expire);
    enum runbook_exit code = gate_record_end(call, expire->run, RUNBOOK_DONE, broken, summary);
    if (output_format(call->output) == OUTPUT_JSON && ok)
        show_document(expire);
    else if (expire->removed + expire->removed_segments > 0 || !ok)
        say_removed(expire);
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}

/* ---- once more, with the lock ----------------------------------------------------------------- */

/* The ids of the backups that go, as a set. */
static GHashTable *leavers(const struct expire *expire)
{
    GHashTable *ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < expire->repository.backups->len; i++) {
        const struct repo_backup *backup = expire->repository.backups->pdata[i];
        if (verdict_of(expire, i) == EXPIRE_GOES)
            g_hash_table_add(ids, g_strdup(backup->id));
    }
    return ids;
}

/* What a dry run showed before, in the place of what was seen now; as leavers(). */
static GHashTable *shown_before(const struct expire *expire, guint64 *ret_first)
{
    const char *const *marks = option_values(expire->call->options, "only");
    GHashTable *ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    *ret_first = 0;
    for (; *marks != NULL; marks++) {
        if (g_str_has_prefix(*marks, WAL_MARK))
            *ret_first = g_ascii_strtoull(*marks + strlen(WAL_MARK), NULL, 10);
        else
            g_hash_table_add(ids, g_strdup(*marks));
    }
    return ids;
}

/* While the answer was waited for nobody was kept from taking backups, verifying and drilling: what
 * was found meanwhile counts. Less may go now than was shown, never more. */
static bool plan_locked(struct expire *expire, GError **error)
{
    bool before = option_given(expire->call->options, "only");
    guint64 first_shown = expire->plan->first_segment;
    g_autoptr(GHashTable) shown = before ? shown_before(expire, &first_shown) : leavers(expire);
    if (!lineage_lock(expire->repository.lineage, "lock", error))
        return false;
    clear_plan(expire);
    if (!repository_read(&expire->repository, error) || !plan(expire, error))
        return false;
    g_autoptr(GHashTable) going = leavers(expire);
    bool more = expire->plan->first_segment > first_shown;
    GHashTableIter each;
    gpointer id = NULL;
    g_hash_table_iter_init(&each, going);
    while (g_hash_table_iter_next(&each, &id, NULL))
        more |= !g_hash_table_contains(shown, id);
    more = more && (before || !expire->call->yes); /* else nothing was shown yet */
    if (more)
        runbook_error_set(error, RUNBOOK_REFUSED, "look at it once more",
                          "the repository has changed meanwhile, more would go than was shown");
    return !more;
}

/* ---- the command -------------------------------------------------------------------------- */

static enum runbook_exit run(struct expire *expire, GError **error)
{
    struct call *call = expire->call;
    if (!repository_open(call, &expire->repository, error) || !plan(expire, error))
        return RUNBOOK_FAILED;
    if (call->dry_run) {
        if (output_format(call->output) == OUTPUT_JSON)
            show_document(expire);
        else
            say(expire);
        return RUNBOOK_DONE;
    }
    bool yes = false;
    guint steps = expire->plan->goes + expire->going->len;
    if (!gate_confirmed(call, steps, "Remove them for good?", "see it with --dry-run", show,
                        expire, &yes, error))
        return RUNBOOK_FAILED;
    if (!yes)
        return RUNBOOK_DONE;
    if (!plan_locked(expire, error))
        return RUNBOOK_FAILED;
    if (call->yes || steps == 0) {
        if (output_format(call->output) == OUTPUT_TABLE)
            say(expire);
    }
    return act(expire, error);
}

enum runbook_exit backup_expire_command(struct call *call, GError **error)
{
    struct expire expire = {.call = call, .now_us = g_get_real_time(), .run = -1};
    enum runbook_exit code = run(&expire, error);
    clear(&expire);
    return code;
}
