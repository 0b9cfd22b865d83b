/*
 * What earlier reports knew: how fast a relation grows, and how small an index has been since it
 * was built. The least bytes an entry ever took are what a rebuild could reach again, whatever the
 * access method (pg_index_watch goes by the same ratio).
 */
#include "bloat.h"
#include "bloat_private.h"
#include "store/store_report.h"
#include "store/store_samples.h"

static const gint64 WEEK_US = (gint64) 7 * 24 * 3600 * G_USEC_PER_SEC;
static const double WORTH_SAYING = 5; /* points above the best size; below it is noise */
static const double BEST_MARGIN = 10; /* points: what entries are made of changes with time */

struct history {
    struct bloat_case *state;
    GHashTable *by_oid; /* oid → position + 1 in objects */
    gint64 now_us;
    guint week; /* the one that is asked for, see past_bytes */
    bool found;
};

static struct bloat_object *object_at(const struct bloat_case *state, guint position)
{
    return &g_array_index(state->objects, struct bloat_object, position);
}

static struct bloat_object *find(const struct history *history, guint oid)
{
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(history->by_oid, GUINT_TO_POINTER(oid)));

    return found == 0 ? NULL : object_at(history->state, found - 1);
}

static guint filenode_of(const struct relations *relations, const struct bloat_object *object)
{
    const struct relation_index *index = relations_find_index(relations, object->oid);
    const struct relation_table *table = relations_find_table(relations, object->oid);

    return index != NULL ? index->filenode : table != NULL ? table->filenode : 0;
}

/* Pure: bytes a week, from a size and an older one. */
double bloat_growth(gint64 bytes, gint64 before_bytes, gint64 elapsed_us)
{
    return (double) (bytes - before_bytes) * (double) WEEK_US / (double) MAX(elapsed_us, 1);
}

static void take_before(const struct store_size *size, gpointer data)
{
    const struct history *history = data;
    struct bloat_object *object = find(history, size->oid);

    if (object == NULL || size->at_us >= history->now_us)
        return;
    object->growth_bytes =
        bloat_growth(object->size_bytes, size->bytes, history->now_us - size->at_us);
    object->growth_known = true;
}

static void take_past(const struct store_size *size, gpointer data)
{
    struct history *history = data;
    struct bloat_object *object = find(history, size->oid);

    history->found = true;
    if (object != NULL)
        object->past_bytes[history->week] = size->bytes;
}

/* Pure: whether the best size since the last build tells more than "unknown" does, and what. */
void bloat_set_best(struct bloat_object *object, double best_bytes, double best_rows)
{
    double needed = best_rows < 1 ? 0 : best_bytes / best_rows * (double) object->live;
    double won = (double) object->size_bytes - needed;

    if (object->reclaimable_bytes >= 0 || best_rows < 1 || object->size_bytes == 0 ||
        object->live == 0 || 100 * won / (double) object->size_bytes < WORTH_SAYING)
        return;
    object->note = BLOAT_NOTE_BEST;
    object->reclaimable_bytes = (gint64) won;
    object->reclaimable_pct = 100 * won / (double) object->size_bytes;
    object->margin_pct = BEST_MARGIN;
}

static void take_best(const struct store_size *size, gpointer data)
{
    const struct history *history = data;
    struct bloat_object *object = find(history, size->oid);

    if (object != NULL && object->kind == BLOAT_INDEX && object->note != BLOAT_NOTE_INVALID &&
        size->filenode == filenode_of(history->state->relations, object))
        bloat_set_best(object, (double) size->bytes, size->rows);
}

/* Only those can learn from the best size, and most databases have none. */
static bool lacks_number(const struct bloat_case *state)
{
    for (guint i = 0; i < state->objects->len; i++)
        if (object_at(state, i)->reclaimable_bytes < 0)
            return true;
    return false;
}

static void keep_sizes(struct store *store, const struct store_node *node,
                       const struct history *history)
{
    const struct bloat_case *state = history->state;
    g_autofree struct store_size *sizes = g_new0(struct store_size, state->objects->len + 1);

    for (guint i = 0; i < state->objects->len; i++) {
        const struct bloat_object *object = object_at(state, i);
        sizes[i] = (struct store_size){
            .oid = object->oid,
            .filenode = filenode_of(state->relations, object),
            .bytes = object->size_bytes,
            .rows = (double) object->live,
        };
    }
    store_sizes_put(store, node, history->now_us, sizes, state->objects->len);
}

/* So that a report made from the history alone can say whose sizes those are. */
static void keep_names(struct store *store, const struct store_node *node,
                       const struct bloat_case *state)
{
    g_autofree struct store_named *names = g_new0(struct store_named, state->objects->len + 1);

    for (guint i = 0; i < state->objects->len; i++) {
        const struct bloat_object *object = object_at(state, i);
        names[i] = (struct store_named){
            .oid = object->oid,
            .kind = object->kind == BLOAT_INDEX ? "index" : "table",
            .schema = object->schema,
            .name = object->name,
        };
    }
    store_names_put(store, node, names, state->objects->len);
}

static GHashTable *positions_by_oid(const struct bloat_case *state)
{
    GHashTable *by_oid = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < state->objects->len; i++)
        g_hash_table_insert(by_oid, GUINT_TO_POINTER(object_at(state, i)->oid),
                            GUINT_TO_POINTER(i + 1));
    return by_oid;
}

void bloat_recall(struct call *call, struct session *session, struct bloat_case *state)
{
    const struct store_node node = {session_system_identifier(session),
                                    session_database(session), ""};
    struct history history = {.state = state,
                              .by_oid = positions_by_oid(state),
                              .now_us = g_get_real_time(),
                              .found = true};

    /* Before the first week that has nothing there is nothing. */
    for (; history.week < BLOAT_WEEKS && history.found; history.week++) {
        history.found = false;
        store_sizes_before(call->store, &node, history.now_us - WEEK_US * (history.week + 1),
                           take_past, &history);
    }
    g_hash_table_unref(history.by_oid);
}

void bloat_remember(struct call *call, struct session *session, struct bloat_case *state,
                    bool all)
{
    const struct store_node node = {session_system_identifier(session),
                                    session_database(session), ""};
    struct history history = {
        .state = state, .by_oid = positions_by_oid(state), .now_us = g_get_real_time()};

    store_sizes_before(call->store, &node, history.now_us - WEEK_US, take_before, &history);
    if (lacks_number(state))
        store_sizes_best(call->store, &node, take_best, &history);
    if (all && !state->relations->in_recovery) {
        keep_sizes(call->store, &node, &history);
        keep_names(call->store, &node, state);
    }
    g_hash_table_unref(history.by_oid);
}
