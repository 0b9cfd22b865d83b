/* What a section says at a look, and its acts: one command of its own, captured. */
#include "options.h"
#include "out/document.h"
#include "watch/watch_desk.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* ---- alarms and notes ----------------------------------------------------------------------- */

void watch_desk_init(struct watch_desk *desk, gint64 calm_us, const char *command_line)
{
    desk->calm_us = calm_us;
    desk->command_line = command_line;
    desk->alarms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void watch_desk_clear(struct watch_desk *desk)
{
    g_clear_pointer(&desk->alarms, g_hash_table_unref);
}

static enum watch_level level_of(const struct watch_alarm *alarm)
{
    return !alarm->holds ? WATCH_CALM : alarm->critical ? WATCH_CRITICAL : WATCH_WARNING;
}

enum watch_turn watch_desk_judge(struct watch_desk *desk, const struct watch_alarm *alarm,
                                 gint64 now_us)
{
    struct watch_alarm_state *state = g_hash_table_lookup(desk->alarms, alarm->name);

    if (state == NULL) {
        state = g_new0(struct watch_alarm_state, 1);
        g_hash_table_insert(desk->alarms, g_strdup(alarm->name), state);
    }
    enum watch_turn turn = watch_alarm_judge(state, level_of(alarm), now_us, desk->calm_us);
    if (turn != WATCH_STAYS)
        desk->alarm(alarm, desk->data);
    json_decref(alarm->detail);
    return turn;
}

enum watch_turn watch_alarm(struct watch_look *look, const struct watch_alarm *alarm)
{
    return watch_desk_judge(look->desk, alarm, look->now_us);
}

void watch_note(struct watch_look *look, const char *name, gint64 run, bool warning,
                const char *message)
{
    look->desk->note(name, run, warning, message, look->desk->data);
}

json_t *watch_document(const struct watch_look *look, const char *schema)
{
    return json_pack("{so so s{si so so}}", "schema", json_sprintf("pgrunbook.%s", schema),
                     "generated_at", document_time(g_get_real_time()), "server", "version_num",
                     session_version(look->guard), "database",
                     document_text(session_database(look->guard)), "system_identifier",
                     document_text(session_system_identifier(look->guard)));
}

/* ---- acts ----------------------------------------------------------------------------------- */

/* A command's output, kept in memory. */
struct watch_capture {
    FILE *data, *messages;
    char *data_text, *message_text;
    size_t data_length, message_length;
    struct output *output;
    struct options *options;
    GPtrArray *arguments; /* with a NULL at the end */
    GString *typed;       /* "pgrunbook connections relieve --yes" */
    char *command_line;   /* … and who did */
    int guard_pid;
};

static const struct command *command_of(const struct feature *feature, const char *verb)
{
    for (const struct command *command = feature->commands; command->run != NULL; command++)
        if (g_strcmp0(command->verb, verb) == 0)
            return command;
    g_assert_not_reached();
}

/* The history is open only while there is something to write: a watch is small. */
static struct store *open_store(const struct settings *settings)
{
    g_autofree char *path = settings_state_path(settings);

    return store_open_hurried(path);
}

static void set_command_line(struct watch_look *look)
{
    struct watch_capture *capture = look->desk->capture;

    g_free(capture->command_line);
    capture->command_line =
        g_strdup_printf("%s # by: %s", capture->typed->str, look->desk->command_line);
    look->call->command_line = capture->command_line;
}

void watch_act_begin(struct watch_look *look, const char *verb, double seconds)
{
    struct watch_capture *capture = g_new0(struct watch_capture, 1);
    struct call *call = look->call;

    g_assert(look->may_act && look->desk->capture == NULL);
    look->desk->busy(seconds, look->desk->data);
    look->desk->capture = capture;
    capture->data = open_memstream(&capture->data_text, &capture->data_length);
    capture->messages = open_memstream(&capture->message_text, &capture->message_length);
    g_assert(capture->data != NULL && capture->messages != NULL);
    capture->output =
        output_new(capture->data, capture->messages, OUTPUT_JSON, OUTPUT_COLOR_NEVER, 0);
    capture->options = options_new();
    capture->arguments = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(capture->arguments, NULL);
    capture->typed = g_string_new(NULL);
    g_string_printf(capture->typed, "pgrunbook %s %s --yes", call->feature->name, verb);
    capture->guard_pid = session_pid(look->guard);
    call->command = command_of(call->feature, verb);
    call->options = capture->options;
    call->arguments = (const char *const *) capture->arguments->pdata;
    call->output = capture->output;
    call->guard = look->guard;
    call->yes = true;
    call->store = open_store(call->settings);
    set_command_line(look);
}

void watch_act_option(struct watch_look *look, const char *name, const char *value)
{
    struct watch_capture *capture = look->desk->capture;

    options_add(capture->options, name, value);
    g_string_append_printf(capture->typed, " --%s", name);
    if (value != NULL)
        g_string_append_printf(capture->typed, "=%s", value);
    set_command_line(look);
}

void watch_act_argument(struct watch_look *look, const char *argument)
{
    struct watch_capture *capture = look->desk->capture;

    g_ptr_array_insert(capture->arguments, (int) capture->arguments->len - 1,
                       g_strdup(argument));
    look->call->arguments = (const char *const *) capture->arguments->pdata;
    g_string_append_printf(capture->typed, " %s", argument);
    set_command_line(look);
}

void watch_act_for(struct watch_look *look, const char *actor, const char *reason, bool dry_run)
{
    store_set_actor(look->call->store, actor, reason);
    look->call->dry_run = dry_run;
    look->call->yes = !dry_run;
}

/* The messages on one line, the program's name removed. */
static char *one_line(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) joined = g_string_new(NULL);

    for (guint i = 0; lines[i] != NULL; i++) {
        const char *line = g_strstrip(lines[i]);
        if (g_str_has_prefix(line, "pgrunbook: "))
            line += strlen("pgrunbook: ");
        if (*line != '\0')
            g_string_append_printf(joined, "%s%s", joined->len > 0 ? "; " : "", line);
    }
    return g_string_free(g_steal_pointer(&joined), FALSE);
}

static gint64 run_of(const json_t *document)
{
    const json_t *run = json_object_get(document, "run_id");

    return json_is_integer(run) ? json_integer_value(run) : -1;
}

struct watch_outcome watch_act_end(struct watch_look *look, const GError *error)
{
    struct watch_capture *capture = g_steal_pointer(&look->desk->capture);
    struct call *call = look->call;
    struct watch_outcome outcome = {.run = -1};

    if (error != NULL)
        output_error(capture->output, error);
    if (store_trouble(call->store) != NULL)
        output_warn(capture->output, "this run is not in the history: %s",
                    store_trouble(call->store));
    g_clear_pointer(&capture->output, output_free);
    fclose(capture->data);
    fclose(capture->messages);
    outcome.document =
        json_loadb(capture->data_text, capture->data_length, JSON_DISABLE_EOF_CHECK, NULL);
    outcome.messages = one_line(capture->message_text);
    /* What is in memory only has no number that means anything. */
    outcome.run = store_trouble(call->store) == NULL ? run_of(outcome.document) : -1;
    /* The run's connection broke and was opened anew: the watch's locks went with it. */
    if (!session_alive(look->guard) || session_pid(look->guard) != capture->guard_pid)
        look->may_act = false;
    g_clear_pointer(&call->store, store_close);
    call->options = NULL;
    call->arguments = NULL;
    call->dry_run = false;
    call->output = NULL;
    call->guard = NULL;
    call->command_line = NULL;
    options_free(capture->options);
    g_ptr_array_unref(capture->arguments);
    g_string_free(capture->typed, TRUE);
    g_free(capture->command_line);
    free(capture->data_text);
    free(capture->message_text);
    g_free(capture);
    malloc_trim(0);
    return outcome;
}

void watch_outcome_clear(struct watch_outcome *outcome)
{
    json_decref(outcome->document);
    g_free(outcome->messages);
    *outcome = (struct watch_outcome){.run = -1};
}
