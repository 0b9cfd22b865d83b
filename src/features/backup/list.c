/* `backup list`: what there is, and what can be reached with it. */
#include "list.h"

#include "backup_commands.h"
#include "backup_decide.h"
#include "out/grid.h"
#include "units/units.h"

/* What WAL there is. */
struct wal_sum {
    guint segments, partial;
    guint64 stored;
};

static struct wal_sum sum_of(const GArray *segments)
{
    struct wal_sum sum = {0, 0, 0};
    for (guint i = 0; segments != NULL && i < segments->len; i++) {
        const struct repo_segment *segment = &g_array_index(segments, struct repo_segment, i);
        sum.segments += !segment->partial;
        sum.partial += segment->partial;
        sum.stored += segment->stored;
    }
    return sum;
}

/* ---- for people --------------------------------------------------------------------------- */

void list_say_recoverable(struct output *output, const struct recoverable *recoverable)
{
    if (recoverable == NULL || !recoverable->known) {
        g_autofree char *text =
            output_paint(output, OUTPUT_BAD, "Nothing can be recovered from it.");
        output_say(output, "%s", text);
    } else {
        g_autofree char *from = repository_time(recoverable->from_us);
        g_autofree char *to = repository_time(recoverable->to_us);
        g_autofree char *lsn = wal_lsn_format(recoverable->to_lsn);
        output_say(output, "Recoverable from %s to %s (WAL to %s, timeline %u).", from, to, lsn,
                   recoverable->timeline);
    }
    for (guint i = 0; recoverable != NULL && i < recoverable->gaps->len; i++) {
        const struct recoverable_gap *gap =
            &g_array_index(recoverable->gaps, struct recoverable_gap, i);
        g_autofree char *text = output_paint(output, OUTPUT_BAD, gap->text);
        output_say(output, "Gap: %s.", text);
    }
    for (guint i = 0; recoverable != NULL && i < recoverable->left->len; i++) {
        const struct target_left *left =
            &g_array_index(recoverable->left, struct target_left, i);
        g_autofree char *from = repository_time(left->first.time_us);
        g_autofree char *lsn = wal_lsn_format(left->lsn);
        output_say(
            output,
            "Timeline %u went on where this one leaves it, at LSN %s: what was committed "
            "there from %s on takes --timeline %u.",
            left->timeline, lsn, from, left->timeline);
    }
}

static void say_table(const struct call *call, const struct repository *repository)
{
    static const struct grid_column columns[] = {
        {"backup", false}, {"ended", false}, {"TL", true},     {"WAL from", true},
        {"WAL to", true},  {"size", true},   {"stored", true}, {"proof", false},
        {"since", false},  {NULL, false},
    };
    AUTO(grid) grid = grid_new(columns);
    for (guint i = 0; i < repository->backups->len; i++) {
        const struct repo_backup *backup = repository->backups->pdata[i];
        bool read = backup->system != NULL;
        enum repo_proof proof = repository_proof(backup);
        grid_cell(grid, OUTPUT_PLAIN, backup->id);
        grid_take(grid, OUTPUT_PLAIN, repository_time(backup->stopped_us));
        grid_count(grid, OUTPUT_PLAIN, read ? (gint64) backup->timeline : GRID_NONE);
        grid_take(grid, OUTPUT_PLAIN, read ? wal_lsn_format(backup->start_lsn) : NULL);
        grid_take(grid, OUTPUT_PLAIN, read ? wal_lsn_format(backup->stop_lsn) : NULL);
        grid_size(grid, OUTPUT_PLAIN, read ? (gint64) backup->size : GRID_NONE);
        grid_size(grid, OUTPUT_PLAIN, read ? (gint64) backup->stored : GRID_NONE);
        grid_cell(grid, repository_tone(proof), repo_proof_name(proof));
        grid_take(grid, OUTPUT_PLAIN, repository_time(backup->proof_us));
    }
    grid_print(grid, call->output);
}

static void warn(const struct call *call, const struct repository *repository)
{
    const char *trouble = repo_trouble(repository->repo);
    g_autofree char *damage = lineage_damage(repository->lineage);
    if (trouble != NULL)
        output_warn(call->output, "%s; its copy was used", trouble);
    if (damage != NULL)
        output_warn(
            call->output,
            "the last backup met bad pages in the cluster, nothing is expired until one "
            "meets none\ndetail: %s",
            damage);
    for (guint i = 0; i < repository->backups->len; i++) {
        const struct repo_backup *backup = repository->backups->pdata[i];
        if (backup->trouble != NULL)
            output_warn(call->output, "backup %s: %s", backup->id, backup->trouble);
        else if (backup->proof == REPO_DAMAGED)
            output_warn(call->output, "backup %s is damaged: %s", backup->id,
                        backup->proof_text != NULL ? backup->proof_text : "unknown how");
        if (backup->note != NULL)
            output_warn(call->output, "backup %s: %s", backup->id, backup->note);
    }
}

static void say(const struct call *call, const struct repository *repository,
                const struct recoverable *recoverable, const struct wal_sum *wal)
{
    g_autofree char *stored = units_format_size((gint64) wal->stored);
    g_autofree char *segments = units_format_counted(wal->segments, "segment");
    if (repository->backups->len > 0)
        say_table(call, repository);
    else
        output_say(call->output, "There is no backup of the cluster %s.",
                   lineage_system(repository->lineage));
    output_say(call->output, "%s", "");
    list_say_recoverable(call->output, recoverable);
    output_say(call->output, "WAL: %s%s, %s.", segments,
               wal->partial > 0 ? " and one that is arriving" : "", stored);
}

/* ---- documents ---------------------------------------------------------------------------- */

void list_recoverable_members(struct document *document, const struct recoverable *recoverable)
{
    document_member(document, "recoverable",
                    recoverable == NULL ? json_null() : recoverable_json(recoverable));
    document_member(document, "gaps",
                    recoverable == NULL ? json_array() : recoverable_gaps_json(recoverable));
    document_member(document, "left",
                    recoverable == NULL ? json_array() : recoverable_left_json(recoverable));
}

static void show_document(const struct call *call, const struct repository *repository,
                          const struct recoverable *recoverable, const struct wal_sum *wal)
{
    g_autofree char *damage = lineage_damage(repository->lineage);
    struct document *document = repository_document(call, "backup.list/1", repository);
    list_recoverable_members(document, recoverable);
    document_member(document, "wal",
                    json_pack("{s:i, s:I}", "segments", (int) wal->segments, "stored_bytes",
                              (json_int_t) wal->stored));
    document_member(document, "damage", document_text(damage));
    document_array(document, "backups");
    for (guint i = 0; i < repository->backups->len; i++)
        document_item(document, repository_backup_json(repository->backups->pdata[i]));
    document_end(document);
}

enum runbook_exit backup_list_command(struct call *call, GError **error)
{
    struct repository repository;
    if (!repository_open(call, &repository, error))
        return RUNBOOK_FAILED;

    g_autoptr(GError) unknown = NULL;
    AUTO(recoverable)
    recoverable = recoverable_find(repository.lineage, repository.backups, &unknown);
    if (g_error_matches(unknown, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED)) {
        repository_clear(&repository);
        g_propagate_error(error, g_steal_pointer(&unknown));
        return RUNBOOK_INTERRUPTED;
    }
    g_autoptr(GArray) segments = lineage_segments(repository.lineage, NULL);
    struct wal_sum wal = sum_of(segments);
    if (output_format(call->output) == OUTPUT_JSON)
        show_document(call, &repository, recoverable, &wal);
    else
        say(call, &repository, recoverable, &wal);
    warn(call, &repository);
    if (unknown != NULL)
        output_warn(call->output, "what can be reached could not be told: %s",
                    unknown->message);
    repository_clear(&repository);
    return RUNBOOK_DONE;
}
