/* How much of a run was taken back. Pure. */
#include "cli/history_undo.h"

enum undo_extent undo_extent_of(const struct undo *undo, int step)
{
    if (undo_last_of(undo, step, G_MAXINT64) == NULL)
        return UNDO_NOT;
    for (guint i = 0; i < undo->pending->len; i++)
        if (((const struct undo_step *) g_ptr_array_index(undo->pending, i))->of == step)
            return UNDO_PARTLY;
    return UNDO_WHOLLY;
}

const struct undo_done *undo_last_of(const struct undo *undo, int step, gint64 until_us)
{
    for (guint i = undo->done->len; i > 0; i--) {
        const struct undo_done *done = &g_array_index(undo->done, struct undo_done, i - 1);
        if (done->of == step && done->at_us < until_us)
            return done;
    }
    return NULL;
}
