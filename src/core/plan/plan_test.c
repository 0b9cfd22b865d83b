#include "plan/plan.h"

#include <string.h>

/* ---- printing --------------------------------------------------------------------------------- */

static char *printed(const struct plan *plan, gint64 lock_timeout_ms, gint64 window_ms)
{
    char *text = NULL;
    size_t size = 0;
    FILE *data = open_memstream(&text, &size);
    FILE *messages = fopen("/dev/null", "we");
    struct output *output = output_new(data, messages, OUTPUT_TABLE, OUTPUT_COLOR_NEVER, 0);
    struct window window = window_open(window_ms);

    plan_print(plan, lock_timeout_ms, &window, output);
    g_assert_true(output_finish(output, NULL));
    output_free(output);
    fclose(data);
    fclose(messages);
    char *copy = g_strdup(text);
    free(text);
    return copy;
}

static struct step *add(struct plan *plan, const char *object, const char *sql,
                        const char *reason)
{
    struct step *step = plan_add(plan);

    step->object = g_strdup(object);
    step->sql = g_strdup(sql);
    step->reason = g_strdup(reason);
    step->lock_mode = "ShareUpdateExclusiveLock";
    return step;
}

static void test_print(void)
{
    AUTO(plan) plan = plan_new();
    plan_set(plan, "maintenance_work_mem", "256MB");
    add(plan, "public.orders", "VACUUM \"public\".\"orders\"", "31 dead rows");
    add(plan, "public.o;x", "ANALYZE \"public\".\"o;x\"", NULL);
    g_autofree char *script = printed(plan, 5000, 7200000);
    g_assert_cmpstr(script, ==,
                    "-- 2 steps; nothing was changed\n"
                    "SET lock_timeout = '5000ms';\n"
                    "SET statement_timeout = '7200000ms';\n"
                    "SET maintenance_work_mem = '256MB';\n"
                    "\n-- 1. public.orders: 31 dead rows (ShareUpdateExclusiveLock)\n"
                    "VACUUM \"public\".\"orders\";\n"
                    "\n-- 2. public.o;x:  (ShareUpdateExclusiveLock)\n"
                    "ANALYZE \"public\".\"o;x\";\n");
}

static void test_print_undo(void)
{
    AUTO(plan) plan = plan_new();
    add(plan, "public.orders_i", "DROP INDEX a", "unused")->undo =
        g_strdup("CREATE INDEX a ON b (c);\nCOMMENT ON INDEX a IS 'x'");
    g_autofree char *script = printed(plan, 0, 0);
    g_assert_nonnull(strstr(script, "SET lock_timeout = '0ms';\n"));
    g_assert_true(g_str_has_suffix(
        script, "\nDROP INDEX a;\n"
                "-- undo: CREATE INDEX a ON b (c); COMMENT ON INDEX a IS 'x';\n"));
}

static void test_print_lock_timeouts(void)
{
    AUTO(plan) plan = plan_new();
    add(plan, "a", "A", "");
    add(plan, "b", "B", "")->lock_timeout_ms = 2000;
    add(plan, "c", "C", "")->lock_timeout_ms = 2000;
    add(plan, "d", "D", "");
    plan->stops = true;
    g_autofree char *script = printed(plan, 0, 0);
    g_assert_true(g_str_has_prefix(script, "-- 4 steps; nothing was changed\n"
                                           "\\set ON_ERROR_STOP on\n"));
    g_assert_nonnull(strstr(script, "(ShareUpdateExclusiveLock)\nA;\n"));
    g_assert_nonnull(strstr(script, "\nSET lock_timeout = '2000ms';\nB;\n"));
    g_assert_nonnull(strstr(script, "(ShareUpdateExclusiveLock)\nC;\n"));
    g_assert_true(g_str_has_suffix(script, "\nSET lock_timeout = '0ms';\nD;\n"));
}

static void test_print_patience(void)
{
    AUTO(plan) plan = plan_new();
    add(plan, "a", "A", "")->lock_timeout_ms = -1;
    add(plan, "b", "B", "");
    g_autofree char *script = printed(plan, 1500, 0);
    g_assert_nonnull(strstr(script, "\nSET lock_timeout = '0ms';\nA;\n"));
    g_assert_true(g_str_has_suffix(script, "\nSET lock_timeout = '1500ms';\nB;\n"));
}

/* psql runs a program too, on the server it is connected to itself. */
static void test_print_program(void)
{
    AUTO(plan) plan = plan_new();
    struct step *step = add(plan, "public.a b", "pg_repack -t 'a b'", "half of it is air");
    step->program = g_strsplit("pg_repack|-t|a b", "|", -1);
    g_autofree char *script = printed(plan, 1, 0);
    g_assert_nonnull(strstr(script, "\n\\setenv PGHOST :HOST\n"));
    g_assert_true(g_str_has_suffix(script, ")\n\\! pg_repack -t 'a b'\n"));

    g_free(step->sql);
    step->sql = g_strdup("pg_repack -t 'a\n\\! reboot'");
    g_autofree char *unsafe = printed(plan, 1, 0);
    g_assert_null(strstr(unsafe, "reboot"));
    g_assert_nonnull(strstr(unsafe, "-- left out: "));
}

static void test_print_nothing(void)
{
    AUTO(plan) plan = plan_new();
    plan_set(plan, "maintenance_work_mem", "256MB");
    g_autofree char *script = printed(plan, 1, 0);
    g_assert_cmpstr(script, ==, "-- 0 steps; nothing was changed\n");
}

static void test_print_limits(void)
{
    AUTO(plan) plan = plan_new();
    add(plan, "t", "VACUUM", "why");
    g_autofree char *endless = printed(plan, 1, 0);
    g_assert_nonnull(strstr(endless,
                            "-- without a bound: psql has no guard that ends what takes "
                            "too long\nSET statement_timeout = '0ms';"));
    g_autofree char *script = printed(plan, 1, G_MAXINT64 / 1000);
    g_assert_nonnull(strstr(script, "-- 1 step; "));
    g_assert_null(strstr(script, "without a bound"));
    g_assert_nonnull(strstr(script, "statement_timeout = '2147483647ms'"));
}

/* A name may hold anything; outside its quotes it stands in comments, which end with the line. */
static void test_print_injection(void)
{
    static const char *const names[] = {"a\nDROP TABLE b;",      "a\r\nDROP TABLE b;",
                                        "a\rDROP TABLE b;",      "a\n\n\n-- b\nDROP TABLE b;",
                                        "a */ DROP TABLE b; /*", "a\n\\! rm -rf /"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        AUTO(plan) plan = plan_new();
        add(plan, names[i], "VACUUM \"a\"", names[i]);
        g_autofree char *script = printed(plan, 1, 0);
        g_auto(GStrv) lines = g_strsplit_set(script, "\r\n", -1);
        for (gsize line = 0; lines[line] != NULL; line++)
            if (lines[line][0] != '\0' && !g_str_has_prefix(lines[line], "-- ") &&
                !g_str_has_prefix(lines[line], "SET ") &&
                strcmp(lines[line], "VACUUM \"a\";") != 0)
                g_test_fail_printf("name %" G_GSIZE_FORMAT ": %s", i, lines[line]);
    }
}

/* ---- running without a server ------------------------------------------------------------------- */

static void test_outcome_names(void)
{
    static const char *const names[] = {"planned", "done", "skipped", "failed", "not_reached"};
    for (int outcome = STEP_PLANNED; outcome <= STEP_NOT_REACHED; outcome++)
        g_assert_cmpstr(step_outcome_name((enum step_outcome) outcome), ==, names[outcome]);
}

static void test_empty_run(void)
{
    AUTO(plan) plan = plan_new();
    struct plan_run run = {.store_run = -1, .limits = {.lanes = 8, .attempts = 4}};
    g_autoptr(GError) error = NULL;
    run.limits.window = window_open(0);
    g_assert_true(plan_run(plan, &run, &error));
    g_assert_no_error(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/print", test_print);
    g_test_add_func("/plan/print-undo", test_print_undo);
    g_test_add_func("/plan/print-lock-timeouts", test_print_lock_timeouts);
    g_test_add_func("/plan/print-patience", test_print_patience);
    g_test_add_func("/plan/print-program", test_print_program);
    g_test_add_func("/plan/print-nothing", test_print_nothing);
    g_test_add_func("/plan/print-limits", test_print_limits);
    g_test_add_func("/plan/print-injection", test_print_injection);
    g_test_add_func("/plan/outcome-names", test_outcome_names);
    g_test_add_func("/plan/empty-run", test_empty_run);
    return g_test_run();
}
