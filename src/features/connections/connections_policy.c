/* Settings into a policy. */
#include "connections_private.h"

static gint64 us_of(const struct settings *settings, const char *name)
{
    return settings_int(settings, name) * 1000;
}

struct connections_policy connections_policy(const struct settings *settings, bool unready,
                                             bool superusers)
{
    struct connections_policy policy = {
        .until = settings_fraction(settings, "connections.until"),
        .idle_for_us = us_of(settings, "connections.idle_for"),
        .transaction_for_us = us_of(settings, "connections.transaction_for"),
        .slow_for_us = us_of(settings, "connections.slow_for"),
        .young_us = us_of(settings, "connections.young"),
        .convoy = (guint) settings_int(settings, "connections.convoy"),
        .convoy_for_us = us_of(settings, "connections.convoy_for"),
        .unready = unready,
        .protection = backends_policy(settings, "connections.superusers"),
        .named = backends_policy(settings, "queries.superusers"),
    };

    policy.protection.superusers |= superusers;
    return policy;
}
