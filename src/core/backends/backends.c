/* The snapshot as data: rows, counts, rooms. No server, no clock. */
#include "backends/backends.h"

#include "backends/backends_private.h"
#include "error.h"
#include "units/units.h"

#include <string.h>

enum {
    QUERY_BYTES = 4096,
    LEAST_LIMIT = 10, /* one below is meant to be used up: the one session of a nightly job */
};

const char *backend_state_name(enum backend_state state)
{
    static const char *const names[] = {
        [BACKEND_NONE] = "none",
        [BACKEND_HIDDEN] = "hidden",
        [BACKEND_ACTIVE] = "active",
        [BACKEND_IDLE] = "idle",
        [BACKEND_IN_TRANSACTION] = "idle in transaction",
        [BACKEND_ABORTED] = "idle in transaction (aborted)",
        [BACKEND_FASTPATH] = "fastpath function call",
        [BACKEND_DISABLED] = "disabled",
    };
    return names[state];
}

/* ---- making one ---------------------------------------------------------------------------- */

struct backends *backends_new(void)
{
    struct backends *backends = g_new0(struct backends, 1);

    backends->limits = g_array_new(FALSE, TRUE, sizeof(struct backends_limit));
    backends->rows = g_array_new(FALSE, TRUE, sizeof(struct backend));
    backends->by_pid = g_hash_table_new(g_int64_hash, g_int64_equal);
    backends->texts = g_string_chunk_new(16 * 1024);
    return backends;
}

void backends_free(struct backends *backends)
{
    for (guint i = 0; i < backends->rows->len; i++)
        g_free(backends_row(backends, i)->blockers);
    g_array_unref(backends->limits);
    g_array_unref(backends->rows);
    g_hash_table_unref(backends->by_pid);
    g_string_chunk_free(backends->texts);
    g_free(backends);
}

static const char *kept(struct backends *backends, const char *text)
{
    return text == NULL ? NULL : g_string_chunk_insert_const(backends->texts, text);
}

/* A query may be a megabyte where track_activity_query_size says so, and is in the encoding of
 * its own database. */
static const char *kept_query(struct backends *backends, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text == NULL ? "" : text, -1);

    if (strlen(valid) > QUERY_BYTES)
        *g_utf8_find_prev_char(valid, valid + QUERY_BYTES + 1) = '\0';
    return g_string_chunk_insert(backends->texts, valid);
}

void backends_add(struct backends *backends, const struct backend *backend)
{
    struct backend row = *backend;
    const char *application = backend->application ? backend->application : "";

    row.type = kept(backends, backend->type);
    row.database = kept(backends, backend->database);
    row.role = kept(backends, backend->role);
    row.application = kept(backends, application);
    row.client = kept(backends, backend->client ? backend->client : "local");
    row.wait_type = kept(backends, backend->wait_type);
    row.wait = kept(backends, backend->wait);
    row.query = kept_query(backends, backend->query);
    row.lock = kept(backends, backend->lock);
    row.prepared = kept(backends, backend->prepared);
    row.command = kept(backends, backend->command);
    row.blockers = g_memdup2(backend->blockers, backend->blocker_count * sizeof(gint64));
    row.own = g_ascii_strncasecmp(application, "pgrunbook", strlen("pgrunbook")) == 0;
    row.workers = 0;
    g_array_append_val(backends->rows, row);
}

void backends_add_limit(struct backends *backends, const struct backends_limit *limit)
{
    struct backends_limit row = *limit;

    row.name = kept(backends, limit->name);
    row.used = 0;
    g_array_append_val(backends->limits, row);
}

/* ---- rows ---------------------------------------------------------------------------------- */

struct backend *backends_row(struct backends *backends, guint index)
{
    return &g_array_index(backends->rows, struct backend, index);
}

guint backends_count(const struct backends *backends)
{
    return backends->rows->len;
}

const struct backend *backends_at(const struct backends *backends, guint index)
{
    return &g_array_index(backends->rows, struct backend, index);
}

guint backends_position(const struct backends *backends, gint64 pid)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(backends->by_pid, &pid));
}

const struct backend *backends_find(const struct backends *backends, gint64 pid)
{
    guint position = backends_position(backends, pid);

    return position == 0 ? NULL : backends_at(backends, position - 1);
}

static int by_pid(gconstpointer left, gconstpointer right)
{
    const struct backend *one = left, *other = right;

    return (one->pid > other->pid) - (one->pid < other->pid);
}

/* A worker's wait is its leader's. */
static void fold(struct backends *backends, struct backend *worker)
{
    guint position = backends_position(backends, worker->leader);

    if (position == 0)
        return;
    struct backend *leader = backends_row(backends, position - 1);
    leader->workers++;
    if (leader->blocker_count > 0 || worker->blocker_count == 0)
        return;
    leader->blockers = g_steal_pointer(&worker->blockers);
    leader->blocker_count = worker->blocker_count;
    leader->lock = worker->lock;
    leader->wait_since_us = worker->wait_since_us;
    leader->prepared = worker->prepared;
    leader->prepared_since_us = worker->prepared_since_us;
    worker->blocker_count = 0;
}

static void count_slot(struct backends *backends, const struct backend *backend)
{
    backends->slots.used++;
    backends->hidden += backend->state == BACKEND_HIDDEN;
    for (guint i = 0; i < backends->limits->len; i++) {
        struct backends_limit *limit =
            &g_array_index(backends->limits, struct backends_limit, i);
        const char *mine = limit->of_role ? backend->role : backend->database;
        limit->used += g_strcmp0(limit->name, mine) == 0;
    }
}

void backends_settle(struct backends *backends)
{
    struct backends_slots *slots = &backends->slots;

    slots->ordinary = slots->max - slots->superuser_reserved - slots->reserved;
    slots->used = 0;
    backends->hidden = 0;
    g_array_sort(backends->rows, by_pid);
    g_hash_table_remove_all(backends->by_pid);
    for (guint i = 0; i < backends->rows->len; i++)
        g_hash_table_insert(backends->by_pid, &backends_row(backends, i)->pid,
                            GUINT_TO_POINTER(i + 1));
    for (guint i = 0; i < backends->rows->len; i++) {
        struct backend *backend = backends_row(backends, i);
        if (backend->leader != 0 && backend->leader != backend->pid)
            fold(backends, backend);
        if (backend_is_client(backend) && !backend->self)
            count_slot(backends, backend);
    }
}

/* ---- one of them ----------------------------------------------------------------------------- */

bool backend_is_client(const struct backend *backend)
{
    if (backend->type == NULL)
        return backend->database != NULL;
    return strcmp(backend->type, "client backend") == 0;
}

bool backend_in_transaction(const struct backend *backend)
{
    return backend->state == BACKEND_IN_TRANSACTION || backend->state == BACKEND_ABORTED;
}

bool backend_prevents_wraparound(const struct backend *backend)
{
    return g_str_has_prefix(backend->query, "autovacuum: ") &&
           g_str_has_suffix(backend->query, "(to prevent wraparound)");
}

double backends_seconds_since(const struct backends *backends, gint64 time_us)
{
    if (time_us == 0 || time_us > backends->now_us)
        return 0;
    return (double) (backends->now_us - time_us) / G_USEC_PER_SEC;
}

char *backends_timestamp(gint64 time_us)
{
    g_autoptr(GDateTime) second = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
    g_autofree char *text = g_date_time_format(second, "%Y-%m-%d %H:%M:%S");

    return g_strdup_printf("%s.%06d+00", text, (int) (time_us % G_USEC_PER_SEC));
}

double backend_seconds(const struct backends *backends, const struct backend *backend)
{
    switch (backend->state) {
    case BACKEND_IDLE:
        return backends_seconds_since(backends, backend->state_change_us);
    case BACKEND_IN_TRANSACTION:
    case BACKEND_ABORTED:
        return backends_seconds_since(backends, backend->xact_start_us);
    case BACKEND_ACTIVE:
    case BACKEND_FASTPATH:
        return backends_seconds_since(backends, backend->query_start_us);
    case BACKEND_NONE:
    case BACKEND_HIDDEN:
    case BACKEND_DISABLED:
        return 0;
    }
    return 0;
}

char *backend_describe(const struct backend *backend)
{
    return g_strdup_printf("pid %" G_GINT64_FORMAT " (role %s, application %s, client %s)",
                           backend->pid, backend->role ? backend->role : "none",
                           backend->application[0] != '\0' ? backend->application : "unnamed",
                           backend->client);
}

/* ---- how full it is -------------------------------------------------------------------------- */

struct backends_room backends_fullest(const struct backends *backends)
{
    struct backends_room fullest = {NULL, backends->slots.ordinary, backends->slots.used};

    for (guint i = 0; i < backends->limits->len; i++) {
        const struct backends_limit *limit =
            &g_array_index(backends->limits, struct backends_limit, i);
        /* As fractions. */
        if (limit->most >= LEAST_LIMIT &&
            limit->used * fullest.most > fullest.used * limit->most)
            fullest = (struct backends_room){limit, limit->most, limit->used};
    }
    return fullest;
}

bool backend_in_room(const struct backend *backend, const struct backends_room *room)
{
    if (!backend_is_client(backend))
        return false;
    if (room->limit == NULL)
        return true;
    return g_strcmp0(room->limit->of_role ? backend->role : backend->database,
                     room->limit->name) == 0;
}

bool backends_all_seen(const struct backends *backends, GError **error)
{
    if (backends->hidden == 0)
        return true;
    g_autofree char *hint = g_strdup_printf(
        "GRANT pg_read_all_stats TO \"%s\"; \"pgrunbook setup\" prints all that "
        "the role needs",
        backends->looker ? backends->looker : "pgrunbook");
    runbook_error_set(error, RUNBOOK_REFUSED, hint,
                      "role \"%s\" may not see what %u of %" G_GINT64_FORMAT
                      " sessions do (%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                      " ordinary slots are used)",
                      backends->looker ? backends->looker : "", backends->hidden,
                      backends->slots.used, backends->slots.used, backends->slots.ordinary);
    return false;
}
