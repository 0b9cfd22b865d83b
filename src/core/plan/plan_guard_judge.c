/* When a script has to stop for the sake of others. Pure: no server, no clock. */
#include "plan/plan_script_private.h"

#include "units/units.h"

enum { GRACE_MS = 1000, LEAST_SILENCE_MS = 1000 };

static char *seconds(gint64 ms)
{
    return units_format_duration((double) ms / 1000);
}

gint64 plan_guard_silence_ms(const struct script_limits *limits)
{
    return MIN(MAX(limits->max_wait_ms, LEAST_SILENCE_MS), MAX(limits->max_hold_ms, 1));
}

static char *blind_text(const struct guard_sight *sight)
{
    g_autofree char *silent = seconds(sight->silent_ms);

    if (sight->lost)
        return g_strdup("the guard's connection was lost, and without it nothing is locked");
    return g_strdup_printf("the guard had no answer from the server for %s, and without it "
                           "nothing is locked",
                           silent);
}

static char *held_text(const struct guard_sight *sight, const struct script_limits *limits)
{
    g_autofree char *held = seconds(sight->held_ms);
    g_autofree char *most = seconds(limits->max_hold_ms);

    return g_strdup_printf("it held %s on %s for %s, and may for %s", sight->mode,
                           sight->relation, held, most);
}

static char *waiter_text(const struct guard_sight *sight, const struct script_limits *limits)
{
    g_autofree char *waited = seconds(sight->waited_ms);
    g_autofree char *most = seconds(limits->max_wait_ms);

    return g_strdup_printf("%s waited %s for it, for %s, and may for %s", sight->waiter, waited,
                           sight->waiter_mode, most);
}

static char *patience_text(const struct guard_sight *sight, gint64 patience_ms)
{
    g_autofree char *waited = seconds(sight->waiting_ms);
    g_autofree char *most = seconds(patience_ms);

    return g_strdup_printf("it waited %s for %s, and may for %s", waited,
                           sight->waits_for != NULL ? sight->waits_for : "a lock", most);
}

enum guard_verdict plan_guard_judge(const struct guard_sight *sight,
                                    const struct script_limits *limits, bool transaction,
                                    char **ret_why)
{
    /* A script may set a lock_timeout of its own; the guard has the run's. */
    gint64 patience_ms = transaction ? limits->lock_timeout_ms + GRACE_MS : limits->patience_ms;

    if (sight->lost || sight->silent_ms >= plan_guard_silence_ms(limits)) {
        *ret_why = blind_text(sight);
        return GUARD_BLIND;
    }
    if (sight->relation != NULL && sight->held_ms >= limits->max_hold_ms) {
        *ret_why = held_text(sight, limits);
        return GUARD_STOP;
    }
    if (sight->waiter != NULL && sight->waited_ms >= limits->max_wait_ms) {
        *ret_why = waiter_text(sight, limits);
        return transaction && sight->relation == NULL && sight->waiting ? GUARD_YIELD
                                                                        : GUARD_STOP;
    }
    if (sight->waiting && sight->waiting_ms >= patience_ms) {
        *ret_why = patience_text(sight, patience_ms);
        return transaction ? GUARD_YIELD : GUARD_STOP;
    }
    return GUARD_GO;
}

gint64 plan_script_pause_ms(const struct script_limits *limits, unsigned attempts,
                            double chance)
{
    gint64 pause_ms = MAX(limits->pause_ms, 1);

    for (unsigned i = 1; i < attempts && pause_ms < limits->longest_pause_ms; i++)
        pause_ms *= 2;
    pause_ms = MIN(pause_ms, MAX(limits->longest_pause_ms, 1));
    return pause_ms / 2 + (gint64) ((double) pause_ms / 2 * chance);
}
