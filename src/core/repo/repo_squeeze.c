#include "repo/repo_squeeze.h"

#include "error.h"

#include <errno.h>
#include <sys/mman.h>
#include <zstd.h>

/* Small enough that all processors end at about the same time and the first is on its way to the
 * disk before the last is done; some times level 1's window, so that hardly anything is lost. */
enum { PART_BYTES = 2 << 20, THREADS_MOST = 4, AHEAD = 2 };

/* From this level on a thread's tables take 33 MiB: four of them would be the section's 150. */
enum { LARGE_LEVEL = 13, LARGE_THREADS = 3 };

enum part_state { PART_AWAITED, PART_READ, PART_DONE };

/* Where a part is while it is in memory; the next that gets it comes so many parts later as there
 * are slots. */
struct slot {
    enum part_state state;
    guint8 *bytes, *frame;
    gsize length, size;
    GError *failure; /* owned; of a part that could not be read */
    const char *why; /* of one that could not be compressed */
};

struct squeeze {
    int descriptor;
    const char *path;
    gsize length;
    int level;
    guint count; /* of parts */
    struct slot slots[THREADS_MOST + AHEAD];
    guint slot_count;
    GThread *threads[THREADS_MOST];
    guint thread_count;
    GMutex lock; /* of what follows, and of the slots' states */
    GCond done, room;
    guint next;    /* the part that nobody has taken yet */
    guint written; /* parts that were put: their slots are free */
    bool stop;
};

static struct slot *slot_of(struct squeeze *squeeze, guint number)
{
    return &squeeze->slots[number % squeeze->slot_count];
}

/* ---- the threads -------------------------------------------------------------------------- */

/* The next part for this thread, when there is room for it. False: there is none. */
static bool take(struct squeeze *squeeze, guint *ret_number)
{
    g_mutex_lock(&squeeze->lock);
    while (!squeeze->stop && squeeze->next < squeeze->count &&
           squeeze->next >= squeeze->written + squeeze->slot_count)
        g_cond_wait(&squeeze->room, &squeeze->lock);
    bool found = !squeeze->stop && squeeze->next < squeeze->count;
    if (found)
        *ret_number = squeeze->next++;
    g_mutex_unlock(&squeeze->lock);
    return found;
}

static void tell(struct squeeze *squeeze, struct slot *slot, enum part_state state)
{
    g_mutex_lock(&squeeze->lock);
    slot->state = state;
    g_cond_signal(&squeeze->done);
    g_mutex_unlock(&squeeze->lock);
}

/* Mapped, not read, which would cost a copy and the pages for it; no longer than it is in hand, so
 * that all the mapped pages are those of the slots. */
static void map_part(const struct squeeze *squeeze, struct slot *slot, guint number)
{
    gsize begin = (gsize) number * PART_BYTES;

    slot->length = MIN(squeeze->length - begin, PART_BYTES);
    void *bytes = mmap(NULL, slot->length, PROT_READ, MAP_PRIVATE | MAP_POPULATE,
                       squeeze->descriptor, (off_t) begin);
    if (bytes != MAP_FAILED)
        slot->bytes = bytes;
    else
        runbook_error_set(&slot->failure, RUNBOOK_FAILED, NULL, "could not read \"%s\": %s",
                          squeeze->path, g_strerror(errno));
}

static void unmap(struct slot *slot)
{
    if (slot->bytes != NULL)
        munmap(slot->bytes, slot->length);
    slot->bytes = NULL;
}

static void compress(struct slot *slot, ZSTD_CCtx *context)
{
    gsize room = ZSTD_compressBound(slot->length);

    if (slot->frame == NULL)
        slot->frame = g_malloc(room);
    slot->size = ZSTD_compress2(context, slot->frame, room, slot->bytes, slot->length);
    if (ZSTD_isError(slot->size))
        slot->why = ZSTD_getErrorName(slot->size);
}

static ZSTD_CCtx *new_context(int level)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();

    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    return context;
}

static gpointer work(gpointer data)
{
    struct squeeze *squeeze = data;
    ZSTD_CCtx *context = new_context(squeeze->level);
    guint number = 0;

    while (take(squeeze, &number)) {
        struct slot *slot = slot_of(squeeze, number);
        map_part(squeeze, slot, number);
        tell(squeeze, slot, PART_READ);
        if (slot->failure == NULL)
            compress(slot, context);
        tell(squeeze, slot, PART_DONE);
    }
    ZSTD_freeCCtx(context);
    return NULL;
}

/* ---- the caller --------------------------------------------------------------------------- */

struct squeeze *squeeze_new(int descriptor, const char *path, gsize length, int level)
{
    struct squeeze *squeeze = g_new0(struct squeeze, 1);

    squeeze->descriptor = descriptor;
    squeeze->path = path;
    squeeze->length = length;
    squeeze->level = level;
    squeeze->count = (guint) ((length + PART_BYTES - 1) / PART_BYTES);
    guint most = level >= LARGE_LEVEL ? LARGE_THREADS : THREADS_MOST;
    squeeze->thread_count = MIN(CLAMP(g_get_num_processors(), 1, most), squeeze->count);
    squeeze->slot_count = MAX(MIN(squeeze->thread_count + AHEAD, squeeze->count), 1);
    g_mutex_init(&squeeze->lock);
    g_cond_init(&squeeze->done);
    g_cond_init(&squeeze->room);
    for (guint i = 0; i < squeeze->thread_count; i++)
        squeeze->threads[i] = g_thread_new("compress", work, squeeze);
    return squeeze;
}

static struct slot *await(struct squeeze *squeeze, enum part_state state)
{
    struct slot *slot = slot_of(squeeze, squeeze->written);

    g_mutex_lock(&squeeze->lock);
    while (slot->state < state)
        g_cond_wait(&squeeze->done, &squeeze->lock);
    g_mutex_unlock(&squeeze->lock);
    return slot;
}

const guint8 *squeeze_next(struct squeeze *squeeze, gsize *ret_length, GError **error)
{
    if (squeeze->written == squeeze->count)
        return NULL;
    struct slot *slot = await(squeeze, PART_READ);
    if (slot->failure != NULL) {
        g_propagate_error(error, g_error_copy(slot->failure));
        return NULL;
    }
    *ret_length = slot->length;
    return slot->bytes;
}

static bool put_frame(const struct slot *slot, struct repo_writer *file, GError **error)
{
    if (slot->why == NULL)
        return repo_writer_put(file, slot->frame, slot->size, error);
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not compress: %s", slot->why);
    return false;
}

bool squeeze_put(struct squeeze *squeeze, struct repo_writer *file, GError **error)
{
    struct slot *slot = await(squeeze, PART_DONE);

    if (!put_frame(slot, file, error))
        return false;
    unmap(slot);
    g_mutex_lock(&squeeze->lock);
    slot->state = PART_AWAITED;
    squeeze->written++;
    g_cond_signal(&squeeze->room);
    g_mutex_unlock(&squeeze->lock);
    return true;
}

bool squeeze_zeroes(struct repo_writer *file, gsize length, int level, GError **error)
{
    g_autofree guint8 *zeroes = g_malloc0(PART_BYTES);
    g_autofree guint8 *frame = g_malloc(ZSTD_compressBound(PART_BYTES));
    ZSTD_CCtx *context = new_context(level);
    bool good = true;

    for (gsize at = 0; good && at < length; at += PART_BYTES) {
        struct slot slot = {
            .bytes = zeroes, .frame = frame, .length = MIN(length - at, PART_BYTES)};
        compress(&slot, context);
        good = put_frame(&slot, file, error);
    }
    ZSTD_freeCCtx(context);
    return good;
}

void squeeze_free(struct squeeze *squeeze)
{
    if (squeeze == NULL)
        return;
    g_mutex_lock(&squeeze->lock);
    squeeze->stop = true;
    g_cond_broadcast(&squeeze->room);
    g_mutex_unlock(&squeeze->lock);
    for (guint i = 0; i < squeeze->thread_count; i++)
        g_thread_join(squeeze->threads[i]);
    for (guint i = 0; i < squeeze->slot_count; i++) {
        unmap(&squeeze->slots[i]);
        g_free(squeeze->slots[i].frame);
        g_clear_error(&squeeze->slots[i].failure);
    }
    g_mutex_clear(&squeeze->lock);
    g_cond_clear(&squeeze->done);
    g_cond_clear(&squeeze->room);
    g_free(squeeze);
}
