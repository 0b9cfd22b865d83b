#include "daemon/api_shown.h"

#include <string.h>

static const struct option options[] = {
    {.name = "grace", .argument = "DURATION"},
    {.name = "only", .argument = "MARK", .flags = OPTION_REPEATS},
    {.name = NULL},
};

static void check(const struct command *command, const char *printed, const char *wanted)
{
    static const char *const words[] = {"shop", "cancel",   "--only=1@x@y", "--yes", "--json",
                                        "--",   "--only=2", "--yes",        NULL};
    g_auto(GStrv) made = api_shown_words(command, words, printed, strlen(printed));
    g_autofree char *line = g_strjoinv(" ", made);

    g_assert_cmpstr(line, ==, wanted);
}

static void test_words(void)
{
    static const struct command takes = {.verb = "cancel", .options = options};
    static const struct command does_not = {.verb = "run", .options = options + 2};

    check(&takes, "{\"only\": [\"5@a@b\", \"6@a@b\"]}",
          "shop cancel --only=5@a@b --only=6@a@b --yes --json -- --only=2 --yes");
    for (int i = 0; i < 3; i++)
        check(&takes, (const char *const[]){"{\"only\": []}", "{}", "no document"}[i],
              "shop cancel --only=none --yes --json -- --only=2 --yes");
    check(&does_not, "{\"only\": [\"5\"]}",
          "shop cancel --only=1@x@y --yes --json -- --only=2 --yes");
}

static void test_line(void)
{
    static const char *const words[] = {"shop",       "cancel", "--only=1@x@y",
                                        "--grace=5s", "--yes",  "--json",
                                        "--",         "--json", NULL};
    g_autofree char *line = api_shown_line(words);

    g_assert_cmpstr(line, ==, "pgrunbook shop cancel --grace=5s -- --json");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api/shown/words", test_words);
    g_test_add_func("/api/shown/line", test_line);
    return g_test_run();
}
