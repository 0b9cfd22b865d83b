/* The section's lines of `pgrunbook check`. */
#include "connections_private.h"
#include "units/units.h"

static enum verdict_status judge_share(const struct settings *settings, double share)
{
    if (share >= settings_fraction(settings, "connections.critical"))
        return VERDICT_CRITICAL;
    if (share >= settings_fraction(settings, "connections.warning"))
        return VERDICT_WARNING;
    return VERDICT_OK;
}

/* A database's or role's own limit may be the tighter one; a refused connection has the same
 * SQLSTATE 53300 either way. */
static void check_slots(struct check *check, const struct backends *backends)
{
    struct backends_room room = backends_fullest(backends);
    const struct backend *self = backends_find(backends, session_pid(check_session(check)));
    /* Our own takes a place as well: with one left, nobody else gets in now. */
    room.used += self != NULL && backend_in_room(self, &room);
    double share = (double) room.used / (double) MAX(room.most, 1);
    enum verdict_status status = judge_share(check_settings(check), share);
    g_autofree char *whose =
        room.limit == NULL
            ? g_strdup("of the slots an ordinary role may use")
            : g_strdup_printf("of the connections %s \"%s\" may have",
                              room.limit->of_role ? "role" : "database", room.limit->name);
    g_autofree char *message = g_strdup_printf(
        "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " connections used, %.0f%% %s%s", room.used,
        room.most, 100 * share, whose,
        status == VERDICT_OK ? "" : "; when they are gone the application is refused");
    g_autofree char *next =
        g_strdup_printf("pgrunbook connections report %s", check_where(check));

    check_add(check, &(struct verdict){
                         .name = "connection_slots",
                         .status = status,
                         .value = (double) room.used,
                         .message = message,
                         .next = status == VERDICT_OK ? NULL : next,
                     });
}

/* For psql; nothing where it is not to be ended, or not by us. */
static void add_sql(struct check *check, const struct connections_policy *policy,
                    const struct backend *backend)
{
    if (backend == NULL || !backend->may_end ||
        backend_protected(&policy->protection, backend) != NULL)
        return;
    g_autofree char *sql =
        g_strdup_printf("SELECT pg_terminate_backend(%d)", (int) backend->pid);
    check_sql(check, sql);
}

static void check_transactions(struct check *check, const struct backends *backends,
                               const struct connections_policy *policy)
{
    const struct backend *oldest = NULL;
    guint count = 0;

    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        double seconds = backend_seconds(backends, backend);
        if (!backend_in_transaction(backend) ||
            seconds * G_USEC_PER_SEC < (double) policy->transaction_for_us ||
            backend_protected(&policy->protection, backend) != NULL)
            continue;
        count++;
        if (oldest == NULL || seconds > backend_seconds(backends, oldest))
            oldest = backend;
    }
    g_autofree char *who = oldest ? backend_describe(oldest) : NULL;
    g_autofree char *age =
        units_format_duration(oldest ? backend_seconds(backends, oldest) : 0);
    g_autofree char *message =
        count == 0 ? g_strdup("no session is idle in an old transaction")
                   : g_strdup_printf("%u idle in an old transaction, oldest %s, %s; they hold "
                                     "locks and keep dead rows from being removed",
                                     count, age, who);
    g_autofree char *next =
        g_strdup_printf("pgrunbook connections report %s", check_where(check));

    check_add(check, &(struct verdict){
                         .name = "idle_in_transaction",
                         .status = count == 0 ? VERDICT_OK : VERDICT_WARNING,
                         .value = count,
                         .message = message,
                         .next = count == 0 ? NULL : next,
                     });
    add_sql(check, policy, oldest);
}

static void check_convoy(struct check *check, const struct connections_diagnosis *diagnosis,
                         const struct connections_policy *policy)
{
    bool convoy = diagnosis->convoy > 0;
    guint waiting = diagnosis->counts.waiting;
    g_autofree char *sessions = units_format_counted(waiting, "session");
    g_autofree char *next =
        g_strdup_printf("pgrunbook connections relieve --dry-run %s", check_where(check));
    g_autofree char *message =
        convoy ? g_strdup(diagnosis->reason)
        : waiting == 0
            ? g_strdup("nobody waits for a lock")
            : g_strdup_printf("%s wait%s for a lock, none behind the same one for long",
                              sessions, waiting == 1 ? "s" : "");

    check_add(check, &(struct verdict){
                         .name = "lock_convoy",
                         .status = convoy ? VERDICT_CRITICAL : VERDICT_OK,
                         .value = waiting,
                         .message = message,
                         .next = convoy ? next : NULL,
                     });
    if (convoy)
        add_sql(check, policy,
                g_array_index(diagnosis->roots, struct backends_root, 0).backend);
}

bool connections_check(struct check *check, GError **error)
{
    AUTO(backends) backends = backends_read(check_session(check), error);

    if (backends == NULL)
        return false;
    check_slots(check, backends);
    if (backends->hidden > 0) {
        g_autofree char *sessions = units_format_counted(backends->hidden, "session");
        g_autofree char *what = g_strdup_printf("what %s do", sessions);
        g_autofree char *role = session_quote(check_session(check), NULL, backends->looker);
        g_autofree char *remedy = g_strdup_printf("GRANT pg_monitor TO %s", role);
        check_unreadable(check, what, remedy);
    } else {
        struct connections_policy policy =
            connections_policy(check_settings(check), false, false);
        AUTO(connections_diagnosis) diagnosis = connections_diagnose(backends, &policy);
        check_transactions(check, backends, &policy);
        check_convoy(check, diagnosis, &policy);
    }
    check_hand_over(check, g_steal_pointer(&backends), (GDestroyNotify) backends_free);
    return true;
}
