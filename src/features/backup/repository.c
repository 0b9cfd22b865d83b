/* A cluster's part of the repository, for the commands about it. */
#include "repository.h"

#include "backup_target.h"
#include "wal/wal_name.h"

#include <string.h>

void repository_clear(struct repository *repository)
{
    g_clear_pointer(&repository->backups, g_ptr_array_unref);
    g_clear_pointer(&repository->lineage, lineage_close);
    g_clear_pointer(&repository->repo, repo_close);
}

bool repository_read(struct repository *repository, GError **error)
{
    g_clear_pointer(&repository->backups, g_ptr_array_unref);
    repository->backups = lineage_backups(repository->lineage, error);
    return repository->backups != NULL;
}

bool repository_open(const struct call *call, struct repository *repository, GError **error)
{
    *repository = (struct repository){.repo = repo_open(call->settings, false, error)};
    if (repository->repo != NULL)
        repository->lineage = lineage_open(
            repository->repo, settings_string(call->settings, "backup.system"), false, error);
    if (repository->lineage != NULL && repository_read(repository, error))
        return true;
    repository_clear(repository);
    return false;
}

struct repo_backup *repository_backup(const GPtrArray *backups, const char *id, GError **error)
{
    struct repo_backup *found = NULL;
    guint count = 0;
    for (guint i = 0; i < backups->len; i++) {
        struct repo_backup *backup = backups->pdata[i];
        if (strcmp(backup->id, id) == 0)
            return backup;
        if (*id != '\0' && g_str_has_prefix(backup->id, id)) {
            found = backup;
            count++;
        }
    }
    if (count == 1)
        return found;
    runbook_error_set(error, RUNBOOK_USAGE, "`pgrunbook backup list` has the ids",
                      count == 0 ? "there is no backup \"%s\""
                                 : "more than one backup begins with \"%s\"",
                      id);
    return NULL;
}

/* ---- words -------------------------------------------------------------------------------- */

char *repository_time(gint64 us)
{
    /* Without its fraction: what is typed from it must not be later than what it stands for. */
    return us == 0 ? NULL : target_time_format(us - us % G_USEC_PER_SEC, NULL);
}

enum repo_proof repository_proof(const struct repo_backup *backup)
{
    return backup->trouble != NULL ? REPO_DAMAGED : backup->proof;
}

enum output_tone repository_tone(enum repo_proof proof)
{
    static const enum output_tone tones[] = {OUTPUT_CAUTION, OUTPUT_PLAIN, OUTPUT_GOOD,
                                             OUTPUT_BAD};
    return tones[proof];
}

/* ---- WAL ---------------------------------------------------------------------------------- */

static const struct repo_segment *at(const GArray *segments, guint i)
{
    return &g_array_index(segments, struct repo_segment, i);
}

const struct repo_segment *repository_segment(const GArray *segments, guint32 timeline,
                                              guint64 number)
{
    guint low = 0, high = segments->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        const struct repo_segment *one = at(segments, middle);
        if (one->timeline < timeline || (one->timeline == timeline && one->segment < number))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == segments->len || at(segments, low)->timeline != timeline ||
        at(segments, low)->segment != number)
        return NULL;
    return at(segments, low);
}

bool repository_lacks_wal(const GArray *segments, const struct repo_backup *backup,
                          guint64 *ret_number)
{
    guint64 bytes = backup->wal_segment_bytes;
    for (guint64 number = backup->start_lsn / bytes; number <= (backup->stop_lsn - 1) / bytes;
         number++) {
        const struct repo_segment *segment =
            repository_segment(segments, backup->timeline, number);
        if (segment != NULL && repo_segment_serves(segment, backup->stop_lsn))
            continue;
        if (ret_number != NULL)
            *ret_number = number;
        return true;
    }
    return false;
}

/* ---- documents ---------------------------------------------------------------------------- */

struct document *repository_document(const struct call *call, const char *schema,
                                     const struct repository *repository)
{
    int version_num = 0;
    for (guint i = 0; i < repository->backups->len; i++) {
        const struct repo_backup *backup = repository->backups->pdata[i];
        version_num = MAX(version_num, backup->version_num);
    }
    const struct document_server server = {version_num, NULL,
                                           lineage_system(repository->lineage)};
    struct document *document =
        document_begin(call->output, schema, version_num > 0 ? &server : NULL);
    document_member(document, "repository", document_text(repo_path(repository->repo)));
    document_member(document, "system", document_text(lineage_system(repository->lineage)));
    document_member(document, "encrypted",
                    json_boolean(lineage_key(repository->lineage) != NULL));
    return document;
}

static json_t *lsn_json(guint64 lsn)
{
    g_autofree char *text = lsn == 0 ? NULL : wal_lsn_format(lsn);
    return document_text(text);
}

/* What could not be read is null. */
json_t *repository_backup_json(const struct repo_backup *backup)
{
    bool read = backup->system != NULL;
    json_t *value = json_object();
    json_object_set_new(value, "id", document_text(backup->id));
    json_object_set_new(value, "kind", document_text(backup->kind));
    json_object_set_new(value, "label", document_text(backup->label));
    json_object_set_new(value, "started_at", document_time(backup->started_us));
    json_object_set_new(value, "stopped_at", document_time(backup->stopped_us));
    json_object_set_new(value, "start_lsn", lsn_json(backup->start_lsn));
    json_object_set_new(value, "stop_lsn", lsn_json(backup->stop_lsn));
    json_object_set_new(value, "timeline", read ? json_integer(backup->timeline) : json_null());
    json_object_set_new(value, "size_bytes",
                        read ? json_integer((json_int_t) backup->size) : json_null());
    json_object_set_new(value, "stored_bytes",
                        read ? json_integer((json_int_t) backup->stored) : json_null());
    json_object_set_new(value, "proof",
                        document_text(repo_proof_name(repository_proof(backup))));
    json_object_set_new(value, "proof_at", document_time(backup->proof_us));
    json_object_set_new(value, "proof_text", document_text(backup->proof_text));
    json_object_set_new(value, "recovery_seconds",
                        backup->recovery_seconds < 0 ? json_null()
                                                     : json_real(backup->recovery_seconds));
    json_object_set_new(value, "trouble", document_text(backup->trouble));
    json_object_set_new(value, "note", document_text(backup->note));
    return value;
}
