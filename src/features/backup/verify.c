/* `backup verify`: every byte of the repository, or of one backup, against what was written. */
#include "verify.h"

#include "backup_commands.h"
#include "interrupt.h"
#include "out/grid.h"
#include "out/progress.h"
#include "units/units.h"

#include <string.h>

enum { MOST_THREADS = 8 };

static void free_finding(gpointer data)
{
    struct verify_finding *finding = data;
    g_free(finding->object);
    g_free(finding->text);
    g_free(finding);
}

void verify_add(struct verify *verify, enum verify_kind kind, const char *object,
                const char *format, ...)
{
    struct verify_finding *finding = g_new0(struct verify_finding, 1);
    va_list arguments;
    va_start(arguments, format);
    finding->text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    finding->object = g_strdup(object);
    finding->kind = kind;
    g_ptr_array_add(verify->findings, finding);
}

bool verify_step(struct verify *verify, guint64 bytes, const char *now, GError **error)
{
    verify->read += bytes;
    struct progress_state state = {.bytes = (gint64) MIN(verify->read, verify->total),
                                   .total_bytes = (gint64) verify->total,
                                   .seconds_left = -1,
                                   .now = now};
    progress_show(verify->call->output, &state);
    if (!interrupt_pending())
        return true;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted, nothing was verified");
    return false;
}

/* ---- the run ------------------------------------------------------------------------------ */

static guint64 bytes_of(const struct repo_backup *backup)
{
    /* Read twice: for the hash, and for what is in it. */
    return 2 * backup->stored;
}

static void weigh(struct verify *verify, const GArray *segments, const struct repo_backup *only)
{
    const GPtrArray *backups = verify->repository->backups;
    if (only != NULL) {
        verify->total = bytes_of(only);
        return;
    }
    for (guint i = 0; i < backups->len; i++)
        verify->total += bytes_of(backups->pdata[i]);
    for (guint i = 0; i < segments->len; i++)
        verify->total += g_array_index(segments, struct repo_segment, i).stored;
}

/* The result is kept as the backup's proof. */
static bool one_backup(struct verify *verify, struct repo_backup *backup,
                       const GArray *segments, GHashTable *bad, GError **error)
{
    char *text = NULL;
    guint found = verify->findings->len;
    bool ok = verify_backup(verify, backup, &text, error) &&
              (text != NULL || verify_needed(verify, segments, bad, backup, &text, error));
    g_autoptr(GError) unkept = NULL;
    if (ok && !g_file_test(backup->folder, G_FILE_TEST_IS_DIR)) {
        output_note(verify->call->output, "backup %s was expired meanwhile", backup->id);
        /* What it lacked then is no damage. */
        g_ptr_array_set_size(verify->findings, (gint) found);
        g_free(text);
        return true;
    }
    if (ok && !lineage_backup_prove(verify->repository->lineage, backup, REPO_BY_VERIFY,
                                    text != NULL ? REPO_DAMAGED : REPO_VERIFIED, text, -1,
                                    g_get_real_time(), &unkept))
        output_warn(verify->call->output, "the result could not be kept: %s", unkept->message);
    else if (ok && text == NULL && backup->proof == REPO_DAMAGED)
        output_note(
            verify->call->output,
            "backup %s is as it was written, but stays damaged until a drill succeeds: %s",
            backup->id, backup->proof_text != NULL ? backup->proof_text : "");
    g_free(text);
    return ok;
}

static bool run(struct verify *verify, struct repo_backup *only, GError **error)
{
    const struct repository *repository = verify->repository;
    g_autoptr(GArray) segments = lineage_segments(repository->lineage, error);
    g_autoptr(GHashTable) bad = NULL;
    if (segments == NULL)
        return false;
    lineage_segments_measure(repository->lineage, segments);
    weigh(verify, segments, only);
    if (only != NULL)
        return one_backup(verify, only, segments, NULL, error);
    verify_containers(verify);
    if (!verify_wal(verify, segments, &bad, error))
        return false;
    for (guint i = 0; i < repository->backups->len; i++) {
        if (!one_backup(verify, repository->backups->pdata[i], segments, bad, error))
            return false;
    }
    verify_small_files(verify);
    return true;
}

/* ---- what came of it ---------------------------------------------------------------------- */

static const char *kind_name(enum verify_kind kind)
{
    static const char *const names[] = {"damaged", "gap", "survived"};
    return names[kind];
}

/* Whatever was found is no success; where nothing is lost by it, it is not a failure either. */
static enum runbook_exit judge(const struct verify *verify)
{
    enum runbook_exit code = RUNBOOK_DONE;
    for (guint i = 0; i < verify->findings->len; i++) {
        const struct verify_finding *finding = verify->findings->pdata[i];
        if (finding->kind == VERIFY_DAMAGED)
            return RUNBOOK_FAILED;
        code = RUNBOOK_PARTLY;
    }
    return code;
}

static void show_document(const struct verify *verify, const struct repo_backup *only,
                          double seconds)
{
    const struct repository *repository = verify->repository;
    struct document *document =
        repository_document(verify->call, "backup.verify/1", repository);
    document_array(document, "backups");
    for (guint i = 0; i < repository->backups->len; i++) {
        const struct repo_backup *backup = repository->backups->pdata[i];
        if (only == NULL || backup == only)
            document_item(document, repository_backup_json(backup));
    }
    document_array(document, "findings");
    for (guint i = 0; i < verify->findings->len; i++) {
        const struct verify_finding *finding = verify->findings->pdata[i];
        document_item(document, json_pack("{s:s, s:o, s:o}", "kind", kind_name(finding->kind),
                                          "object", document_text(finding->object), "text",
                                          document_text(finding->text)));
    }
    document_member(document, "segments", json_integer(verify->segments));
    document_member(document, "read_bytes", json_integer((json_int_t) verify->read));
    document_member(document, "seconds", json_real(seconds));
    document_end(document);
}

static void say(const struct verify *verify, const struct repo_backup *only, double seconds)
{
    struct output *output = verify->call->output;
    const GPtrArray *backups = verify->repository->backups;
    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *backup = backups->pdata[i];
        enum repo_proof proof = repository_proof(backup);
        if (only != NULL && backup != only)
            continue;
        g_autofree char *name =
            output_paint(output, repository_tone(proof), repo_proof_name(proof));
        output_say(output, "%s  %s", backup->id, name);
    }
    for (guint i = 0; i < verify->findings->len; i++) {
        const struct verify_finding *finding = verify->findings->pdata[i];
        g_autofree char *what =
            output_paint(output, finding->kind == VERIFY_DAMAGED ? OUTPUT_BAD : OUTPUT_CAUTION,
                         kind_name(finding->kind));
        /* A text that names the file by itself need not be told it twice. */
        bool named = strstr(finding->text, finding->object) != NULL;
        output_say(output, "%s: %s%s%s", what, named ? "" : finding->object, named ? "" : ": ",
                   finding->text);
    }
    g_autofree char *lasted = units_format_duration(seconds);
    g_autofree char *read = units_format_size((gint64) verify->read);
    g_autofree char *wal = units_format_counted(verify->segments, "segment");
    output_say(output, "Read %s with %s of WAL in %s: %s.", read, wal, lasted,
               verify->findings->len == 0 ? "all is as it was written" : "see above");
}

enum runbook_exit backup_verify_command(struct call *call, GError **error)
{
    struct repository repository;
    if (!repository_open(call, &repository, error))
        return RUNBOOK_FAILED;
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(free_finding);
    struct verify verify = {.call = call,
                            .repository = &repository,
                            .findings = findings,
                            .threads = CLAMP(g_get_num_processors(), 1, MOST_THREADS)};
    const char *id = call->arguments[0];
    struct repo_backup *only =
        id == NULL ? NULL : repository_backup(repository.backups, id, error);
    gint64 begun_us = g_get_monotonic_time();
    bool ok = (id == NULL || only != NULL) && run(&verify, only, error);
    double seconds = (double) (g_get_monotonic_time() - begun_us) / 1e6;
    progress_clear(call->output);
    if (ok && output_format(call->output) == OUTPUT_JSON)
        show_document(&verify, only, seconds);
    else if (ok)
        say(&verify, only, seconds);
    repository_clear(&repository);
    if (!ok)
        return RUNBOOK_FAILED;
    return judge(&verify);
}
