/* Marks of sessions. */
#include "backends/backends_only.h"

#include "error.h"

#include <string.h>

struct backends_only {
    GHashTable *marks;    /* whole ones */
    GHashTable *sessions; /* "PID@SESSION_START" */
    GHashTable *known;    /* gint64: has pids */
    GArray *pids;
};

/* Of our own: the snapshot's times are exact to the microsecond, as the server compares them. */
static char *time_text(gint64 time_us)
{
    g_autoptr(GDateTime) second = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
    g_autofree char *text = g_date_time_format(second, "%Y-%m-%dT%H:%M:%S");

    return g_strdup_printf("%s.%06dZ", text, (int) (time_us % G_USEC_PER_SEC));
}

static char *session_mark(const struct backend *backend)
{
    g_autofree char *start = time_text(backend->backend_start_us);

    return g_strdup_printf("%" G_GINT64_FORMAT "@%s", backend->pid, start);
}

/* The same times as the statement of the act compares. */
char *backend_mark(const struct backend *backend)
{
    bool active = backend->state == BACKEND_ACTIVE || backend->state == BACKEND_FASTPATH;
    g_autofree char *session = session_mark(backend);
    g_autofree char *since =
        time_text(active ? backend->query_start_us : backend->state_change_us);

    return g_strdup_printf("%s@%s", session, since);
}

static int by_number(gconstpointer left, gconstpointer right)
{
    gint64 one = *(const gint64 *) left, other = *(const gint64 *) right;

    return (one > other) - (one < other);
}

static bool add_mark(struct backends_only *only, const char *mark)
{
    g_auto(GStrv) parts = g_strsplit(mark, "@", -1);
    guint64 number = 0;

    if (strcmp(mark, "none") == 0)
        return true;
    if (g_strv_length(parts) != 3 || *parts[1] == '\0' || *parts[2] == '\0' ||
        !g_ascii_string_to_unsigned(parts[0], 10, 1, G_MAXINT32, &number, NULL))
        return false;
    gint64 pid = (gint64) number;
    g_hash_table_add(only->marks, g_strdup(mark));
    g_hash_table_add(only->sessions, g_strconcat(parts[0], "@", parts[1], NULL));
    if (g_hash_table_add(only->known, g_memdup2(&pid, sizeof pid)))
        g_array_append_val(only->pids, pid);
    return true;
}

struct backends_only *backends_only_new(const char *const *marks, GError **error)
{
    AUTO(backends_only) only = g_new0(struct backends_only, 1);

    only->marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    only->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    only->known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    only->pids = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (; *marks != NULL; marks++) {
        if (add_mark(only, *marks))
            continue;
        runbook_error_set(
            error, RUNBOOK_USAGE, "\"only\" in the document of --dry-run --json has such marks",
            "\"%s\" is not the mark of a session, PID@SESSION_START@SINCE", *marks);
        return NULL;
    }
    g_array_sort(only->pids, by_number);
    return g_steal_pointer(&only);
}

bool backends_only_accepts(const struct options *options, const char *const *arguments,
                           GError **error)
{
    (void) arguments;
    AUTO(backends_only) only = backends_only_new(option_values(options, "only"), error);

    return only != NULL;
}

void backends_only_free(struct backends_only *only)
{
    if (only == NULL)
        return;
    g_hash_table_unref(only->marks);
    g_hash_table_unref(only->sessions);
    g_hash_table_unref(only->known);
    g_array_unref(only->pids);
    g_free(only);
}

enum backends_shown backends_only_find(const struct backends_only *only,
                                       const struct backend *backend)
{
    g_autofree char *mark = backend_mark(backend);
    g_autofree char *session = session_mark(backend);

    if (g_hash_table_contains(only->marks, mark))
        return BACKENDS_AS_SHOWN;
    if (g_hash_table_contains(only->sessions, session))
        return BACKENDS_MOVED_ON;
    return g_hash_table_contains(only->known, &backend->pid) ? BACKENDS_RENEWED
                                                             : BACKENDS_UNSHOWN;
}

const char *backends_only_bar(const struct backends_only *only, const struct backend *backend)
{
    if (only == NULL)
        return NULL;
    switch (backends_only_find(only, backend)) {
    case BACKENDS_AS_SHOWN:
        return NULL;
    case BACKENDS_MOVED_ON:
        return "it has gone on to something else since the plan was shown";
    case BACKENDS_RENEWED:
        return "another session has its pid since the plan was shown";
    case BACKENDS_UNSHOWN:
        return "it was not in the plan that was shown";
    }
    return NULL;
}

const GArray *backends_only_pids(const struct backends_only *only)
{
    return only->pids;
}

json_t *backends_acts_marks(const struct backends_acts *acts)
{
    json_t *list = json_array();

    for (guint i = 0; i < acts->acts->len; i++) {
        const struct backends_act *act = g_ptr_array_index(acts->acts, i);
        g_autofree char *mark = backend_mark(&act->backend);
        if (act->last == NULL)
            json_array_append_new(list, json_string(mark));
    }
    return list;
}
