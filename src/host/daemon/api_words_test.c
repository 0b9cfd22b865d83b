/* What a stranger may say, and what becomes of it. */
#include "daemon/api_run.h"
#include "daemon/api_words.h"

#include <string.h>

static enum runbook_exit nothing(struct call *call, GError **error)
{
    (void) call;
    (void) error;
    return RUNBOOK_DONE;
}

static const struct option options[] = {
    {.name = "limit", .argument = "N"},
    {.name = "deep"},
    {.name = "table", .argument = "NAME", .flags = OPTION_REPEATS},
    {.name = "file", .argument = "FILE", .flags = OPTION_LOCAL},
    {.name = NULL},
};
static const struct option restore_options[] = {
    {.name = "plan", .flags = OPTION_LOOKS},
    {.name = "to", .argument = "DIR", .flags = OPTION_LOCAL},
    {.name = "until", .argument = "TIME"},
    {.name = NULL},
};
static const char *const instead[] = {"deep", NULL};
static const struct command commands[] = {
    {.verb = "report", .options = options, .flags = COMMAND_NEEDS_SERVER, .run = nothing},
    {.verb = "run",
     .options = options,
     .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES,
     .run = nothing},
    {.verb = "end",
     .arguments = "PID",
     .instead = instead,
     .options = options,
     .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES,
     .run = nothing},
    {.verb = "show", .arguments = "ID", .flags = COMMAND_TAKES_TARGET, .run = nothing},
    {.verb = "lint",
     .arguments = "[DIR]",
     .flags = COMMAND_TAKES_TARGET | COMMAND_LOCAL_WORDS,
     .run = nothing},
    {.verb = "wal push", .arguments = "FILE", .flags = COMMAND_LOCAL, .run = nothing},
    {.verb = "wal list", .run = nothing},
    {.verb = "secret", .flags = COMMAND_HIDDEN, .run = nothing},
    {.verb = "capture", .arguments = "-- PROGRAM...", .run = nothing},
    {.verb = "restore",
     .options = restore_options,
     .flags = COMMAND_TAKES_TARGET | COMMAND_WRITES | COMMAND_LOCAL,
     .run = nothing},
    {.run = NULL},
};
static const struct feature feature = {.name = "keep", .title = "Keep", .commands = commands};
const struct feature *const features[] = {&feature, NULL};

/* The command line for that address, "400" or "404". */
static char *line_of(const char *address)
{
    static const char *const place[] = {"--target", "shop", NULL};
    AUTO(http_query) query = http_query_parse(address, strlen(address));
    g_autoptr(GError) error = NULL;
    int status = 0;

    g_assert_nonnull(query);
    AUTO(api_call) call = api_call_new(http_query_path(query), API_LOOK, &status, &error);
    if (call == NULL) {
        g_assert_nonnull(error);
        return g_strdup_printf("%d", status);
    }
    if (!api_call_query(call, query, &error)) {
        g_assert_nonnull(error);
        return g_strdup("400");
    }
    g_auto(GStrv) words = api_call_words(call, place, NULL);
    return g_strjoinv(" ", words);
}

static void test_looks(void)
{
    static const struct {
        const char *address, *line;
    } cases[] = {
        {"/api/v1/keep/report", "keep report --json --target shop"},
        {"/api/v1/keep/report?limit=3&deep=1",
         "keep report --deep --limit=3 --json --target shop"},
        {"/api/v1/keep/report?deep=0", "keep report --json --target shop"},
        {"/api/v1/keep/report?deep=maybe", "400"},
        {"/api/v1/keep/report?limit=--yes", "keep report --limit=--yes --json --target shop"},
        {"/api/v1/keep/report?limit=", "400"},
        {"/api/v1/keep/report?limit=1%0A2", "keep report --limit=1\n2 --json --target shop"},
        {"/api/v1/keep/report?target=a%0Ab", "400"},
        {"/api/v1/keep/show/a%0Ab", "404"},
        {"/api/v1/keep/report?file=x", "400"},
        {"/api/v1/keep/report?host=x", "400"},
        {"/api/v1/keep/report?json=1", "400"},
        {"/api/v1/keep/report?target=all", "400"},
        {"/api/v1/keep/report?max_age=86401", "400"},
        {"/api/v1/keep/report/more", "400"},
        {"/api/v1/keep/show", "400"},
        {"/api/v1/keep/show/--help", "keep show --json --target shop -- --help"},
        {"/api/v1/keep/7", "keep show --json --target shop -- 7"},
        {"/api/v1/keep/-7", "404"},
        {"/api/v1/keep/lint", "keep lint --json --target shop"},
        {"/api/v1/keep/lint/etc", "400"},
        {"/api/v1/keep/wal/list", "keep wal list --json --target shop"},
        {"/api/v1/keep/wal/push", "404"},
        {"/api/v1/keep/wal", "404"},
        {"/api/v1/keep/secret", "404"},
        {"/api/v1/keep/capture", "404"},
        {"/api/v1/keep/run", "405"},
        {"/api/v1/keep/end/12", "405"},
        {"/api/v1/keep/restore", "404"},
        {"/api/v1/keep/restore?plan=1", "404"},
        {"/api/v1/keep/restore-plan", "keep restore --plan --json --target shop"},
        {"/api/v1/keep/restore-plan?until=x",
         "keep restore --plan --until=x --json --target shop"},
        {"/api/v1/keep/restore-plan?to=x", "400"},
        {"/api/v1/keep/restore-plan?plan=0", "400"},
        {"/api/v1/keep", "404"},
        {"/api/v1/", "404"},
        {"/api/v1/keep//report", "404"},
        {"/api/v1/nothing/report", "404"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = line_of(cases[i].address);
        g_test_message("%s", cases[i].address);
        g_assert_cmpstr(line, ==, cases[i].line);
    }
}

/* The command line for that body; "400", "404". */
static char *act_of(const char *path, const char *body)
{
    static const char *const place[] = {"--target", "shop", NULL};
    AUTO(http_query) query = http_query_parse(path, strlen(path));
    g_autoptr(GError) error = NULL;
    int status = 0;
    AUTO(api_call) call = api_call_new(http_query_path(query), API_ACT, &status, &error);

    if (call == NULL)
        return g_strdup_printf("%d", status);
    json_t *json = json_loads(body, 0, NULL);
    bool good = json != NULL && api_call_body(call, query, json, &error);
    json_decref(json);
    if (!good)
        return g_strdup("400");
    g_auto(GStrv) words = api_call_words(call, place, "--yes");
    return g_strjoinv(" ", words);
}

static void test_acts(void)
{
    static const struct {
        const char *path, *body, *line;
    } cases[] = {
        {"/api/v1/keep/run", "{}", "keep run --yes --json --target shop"},
        {"/api/v1/keep/run", "{\"options\":{\"table\":[\"a\",\"b\"],\"limit\":3}}",
         "keep run --limit=3 --table=a --table=b --yes --json --target shop"},
        {"/api/v1/keep/run", "{\"options\":{\"limit\":[1,2]}}", "400"},
        {"/api/v1/keep/run", "{\"options\":{\"limit\":null}}", "400"},
        {"/api/v1/keep/run", "{\"options\":{\"limit\":\"a\\u0000b\"}}", "400"},
        {"/api/v1/keep/run", "{\"options\":{\"yes\":true}}", "400"},
        {"/api/v1/keep/run", "{\"options\":{\"file\":\"x\"}}", "400"},
        {"/api/v1/keep/run", "{\"arguments\":[\"dbname\"]}", "400"},
        {"/api/v1/keep/run?limit=3", "{}", "400"},
        {"/api/v1/keep/end", "{\"arguments\":[12]}",
         "keep end --yes --json --target shop -- 12"},
        {"/api/v1/keep/end", "{}", "400"},
        {"/api/v1/keep/end", "{\"options\":{\"deep\":true}}",
         "keep end --deep --yes --json --target shop"},
        {"/api/v1/keep/end", "{\"options\":{\"deep\":true},\"arguments\":[12]}", "400"},
        {"/api/v1/keep/end", "{\"arguments\":[true]}", "400"},
        {"/api/v1/keep/end", "{\"arguments\":[\"\"]}", "400"},
        {"/api/v1/keep/end", "{\"arguments\":[\"a\\u0000b\"]}", "400"},
        {"/api/v1/keep/end", "{\"arguments\":[\"a\\r\\n\\u001b\"]}",
         "keep end --yes --json --target shop -- a\r\n\033"},
        {"/api/v1/keep/run", "{\"options\":{\"table\":[\"\\\"a\\nb\\\"\"]}}",
         "keep run --table=\"a\nb\" --yes --json --target shop"},
        {"/api/v1/keep/report", "{}", "405"},
        {"/api/v1/keep/nothing", "{}", "404"},
        {"/api/v1/keep/restore", "{}", "404"},
        {"/api/v1/keep/restore-plan", "{}", "405"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = act_of(cases[i].path, cases[i].body);
        g_test_message("%s %s", cases[i].path, cases[i].body);
        g_assert_cmpstr(line, ==, cases[i].line);
    }
}

static void test_status(void)
{
    g_assert_cmpint(api_run_status(0, false, true), ==, 200);
    g_assert_cmpint(api_run_status(5, false, true), ==, 200);
    g_assert_cmpint(api_run_status(4, false, true), ==, 200);
    g_assert_cmpint(api_run_status(4, false, false), ==, 409);
    g_assert_cmpint(api_run_status(2, false, true), ==, 400);
    g_assert_cmpint(api_run_status(3, false, false), ==, 502);
    g_assert_cmpint(api_run_status(-1, false, true), ==, 500);
    g_assert_cmpint(api_run_status(2, true, true), ==, 200);
    g_assert_cmpint(api_run_status(3, true, true), ==, 200);
    g_assert_cmpint(api_run_status(3, true, false), ==, 502);
    g_assert_cmpint(api_run_status(-1, true, true), ==, 500);
    g_assert_true(api_run_is_document("{}\n", 3));
    g_assert_false(api_run_is_document("{}\n{}\n", 6));
    g_assert_false(api_run_is_document("[]\n", 3));
    g_assert_false(api_run_is_document("", 0));
}

/* What a child printed has no NUL at its end. */
static void test_large_documents(void)
{
    gsize length = (1 << 20) + 3;
    g_autofree char *text = g_strnfill(length + 2, 'x');

    memcpy(text, "{", 1);
    memcpy(text + length - 2, "}\n", 2);
    g_assert_true(api_run_is_document(text, length));
    g_assert_false(api_run_is_document(text, length - 1));
    g_assert_false(api_run_is_document(text, length + 2));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api_words/looks", test_looks);
    g_test_add_func("/api_words/acts", test_acts);
    g_test_add_func("/api_words/status", test_status);
    g_test_add_func("/api_words/large-documents", test_large_documents);
    return g_test_run();
}
