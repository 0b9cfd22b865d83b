/*
 * Who stands in whose way. The server names for each that waits both those who hold the lock and
 * those ahead of it in the queue; a root is somebody waited for who waits for nobody.
 */
#include "backends/backends_private.h"

#include <string.h>

/* Nodes are positions in the snapshot; behind them one for each prepared transaction. */
struct graph {
    const struct backends *backends;
    GArray *prepared;      /* of guint: the first that waits for each */
    GHashTable *gids;      /* gid (owned) → node */
    guint count;           /* nodes */
    guint *first, *behind; /* of each node: where its waiters begin in `behind` */
    guint *level;          /* of the search at work */
    guint *stamp, mark;
    guint *queue;
};

static bool waits(const struct backend *backend)
{
    return backend->blocker_count > 0;
}

/* The node of one whom the backend waits for; G_MAXUINT: it is gone, or itself. */
static guint node_of(const struct graph *graph, const struct backend *backend, gint64 pid)
{
    if (pid == 0) {
        const char *gid = backend->prepared ? backend->prepared : "";
        return GPOINTER_TO_UINT(g_hash_table_lookup(graph->gids, gid));
    }
    guint position = backends_position(graph->backends, pid);
    return position == 0 || pid == backend->pid ? G_MAXUINT : position - 1;
}

static void find_prepared(struct graph *graph)
{
    for (guint i = 0; i < backends_count(graph->backends); i++) {
        const struct backend *backend = backends_at(graph->backends, i);
        const char *gid = backend->prepared ? backend->prepared : "";
        bool waits_for_one = false;
        for (guint at = 0; at < backend->blocker_count; at++)
            waits_for_one |= backend->blockers[at] == 0;
        if (!waits_for_one || g_hash_table_contains(graph->gids, gid))
            continue;
        g_hash_table_insert(graph->gids, g_strdup(gid), GUINT_TO_POINTER(graph->count++));
        g_array_append_val(graph->prepared, i);
    }
}

/* Edges from whom is waited for to who waits, packed: counted first, then put in place. */
static void pack(struct graph *graph)
{
    const struct backends *backends = graph->backends;
    guint total = 0;

    graph->first = g_new0(guint, graph->count + 2);
    for (guint i = 0; i < backends_count(backends); i++)
        for (guint at = 0; at < backends_at(backends, i)->blocker_count; at++) {
            const struct backend *backend = backends_at(backends, i);
            guint node = node_of(graph, backend, backend->blockers[at]);
            if (node == G_MAXUINT)
                continue;
            graph->first[node + 2]++;
            total++;
        }
    for (guint node = 2; node < graph->count + 2; node++)
        graph->first[node] += graph->first[node - 1];
    graph->behind = g_new(guint, total + 1);
    for (guint i = 0; i < backends_count(backends); i++)
        for (guint at = 0; at < backends_at(backends, i)->blocker_count; at++) {
            const struct backend *backend = backends_at(backends, i);
            guint node = node_of(graph, backend, backend->blockers[at]);
            if (node != G_MAXUINT)
                graph->behind[graph->first[node + 1]++] = i;
        }
}

static void open_graph(struct graph *graph, const struct backends *backends)
{
    *graph = (struct graph){
        .backends = backends,
        .count = backends_count(backends),
        .prepared = g_array_new(FALSE, FALSE, sizeof(guint)),
        .gids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    find_prepared(graph);
    pack(graph);
    graph->level = g_new0(guint, graph->count + 1);
    graph->stamp = g_new0(guint, graph->count + 1);
    graph->queue = g_new(guint, graph->count + 1);
}

static void close_graph(struct graph *graph)
{
    g_array_unref(graph->prepared);
    g_hash_table_unref(graph->gids);
    g_free(graph->first);
    g_free(graph->behind);
    g_free(graph->level);
    g_free(graph->stamp);
    g_free(graph->queue);
}

static bool is_root(const struct graph *graph, guint node)
{
    if (graph->first[node] == graph->first[node + 1])
        return false;
    return node >= backends_count(graph->backends) ||
           !waits(backends_at(graph->backends, node));
}

static void count_waiter(struct backends_root *root, const struct graph *graph, guint node)
{
    const struct backend *waiter = backends_at(graph->backends, node);

    root->all++;
    root->depth = MAX(root->depth, graph->level[node]);
    root->direct += graph->level[node] == 1;
    root->advisory += g_strcmp0(waiter->lock, "advisory") == 0;
    if (waiter->wait_since_us != 0 &&
        (root->oldest_wait_us == 0 || waiter->wait_since_us < root->oldest_wait_us))
        root->oldest_wait_us = waiter->wait_since_us;
}

/* Breadth first, so that levels are shortest ways. visit: each that waits behind, once. */
static struct backends_root search(struct graph *graph, guint start, gint64 *root_of)
{
    struct backends_root root = {0};
    guint head = 0, tail = 0;

    if (start < backends_count(graph->backends)) {
        root.backend = backends_at(graph->backends, start);
    } else {
        guint number = start - backends_count(graph->backends);
        const struct backend *waiter =
            backends_at(graph->backends, g_array_index(graph->prepared, guint, number));
        root.prepared = waiter->prepared ? waiter->prepared : "";
        root.since_us = waiter->prepared_since_us;
    }
    graph->mark++;
    graph->stamp[start] = graph->mark;
    graph->level[start] = 0;
    graph->queue[tail++] = start;
    while (head < tail) {
        guint node = graph->queue[head++];
        for (guint at = graph->first[node]; at < graph->first[node + 1]; at++) {
            guint next = graph->behind[at];
            if (graph->stamp[next] == graph->mark)
                continue;
            graph->stamp[next] = graph->mark;
            graph->level[next] = graph->level[node] + 1;
            graph->queue[tail++] = next;
            count_waiter(&root, graph, next);
            if (root_of != NULL && root_of[next] < 0)
                root_of[next] = root.backend ? root.backend->pid : 0;
        }
    }
    return root;
}

static int worst_first(gconstpointer left, gconstpointer right)
{
    const struct backends_root *one = left, *other = right;
    gint64 pid = one->backend ? one->backend->pid : 0;
    gint64 other_pid = other->backend ? other->backend->pid : 0;

    if (one->all != other->all)
        return one->all < other->all ? 1 : -1;
    if (pid != other_pid)
        return pid < other_pid ? -1 : 1;
    return g_strcmp0(one->prepared, other->prepared);
}

GArray *backends_roots(const struct backends *backends)
{
    GArray *roots = g_array_new(FALSE, TRUE, sizeof(struct backends_root));
    struct graph graph;

    open_graph(&graph, backends);
    for (guint node = 0; node < graph.count; node++)
        if (is_root(&graph, node)) {
            struct backends_root root = search(&graph, node, NULL);
            g_array_append_val(roots, root);
        }
    close_graph(&graph);
    g_array_sort(roots, worst_first);
    return roots;
}

gint64 *backends_root_of(const struct backends *backends)
{
    gint64 *root_of = g_new(gint64, backends_count(backends) + 1);
    struct graph graph;

    for (guint i = 0; i < backends_count(backends); i++)
        root_of[i] = -1;
    open_graph(&graph, backends);
    for (guint node = 0; node < graph.count; node++)
        if (is_root(&graph, node))
            search(&graph, node, root_of);
    close_graph(&graph);
    return root_of;
}

guint backends_freed(const struct backends *backends, const gint64 *pids, guint count)
{
    struct graph graph;
    guint freed = 0, head = 0, tail = 0;

    open_graph(&graph, backends);
    /* level: how many still stand in the way of each. */
    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        for (guint at = 0; at < backend->blocker_count; at++)
            graph.level[i] += node_of(&graph, backend, backend->blockers[at]) != G_MAXUINT;
    }
    for (guint i = 0; i < count; i++) {
        guint position = backends_position(backends, pids[i]);
        if (position == 0 || graph.stamp[position - 1] != 0)
            continue;
        graph.stamp[position - 1] = 1;
        graph.queue[tail++] = position - 1;
    }
    while (head < tail) {
        guint node = graph.queue[head++];
        for (guint at = graph.first[node]; at < graph.first[node + 1]; at++) {
            guint next = graph.behind[at];
            if (--graph.level[next] > 0 || graph.stamp[next] != 0)
                continue;
            graph.stamp[next] = 1;
            graph.queue[tail++] = next;
            freed++;
        }
    }
    close_graph(&graph);
    return freed;
}
