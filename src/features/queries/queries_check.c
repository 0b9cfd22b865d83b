/* The section's line of `pgrunbook check`. */
#include "check.h"
#include "queries_private.h"
#include "units/units.h"

static void say_unreadable(struct check *check, const struct backends *backends)
{
    g_autofree char *grant = g_strdup_printf("GRANT pg_monitor TO \"%s\"", backends->looker);

    check_unreadable(check, "what other roles' sessions do", grant);
    check_add(check, &(struct verdict){"long_queries", VERDICT_UNKNOWN, 0,
                                       "what other roles' sessions do is hidden", NULL});
}

/* For psql, of the longest; nothing where it would be left alone, as a superuser's is. */
static void add_sql(struct check *check, const struct backends_policy *counted,
                    const struct queries_view *view)
{
    struct backends_policy policy = *counted;

    policy.superusers = false;
    if (view->queries->len == 0)
        return;
    const struct queries_row *longest = queries_at(view->queries, 0);
    if (longest->left_alone != NULL || backend_protected(&policy, longest->backend) != NULL)
        return;
    g_autofree char *sql =
        g_strdup_printf("SELECT pg_cancel_backend(%d)", (int) longest->backend->pid);
    check_sql(check, sql);
}

bool queries_check(struct check *check, GError **error)
{
    const struct settings *settings = check_settings(check);
    AUTO(backends) backends = backends_read(check_session(check), error);

    if (backends == NULL)
        return false;
    if (backends->hidden > 0) {
        say_unreadable(check, backends);
        return true;
    }
    g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(struct queries_rule));
    const struct queries_policy policy = {
        .longer_than_us = settings_int(settings, "queries.longer_than") * 1000,
        .rules = rules,
        .protection = {.roles = settings_list(settings, "protected_roles"),
                       .applications = settings_list(settings, "protected_applications"),
                       .superusers = true},
    };
    AUTO(queries_view) view = queries_look(backends, &policy);
    double critical = (double) settings_int(settings, "queries.critical") / 1000;
    guint count = view->queries->len;
    double longest = count == 0 ? 0 : queries_at(view->queries, 0)->seconds;
    g_autofree char *time = units_format_duration((double) policy.longer_than_us / 1e6);
    g_autofree char *age = units_format_duration(longest);
    g_autofree char *message =
        count == 0
            ? g_strdup_printf("no query runs for longer than %s", time)
            : g_strdup_printf("%u quer%s run%s for longer than %s, the longest for %s", count,
                              count == 1 ? "y" : "ies", count == 1 ? "s" : "", time, age);
    g_autofree char *next = g_strdup_printf("pgrunbook queries report %s", check_where(check));
    check_add(check, &(struct verdict){
                         .name = "long_queries",
                         .status = count == 0            ? VERDICT_OK
                                   : longest >= critical ? VERDICT_CRITICAL
                                                         : VERDICT_WARNING,
                         .value = longest,
                         .message = message,
                         .next = count == 0 ? NULL : next,
                     });
    add_sql(check, &policy.protection, view);
    struct queries_seen *seen = g_new(struct queries_seen, 1);
    *seen = (struct queries_seen){count, longest};
    check_hand_over(check, seen, g_free);
    return true;
}
