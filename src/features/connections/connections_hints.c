/* What to do about it that is not done here: the next command, and what makes it last. */
#include "connections_private.h"

static void add(GStrvBuilder *lines, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add(GStrvBuilder *lines, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_strv_builder_add(lines, line);
}

/* In SQL that is shown: a gid may hold quotes. */
static char *quoted(const char *text)
{
    g_auto(GStrv) pieces = g_strsplit(text, "'", -1);
    g_autofree char *doubled = g_strjoinv("''", pieces);

    return g_strdup_printf("'%s'", doubled);
}

static void hint_convoy(GStrvBuilder *lines, const struct connections_diagnosis *diagnosis,
                        const struct connections_policy *policy)
{
    for (guint i = 0; i < diagnosis->convoy; i++) {
        const struct backends_root *root =
            &g_array_index(diagnosis->roots, struct backends_root, i);
        const char *why =
            root->backend ? backend_protected(&policy->protection, root->backend) : NULL;
        if (root->backend == NULL) {
            g_autofree char *gid = quoted(root->prepared);
            add(lines,
                "the root is a prepared transaction, which no session holds: ask who made it, "
                "then COMMIT PREPARED %s or ROLLBACK PREPARED %s",
                gid, gid);
        } else if (why != NULL) {
            add(lines, "the root, pid %" G_GINT64_FORMAT ", is left alone: %s",
                root->backend->pid, why);
        }
    }
    add(lines, "what lasts: short transactions in the application, "
               "idle_in_transaction_session_timeout, and lock_timeout for whoever changes "
               "tables");
}

static void hint_kind(GStrvBuilder *lines, const struct connections_diagnosis *diagnosis)
{
    switch (diagnosis->kind) {
    case CONNECTIONS_IDLE_PILEUP:
        add(lines, "what lasts: a smaller pool in the application (max_idle, max_lifetime), or "
                   "idle_session_timeout for its role");
        return;
    case CONNECTIONS_IDLE_IN_TRANSACTION:
        add(lines, "what lasts: code that commits, and idle_in_transaction_session_timeout for "
                   "its role");
        return;
    case CONNECTIONS_SLOW_QUERIES:
        add(lines, "nothing is ended here: \"pgrunbook queries report\" lists what runs, "
                   "\"pgrunbook queries cancel PID\" stops one of them");
        return;
    case CONNECTIONS_STORM:
        add(lines, "nothing is ended here, new sessions would take their place: find who opens "
                   "them (a pool without limit, a restart loop), and put a pool in front or "
                   "ALTER ROLE … CONNECTION LIMIT on them");
        return;
    case CONNECTIONS_APP_STARVATION:
        add(lines, "nothing is ended here: the server has slots to give. The application's own "
                   "pool is used up (max_open too small, or connections not given back): look "
                   "at its pool's statistics, restart the instance that leaks");
        return;
    case CONNECTIONS_LOCK_CONVOY:
    case CONNECTIONS_HEALTHY:
        return;
    }
}

/* Whether relief would do anything about it. */
static bool is_relieved(const struct connections_diagnosis *diagnosis)
{
    return diagnosis->kind == CONNECTIONS_LOCK_CONVOY ||
           (diagnosis->need > 0 && (diagnosis->kind == CONNECTIONS_IDLE_PILEUP ||
                                    diagnosis->kind == CONNECTIONS_IDLE_IN_TRANSACTION));
}

static void hint_more(GStrvBuilder *lines, const struct connections_diagnosis *diagnosis)
{
    const struct connections_counts *counts = &diagnosis->counts;
    const struct backends_limit *limit = diagnosis->room.limit;

    if (limit != NULL && diagnosis->need > 0)
        add(lines,
            "the limit is %s \"%s\"'s own (CONNECTION LIMIT %" G_GINT64_FORMAT
            "), the server has slots left",
            limit->of_role ? "role" : "database", limit->name, limit->most);
    if (counts->transaction_long > 0 &&
        (diagnosis->kind != CONNECTIONS_IDLE_IN_TRANSACTION || diagnosis->need == 0))
        add(lines,
            "%u idle in an old transaction: they hold locks and keep dead rows from being "
            "removed; \"pgrunbook queries terminate PID\" ends one",
            counts->transaction_long);
    if (diagnosis->kind != CONNECTIONS_SLOW_QUERIES && counts->slow > 0)
        add(lines, "%u on a query for long: \"pgrunbook queries report\"", counts->slow);
}

char **connections_hints(const struct connections_diagnosis *diagnosis,
                         const struct connections_policy *policy, bool before)
{
    g_autoptr(GStrvBuilder) lines = g_strv_builder_new();

    if (before && is_relieved(diagnosis))
        add(lines, "\"pgrunbook connections relieve --dry-run\" shows who would be ended");
    if (diagnosis->kind == CONNECTIONS_LOCK_CONVOY)
        hint_convoy(lines, diagnosis, policy);
    hint_kind(lines, diagnosis);
    hint_more(lines, diagnosis);
    return g_strv_builder_end(lines);
}
