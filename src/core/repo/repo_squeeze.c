#include "repo/repo_squeeze.h"

#include "error.h"

#include <zstd.h>

/* Small enough that all processors end at about the same time and the first is on its way to the
 * disk before the last is done; some times level 1's window, so that hardly anything is lost. */
enum { PART_BYTES = 2 << 20, THREADS_MOST = 4 };

struct part {
    guint8 *frame; /* NULL: not done */
    gsize size;
    const char *failure;
};

struct squeeze {
    const guint8 *bytes;
    gsize length;
    int level;
    struct part *parts;
    guint count;
    GThread *threads[THREADS_MOST];
    guint thread_count;
    GMutex lock; /* of what follows, and of the parts */
    GCond done;
    guint next; /* the part that nobody has taken yet */
};

static struct part compress(const struct squeeze *squeeze, ZSTD_CCtx *context, guint number)
{
    gsize begin = (gsize) number * PART_BYTES,
          length = MIN(squeeze->length - begin, PART_BYTES);
    gsize room = ZSTD_compressBound(length);
    struct part part = {.frame = g_malloc(room)};

    part.size = ZSTD_compress2(context, part.frame, room, squeeze->bytes + begin, length);
    if (ZSTD_isError(part.size))
        part.failure = ZSTD_getErrorName(part.size);
    return part;
}

static gpointer work(gpointer data)
{
    struct squeeze *squeeze = data;
    ZSTD_CCtx *context = ZSTD_createCCtx();

    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, squeeze->level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    g_mutex_lock(&squeeze->lock);
    while (squeeze->next < squeeze->count) {
        guint number = squeeze->next++;
        g_mutex_unlock(&squeeze->lock);
        struct part part = compress(squeeze, context, number);
        g_mutex_lock(&squeeze->lock);
        squeeze->parts[number] = part;
        g_cond_signal(&squeeze->done);
    }
    g_mutex_unlock(&squeeze->lock);
    ZSTD_freeCCtx(context);
    return NULL;
}

struct squeeze *squeeze_new(const guint8 *bytes, gsize length, int level)
{
    struct squeeze *squeeze = g_new0(struct squeeze, 1);

    squeeze->bytes = bytes;
    squeeze->length = length;
    squeeze->level = level;
    squeeze->count = (guint) ((length + PART_BYTES - 1) / PART_BYTES);
    squeeze->parts = g_new0(struct part, squeeze->count);
    squeeze->thread_count = MIN(CLAMP(g_get_num_processors(), 1, THREADS_MOST), squeeze->count);
    g_mutex_init(&squeeze->lock);
    g_cond_init(&squeeze->done);
    for (guint i = 0; i < squeeze->thread_count; i++)
        squeeze->threads[i] = g_thread_new("compress", work, squeeze);
    return squeeze;
}

static struct part await(struct squeeze *squeeze, guint number)
{
    g_mutex_lock(&squeeze->lock);
    while (squeeze->parts[number].frame == NULL)
        g_cond_wait(&squeeze->done, &squeeze->lock);
    struct part part = squeeze->parts[number];
    g_mutex_unlock(&squeeze->lock);
    return part;
}

bool squeeze_put(struct squeeze *squeeze, struct repo_writer *file, GError **error)
{
    for (guint i = 0; i < squeeze->count; i++) {
        struct part part = await(squeeze, i);
        if (part.failure != NULL) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not compress: %s",
                              part.failure);
            return false;
        }
        if (!repo_writer_put(file, part.frame, part.size, error))
            return false;
        g_clear_pointer(&squeeze->parts[i].frame, g_free);
    }
    return true;
}

void squeeze_free(struct squeeze *squeeze)
{
    if (squeeze == NULL)
        return;
    g_mutex_lock(&squeeze->lock);
    squeeze->next = squeeze->count;
    g_mutex_unlock(&squeeze->lock);
    for (guint i = 0; i < squeeze->thread_count; i++)
        g_thread_join(squeeze->threads[i]);
    for (guint i = 0; i < squeeze->count; i++)
        g_free(squeeze->parts[i].frame);
    g_free(squeeze->parts);
    g_mutex_clear(&squeeze->lock);
    g_cond_clear(&squeeze->done);
    g_free(squeeze);
}
