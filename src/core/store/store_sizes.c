/*
 * How large relations were. The newest size of each is compared in memory, so that a sample of a
 * quiet database reads one table and writes next to nothing.
 */
#include "store/statement.h"
#include "store/store_internal.h"
#include "store/store_samples.h"
#include "store_queries.h"

enum {
    KEPT_WEEKS = 104, /* two years */
    /* A relation that is sampled is noted as still there once in so many weeks; one that is not
     * is taken for dropped when the note is that old. A sample that misses some, because they
     * are locked or their schema is not to be seen today, forgets nothing. */
    NOTED_WEEKS = 4,
    GONE_WEEKS = 13,
};

/* What is known of a relation. */
struct known {
    struct store_size newest, best; /* best.at_us 0: none */
    gint64 seen_week;
};

/* What a sample makes of it. */
enum change {
    CHANGE_NONE,
    CHANGE_NOW,  /* to be written */
    CHANGE_WEEK, /* and the size it had belongs to a week that is over */
};

static gint64 day_of(gint64 at_us)
{
    return at_us / G_TIME_SPAN_DAY;
}

/* The first of January 1970 was a Thursday. */
static gint64 week_of(gint64 at_us)
{
    return (day_of(at_us) + 3) / 7;
}

/* ---- deciding ----------------------------------------------------------------------------- */

static bool same_size(const struct store_size *left, const struct store_size *right)
{
    return left->filenode == right->filenode && left->bytes == right->bytes &&
           left->rows <= right->rows && left->rows >= right->rows;
}

/* Pages of an empty relation say nothing of how well rows can be packed. */
static bool is_better(const struct store_size *size, const struct store_size *best)
{
    if (size->rows < 1 || size->bytes <= 0)
        return false;
    return best->at_us == 0 || best->filenode != size->filenode ||
           (double) size->bytes * best->rows < (double) best->bytes * size->rows;
}

/* size: with its at_us. Of a relation not known before, known is all 0. */
static enum change take(struct known *known, const struct store_size *size)
{
    const struct store_size before = known->newest;
    const gint64 week = week_of(size->at_us);
    enum change change = CHANGE_NONE;

    /* A size of a time that has not come was taken while the clock was wrong. */
    if (before.oid == 0 || !same_size(&before, size) || before.at_us > size->at_us) {
        known->newest = *size;
        change = before.oid != 0 && week_of(before.at_us) < week ? CHANGE_WEEK : CHANGE_NOW;
    }
    if (known->best.filenode != size->filenode)
        known->best = (struct store_size){.at_us = 0};
    if (is_better(size, &known->best)) {
        known->best = *size;
        change = MAX(change, CHANGE_NOW);
    }
    if (change != CHANGE_NONE || known->seen_week > week ||
        week - known->seen_week >= NOTED_WEEKS) {
        known->seen_week = week;
        change = MAX(change, CHANGE_NOW);
    }
    return change;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* By oid. NULL when they cannot be read. */
static GArray *read_known(struct store *store, gint64 node)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct known));
    AUTO(statement) statement = statement_open(store, &query_store_relations);
    statement_bind_int(statement, 1, node);
    while (statement_next(statement)) {
        const guint oid = (guint) statement_int(statement, STORE_RELATIONS_OID);
        const guint filenode = (guint) statement_int(statement, STORE_RELATIONS_FILENODE);
        const struct known known = {
            .newest = {.oid = oid,
                       .filenode = filenode,
                       .at_us = statement_int(statement, STORE_RELATIONS_AT_US),
                       .bytes = statement_int(statement, STORE_RELATIONS_BYTES),
                       .rows = statement_real(statement, STORE_RELATIONS_ROWS)},
            .best = {.oid = oid,
                     .filenode = filenode,
                     .at_us = statement_int(statement, STORE_RELATIONS_BEST_US),
                     .bytes = statement_int(statement, STORE_RELATIONS_BEST_BYTES),
                     .rows = statement_real(statement, STORE_RELATIONS_BEST_ROWS)},
            .seen_week = statement_int(statement, STORE_RELATIONS_SEEN_WEEK),
        };
        g_array_append_val(all, known);
    }
    return store_read(store, statement) ? g_steal_pointer(&all) : NULL;
}

static GArray *read_before(struct store *store, gint64 node, gint64 before_us)
{
    g_autoptr(GArray) sizes = g_array_new(FALSE, FALSE, sizeof(struct store_size));
    AUTO(statement) statement = statement_open(store, &query_store_sizes_before);
    statement_bind_int(statement, 1, node);
    statement_bind_int(statement, 2, before_us);
    while (statement_next(statement)) {
        const struct store_size size = {
            .oid = (guint) statement_int(statement, STORE_SIZES_BEFORE_OID),
            .filenode = (guint) statement_int(statement, STORE_SIZES_BEFORE_FILENODE),
            .at_us = statement_int(statement, STORE_SIZES_BEFORE_AT_US),
            .bytes = statement_int(statement, STORE_SIZES_BEFORE_BYTES),
            .rows = statement_real(statement, STORE_SIZES_BEFORE_ROWS),
        };
        g_array_append_val(sizes, size);
    }
    return store_read(store, statement) ? g_steal_pointer(&sizes) : NULL;
}

void store_sizes_before(struct store *store, const struct store_node *node, gint64 before_us,
                        void (*visit)(const struct store_size *size, gpointer data),
                        gpointer data)
{
    const gint64 id = store_node_read(store, node).id;
    g_autoptr(GArray) sizes = id != 0 ? read_before(store, id, before_us) : NULL;
    for (guint i = 0; sizes != NULL && i < sizes->len; i++)
        visit(&g_array_index(sizes, struct store_size, i), data);
}

void store_sizes_best(struct store *store, const struct store_node *node,
                      void (*visit)(const struct store_size *size, gpointer data),
                      gpointer data)
{
    const gint64 id = store_node_read(store, node).id;
    g_autoptr(GArray) all = id != 0 ? read_known(store, id) : NULL;
    for (guint i = 0; all != NULL && i < all->len; i++) {
        const struct known *known = &g_array_index(all, struct known, i);
        if (known->best.at_us != 0)
            visit(&known->best, data);
    }
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool put_known(struct store *store, gint64 node, const struct known *known)
{
    AUTO(statement) statement = statement_open(store, &query_store_relation_put);
    statement_bind_int(statement, 1, node);
    statement_bind_int(statement, 2, known->newest.oid);
    statement_bind_int(statement, 3, known->seen_week);
    statement_bind_int(statement, 4, known->newest.filenode);
    statement_bind_int(statement, 5, known->newest.at_us);
    statement_bind_int(statement, 6, known->newest.bytes);
    statement_bind_real(statement, 7, known->newest.rows);
    statement_bind_int(statement, 8, known->best.at_us);
    statement_bind_int(statement, 9, known->best.bytes);
    statement_bind_real(statement, 10, known->best.rows);
    return store_write(store, statement);
}

static bool put_week(struct store *store, gint64 node, const struct store_size *size)
{
    AUTO(statement) statement = statement_open(store, &query_store_relation_week_put);
    statement_bind_int(statement, 1, node);
    statement_bind_int(statement, 2, size->oid);
    statement_bind_int(statement, 3, week_of(size->at_us));
    statement_bind_int(statement, 4, size->filenode);
    statement_bind_int(statement, 5, size->at_us);
    statement_bind_int(statement, 6, size->bytes);
    statement_bind_real(statement, 7, size->rows);
    return store_write(store, statement);
}

static bool put_size(struct store *store, gint64 node, const struct known *before,
                     const struct store_size *size)
{
    struct known known = before != NULL ? *before : (struct known){.seen_week = 0};
    const struct store_size earlier = known.newest;
    const enum change change = take(&known, size);

    if (change == CHANGE_NONE)
        return true;
    return (change != CHANGE_WEEK || put_week(store, node, &earlier)) &&
           put_known(store, node, &known);
}

/* Runs a statement whose parameters are all numbers, the first one the node's. */
static bool write_numbers(struct store *store, const struct query *query, const gint64 *numbers,
                          guint count)
{
    AUTO(statement) statement = statement_open(store, query);
    for (guint i = 0; i < count; i++)
        statement_bind_int(statement, (int) i + 1, numbers[i]);
    return store_write(store, statement);
}

static bool miss_known(struct store *store, gint64 node, const struct known *known, gint64 week)
{
    const gint64 numbers[] = {node, known->newest.oid};

    if (week - known->seen_week < GONE_WEEKS)
        return true;
    return write_numbers(store, &query_store_relation_gone, numbers, 2) &&
           write_numbers(store, &query_store_relation_weeks_gone, numbers, 2);
}

static int by_oid(const void *left, const void *right)
{
    const guint a = ((const struct store_size *) left)->oid;
    const guint b = ((const struct store_size *) right)->oid;

    return (a > b) - (a < b);
}

/* The sizes with their time, by oid. Caller frees. */
static struct store_size *sorted(const struct store_size *sizes, guint count, gint64 at_us)
{
    struct store_size *copy = g_new(struct store_size, count);

    for (guint i = 0; i < count; i++) {
        copy[i] = sizes[i];
        copy[i].at_us = at_us;
    }
    if (count > 1) // none is a NULL, which qsort does not take
        qsort(copy, count, sizeof *copy, by_oid);
    return copy;
}

/* Both are in order of oid, so they are walked side by side. */
static bool put_sizes(struct store *store, gint64 node, gint64 week, const GArray *all,
                      const struct store_size *sizes, guint count)
{
    bool ok = true;
    guint at = 0;

    for (guint i = 0; ok && i < all->len; i++) {
        const struct known *known = &g_array_index(all, struct known, i);
        while (ok && at < count && sizes[at].oid < known->newest.oid)
            ok = put_size(store, node, NULL, &sizes[at++]);
        if (ok && at < count && sizes[at].oid == known->newest.oid)
            ok = put_size(store, node, known, &sizes[at++]);
        else if (ok)
            ok = miss_known(store, node, known, week);
    }
    while (ok && at < count)
        ok = put_size(store, node, NULL, &sizes[at++]);
    return ok;
}

/* Once a week is enough, and the first sample of a week writes more than others anyway. */
static bool forget_old(struct store *store, gint64 node, gint64 at_us)
{
    const gint64 day = day_of(at_us);
    const gint64 week = week_of(at_us);
    const gint64 weeks[] = {node, week - KEPT_WEEKS, week};
    const gint64 days[] = {node, day - (gint64) KEPT_WEEKS * 7, day};
    const gint64 oldest_us = at_us - (gint64) KEPT_WEEKS * 7 * G_TIME_SPAN_DAY;

    return write_numbers(store, &query_store_relation_weeks_forget, weeks, 3) &&
           write_numbers(store, &query_store_size_days_forget, days, 3) &&
           write_numbers(store, &query_store_nodes_forget, &oldest_us, 1);
}

static bool put_sample(struct store *store, const struct store_node *node, gint64 at_us,
                       const struct store_size *sizes, guint count)
{
    const struct store_node_row row = store_node_need(store, node);
    const gint64 day[] = {row.id, day_of(at_us), at_us};
    const gint64 sized[] = {row.id, at_us};
    g_autoptr(GArray) all = row.id != 0 ? read_known(store, row.id) : NULL;
    g_autofree struct store_size *ordered = sorted(sizes, count, at_us);

    return all != NULL && put_sizes(store, row.id, week_of(at_us), all, ordered, count) &&
           write_numbers(store, &query_store_size_day_put, day, 3) &&
           write_numbers(store, &query_store_node_sized, sized, 2) &&
           (week_of(row.sized_us) == week_of(at_us) || forget_old(store, row.id, at_us));
}

void store_sizes_put(struct store *store, const struct store_node *node, gint64 at_us,
                     const struct store_size *sizes, guint count)
{
    if (node->system_identifier == NULL || !store_begin_all(store))
        return;
    store_end_all(store, put_sample(store, node, at_us, sizes, count));
}
