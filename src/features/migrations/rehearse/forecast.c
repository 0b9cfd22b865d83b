#include "rehearse/forecast.h"

#include "units/units.h"

void forecast_clear(struct forecast *forecast)
{
    g_clear_pointer(&forecast->reason, g_free);
}

/* The largest relation that was read or written, for words; growth: of the one that has grown most,
 * of which nobody knows whether it took the time. -1: there was nothing of it here. */
struct weight {
    gint64 here, there;
    double growth;
    const struct trace_lock *largest;
    gint64 largest_there;
};

static void add_growth(struct weight *weight, gint64 here, gint64 there)
{
    if (there <= here || weight->growth < 0)
        return;
    weight->growth = here > 0 ? MAX(weight->growth, (double) there / (double) here) : -1;
}

static bool weigh(const struct trace_statement *statement, const struct forecast_sizes *sizes,
                  struct weight *ret_weight, char **ret_reason)
{
    struct weight weight = {.growth = 1};

    for (guint i = 0; i < statement->locks->len; i++) {
        const struct trace_lock *lock = statement->locks->pdata[i];
        struct forecast_size size;
        if (lock->work < DDL_EFFECT_SCAN && !lock->read)
            continue;
        if (!sizes->size_of(lock->schema, lock->relation, &size, sizes->data)) {
            *ret_reason = g_strdup_printf("the size of %s.%s on the target is not known",
                                          lock->schema, lock->relation);
            return false;
        }
        bool rewrite = lock->work == DDL_EFFECT_REWRITE;
        gint64 there = size.bytes + (rewrite ? size.index_bytes : 0);
        gint64 here = lock->bytes + (rewrite ? lock->index_bytes : 0);
        weight.here += here;
        weight.there += there;
        add_growth(&weight, here, there);
        if (weight.largest == NULL || there > weight.largest_there) {
            weight.largest = lock;
            weight.largest_there = there;
        }
    }
    *ret_weight = weight;
    return true;
}

static char *too_little(const struct trace_statement *statement, const struct weight *weight)
{
    g_autofree char *here = units_format_size(weight->here);
    g_autofree char *there = units_format_size(weight->there);

    return g_strdup_printf("%.0f ms on %s is too little to say what %s of %s.%s will take: "
                           "rehearse with more rows",
                           statement->seconds * 1000, here, there, weight->largest->schema,
                           weight->largest->relation);
}

/* Adds how long the statement will take there. */
static void predict(const struct trace_statement *statement, const struct forecast_sizes *sizes,
                    struct forecast *forecast)
{
    struct weight weight;
    g_autofree char *reason = NULL;
    double measured_ms = statement->seconds * 1000, ratio = 1;
    bool known = weigh(statement, sizes, &weight, &reason);

    if (known)
        ratio = weight.growth;
    if (known && ratio != 1 && (ratio < 0 || measured_ms < FORECAST_LEAST_MS))
        reason = too_little(statement, &weight);
    if (!known || ratio < 0)
        forecast->at_most_ms = -1;
    if (forecast->at_most_ms >= 0)
        forecast->at_most_ms +=
            ratio * (ratio > 1 ? MAX(measured_ms, FORECAST_LEAST_MS) : measured_ms);
    if (reason != NULL && forecast->reason == NULL)
        forecast->reason = g_steal_pointer(&reason);
    forecast->hold_ms += measured_ms * MAX(ratio, 1);
}

static const struct trace_lock *strongest(const struct trace_statement *statement)
{
    const struct trace_lock *found = NULL;

    for (guint i = 0; i < statement->locks->len; i++) {
        const struct trace_lock *lock = statement->locks->pdata[i];
        if (lock->new_here && lock->mode >= DDL_SHARE &&
            (found == NULL || lock->mode > found->mode))
            found = lock;
    }
    return found;
}

struct forecast forecast_statement(const struct trace *trace, guint number,
                                   const struct forecast_sizes *sizes)
{
    const struct trace_statement *first = trace->statements->pdata[number];
    const struct trace_lock *lock = strongest(first);
    struct forecast forecast = {.hold_ms = 0};

    if (lock == NULL)
        return forecast;
    /* Whatever is no statement's: COMMIT. */
    double rest_ms = lock->held_ms;
    for (guint i = number; i < trace->statements->len; i++) {
        const struct trace_statement *statement = trace->statements->pdata[i];
        if (statement->block != first->block)
            break;
        predict(statement, sizes, &forecast);
        rest_ms -= statement->seconds * 1000;
    }
    forecast.hold_ms += MAX(rest_ms, 0);
    if (forecast.reason != NULL)
        forecast.hold_ms = -1;
    return forecast;
}

/* Of two that say nothing the one that may be longer. */
static bool is_worse(const struct forecast *one, const struct forecast *other)
{
    if ((one->hold_ms < 0) != (other->hold_ms < 0))
        return one->hold_ms < 0;
    if (one->hold_ms >= 0)
        return one->hold_ms > other->hold_ms;
    return other->at_most_ms >= 0 &&
           (one->at_most_ms < 0 || one->at_most_ms > other->at_most_ms);
}

struct forecast forecast_trace(const struct trace *trace, const struct forecast_sizes *sizes)
{
    struct forecast longest = {.hold_ms = 0};

    for (guint i = 0; i < trace->statements->len; i++) {
        struct forecast one = forecast_statement(trace, i, sizes);
        if (is_worse(&one, &longest)) {
            forecast_clear(&longest);
            longest = one;
        } else {
            forecast_clear(&one);
        }
    }
    return longest;
}
