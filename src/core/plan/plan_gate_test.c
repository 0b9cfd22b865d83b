#include "plan/plan_gate.h"

static void test_judge(void)
{
    static const struct {
        struct gate_count count;
        enum runbook_exit wanted;
    } cases[] = {
        {{0, 0, 0, 0}, RUNBOOK_DONE},   {{3, 0, 0, 0}, RUNBOOK_DONE},
        {{0, 2, 0, 0}, RUNBOOK_FAILED}, {{0, 0, 0, 2}, RUNBOOK_REFUSED},
        {{0, 0, 2, 0}, RUNBOOK_PARTLY}, {{1, 1, 0, 0}, RUNBOOK_PARTLY},
        {{1, 0, 1, 0}, RUNBOOK_PARTLY}, {{1, 0, 0, 1}, RUNBOOK_PARTLY},
        {{0, 1, 1, 0}, RUNBOOK_PARTLY}, {{0, 1, 0, 1}, RUNBOOK_PARTLY},
        {{0, 0, 1, 1}, RUNBOOK_PARTLY}, {{1, 1, 1, 1}, RUNBOOK_PARTLY},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        if (gate_judge(&cases[i].count) != cases[i].wanted)
            g_test_fail_printf("case %" G_GSIZE_FORMAT ": %d", i, gate_judge(&cases[i].count));
}

static void test_count_steps(void)
{
    AUTO(plan) plan = plan_new();
    struct gate_count count = {.done = 1};

    for (int outcome = STEP_DONE; outcome <= STEP_NOT_REACHED; outcome++)
        plan_add(plan)->outcome = (enum step_outcome) outcome;
    gate_count_steps(&count, plan);
    g_assert_cmpuint(count.done, ==, 2);
    g_assert_cmpuint(count.failed, ==, 1);
    g_assert_cmpuint(count.left, ==, 2);
    g_assert_cmpuint(count.forbidden, ==, 0);
}

static void test_outcome_names(void)
{
    static const struct {
        enum runbook_exit code;
        const char *name;
    } cases[] = {
        {RUNBOOK_DONE, "done"},
        {RUNBOOK_FAILED, "failed"},
        {RUNBOOK_USAGE, "failed"},
        {RUNBOOK_CONNECT, "failed"},
        {RUNBOOK_REFUSED, "refused"},
        {RUNBOOK_PARTLY, "partly"},
        {RUNBOOK_INTERRUPTED, "interrupted"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(gate_outcome_name(cases[i].code), ==, cases[i].name);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gate/judge", test_judge);
    g_test_add_func("/gate/count-steps", test_count_steps);
    g_test_add_func("/gate/outcome-names", test_outcome_names);
    return g_test_run();
}
