/* What a section says at a look, and an act of its own, without any server. */
#include "out/document.h"
#include "pg/session_private.h"
#include "watch/watch_desk.h"

#include <string.h>

/* ---- a section ------------------------------------------------------------------------------------- */

static enum runbook_exit relieve(struct call *call, GError **error)
{
    struct document *document = document_begin(call->output, "test.relieve/1", NULL);

    g_assert_true(call->yes);
    g_assert_nonnull(call->guard);
    g_assert_true(option_given(call->options, "service-unready"));
    g_assert_cmpstr(option_value(call->options, "grace"), ==, "1s");
    g_assert_cmpstr(call->command_line, ==,
                    "pgrunbook test relieve --yes --service-unready --grace=1s "
                    "# by: pgrunbook watch shop");
    output_note(call->output, "a note\non two lines");
    document_member(document, "run_id", json_integer(7));
    document_end(document);
    runbook_error_set(error, RUNBOOK_FAILED, "try it again", "it broke");
    return RUNBOOK_FAILED;
}

static const struct command commands[] = {
    {.verb = "report", .run = relieve},
    {.verb = "relieve", .run = relieve},
    {.run = NULL},
};
static const struct feature section = {.name = "test", .commands = commands};
static const struct setting_table tables[] = {{NULL, settings_core, NULL}, {NULL, NULL, NULL}};

/* ---- the watch around it ----------------------------------------------------------------------------- */

static void on_alarm(const struct watch_alarm *alarm, gpointer data)
{
    g_string_append_printf(data, "%s %s: %s\n", alarm->name, alarm->holds ? "on" : "off",
                           alarm->message);
}

static void on_note(const char *name, gint64 run, bool warning, const char *message,
                    gpointer data)
{
    g_string_append_printf(data, "note %s %" G_GINT64_FORMAT "%s: %s\n", name, run,
                           warning ? "!" : "", message);
}

static void on_busy(double seconds, gpointer data)
{
    g_string_append_printf(data, "busy %.0f\n", seconds);
}

struct stage {
    GString *said;
    struct watch_desk desk;
    struct watch_memory memory;
    struct session session; /* nobody at the other end */
    struct settings *settings;
    struct call call;
    struct watch_look look;
};

static void stage_open(struct stage *stage, const char *state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("[pgrunbook]\nstate = %s\n", state);

    *stage = (struct stage){.said = g_string_new(NULL)};
    stage->settings = settings_parse(tables, "test", text, strlen(text), &error);
    g_assert_no_error(error);
    watch_desk_init(&stage->desk, 3 * G_USEC_PER_SEC, "pgrunbook watch shop");
    stage->desk.alarm = on_alarm;
    stage->desk.note = on_note;
    stage->desk.busy = on_busy;
    stage->desk.data = stage->said;
    stage->call = (struct call){.feature = &section, .settings = stage->settings};
    stage->look = (struct watch_look){.call = &stage->call,
                                      .guard = &stage->session,
                                      .may_act = true,
                                      .memory = &stage->memory,
                                      .desk = &stage->desk};
}

static void stage_close(struct stage *stage)
{
    watch_desk_clear(&stage->desk);
    settings_free(stage->settings);
    g_string_free(stage->said, TRUE);
}

/* ---- tests ------------------------------------------------------------------------------------------- */

static void test_alarms(void)
{
    static const bool full[] = {true, true, true, false, false, false, false, false};
    struct stage stage;

    stage_open(&stage, "/nonexistent/h.db");
    for (gsize i = 0; i < G_N_ELEMENTS(full); i++) {
        stage.look.now_us = (gint64) (i + 1) * G_USEC_PER_SEC;
        watch_alarm(&stage.look, &(struct watch_alarm){.name = "slots",
                                                       .holds = full[i],
                                                       .message = full[i] ? "full" : "room",
                                                       .detail = json_pack("{si}", "n", 1)});
        watch_alarm(&stage.look,
                    &(struct watch_alarm){.name = "emergency", .message = "healthy"});
    }
    watch_note(&stage.look, "rule", 3, true, "pid 7");
    g_assert_cmpstr(stage.said->str, ==,
                    "slots on: full\nemergency off: healthy\nslots off: room\n"
                    "note rule 3!: pid 7\n");
    stage_close(&stage);
}

/* The command is called as if typed, and what it says comes back. */
static void test_act(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("pgrunbook-look-XXXXXX", NULL);
    g_autofree char *state = g_build_filename(folder, "history.db", NULL);
    struct stage stage;

    stage_open(&stage, state);
    watch_act_begin(&stage.look, "relieve", 20);
    watch_act_option(&stage.look, "service-unready", NULL);
    watch_act_option(&stage.look, "grace", "1s");
    g_assert_null(store_trouble(stage.call.store));
    g_assert_cmpint(stage.call.command->run(&stage.call, &error), ==, RUNBOOK_FAILED);
    struct watch_outcome outcome = watch_act_end(&stage.look, error);
    g_assert_cmpint(outcome.run, ==, 7);
    g_assert_cmpstr(json_string_value(json_object_get(outcome.document, "schema")), ==,
                    "pgrunbook.test.relieve/1");
    g_assert_cmpstr(outcome.messages, ==,
                    "a note; on two lines; error: it broke; hint: try it again");
    g_assert_cmpstr(stage.said->str, ==, "busy 20\n");
    /* The connection is lost, and with it the right to act. */
    g_assert_false(stage.look.may_act);
    g_assert_null(stage.call.store);
    g_assert_null(stage.call.guard);
    watch_outcome_clear(&outcome);
    stage_close(&stage);
    g_assert_cmpint(remove(state), ==, 0);
    g_assert_cmpint(remove(folder), ==, 0);
}

/* Without a history it acts all the same, and says so; a number from memory means nothing. */
static void test_act_unrecorded(void)
{
    g_autoptr(GError) error = NULL;
    struct stage stage;

    stage_open(&stage, "/dev/null/history.db");
    watch_act_begin(&stage.look, "relieve", 20);
    watch_act_option(&stage.look, "service-unready", NULL);
    watch_act_option(&stage.look, "grace", "1s");
    stage.call.command->run(&stage.call, &error);
    struct watch_outcome outcome = watch_act_end(&stage.look, error);
    g_assert_cmpint(outcome.run, ==, -1);
    g_assert_nonnull(strstr(outcome.messages, "this run is not in the history: "));
    watch_outcome_clear(&outcome);
    stage_close(&stage);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch/look/alarms", test_alarms);
    g_test_add_func("/watch/look/act", test_act);
    g_test_add_func("/watch/look/act-unrecorded", test_act_unrecorded);
    return g_test_run();
}
