/*
 * recoveryStopsBefore() and recoveryStopsAfter() of the server, over indexes and, of the segments
 * that may hold the place, over every event. A transaction's record that crosses the border to the
 * next segment is in no index: of a segment with such a one the index says only that there is one.
 */
#include "backup_stop.h"

#include <string.h>

static bool is_end(const struct wal_event *event)
{
    return event->kind == WAL_COMMIT || event->kind == WAL_ABORT;
}

struct search {
    const struct target *target;
    struct wal_event found; /* its name is not kept */
    bool stopped;
    bool crossing; /* what no index has is looked for */
};

static bool has_ends(const struct wal_index *index)
{
    return index != NULL && index->commits + index->aborts > 0;
}

/* What ends on the border ends between what ended before it and behind it, give or take what
 * commits overtake each other and a clock is set. */
static bool crossing_may_be_later(const struct wal_index *index, const struct wal_index *next,
                                  gint64 time_us)
{
    const gint64 apart_us = 3600 * (gint64) G_USEC_PER_SEC;

    return index->open_lsn != 0 &&
           (!has_ends(index) || !has_ends(next) || index->latest_us > time_us - apart_us ||
            next->first_us > time_us - apart_us);
}

static bool may_stop(const struct wal_index *index, const struct wal_index *next,
                     gconstpointer what)
{
    const struct search *search = what;
    const struct target *target = search->target;

    if (search->crossing)
        return index->open_lsn != 0;
    switch (target->kind) {
    case TARGET_TIME:
        return (has_ends(index) && index->latest_us > target->time_us) ||
               crossing_may_be_later(index, next, target->time_us);
    case TARGET_XID:
        return has_ends(index) && index->lowest_xid <= target->xid &&
               target->xid <= index->highest_xid;
    case TARGET_NAME:
        for (guint i = 0; i < index->points->len; i++)
            if (strcmp(g_array_index(index->points, struct wal_point, i).name, target->value) ==
                0)
                return true;
        return false;
    case TARGET_LATEST:
    case TARGET_LSN:
    case TARGET_IMMEDIATE:
        break;
    }
    return false;
}

/* A time is passed by an abort as well as by a commit; an xid is met by both. */
static bool stops(const struct target *target, const struct wal_event *event)
{
    switch (target->kind) {
    case TARGET_TIME:
        return is_end(event) && event->time_us > target->time_us;
    case TARGET_XID:
        return is_end(event) && event->xid == target->xid;
    case TARGET_NAME:
        return event->kind == WAL_RESTORE_POINT && strcmp(event->name, target->value) == 0;
    case TARGET_LATEST:
    case TARGET_LSN:
    case TARGET_IMMEDIATE:
        break;
    }
    return false;
}

static bool visit_search(const struct wal_event *event, gpointer data)
{
    struct search *search = data;

    if (!stops(search->target, event))
        return true;
    search->found = *event;
    search->found.name = NULL;
    search->stopped = true;
    return false;
}

static bool find_event(const struct target_chain *chain, const struct repo_backup *backup,
                       const struct target *target, struct target_stop *stop, GError **error)
{
    struct search search = {.target = target};
    bool before = target->kind == TARGET_TIME;

    if (!target_chain_walk(chain, backup->start_lsn, stop->reach.end_lsn, may_stop, &search,
                           visit_search, &search, error))
        return false;
    /* A name or a transaction is there once, and few are on a border: only what is nowhere else
     * is looked for there. */
    search.crossing = !search.stopped && !before;
    if (search.crossing && !target_chain_walk(chain, backup->start_lsn, stop->reach.end_lsn,
                                              may_stop, &search, visit_search, &search, error))
        return false;
    if (!search.stopped) {
        stop->ends = TARGET_NEVER;
        return true;
    }
    stop->place = stop->end_lsn = before ? search.found.lsn : search.found.end_lsn;
    stop->timed = stop->place;
    stop->read_lsn = search.found.end_lsn;
    stop->ends = stop->place >= backup->stop_lsn ? TARGET_REACHED : TARGET_TOO_EARLY;
    return true;
}

static bool find_lsn(const struct target_chain *chain, const struct repo_backup *backup,
                     const struct target *target, struct target_stop *stop, GError **error)
{
    guint64 lsn = 0, end_lsn = 0;

    if (!target_chain_record(chain, MAX(target->lsn, backup->start_lsn), stop->reach.end_lsn,
                             &lsn, &end_lsn, error))
        return false;
    if (lsn == 0) {
        stop->ends = TARGET_NEVER;
        return true;
    }
    stop->place = stop->end_lsn = stop->read_lsn = end_lsn;
    stop->timed = lsn;
    stop->ends = end_lsn >= backup->stop_lsn ? TARGET_REACHED : TARGET_TOO_EARLY;
    return true;
}

/* The end of the backup's own WAL is as late as the last thing that ended in it, whatever clock the
 * backup's end was read from. */
bool target_stop_earliest(const struct target_chain *chain, const struct repo_backup *backup,
                          gint64 *ret_us, GError **error)
{
    guint64 first = chain->first * chain->world->segment_bytes;
    struct landmark last = {.known = false};

    if (!target_stop_last(chain, first, backup->stop_lsn, &last, error))
        return false;
    *ret_us = backup->stopped_us + 1;
    if (last.known)
        *ret_us = MAX(*ret_us, last.time_us);
    return true;
}

static bool find_time(const struct target_chain *chain, const struct repo_backup *backup,
                      const struct target *target, struct target_stop *stop, GError **error)
{
    gint64 earliest_us = 0;

    /* The server would not mind where nothing ended while the backup was made; but what ended
     * before it may be later than the target. */
    stop->ends = TARGET_TOO_EARLY;
    if (target->time_us <= backup->stopped_us)
        return true;
    if (!target_stop_earliest(chain, backup, &earliest_us, error))
        return false;
    return target->time_us < earliest_us || find_event(chain, backup, target, stop, error);
}

bool target_stop_find(const struct target_chain *chain, const struct repo_backup *backup,
                      const struct target *target, struct target_stop *ret_stop, GError **error)
{
    struct target_stop stop = {.ends = TARGET_REACHED};

    stop.reach = target_chain_reach(chain, backup->start_lsn);
    if (stop.reach.end_lsn < backup->stop_lsn) {
        stop.ends = TARGET_NO_WAL;
    } else if (target->kind == TARGET_IMMEDIATE) {
        /* The server notices before the next record, so there has to be one. */
        stop.place = stop.end_lsn = stop.read_lsn = stop.timed = backup->stop_lsn;
        if (stop.reach.end_lsn == backup->stop_lsn)
            stop.ends = TARGET_NEVER;
    } else if (target->kind == TARGET_LATEST) {
        stop.place = stop.end_lsn = stop.read_lsn = stop.timed = stop.reach.end_lsn;
        if (stop.reach.cut)
            stop.ends = TARGET_NEVER;
    } else if (target->kind == TARGET_TIME) {
        if (!find_time(chain, backup, target, &stop, error))
            return false;
    } else if (target->kind == TARGET_LSN) {
        if (!find_lsn(chain, backup, target, &stop, error))
            return false;
    } else if (!find_event(chain, backup, target, &stop, error)) {
        return false;
    }
    *ret_stop = stop;
    return true;
}

/* ---- what stands around a place ----------------------------------------------------------- */

struct around {
    bool aborts_too, first;
    gint64 latest_us;
    struct landmark landmark;
};

static bool may_end(const struct wal_index *index, const struct wal_index *next,
                    gconstpointer what)
{
    const struct around *around = what;

    (void) next;
    return index->open_lsn != 0 || index->commits > 0 ||
           (around->aborts_too && index->aborts > 0);
}

static bool visit_around(const struct wal_event *event, gpointer data)
{
    struct around *around = data;

    if (event->kind != WAL_COMMIT && !(around->aborts_too && event->kind == WAL_ABORT))
        return true;
    around->landmark = (struct landmark){.known = true,
                                         .time_us = event->time_us,
                                         .xid = event->xid,
                                         .lsn = event->lsn,
                                         .end_lsn = event->end_lsn};
    around->latest_us = MAX(around->latest_us, event->time_us);
    return !around->first;
}

static bool around_known(gpointer data)
{
    return ((struct around *) data)->landmark.known;
}

static bool last_of(const struct target_chain *chain, guint64 from, guint64 place,
                    bool aborts_too, struct landmark *ret_landmark, GError **error)
{
    struct around around = {.aborts_too = aborts_too};

    if (!target_chain_walk_back(chain, from, place, may_end, &around, visit_around,
                                around_known, &around, error))
        return false;
    *ret_landmark = around.landmark;
    return true;
}

bool target_stop_before(const struct target_chain *chain, guint64 from, guint64 place,
                        struct landmark *ret_commit, GError **error)
{
    return last_of(chain, from, place, false, ret_commit, error);
}

bool target_stop_last(const struct target_chain *chain, guint64 from, guint64 place,
                      struct landmark *ret_end, GError **error)
{
    return last_of(chain, from, place, true, ret_end, error);
}

bool target_stop_after(const struct target_chain *chain, guint64 place, guint64 to,
                       struct landmark *ret_commit, GError **error)
{
    struct around around = {.first = true};

    if (!target_chain_walk(chain, place, to, may_end, &around, visit_around, &around, error))
        return false;
    *ret_commit = around.landmark;
    return true;
}

bool target_stop_latest(const struct target_chain *chain, guint64 from, guint64 to,
                        gint64 *ret_us, GError **error)
{
    struct around around = {.aborts_too = true};

    if (!target_chain_walk(chain, from, to, may_end, &around, visit_around, &around, error))
        return false;
    *ret_us = around.latest_us;
    return true;
}
