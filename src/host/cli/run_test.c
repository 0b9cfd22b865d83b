/*
 * Which history a command finds, seen from a section that keeps samples and one that only reads
 * them. Each call is a process of its own, as stdout and stderr are its own.
 */
#include "cli/cli.h"
#include "feature.h"
#include "store/store_fixture.h"
#include "store/store_samples.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct store_node node = {"7300000000000000001", "shop", ""};

static void ignore_use(const struct store_use *use, gpointer data)
{
    (void) use;
    (void) data;
}

static enum runbook_exit count_samples(struct call *call, GError **error)
{
    struct store_sampling sampling;
    (void) error;
    store_uses(call->store, &node, &sampling, ignore_use, NULL);
    output_say(call->output, "samples: %d", (int) sampling.samples);
    return RUNBOOK_DONE;
}

static enum runbook_exit take_sample(struct call *call, GError **error)
{
    struct store_sampling sampling;
    store_uses(call->store, &node, &sampling, ignore_use, NULL);
    if (call->dry_run && !(call->command->flags & COMMAND_RECORDS))
        return count_samples(call, error);
    sampling.samples++;
    store_uses_put(call->store, &node, &sampling, NULL, 0, NULL, 0);
    return count_samples(call, error);
}

static const struct command demo_commands[] = {
    {.verb = "report", .summary = "report", .flags = COMMAND_RECORDS, .run = take_sample},
    {.verb = "act", .summary = "act", .flags = COMMAND_WRITES, .run = take_sample},
    {.verb = "both",
     .summary = "both",
     .flags = COMMAND_WRITES | COMMAND_RECORDS,
     .run = take_sample},
    {.verb = "look", .summary = "look", .run = count_samples},
    {.run = NULL},
};
static const struct feature demo = {.name = "demo", .title = "Demo", .commands = demo_commands};
const struct feature *const features[] = {&demo, NULL};

/* ---- in the child ------------------------------------------------------------------------- */

/* Runs a command line with the history of the environment, as a user who may write only where the
 * mode bits say so. */
static void call_cli(const char *command_line)
{
    enum { NOBODY = 65534 };
    g_auto(GStrv) words = g_strsplit(command_line, " ", -1);
    if (!g_test_subprocess())
        return;
    g_setenv("XDG_STATE_HOME", g_getenv("RUN_TEST_STATE"), TRUE);
    g_setenv("XDG_CONFIG_HOME", g_getenv("RUN_TEST_STATE"), TRUE);
    g_unsetenv("PGRUNBOOK_CONFIG");
    const uid_t self = geteuid();
    if (self == 0)
        g_assert_cmpint(seteuid(NOBODY), ==, 0);
    g_assert_cmpint(cli_main((int) g_strv_length(words), words), ==, 0);
    g_assert_cmpint(seteuid(self), ==, 0);
}

static void child_report(void)
{
    call_cli("pgrunbook demo report");
}

static void child_act(void)
{
    call_cli("pgrunbook demo act --yes");
}

static void child_rehearse(void)
{
    call_cli("pgrunbook demo act --dry-run");
}

static void child_both(void)
{
    call_cli("pgrunbook demo both --dry-run");
}

static void child_look(void)
{
    call_cli("pgrunbook demo look");
}

/* ---- the stories -------------------------------------------------------------------------- */

static char *make_state(void)
{
    enum { NOBODY = 65534 };
    char *folder = folder_new();
    if (geteuid() == 0)
        g_assert_cmpint(chown(folder, NOBODY, NOBODY), ==, 0);
    g_setenv("RUN_TEST_STATE", folder, TRUE);
    return folder;
}

static char *history_of(const char *folder)
{
    return g_build_filename(folder, "pgrunbook", "history.db", NULL);
}

static void expect(const char *verb, const char *out, const char *err)
{
    g_autofree char *path = g_strconcat("/run/child/", verb, NULL);
    g_test_trap_subprocess(path, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stdout(out);
    if (err != NULL)
        g_test_trap_assert_stderr(err);
    else
        g_test_trap_assert_stderr_unmatched("*?*");
}

static void test_kept(void)
{
    FOLDER folder = make_state();
    g_autofree char *path = history_of(folder);
    expect("rehearse", "*samples: 0\n*", NULL);
    expect("look", "*samples: 0\n*", NULL);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    expect("report", "*samples: 1\n*", NULL);
    expect("report", "*samples: 2\n*", NULL);
    expect("act", "*samples: 3\n*", NULL);
    expect("look", "*samples: 3\n*", NULL);
    expect("rehearse", "*samples: 3\n*", NULL);
    expect("both", "*samples: 4\n*", NULL);
    expect("look", "*samples: 4\n*", NULL);
}

/* Not a history: the command works as on the first day, and says why once. */
static void test_damaged(void)
{
    FOLDER folder = make_state();
    g_autofree char *path = history_of(folder);
    expect("report", "*samples: 1\n*", NULL);
    FILE *file = fopen(path, "w"); /* in place: it keeps its owner */
    g_assert_nonnull(file);
    g_assert_cmpint(fputs("not a history file at all", file), >=, 0);
    g_assert_cmpint(fclose(file), ==, 0);
    expect("report", "*samples: 1\n*",
           "pgrunbook: warning: nothing is kept for later in the history: *it is not a history "
           "file\n"
           "pgrunbook: hint: *.\n");
    expect("act", "*samples: 1\n*", "pgrunbook: warning: this run is not in the history: *");
    expect("look", "*samples: 0\n*", NULL);
}

/* What may only be read is worth reading. */
static void test_read_only(void)
{
    FOLDER folder = make_state();
    g_autofree char *path = history_of(folder);
    expect("report", "*samples: 1\n*", NULL);
    g_assert_cmpint(chmod(path, 0400), ==, 0);
    expect("report", "*samples: 1\n*",
           "pgrunbook: warning: nothing is kept for later in the history: *it is "
           "read-only\n*hint: *.\n");
    expect("look", "*samples: 1\n*", NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/run/kept", test_kept);
    g_test_add_func("/run/damaged", test_damaged);
    g_test_add_func("/run/read-only", test_read_only);
    g_test_add_func("/run/child/report", child_report);
    g_test_add_func("/run/child/act", child_act);
    g_test_add_func("/run/child/rehearse", child_rehearse);
    g_test_add_func("/run/child/both", child_both);
    g_test_add_func("/run/child/look", child_look);
    return g_test_run();
}
