#include "daemon/api_confirm.h"

enum { DIES_US = 1000 };

static char anna[] = "anna", run_path[] = "/api/v1/vacuum/run";

static struct api_plan plan_of(void)
{
    return (struct api_plan){
        .token = anna,
        .path = run_path,
        .settings = 3,
        .dies_us = DIES_US,
    };
}

static struct api_confirmation confirmation_at(gint64 now_us)
{
    return (struct api_confirmation){
        .token = anna,
        .path = run_path,
        .has_reason = true,
        .settings = 3,
        .now_us = now_us,
    };
}

static void expect(const struct api_plan *plan, const struct api_confirmation *confirmation,
                   int status, const char *error)
{
    const struct api_refusal refusal = api_confirm(plan, confirmation);

    g_assert_cmpint(refusal.status, ==, status);
    g_assert_cmpstr(refusal.error, ==, error);
}

static void test_in_time(void)
{
    const struct api_plan plan = plan_of();
    struct api_confirmation now = confirmation_at(DIES_US);

    expect(&plan, &now, 0, NULL);
    now.now_us = DIES_US + 1;
    expect(&plan, &now, 410, "the plan has expired");
}

/* Whoever is late hears so, whatever else may be missing; but not of a plan that is no one's to
 * hear of, or was carried out in time. */
static void test_too_late(void)
{
    struct api_plan plan = plan_of();
    struct api_confirmation late = confirmation_at(DIES_US + 1);

    late.settings = 4;
    late.has_reason = false;
    expect(&plan, &late, 410, "the plan has expired");
    plan.used = true;
    expect(&plan, &late, 409, "the plan was carried out already");
    late.token = "bert";
    expect(&plan, &late, 403, "the plan was shown to another token");
}

static void test_refused(void)
{
    const struct api_plan plan = plan_of();
    struct api_confirmation now = confirmation_at(0);

    expect(NULL, &now, 404, "there is no such plan");
    now.has_reason = false;
    expect(&plan, &now, 400, "a reason is needed: one line of text, 500 characters at most");
    now.settings = 4;
    expect(&plan, &now, 409, "the settings were read anew since the plan was shown");
    now.says_more = true;
    expect(&plan, &now, 400, "the plan is of another target, or of other options");
    now.path = "/api/v1/vacuum";
    expect(&plan, &now, 400, "the plan is of another command");
}

static void test_reason(void)
{
    static const struct {
        const char *json, *reason; /* NULL: it is none */
    } cases[] = {
        {"\"it hangs\"", "it hangs"},
        {"\"  it hangs \"", "it hangs"},
        {"\"\"", NULL},
        {"\"  \"", NULL},
        {"\"two\\nlines\"", NULL},
        {"\"cut\\u0000here\"", NULL},
        {"7", NULL},
        {"null", NULL},
    };
    g_autofree char *long_text = g_strnfill(501, 'x');
    json_t *long_value = json_string(long_text);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_t *value = json_loads(cases[i].json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        g_autofree char *reason = api_reason(value);
        g_assert_cmpstr(reason, ==, cases[i].reason);
        json_decref(value);
    }
    g_assert_null(api_reason(NULL));
    g_assert_null(api_reason(long_value));
    json_string_set(long_value, long_text + 1);
    g_autofree char *longest = api_reason(long_value);
    g_assert_cmpstr(longest, ==, long_text + 1);
    json_decref(long_value);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api/confirm/in-time", test_in_time);
    g_test_add_func("/api/confirm/too-late", test_too_late);
    g_test_add_func("/api/confirm/refused", test_refused);
    g_test_add_func("/api/confirm/reason", test_reason);
    return g_test_run();
}
