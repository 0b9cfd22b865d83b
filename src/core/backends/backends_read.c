/* Taking the snapshot: two statements for all, one more where somebody waits for a lock, one where
 * a long command may be at work. */
#include "backends/backends_private.h"
#include "backends_queries.h"

#include <string.h>

static enum backend_state state_of(const struct rows *rows, int row)
{
    const char *text = rows_text(rows, row, BACKENDS_PROCESSES_STATE);

    if (rows_bool(rows, row, BACKENDS_PROCESSES_HIDDEN))
        return BACKEND_HIDDEN;
    for (enum backend_state state = BACKEND_ACTIVE; state <= BACKEND_DISABLED; state++)
        if (g_strcmp0(text, backend_state_name(state)) == 0)
            return state;
    return BACKEND_NONE;
}

static gint64 *numbers_of(const char *text, guint *ret_count)
{
    GArray *numbers = g_array_new(FALSE, FALSE, sizeof(gint64));

    while (text != NULL && *text != '\0') {
        char *end;
        gint64 number = g_ascii_strtoll(text, &end, 10);
        if (end == text)
            break;
        g_array_append_val(numbers, number);
        text = end;
    }
    *ret_count = numbers->len;
    return (gint64 *) (gpointer) g_array_free(numbers, FALSE);
}

static gint64 age_of(const struct rows *rows, int row, int column)
{
    return rows_null(rows, row, column) ? -1 : rows_int(rows, row, column);
}

static void add_process(struct backends *backends, const struct rows *rows, int row, int self)
{
    struct backend backend = {
        .pid = rows_int(rows, row, BACKENDS_PROCESSES_PID),
        .leader = rows_int(rows, row, BACKENDS_PROCESSES_LEADER),
        .type = rows_text(rows, row, BACKENDS_PROCESSES_TYPE),
        .database = rows_text(rows, row, BACKENDS_PROCESSES_DATABASE),
        .role = rows_text(rows, row, BACKENDS_PROCESSES_ROLE),
        .application = rows_text(rows, row, BACKENDS_PROCESSES_APPLICATION),
        .client = rows_text(rows, row, BACKENDS_PROCESSES_CLIENT),
        .state = state_of(rows, row),
        .wait_type = rows_text(rows, row, BACKENDS_PROCESSES_WAIT_TYPE),
        .wait = rows_text(rows, row, BACKENDS_PROCESSES_WAIT),
        .query = rows_text(rows, row, BACKENDS_PROCESSES_QUERY),
        .backend_start_us = rows_int(rows, row, BACKENDS_PROCESSES_BACKEND_START),
        .xact_start_us = rows_int(rows, row, BACKENDS_PROCESSES_XACT_START),
        .query_start_us = rows_int(rows, row, BACKENDS_PROCESSES_QUERY_START),
        .state_change_us = rows_int(rows, row, BACKENDS_PROCESSES_STATE_CHANGE),
        .xid_age = age_of(rows, row, BACKENDS_PROCESSES_XID_AGE),
        .xmin_age = age_of(rows, row, BACKENDS_PROCESSES_XMIN_AGE),
        .superuser = rows_bool(rows, row, BACKENDS_PROCESSES_SUPERUSER),
        .may_end = rows_bool(rows, row, BACKENDS_PROCESSES_MAY_END),
        .progress_pct = -1,
    };
    g_autofree gint64 *blockers =
        numbers_of(rows_text(rows, row, BACKENDS_PROCESSES_BLOCKERS), &backend.blocker_count);

    backend.blockers = blockers;
    backend.self = backend.pid == self;
    backends_add(backends, &backend);
}

static bool read_server(struct session *session, struct backends *backends, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_backends_server, NULL, error);

    if (rows == NULL)
        return false;
    backends->slots.max = rows_int(rows, 0, BACKENDS_SERVER_MAX);
    backends->slots.superuser_reserved = rows_int(rows, 0, BACKENDS_SERVER_SUPERUSER_RESERVED);
    backends->slots.reserved = rows_int(rows, 0, BACKENDS_SERVER_RESERVED);
    backends->in_recovery = rows_bool(rows, 0, BACKENDS_SERVER_IN_RECOVERY);
    backends->looker =
        g_string_chunk_insert(backends->texts, rows_text(rows, 0, BACKENDS_SERVER_ROLE));
    backends->looker_superuser = rows_bool(rows, 0, BACKENDS_SERVER_SUPERUSER);
    backends->sees_all = rows_bool(rows, 0, BACKENDS_SERVER_SEES_ALL);
    backends->may_signal = rows_bool(rows, 0, BACKENDS_SERVER_MAY_SIGNAL);
    return true;
}

static bool read_limits(struct session *session, struct backends *backends, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_backends_limits, NULL, error);

    if (rows == NULL)
        return false;
    for (int i = 0; i < rows_count(rows); i++)
        backends_add_limit(
            backends,
            &(struct backends_limit){
                .of_role = strcmp(rows_text(rows, i, BACKENDS_LIMITS_KIND), "role") == 0,
                .name = rows_text(rows, i, BACKENDS_LIMITS_NAME),
                .most = rows_int(rows, i, BACKENDS_LIMITS_MOST),
            });
    return true;
}

static bool read_processes(struct session *session, struct backends *backends, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_backends_processes, NULL, error);

    if (rows == NULL)
        return false;
    for (int i = 0; i < rows_count(rows); i++) {
        backends->now_us = rows_int(rows, i, BACKENDS_PROCESSES_NOW);
        add_process(backends, rows, i, session_pid(session));
    }
    return true;
}

/* A worker's wait is its leader's. */
static struct backend *waiter_at(struct backends *backends, guint index)
{
    struct backend *backend = backends_row(backends, index);
    guint leader = backends_position(backends, backend->leader);

    return leader == 0 ? backend : backends_row(backends, leader - 1);
}

static bool read_waits(struct session *session, struct backends *backends, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_backends_waits, NULL, error);

    if (rows == NULL)
        return false;
    for (int i = 0; i < rows_count(rows); i++) {
        guint position = backends_position(backends, rows_int(rows, i, BACKENDS_WAITS_PID));
        if (position == 0)
            continue;
        struct backend *backend = waiter_at(backends, position - 1);
        const char *lock = rows_text(rows, i, BACKENDS_WAITS_LOCK);
        const char *prepared = rows_text(rows, i, BACKENDS_WAITS_PREPARED);
        backend->wait_since_us = rows_int(rows, i, BACKENDS_WAITS_SINCE);
        backend->lock = lock ? g_string_chunk_insert_const(backends->texts, lock) : NULL;
        if (prepared == NULL)
            continue;
        backend->prepared = g_string_chunk_insert_const(backends->texts, prepared);
        backend->prepared_since_us = rows_int(rows, i, BACKENDS_WAITS_PREPARED_SINCE);
    }
    return true;
}

static bool read_progress(struct session *session, struct backends *backends, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_backends_progress, NULL, error);

    if (rows == NULL)
        return false;
    for (int i = 0; i < rows_count(rows); i++) {
        guint position = backends_position(backends, rows_int(rows, i, BACKENDS_PROGRESS_PID));
        const char *command = rows_text(rows, i, BACKENDS_PROGRESS_COMMAND);
        if (position == 0)
            continue;
        struct backend *backend = backends_row(backends, position - 1);
        backend->command =
            command ? g_string_chunk_insert_const(backends->texts, command) : NULL;
        if (!rows_null(rows, i, BACKENDS_PROGRESS_PERCENT))
            backend->progress_pct = rows_real(rows, i, BACKENDS_PROGRESS_PERCENT);
    }
    return true;
}

static bool read_all(struct session *session, struct backends *backends, GError **error)
{
    bool waits = false, works = false;

    if (!read_server(session, backends, error) || !read_limits(session, backends, error) ||
        !read_processes(session, backends, error))
        return false;
    backends_settle(backends);
    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        waits |= backend->blocker_count > 0;
        works |= !backend->self && (backend->state == BACKEND_ACTIVE ||
                                    g_strcmp0(backend->type, "autovacuum worker") == 0);
    }
    return (!waits || read_waits(session, backends, error)) &&
           (!works || read_progress(session, backends, error));
}

struct backends *backends_read(struct session *session, GError **error)
{
    struct backends *backends = backends_new();

    if (read_all(session, backends, error))
        return backends;
    backends_free(backends);
    return NULL;
}

/* Their pids, or the times of their start, as an array's text. */
static char *array_of(const GPtrArray *backends, bool starts)
{
    GString *text = g_string_new("{");

    for (guint i = 0; i < backends->len; i++) {
        const struct backend *backend = g_ptr_array_index(backends, i);
        g_autofree char *start = starts ? backends_timestamp(backend->backend_start_us) : NULL;
        g_string_append(text, i > 0 ? "," : "");
        if (starts)
            g_string_append_printf(text, "\"%s\"", start);
        else
            g_string_append_printf(text, "%" G_GINT64_FORMAT, backend->pid);
    }
    return g_string_free(g_string_append_c(text, '}'), FALSE);
}

gint64 backends_used_now(struct session *session, const struct backends_room *room,
                         const GPtrArray *leaving)
{
    const struct backends_limit *limit = room->limit;
    g_autofree char *pids = array_of(leaving, false);
    g_autofree char *starts = array_of(leaving, true);
    const char *const values[] = {limit != NULL && !limit->of_role ? limit->name : NULL,
                                  limit != NULL && limit->of_role ? limit->name : NULL, pids,
                                  starts};
    AUTO(rows) rows = session_query(session, &query_backends_used, values, NULL);

    return rows == NULL ? -1 : rows_int(rows, 0, BACKENDS_USED_USED);
}
