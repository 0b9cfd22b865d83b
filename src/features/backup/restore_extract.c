#include "restore_extract.h"

#include "interrupt.h"
#include "restore_file.h"
#include "tar/tar.h"

#include <string.h>

enum { LOOK_US = 100000 };

/* What of a frame goes where. */
struct piece {
    struct restore_file *file;
    const guint8 *bytes;
    gsize length;
    guint64 offset;
};

struct extraction {
    const struct extract_plan *plan;
    int folder; /* descriptor */
    guint frames;
    GMutex lock; /* for all below */
    GCond changed;
    guint next;         /* frame to be taken */
    guint turn;         /* frame to be read for headers */
    guint64 skip_until; /* nobody needs what stands before it in the archive */
    struct tar_walker *walker;
    struct restore_file *current; /* the member last told, when it is to be written */
    bool holding;                 /* it is the held one */
    GArray *pieces;               /* of the thread whose turn it is */
    guint working;                /* threads */
    GError *error;
    struct extract_counts counts;
};

/* ---- a thread's turn: headers -------------------------------------------------------------- */

static bool link_told(struct extraction *extraction, const struct tar_member *member,
                      GError **error)
{
    const char *rest = member->name + strlen("pg_tblspc/");

    if (extraction->plan->links != NULL && g_str_has_prefix(member->name, "pg_tblspc/") &&
        rest[0] != '\0' && strspn(rest, "0123456789") == strlen(rest)) {
        g_hash_table_insert(extraction->plan->links, g_strdup(member->name),
                            g_strdup(member->target));
        return true;
    }
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "the backup has a link where the server makes none: \"%s\"",
                      member->name);
    return false;
}

static void add_piece(struct extraction *extraction, const guint8 *bytes, gsize length,
                      guint64 offset)
{
    struct piece piece = {restore_file_ref(extraction->current), bytes, length, offset};

    g_array_append_val(extraction->pieces, piece);
}

static bool file_told(struct extraction *extraction, const struct tar_member *member,
                      GError **error)
{
    const struct extract_plan *plan = extraction->plan;
    g_autofree char *name = g_strconcat(plan->prefix, member->name, NULL);

    if (plan->held != NULL && g_str_equal(name, plan->held)) {
        if (member->size > 1 << 20) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL, "\"%s\" is too large to be one",
                              name);
            return false;
        }
        extraction->holding = true;
        extraction->counts.held_mode = member->mode;
        g_byte_array_set_size(plan->held_bytes, 0);
        return true;
    }
    if (plan->kept != NULL && g_hash_table_contains(plan->kept, name)) {
        extraction->counts.kept++;
        return true;
    }
    extraction->counts.files++;
    extraction->counts.bytes += member->size;
    extraction->current = restore_file_new(extraction->folder, member, plan->owner);
    if (member->size == 0)
        add_piece(extraction, NULL, 0, 0);
    return true;
}

static bool on_member(const struct tar_member *member, gpointer data, GError **error)
{
    struct extraction *extraction = data;

    extraction->holding = false;
    switch (member->kind) {
    case TAR_FOLDER:
        return member->name[0] == '\0' ||
               restore_folder_make(extraction->folder, member->name, member->mode,
                                   extraction->plan->owner, error);
    case TAR_LINK:
        return link_told(extraction, member, error);
    case TAR_FILE:
        break;
    }
    return file_told(extraction, member, error);
}

static bool on_content(const void *bytes, gsize length, guint64 offset, gpointer data,
                       GError **error)
{
    struct extraction *extraction = data;

    (void) error;
    if (extraction->holding)
        g_byte_array_append(extraction->plan->held_bytes, bytes, (guint) length);
    else if (extraction->current != NULL)
        add_piece(extraction, bytes, length, offset);
    return true;
}

static bool on_complete(gpointer data, GError **error)
{
    struct extraction *extraction = data;

    extraction->holding = false;
    if (extraction->current == NULL)
        return true;
    return restore_file_unref(g_steal_pointer(&extraction->current), error);
}

/* ---- a thread ------------------------------------------------------------------------------ */

/* Writes what the turn has told; every piece lets go of its file, also after an error. */
static bool pieces_write(GArray *pieces, GError **error)
{
    bool good = true;

    for (guint i = 0; i < pieces->len; i++) {
        struct piece *piece = &g_array_index(pieces, struct piece, i);
        good = good && restore_file_write(piece->file, piece->bytes, piece->length,
                                          piece->offset, error);
        good = restore_file_unref(piece->file, good ? error : NULL) && good;
    }
    g_array_set_size(pieces, 0);
    return good;
}

/* With the lock held: the headers in a frame, in the order of the archive. */
static bool turn_take(struct extraction *extraction, guint frame, const guint8 *bytes,
                      gsize length, GArray *pieces, GError **error)
{
    struct tar_walker *walker = extraction->walker;
    bool good = true;

    while (extraction->turn != frame && extraction->error == NULL)
        g_cond_wait(&extraction->changed, &extraction->lock);
    if (extraction->error != NULL)
        return false;
    extraction->pieces = pieces;
    if (bytes == NULL)
        tar_walker_skip(walker, length);
    else
        good = tar_walker_feed(walker, bytes, length, error);
    bool needed = extraction->current != NULL || extraction->holding;
    extraction->skip_until =
        tar_walker_offset(walker) + (needed ? 0 : tar_walker_skippable(walker));
    extraction->turn++;
    g_cond_broadcast(&extraction->changed);
    return good;
}

/* With the lock held before and after, but not in between. */
static bool frame_do(struct extraction *extraction, guint frame, guint8 **buffer, gsize *room,
                     GArray *pieces, GError **error)
{
    const struct seek_reader *archive = extraction->plan->archive;
    gsize length = seek_reader_length(archive, frame);
    bool skipped = seek_reader_offset(archive, frame) + length <= extraction->skip_until;

    g_mutex_unlock(&extraction->lock);
    if (*room < length && !skipped) {
        *buffer = g_realloc(*buffer, length);
        *room = length;
    }
    bool good = skipped || seek_reader_frame(archive, frame, *buffer, error);
    g_mutex_lock(&extraction->lock);
    good =
        good && turn_take(extraction, frame, skipped ? NULL : *buffer, length, pieces, error);
    g_mutex_unlock(&extraction->lock);
    good = pieces_write(pieces, good ? error : NULL) && good;
    g_mutex_lock(&extraction->lock);
    return good;
}

static gpointer thread_main(gpointer data)
{
    struct extraction *extraction = data;
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct piece));
    g_autofree guint8 *buffer = NULL;
    gsize room = 0;

    g_mutex_lock(&extraction->lock);
    while (extraction->error == NULL && extraction->next < extraction->frames) {
        g_autoptr(GError) error = NULL;
        if (frame_do(extraction, extraction->next++, &buffer, &room, pieces, &error))
            continue;
        if (error != NULL && extraction->error == NULL)
            extraction->error = g_steal_pointer(&error);
        break;
    }
    extraction->working--;
    g_cond_broadcast(&extraction->changed);
    g_mutex_unlock(&extraction->lock);
    return NULL;
}

/* ---- all of them --------------------------------------------------------------------------- */

/* With the lock held. */
static void watch(struct extraction *extraction)
{
    const struct extract_plan *plan = extraction->plan;

    while (extraction->working > 0) {
        gint64 until = g_get_monotonic_time() + LOOK_US;
        while (extraction->working > 0 &&
               g_cond_wait_until(&extraction->changed, &extraction->lock, until))
            continue;
        if (interrupt_pending() && extraction->error == NULL) {
            runbook_error_set(&extraction->error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
            g_cond_broadcast(&extraction->changed);
        }
        guint64 done = tar_walker_offset(extraction->walker);
        g_mutex_unlock(&extraction->lock);
        if (plan->progress != NULL)
            plan->progress(done, plan->data);
        g_mutex_lock(&extraction->lock);
    }
}

static void threads_run(struct extraction *extraction)
{
    guint count = CLAMP(extraction->plan->jobs, 1, MAX(extraction->frames, 1));
    g_autofree GThread **threads = g_new0(GThread *, count);

    extraction->working = count;
    for (guint i = 0; i < count; i++)
        threads[i] = g_thread_new("extract", thread_main, extraction);
    g_mutex_lock(&extraction->lock);
    watch(extraction);
    g_mutex_unlock(&extraction->lock);
    for (guint i = 0; i < count; i++)
        g_thread_join(threads[i]);
}

bool extract_run(const struct extract_plan *plan, struct extract_counts *counts, GError **error)
{
    static const struct tar_visitor visitor = {on_member, on_content, on_complete};
    struct extraction extraction = {.plan = plan, .frames = seek_reader_frames(plan->archive)};

    extraction.folder = restore_folder_open(plan->folder, error);
    if (extraction.folder < 0)
        return false;
    g_mutex_init(&extraction.lock);
    g_cond_init(&extraction.changed);
    extraction.walker = tar_walker_new(&visitor, &extraction);
    threads_run(&extraction);
    if (extraction.error == NULL)
        tar_walker_end(extraction.walker, &extraction.error);
    if (extraction.current != NULL)
        restore_file_unref(extraction.current, NULL);
    tar_walker_free(extraction.walker);
    g_mutex_clear(&extraction.lock);
    g_cond_clear(&extraction.changed);
    restore_folder_close(extraction.folder);
    counts->files += extraction.counts.files;
    counts->bytes += extraction.counts.bytes;
    counts->kept += extraction.counts.kept;
    counts->held_mode |= extraction.counts.held_mode;
    if (extraction.error == NULL)
        return true;
    g_propagate_error(error, extraction.error);
    return false;
}
