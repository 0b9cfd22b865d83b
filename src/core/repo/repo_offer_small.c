/* Histories and what tells of a backup: small files, kept as they are. */
#include "repo/repo_offer.h"
#include "repo/repo_private.h"

#include <string.h>

static enum repo_put compare_small(const struct offer *offer, guint32 timeline,
                                   const char *path, GError **error)
{
    gsize length = 0;
    bool missing = false;
    g_autofree char *there =
        offer->name.kind == WAL_HISTORY
            ? repo_history_read(offer->lineage, offer->text, &length, &missing, NULL, error)
            : repo_file_read(path, lineage_key(offer->lineage), &length, NULL, error);

    if (there == NULL)
        return REPO_PUT_FAILED;
    if (length != offer->length || memcmp(there, offer->bytes, length) != 0)
        return offer_another(offer, error);
    return offer_same(offer, timeline, error);
}

static enum repo_put put_small(const struct offer *offer, GError **error)
{
    guint32 timeline = offer->name.kind == WAL_HISTORY ? 0 : offer->name.timeline;
    g_autofree char *folder = segment_folder_make(offer->lineage, timeline, error);
    g_autofree char *path = g_build_filename(folder != NULL ? folder : "", offer->text, NULL);
    bool exists = false;

    if (folder == NULL)
        return REPO_PUT_FAILED;
    if (offer->name.kind == WAL_HISTORY) {
        g_autofree char *text = g_strndup((const char *) offer->bytes, offer->length);
        g_autoptr(GArray) history = wal_history_parse(offer->name.timeline, text, error);
        if (history == NULL)
            return REPO_PUT_FAILED;
    }
    AUTO(repo_writer) file = repo_writer_new(folder, lineage_key(offer->lineage), error);
    if (file == NULL || !repo_writer_put(file, offer->bytes, offer->length, error) ||
        !repo_writer_end(file, error) ||
        !repo_writer_show(file, offer->text, true, &exists, error))
        return REPO_PUT_FAILED;
    enum repo_put put = exists ? compare_small(offer, timeline, path, error) : REPO_PUT_DONE;
    if (offer->name.kind == WAL_HISTORY && (put == REPO_PUT_DONE || put == REPO_PUT_SAME) &&
        !repo_history_copy(offer->lineage, offer->text, offer->bytes, offer->length, error))
        return REPO_PUT_FAILED;
    return put;
}

enum repo_put offer_put_small(struct offer *offer, GError **error)
{
    enum { SMALL_MOST = 16 << 20 };

    if (offer->length > SMALL_MOST)
        return offer_refuse(error, NULL,
                            "\"%s\" with %" G_GSIZE_FORMAT " bytes is no file of WAL",
                            offer->text, offer->length);
    g_autofree guint8 *bytes = g_malloc(offer->length);
    if (!repo_pread_all(offer->descriptor, offer->path, 0, bytes, offer->length, error))
        return REPO_PUT_FAILED;
    offer->bytes = bytes;
    enum repo_put put = put_small(offer, error);
    offer->bytes = NULL;
    return put;
}

enum repo_put lineage_history_put(struct lineage *lineage, guint32 timeline, const char *text,
                                  gsize length, GError **error)
{
    g_autofree char *name = g_strdup_printf("%08X.history", timeline);
    struct offer offer = {.lineage = lineage,
                          .text = name,
                          .name = {WAL_HISTORY, timeline, 0},
                          .bytes = (const guint8 *) text,
                          .length = length};

    return put_small(&offer, error);
}
