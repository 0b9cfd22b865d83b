/* A backup that did not come back: is it the backup's fault, or this machine's? */
#include "drill.h"
#include "verify.h"

static void finding_free(gpointer data)
{
    struct verify_finding *finding = data;

    g_free(finding->object);
    g_free(finding->text);
    g_free(finding);
}

bool drill_examine(struct drill *drill, GError **error)
{
    struct repository repository = {
        .repo = drill->repo, .lineage = drill->lineage, .backups = drill->backups};
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(finding_free);
    g_autoptr(GArray) segments = lineage_segments(drill->lineage, error);
    gint64 start = g_get_monotonic_time();
    struct verify verify = {.call = drill->call,
                            .repository = &repository,
                            .findings = findings,
                            .threads = CLAMP(g_get_num_processors(), 1, 8),
                            .total = 2 * drill->backup->stored};
    char *text = NULL;

    if (segments != NULL)
        lineage_segments_measure(drill->lineage, segments);
    if (segments == NULL || !verify_backup(&verify, drill->backup, &text, error) ||
        (text == NULL && !verify_needed(&verify, segments, NULL, drill->backup, &text, error)))
        return false;
    drill->corrupt |= text != NULL;
    drill_note(drill, "files", NULL, text != NULL ? DRILL_FAILED : DRILL_OK, 1,
               (double) (g_get_monotonic_time() - start) / G_USEC_PER_SEC,
               text != NULL
                   ? text
                   : g_strdup("every file of the backup is as it was written: look for "
                              "the reason on this machine, or in the WAL behind it"));
    return true;
}
