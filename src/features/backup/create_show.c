/* What `backup create` has made, or would make: for people and as documents. */
#include "create.h"
#include "out/document.h"
#include "units/units.h"
#include "wal/wal_name.h"

static json_t *lsn_value(guint64 lsn)
{
    g_autofree char *text = wal_lsn_format(lsn);

    return lsn == 0 ? json_null() : json_string(text);
}

static json_t *backup_value(const struct repo_backup *backup)
{
    json_t *value = json_object();

    json_object_set_new(value, "id", json_string(backup->id));
    json_object_set_new(value, "kind", json_string(backup->kind));
    json_object_set_new(value, "label", document_text(backup->label));
    json_object_set_new(value, "started_at", document_time(backup->started_us));
    json_object_set_new(value, "stopped_at", document_time(backup->stopped_us));
    json_object_set_new(value, "start_lsn", lsn_value(backup->start_lsn));
    json_object_set_new(value, "stop_lsn", lsn_value(backup->stop_lsn));
    json_object_set_new(value, "timeline", json_integer(backup->timeline));
    json_object_set_new(value, "size_bytes", json_integer((json_int_t) backup->size));
    json_object_set_new(value, "stored_bytes", json_integer((json_int_t) backup->stored));
    json_object_set_new(value, "from_standby", json_boolean(backup->from_standby));
    json_object_set_new(value, "checksums", json_boolean(backup->checksums));
    json_object_set_new(value, "proof", json_string(repo_proof_name(backup->proof)));
    json_object_set_new(value, "proof_at", document_time(backup->proof_us));
    return value;
}

static json_t *phases_value(const struct repo_backup *backup)
{
    json_t *value = json_array();

    for (guint i = 0; i < backup->phases->len; i++) {
        const struct repo_phase *phase = &g_array_index(backup->phases, struct repo_phase, i);
        json_array_append_new(
            value, json_pack("{s:s, s:f}", "name", phase->name, "seconds", phase->seconds));
    }
    return value;
}

char *create_summary(const struct create_result *result)
{
    json_t *summary = json_object();

    json_object_set_new(summary, "backup", backup_value(result->backup));
    json_object_set_new(summary, "seconds", json_real(result->seconds));
    char *dumped = json_dumps(summary, JSON_COMPACT);
    char *text = g_strdup(dumped);
    free(dumped);
    json_decref(summary);
    return text;
}

static void show_document(struct call *call, const struct create_result *result)
{
    const struct repo_backup *backup = result->backup;
    const struct document_server server = {result->version_num, NULL, backup->system};
    struct document *document = document_begin(call->output, "backup.create/1", &server);

    document_member(document, "backup", backup_value(backup));
    document_member(document, "seconds", json_real(result->seconds));
    document_member(document, "phases", phases_value(backup));
    document_member(document, "run_id",
                    result->run < 0 ? json_null() : json_integer(result->run));
    document_end(document);
}

void create_show(struct call *call, const struct create_result *result)
{
    const struct repo_backup *backup = result->backup;
    g_autofree char *size = units_format_size((gint64) backup->size);
    g_autofree char *stored = units_format_size((gint64) backup->stored);
    g_autofree char *seconds = units_format_duration(result->seconds);
    g_autofree char *start = wal_lsn_format(backup->start_lsn);
    g_autofree char *stop = wal_lsn_format(backup->stop_lsn);
    g_autoptr(GString) phases = g_string_new("");

    if (output_format(call->output) == OUTPUT_JSON) {
        show_document(call, result);
        return;
    }
    for (guint i = 0; i < backup->phases->len; i++) {
        const struct repo_phase *phase = &g_array_index(backup->phases, struct repo_phase, i);
        g_autofree char *lasted = units_format_duration(phase->seconds);
        g_string_append_printf(phases, "%s%s %s", i > 0 ? ", " : "", phase->name, lasted);
    }
    output_say(call->output, "Backup %s: %s in %s, after %s (%s).", backup->id, size, stored,
               seconds, phases->str);
    output_say(call->output, "  timeline %u, WAL from %s to %s, all of it stored",
               backup->timeline, start, stop);
    output_say(call->output, "  %s/backups/%s", result->folder, backup->id);
    output_say(call->output,
               "\nNobody has restored it yet: \"pgrunbook backup drill\" does, and tells.");
}

/* ---- what would be done ------------------------------------------------------------------- */

static json_t *bytes_value(guint64 bytes)
{
    return bytes == 0 ? json_null() : json_integer((json_int_t) bytes);
}

static void outlook_document(struct call *call, const struct create_outlook *outlook)
{
    const struct document_server server = {outlook->version_num, NULL, outlook->system};
    struct document *document = document_begin(call->output, "backup.create/1", &server);
    json_t *would = json_object();

    json_object_set_new(would, "repo", document_text(outlook->repo));
    json_object_set_new(would, "size_bytes", bytes_value(outlook->size));
    json_object_set_new(would, "needed_bytes", bytes_value(outlook->needed));
    json_object_set_new(would, "free_bytes", json_integer((json_int_t) outlook->free));
    json_object_set_new(would, "wal", json_string(outlook->wal));
    json_object_set_new(would, "level", json_integer(outlook->level));
    json_object_set_new(would, "threads", json_integer(outlook->threads));
    json_object_set_new(would, "encrypted", json_boolean(outlook->encrypted));
    json_object_set_new(would, "checksums", json_boolean(outlook->server->checksums));
    json_object_set_new(would, "from_standby", json_boolean(outlook->server->in_recovery));
    document_member(document, "would", would);
    document_end(document);
}

void create_show_outlook(struct call *call, const struct create_outlook *outlook)
{
    g_autofree char *size = units_format_size((gint64) outlook->size);
    g_autofree char *needed = units_format_size((gint64) outlook->needed);
    g_autofree char *available = units_format_size((gint64) outlook->free);

    if (output_format(call->output) == OUTPUT_JSON) {
        outlook_document(call, outlook);
        return;
    }
    output_say(call->output, "Would back up cluster %s (PostgreSQL %d, a %s) into %s.",
               outlook->system, outlook->version_num / 10000,
               outlook->server->in_recovery ? "standby" : "primary", outlook->repo);
    if (outlook->size > 0)
        output_say(call->output, "  size         %s; about %s in the repository", size, needed);
    else
        output_say(call->output, "  size         this role may not see it (pg_monitor may)");
    output_say(call->output, "  free there   %s%s", available,
               outlook->free < outlook->needed ? ": too little, it would be refused" : "");
    output_say(call->output, "  WAL          %s", outlook->wal);
    output_say(call->output, "  compression  zstd level %d, %u threads%s", outlook->level,
               outlook->threads, outlook->encrypted ? ", encrypted" : "");
    output_say(call->output, "  checksums    %s",
               outlook->server->checksums ? "verified by the server as it reads"
                                          : "off in this cluster: bad pages are not noticed");
}
