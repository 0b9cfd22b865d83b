/* Neighbours of a name or a transaction that is not in the WAL. */
#include "backup_decide.h"
#include "units/units.h"

struct nearest {
    const struct target *target;
    guint64 from; /* only what ends at or behind it can be reached */
    bool found;
    guint32 xid;
    GPtrArray *names;
};

static guint32 distance(guint32 left, guint32 right)
{
    guint32 ahead = left - right;

    return MIN(ahead, 0 - ahead);
}

static bool visit_nearest(const struct wal_event *event, gpointer data)
{
    struct nearest *nearest = data;
    guint32 wanted = nearest->target->xid;

    if (event->end_lsn < nearest->from)
        return true;
    if (event->kind == WAL_RESTORE_POINT)
        g_ptr_array_add(nearest->names, g_strdup(event->name));
    if ((event->kind == WAL_COMMIT || event->kind == WAL_ABORT) &&
        (!nearest->found || distance(event->xid, wanted) < distance(nearest->xid, wanted))) {
        nearest->xid = event->xid;
        nearest->found = true;
    }
    return true;
}

/* Of a segment between others the ends of its range are near enough to know whether it has a
 * nearer one. */
static bool may_be_nearer(const struct wal_index *index, const struct wal_index *next,
                          gconstpointer what)
{
    const struct nearest *nearest = what;
    guint32 wanted = nearest->target->xid;

    (void) next;
    if (nearest->target->kind == TARGET_NAME)
        return index->points->len > 0;
    if (index->commits + index->aborts == 0)
        return false;
    return !nearest->found || (index->lowest_xid <= wanted && wanted <= index->highest_xid) ||
           distance(index->lowest_xid, wanted) < distance(nearest->xid, wanted) ||
           distance(index->highest_xid, wanted) < distance(nearest->xid, wanted);
}

/* The restore point whose name is nearest to a slip of the finger, else the last one; the
 * transaction that is nearest. */
bool target_nearest(const struct target_try *try, const struct target *wanted,
                    struct target *ret_nearest, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const struct repo_backup *const froms[] = {try->oldest, try->late};
    struct nearest nearest = {.target = wanted, .names = names};

    /* Where there is a gap between the two each of them leads to places of its own. */
    for (guint i = 0; i < G_N_ELEMENTS(froms); i++) {
        struct target_reach reach = target_chain_reach(try->chain, froms[i]->start_lsn);
        nearest.from = froms[i]->stop_lsn;
        if (!target_chain_walk(try->chain, froms[i]->start_lsn, reach.end_lsn, may_be_nearer,
                               &nearest, visit_nearest, &nearest, error))
            return false;
    }
    *ret_nearest = (struct target){.kind = wanted->kind};
    if (wanted->kind == TARGET_XID && nearest.found) {
        ret_nearest->xid = nearest.xid;
        ret_nearest->value = g_strdup_printf("%u", nearest.xid);
    } else if (wanted->kind == TARGET_NAME && names->len > 0) {
        g_ptr_array_add(names, NULL);
        const char *slip = units_nearest(wanted->value, (const char *const *) names->pdata);
        ret_nearest->value = g_strdup(slip != NULL ? slip : names->pdata[names->len - 2]);
    }
    return true;
}
