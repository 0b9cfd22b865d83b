/* Restore points of one name: which of them a plan goes to, and which it does not. */
#include "backup_decide.h"

#include <string.h>

/* Where the first backup that leads along this path is consistent: what is before it is gone. */
static guint64 reachable_from(const struct target_try *try)
{
    const GPtrArray *backups = try->chain->world->backups;
    guint64 from = G_MAXUINT64;

    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *backup = backups->pdata[i];
        if (target_usable(backup) &&
            wal_history_leads(try->chain->path, backup->timeline, backup->stop_lsn))
            from = MIN(from, backup->stop_lsn);
    }
    return from;
}

static void add_points(const struct target_try *try, const struct wal_index *index,
                       guint64 from, const char *name, GString *others)
{
    for (guint i = 0; i < index->points->len; i++) {
        const struct wal_point *point = &g_array_index(index->points, struct wal_point, i);
        if (strcmp(point->name, name) != 0 || point->end_lsn == try->stop.end_lsn ||
            point->end_lsn < from ||
            wal_history_at(try->chain->path, point->lsn) > index->timeline)
            continue;
        g_autofree char *lsn = wal_lsn_format(point->lsn);
        g_autofree char *when = target_time_format(point->time_us, NULL);
        g_string_append_printf(others, "%sone of %s (--target-lsn %s)",
                               others->len > 0 ? ", " : "", when, lsn);
    }
}

char *target_namesakes(const struct target_try *try, const char *name)
{
    const struct target_world *world = try->chain->world;
    guint64 from = reachable_from(try);
    g_autoptr(GString) others = g_string_new(NULL);

    for (guint64 number = MAX(from / world->segment_bytes, try->chain->first);
         number < target_chain_behind(try->chain); number++) {
        const struct repo_segment *link = target_chain_link(try->chain, number);
        const struct wal_index *index =
            link != NULL ? world->index(link, world->data, NULL) : NULL;
        if (index != NULL)
            add_points(try, index, from, name, others);
    }
    if (others->len == 0)
        return NULL;
    g_autofree char *lsn = wal_lsn_format(try->stop.end_lsn);
    return g_strdup_printf("the name was given more than once: this one ends at LSN %s; there "
                           "is also %s",
                           lsn, others->str);
}
