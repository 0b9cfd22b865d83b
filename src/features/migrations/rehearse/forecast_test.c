#include "rehearse/forecast.h"
#include "rehearse/trace_private.h"

/* public.big is a hundred times as large there, public.small as large as here. */
static bool size_of(const char *schema, const char *relation, struct forecast_size *ret_size,
                    gpointer data)
{
    (void) schema;
    (void) data;
    ret_size->bytes = g_str_equal(relation, "big") ? 100000000 : 1000000;
    ret_size->index_bytes = 0;
    return !g_str_equal(relation, "strange");
}

static const struct forecast_sizes sizes = {size_of, NULL};

static void lock_free(gpointer data)
{
    struct trace_lock *lock = data;

    g_free(lock->schema);
    g_free(lock->relation);
    g_free(lock);
}

static void statement_free(gpointer data)
{
    struct trace_statement *statement = data;

    g_ptr_array_unref(statement->locks);
    g_free(statement);
}

static void add(struct trace *trace, double seconds, const char *relation, bool new_here,
                enum ddl_effect work)
{
    struct trace_statement *statement = g_new0(struct trace_statement, 1);
    struct trace_lock *lock = g_new0(struct trace_lock, 1);

    statement->number = trace->statements->len;
    statement->seconds = seconds;
    statement->locks = g_ptr_array_new_with_free_func(lock_free);
    *lock = (struct trace_lock){.schema = g_strdup("public"),
                                .relation = g_strdup(relation),
                                .mode = DDL_ACCESS_EXCLUSIVE,
                                .new_here = new_here,
                                .work = work,
                                .bytes = 1000000};
    g_ptr_array_add(statement->locks, lock);
    g_ptr_array_add(trace->statements, statement);
}

static struct trace *trace_new(void)
{
    struct trace *trace = g_new0(struct trace, 1);

    trace->statements = g_ptr_array_new_with_free_func(statement_free);
    return trace;
}

static void drop(struct trace *trace)
{
    g_ptr_array_unref(trace->statements);
    g_free(trace);
}

static void check(struct trace *trace, double expected_ms, bool reason)
{
    trace_hold(trace->statements, 0, 0.001);
    struct forecast forecast = forecast_trace(trace, &sizes);

    g_assert_cmpfloat_with_epsilon(forecast.hold_ms, expected_ms, 0.001);
    g_assert_cmpint(forecast.reason != NULL, ==, reason);
    forecast_clear(&forecast);
    drop(trace);
}

static void test_scale(void)
{
    struct trace *trace = trace_new();

    add(trace, 0.1, "big", true, DDL_EFFECT_REWRITE);
    check(trace, 10001, false);
    trace = trace_new();
    add(trace, 0.002, "big", true, DDL_EFFECT_METADATA);
    check(trace, 3, false);
    trace = trace_new();
    add(trace, 0.002, "small", true, DDL_EFFECT_REWRITE);
    check(trace, 3, false);
}

/* Of what says nothing it is said how bad it may be. */
static void test_at_most(void)
{
    struct trace *trace = trace_new();

    add(trace, 0.01, "big", true, DDL_EFFECT_SCAN);
    trace_hold(trace->statements, 0, 0);
    struct forecast forecast = forecast_trace(trace, &sizes);
    g_assert_cmpfloat_with_epsilon(forecast.at_most_ms, 5000, 0.001);
    forecast_clear(&forecast);
    drop(trace);
    trace = trace_new();
    add(trace, 0.01, "strange", true, DDL_EFFECT_SCAN);
    forecast = forecast_trace(trace, &sizes);
    g_assert_cmpfloat(forecast.at_most_ms, ==, -1);
    forecast_clear(&forecast);
    drop(trace);
}

/* A short lock is held for as long as what comes behind it takes. */
static void test_behind(void)
{
    struct trace *trace = trace_new();

    add(trace, 0.002, "small", true, DDL_EFFECT_METADATA);
    add(trace, 0.1, "big", true, DDL_EFFECT_SCAN);
    check(trace, 10003, false);
}

/* What is read through an index counts, and of several tables the one that has grown most. */
static void test_growth(void)
{
    struct trace *trace = trace_new();

    add(trace, 0.1, "small", true, DDL_EFFECT_SCAN);
    struct trace_statement *statement = trace->statements->pdata[0];
    struct trace_lock *lock = g_new0(struct trace_lock, 1);
    *lock = (struct trace_lock){.schema = g_strdup("public"),
                                .relation = g_strdup("big"),
                                .mode = DDL_ACCESS_SHARE,
                                .new_here = true,
                                .bytes = 1000000};
    g_ptr_array_add(statement->locks, lock);
    trace_hold(trace->statements, 0, 0);
    struct forecast forecast = forecast_trace(trace, &sizes);
    g_assert_cmpfloat_with_epsilon(forecast.hold_ms, 100, 0.001);
    forecast_clear(&forecast);
    lock->read = true;
    check(trace, 10001, false);
}

static void test_refuses(void)
{
    struct trace *trace = trace_new();

    add(trace, 0.049, "big", true, DDL_EFFECT_SCAN);
    check(trace, -1, true);
    trace = trace_new();
    add(trace, 0.1, "strange", true, DDL_EFFECT_SCAN);
    check(trace, -1, true);
    /* Nothing is held: there is nothing to say. */
    trace = trace_new();
    add(trace, 0.01, "big", false, DDL_EFFECT_SCAN);
    check(trace, 0, false);
}

int main(int count, char **arguments)
{
    g_test_init(&count, &arguments, NULL);
    g_test_add_func("/migrations/forecast/scale", test_scale);
    g_test_add_func("/migrations/forecast/behind", test_behind);
    g_test_add_func("/migrations/forecast/at_most", test_at_most);
    g_test_add_func("/migrations/forecast/growth", test_growth);
    g_test_add_func("/migrations/forecast/refuses", test_refuses);
    return g_test_run();
}
