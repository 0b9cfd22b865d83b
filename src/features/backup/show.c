/* `backup show ID`: one backup in full. */
#include "backup_commands.h"
#include "list.h"
#include "out/grid.h"
#include "units/units.h"

/* ---- for people --------------------------------------------------------------------------- */

static void say_facts(struct output *output, const struct repo_backup *backup)
{
    g_autofree char *started = repository_time(backup->started_us);
    g_autofree char *stopped = repository_time(backup->stopped_us);
    g_autofree char *start = wal_lsn_format(backup->start_lsn);
    g_autofree char *stop = wal_lsn_format(backup->stop_lsn);
    g_autofree char *size = units_format_size((gint64) backup->size);
    g_autofree char *stored = units_format_size((gint64) backup->stored);
    output_say(output, "Backup %s%s%s", backup->id, backup->label != NULL ? ": " : "",
               backup->label != NULL ? backup->label : "");
    output_say(output, "  taken      %s to %s by %s", started, stopped, backup->program);
    output_say(output, "  cluster    %s, PostgreSQL %d.%d%s, page checksums %s", backup->system,
               backup->version_num / 10000, backup->version_num % 10000,
               backup->from_standby ? ", a standby" : "", backup->checksums ? "on" : "off");
    output_say(output, "  WAL        %s to %s, timeline %u", start, stop, backup->timeline);
    output_say(output, "  size       %s, %s stored (zstd level %d)", size, stored,
               backup->level);
}

static void say_proof(struct output *output, const struct repo_backup *backup)
{
    enum repo_proof proof = repository_proof(backup);
    g_autofree char *name =
        output_paint(output, repository_tone(proof), repo_proof_name(proof));
    g_autofree char *since = repository_time(backup->proof_us);
    g_autofree char *recovery =
        backup->recovery_seconds < 0 ? NULL : units_format_duration(backup->recovery_seconds);
    const char *text = backup->trouble != NULL ? backup->trouble : backup->proof_text;
    output_say(output, "  proof      %s%s%s%s%s%s%s", name, since != NULL ? ", " : "",
               since != NULL ? since : "", recovery != NULL ? ", recovery took " : "",
               recovery != NULL ? recovery : "", text != NULL ? ": " : "",
               text != NULL ? text : "");
    if (backup->note != NULL)
        output_say(output, "  note       %s", backup->note);
}

static void say_parts(struct output *output, const struct repo_backup *backup)
{
    static const struct grid_column columns[] = {
        {"file", false}, {"size", true}, {"stored", true}, {"SHA-256", false}, {NULL, false}};
    AUTO(grid) grid = grid_new(columns);
    for (guint i = 0; i < backup->files->len; i++) {
        const struct repo_backup_file *file =
            &g_array_index(backup->files, struct repo_backup_file, i);
        grid_cell(grid, OUTPUT_PLAIN, file->name);
        grid_size(grid, OUTPUT_PLAIN, (gint64) file->size);
        grid_size(grid, OUTPUT_PLAIN, (gint64) file->stored);
        grid_cell(grid, OUTPUT_DIM, file->sha256);
    }
    for (guint i = 0; i < backup->tablespaces->len; i++) {
        const struct repo_tablespace *tablespace =
            &g_array_index(backup->tablespaces, struct repo_tablespace, i);
        output_say(output, "  tablespace %u at %s", tablespace->oid, tablespace->path);
    }
    for (guint i = 0; i < backup->phases->len; i++) {
        const struct repo_phase *phase = &g_array_index(backup->phases, struct repo_phase, i);
        g_autofree char *lasted = units_format_duration(phase->seconds);
        output_say(output, "  %-10s %s", phase->name, lasted);
    }
    output_say(output, "  folder     %s\n", backup->folder);
    grid_print(grid, output);
}

/* ---- documents ---------------------------------------------------------------------------- */

static void lists(struct document *document, const struct repo_backup *backup)
{
    document_array(document, "files");
    for (guint i = 0; i < backup->files->len; i++) {
        const struct repo_backup_file *file =
            &g_array_index(backup->files, struct repo_backup_file, i);
        document_item(document, json_pack("{s:s, s:I, s:I, s:s}", "name", file->name,
                                          "size_bytes", (json_int_t) file->size, "stored_bytes",
                                          (json_int_t) file->stored, "sha256", file->sha256));
    }
    document_array(document, "tablespaces");
    for (guint i = 0; i < backup->tablespaces->len; i++) {
        const struct repo_tablespace *tablespace =
            &g_array_index(backup->tablespaces, struct repo_tablespace, i);
        document_item(document, json_pack("{s:I, s:o}", "oid", (json_int_t) tablespace->oid,
                                          "path", document_text(tablespace->path)));
    }
    document_array(document, "phases");
    for (guint i = 0; i < backup->phases->len; i++) {
        const struct repo_phase *phase = &g_array_index(backup->phases, struct repo_phase, i);
        document_item(document, json_pack("{s:o, s:f}", "name", document_text(phase->name),
                                          "seconds", phase->seconds));
    }
}

static void show_document(const struct call *call, const struct repository *repository,
                          const struct repo_backup *backup,
                          const struct recoverable *recoverable)
{
    struct document *document = repository_document(call, "backup.show/1", repository);
    json_t *value = repository_backup_json(backup);
    json_object_set_new(value, "folder", document_text(backup->folder));
    json_object_set_new(value, "version_num", json_integer(backup->version_num));
    json_object_set_new(value, "program", document_text(backup->program));
    json_object_set_new(value, "checksums", json_boolean(backup->checksums));
    json_object_set_new(value, "from_standby", json_boolean(backup->from_standby));
    json_object_set_new(value, "time_zone", document_text(backup->time_zone));
    document_member(document, "backup", value);
    list_recoverable_members(document, recoverable);
    lists(document, backup);
    document_end(document);
}

enum runbook_exit backup_show_command(struct call *call, GError **error)
{
    struct repository repository;
    if (!repository_open(call, &repository, error))
        return RUNBOOK_FAILED;
    const struct repo_backup *backup =
        repository_backup(repository.backups, call->arguments[0], error);
    bool whole = backup != NULL && backup->trouble == NULL && backup->system != NULL;
    AUTO(recoverable)
    recoverable = whole ? recoverable_of(repository.lineage, backup, NULL) : NULL;
    if (backup != NULL && output_format(call->output) == OUTPUT_JSON) {
        show_document(call, &repository, backup, recoverable);
    } else if (backup != NULL) {
        if (backup->system != NULL)
            say_facts(call->output, backup);
        else
            output_say(call->output, "Backup %s cannot be read.", backup->id);
        say_proof(call->output, backup);
        say_parts(call->output, backup);
        output_say(call->output, "%s", "");
        list_say_recoverable(call->output, recoverable);
    }
    repository_clear(&repository);
    return backup != NULL ? RUNBOOK_DONE : RUNBOOK_USAGE;
}
