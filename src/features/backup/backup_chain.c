#include "backup_chain.h"

#include <string.h>

/* The timeline whose file a recovery asks for first: the newest that is on the path in that
 * segment. The file of a timeline begins with a copy of its parent's part of the segment. */
static const struct wal_stretch *stretch_at(const struct target_chain *chain, guint64 segment,
                                            guint skip)
{
    guint64 bytes = chain->world->segment_bytes;

    for (guint i = chain->path->len; i > 0; i--) {
        const struct wal_stretch *stretch =
            &g_array_index(chain->path, struct wal_stretch, i - 1);
        if (stretch->begin / bytes > segment ||
            (stretch->end != 0 && (stretch->end - 1) / bytes < segment))
            continue;
        if (skip-- == 0)
            return stretch;
    }
    return NULL;
}

static const struct repo_segment *segment_find(const struct target_world *world,
                                               guint32 timeline, guint64 number)
{
    guint low = 0, high = world->segments->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const struct repo_segment *at =
            &g_array_index(world->segments, struct repo_segment, middle);
        if (at->timeline == timeline && at->segment == number)
            return at;
        if (at->timeline < timeline || (at->timeline == timeline && at->segment < number))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static const struct repo_segment *choose(const struct target_chain *chain, guint64 number)
{
    const struct wal_stretch *stretch = NULL;

    for (guint skip = 0; (stretch = stretch_at(chain, number, skip)) != NULL; skip++) {
        const struct repo_segment *found =
            segment_find(chain->world, stretch->timeline, number);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static void add_link(GArray *links, const struct repo_segment *segment)
{
    g_array_append_val(links, segment);
}

static const struct repo_segment *link_at(const struct target_chain *chain, guint place)
{
    return g_array_index(chain->links, const struct repo_segment *, place);
}

struct target_chain *target_chain_new(const struct target_world *world, GArray *path,
                                      guint64 first)
{
    struct target_chain *chain = g_new0(struct target_chain, 1);
    guint64 last = 0;

    chain->world = world;
    chain->path = path;
    chain->first = first;
    chain->links = g_array_new(FALSE, FALSE, sizeof(const struct repo_segment *));
    chain->troubles = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < world->segments->len; i++) {
        const struct repo_segment *at = &g_array_index(world->segments, struct repo_segment, i);
        for (guint j = 0; j < path->len; j++)
            if (g_array_index(path, struct wal_stretch, j).timeline == at->timeline)
                last = MAX(last, at->segment);
    }
    for (guint64 number = first; number <= last; number++)
        add_link(chain->links, choose(chain, number));
    while (chain->links->len > 0 && link_at(chain, chain->links->len - 1) == NULL)
        g_array_set_size(chain->links, chain->links->len - 1);
    g_ptr_array_set_size(chain->troubles, (gint) chain->links->len);
    return chain;
}

void target_chain_free(struct target_chain *chain)
{
    if (chain == NULL)
        return;
    g_array_unref(chain->path);
    g_array_unref(chain->links);
    g_ptr_array_unref(chain->troubles);
    g_free(chain);
}

const struct repo_segment *target_chain_link(const struct target_chain *chain, guint64 segment)
{
    if (segment < chain->first || segment - chain->first >= chain->links->len)
        return NULL;
    return link_at(chain, (guint) (segment - chain->first));
}

guint64 target_chain_behind(const struct target_chain *chain)
{
    return chain->first + chain->links->len;
}

char *target_chain_name(const struct target_chain *chain, guint64 segment)
{
    const struct wal_stretch *stretch = stretch_at(chain, segment, 0);
    guint64 place = segment - chain->first;
    char name[WAL_NAME_BYTES];

    wal_segment_name(stretch != NULL ? stretch->timeline : 1, segment,
                     chain->world->segment_bytes, name);
    return g_strdup_printf("%s%s", name,
                           place < chain->troubles->len && chain->troubles->pdata[place] != NULL
                               ? ".damaged"
                               : "");
}

/* A segment that is damaged is a gap: restore_command fails there as well. */
static const struct wal_index *index_of(const struct target_chain *chain, guint64 number)
{
    const struct repo_segment *link = target_chain_link(chain, number);
    const struct wal_index *index = NULL;
    g_autoptr(GError) damaged = NULL;

    if (link == NULL)
        return NULL;
    index = chain->world->index(link, chain->world->data, &damaged);
    if (index == NULL) {
        guint place = (guint) (number - chain->first);
        g_array_index(chain->links, const struct repo_segment *, place) = NULL;
        g_free(chain->troubles->pdata[place]);
        chain->troubles->pdata[place] =
            g_strdup(damaged != NULL ? damaged->message : "damaged");
    }
    return index;
}

/* Up to where the file that stands for a segment is on the path: all of it, or, where it is the
 * parent's because the newer timeline's is missing, up to the switch. */
static guint64 link_limit(const struct target_chain *chain, guint64 number)
{
    const struct repo_segment *link = target_chain_link(chain, number);

    for (guint i = 0; i < chain->path->len; i++) {
        const struct wal_stretch *stretch = &g_array_index(chain->path, struct wal_stretch, i);
        if (link->timeline == stretch->timeline && stretch->end != 0)
            return stretch->end;
    }
    return G_MAXUINT64;
}

/* Where WAL was lost, for one who comes from start_lsn. */
static guint64 broken_behind(const struct target_chain *chain, guint64 start_lsn)
{
    const struct target_world *world = chain->world;
    guint64 nearest = G_MAXUINT64;

    for (guint i = 0; i < chain->path->len; i++) {
        const struct wal_stretch *stretch = &g_array_index(chain->path, struct wal_stretch, i);
        guint64 lost = world->broken(stretch->timeline, world->data);
        if (lost > start_lsn && lost >= stretch->begin &&
            (stretch->end == 0 || lost < stretch->end))
            nearest = MIN(nearest, lost);
    }
    return nearest;
}

static guint32 timeline_at(const struct target_chain *chain, guint64 lsn)
{
    const struct wal_stretch *last =
        &g_array_index(chain->path, struct wal_stretch, chain->path->len - 1);
    guint32 timeline = wal_history_at(chain->path, lsn > 0 ? lsn - 1 : 0);

    return timeline != 0 ? timeline : last->timeline;
}

/* The first segment of a reach that is looked into. */
static guint64 look_from(const struct target_chain *chain, guint64 first, guint64 broken)
{
    guint64 bytes = chain->world->segment_bytes, most = chain->world->look_at, number = first;
    const struct repo_segment *link = NULL;

    while (most != 0 && number * bytes < broken &&
           (link = target_chain_link(chain, number)) != NULL && !link->partial &&
           link_limit(chain, number) >= (number + 1) * bytes)
        number++;
    return number - first > most ? number - most : first;
}

struct target_reach target_chain_reach(const struct target_chain *chain, guint64 start_lsn)
{
    guint64 bytes = chain->world->segment_bytes, broken = broken_behind(chain, start_lsn);
    struct target_reach reach = {.first = start_lsn / bytes, .last = 0};
    const struct wal_index *index = NULL;
    guint64 number = look_from(chain, reach.first, broken);
    bool ended = false;

    if (number > reach.first)
        reach.end_lsn = number * bytes;

    for (; !ended && number * bytes < broken && (index = index_of(chain, number)) != NULL;
         number++) {
        guint64 limit = MIN(link_limit(chain, number), broken);
        reach.end_lsn = MIN(MAX(index->end_lsn, reach.end_lsn), limit);
        ended = !index->whole || limit < (number + 1) * bytes;
    }
    reach.cut = number < target_chain_behind(chain) || reach.end_lsn == broken;
    reach.missing = reach.cut && target_chain_link(chain, number) == NULL ? number : 0;
    if (number == reach.first)
        reach.first = 1;
    else
        reach.last = number - 1;
    reach.timeline = timeline_at(chain, reach.end_lsn);
    return reach;
}

struct window_visit {
    guint64 from, to;
    bool (*visit)(const struct wal_event *event, gpointer data);
    gpointer data;
    bool stopped;
};

static void visit_within(const struct wal_event *event, gpointer data)
{
    struct window_visit *window = data;

    if (!window->stopped && event->lsn >= window->from && event->end_lsn <= window->to)
        window->stopped = !window->visit(event, window->data);
}

/* Whether a segment is to be read. */
static bool lets_through(const struct target_chain *chain, const struct wal_index *index,
                         target_may may, gconstpointer what)
{
    const struct wal_index *next =
        index->open_lsn != 0 ? index_of(chain, index->segment + 1) : NULL;

    return may(index, next, what);
}

static bool scan(const struct target_chain *chain, guint64 number, struct window_visit *window,
                 GError **error)
{
    const struct repo_segment *pair[2] = {target_chain_link(chain, number),
                                          target_chain_link(chain, number + 1)};
    const struct target_world *world = chain->world;

    return world->events(pair, pair[1] != NULL ? 2 : 1, visit_within, window, world->data,
                         error);
}

bool target_chain_walk(const struct target_chain *chain, guint64 from, guint64 to,
                       target_may may, gconstpointer what,
                       bool (*visit)(const struct wal_event *event, gpointer data),
                       gpointer data, GError **error)
{
    struct window_visit window = {.from = from, .to = to, .visit = visit, .data = data};
    guint64 bytes = chain->world->segment_bytes;
    const struct wal_index *index = NULL;

    for (guint64 number = from / bytes; !window.stopped && number * bytes < to; number++) {
        if ((index = index_of(chain, number)) == NULL)
            break;
        if (lets_through(chain, index, may, what) && !scan(chain, number, &window, error))
            return false;
    }
    return true;
}

bool target_chain_walk_back(const struct target_chain *chain, guint64 from, guint64 to,
                            target_may may, gconstpointer what,
                            bool (*visit)(const struct wal_event *event, gpointer data),
                            bool (*enough)(gpointer data), gpointer data, GError **error)
{
    struct window_visit window = {.from = from, .to = to, .visit = visit, .data = data};
    guint64 bytes = chain->world->segment_bytes;
    const struct wal_index *index = NULL;

    for (guint64 number = to / bytes; (number + 1) * bytes > from; number--) {
        /* `to` may be the first byte of a segment that is not there. */
        if ((index = index_of(chain, number)) == NULL && number != to / bytes)
            break;
        if (index != NULL && lets_through(chain, index, may, what)) {
            if (!scan(chain, number, &window, error))
                return false;
            if (enough(data))
                break;
        }
        if (number == 0)
            break;
    }
    return true;
}

bool target_chain_record(const struct target_chain *chain, guint64 lsn, guint64 to,
                         guint64 *ret_lsn, guint64 *ret_end, GError **error)
{
    const struct target_world *world = chain->world;
    g_autoptr(GArray) links = g_array_new(FALSE, FALSE, sizeof(const struct repo_segment *));
    const struct repo_segment *link = NULL;

    /* A record at the end of a segment may go on for a few of them; more than that is not worth
     * the memory of reading. */
    for (guint64 number = lsn / world->segment_bytes;
         number * world->segment_bytes < to &&
         (link = target_chain_link(chain, number)) != NULL;
         number++)
        add_link(links, link);
    *ret_lsn = 0;
    if (links->len == 0)
        return true;
    if (!world->record((const struct repo_segment *const *) (gconstpointer) links->data,
                       links->len, lsn, ret_lsn, ret_end, world->data, error))
        return false;
    if (*ret_lsn != 0 && *ret_end > to)
        *ret_lsn = 0;
    return true;
}
