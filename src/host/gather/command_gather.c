#include "gather/gather.h"

#include "check.h"
#include "cli/check_ask.h"
#include "cli/grammar.h"

#include <stdio.h>
#include <string.h>

enum { SECTION_SECONDS, SECTION_DONE };
const struct metric gather_metrics[] = {
    [SECTION_SECONDS] = {"section_duration_seconds", METRIC_GAUGE, "seconds",
                         "How long it took to look at the section's part of the server",
                         "section", false},
    [SECTION_DONE] = {"section_success", METRIC_GAUGE, NULL,
                      "Whether the section could be looked at: 1, else 0", "section", false},
    {.name = NULL},
};

enum { CHECK_STATUS, CHECK_VALUE, CHECK_GAPS };
const struct metric gather_check_metrics[] = {
    [CHECK_STATUS] = {"status", METRIC_GAUGE, NULL,
                      "What check says: 0 ok, 1 warning, 2 critical, 3 unknown", "check",
                      false},
    [CHECK_VALUE] = {"value", METRIC_GAUGE, NULL,
                     "The number check's verdict rests on, in the unit of its message", "check",
                     false},
    [CHECK_GAPS] = {"unreadable", METRIC_GAUGE, NULL,
                    "How many things the role may not read, each with its GRANT in check", NULL,
                    false},
    {.name = NULL},
};

struct gathering {
    struct call *call;
    struct check *check;
    struct measure *measure;
};

/* ---- asking -------------------------------------------------------------------------------- */

/* A section that cannot measure has said so, or will, as a verdict; here it is a number. */
static bool measure_one(const struct gathering *gathering, const struct feature *feature,
                        GError **error)
{
    g_autoptr(GError) failure = NULL;

    measure_section(gathering->measure, feature->name, check_observed(gathering->check));
    if (feature->measure == NULL || feature->measure(gathering->measure, &failure))
        return true;
    if (cli_check_interrupted(failure))
        g_propagate_error(error, g_steal_pointer(&failure));
    else
        output_warn(gathering->call->output, "no figures of %s: %s", feature->name,
                    failure->message);
    return false;
}

/* False only for Ctrl-C. */
static bool ask_one(const struct gathering *gathering, const struct feature *feature,
                    GError **error)
{
    gint64 begun_us = g_get_monotonic_time();
    bool failed = false;

    if (!cli_check_ask(gathering->check, feature, &failed, error))
        return false;
    bool done = !failed && measure_one(gathering, feature, error);
    check_forget(gathering->check);
    if (error != NULL && *error != NULL)
        return false;
    double seconds = (double) (g_get_monotonic_time() - begun_us) / G_USEC_PER_SEC;
    measure_section(gathering->measure, "gather", NULL);
    measure_add(gathering->measure, &gather_metrics[SECTION_SECONDS], seconds, feature->name);
    measure_add(gathering->measure, &gather_metrics[SECTION_DONE], done, feature->name);
    return true;
}

static bool ask_all(const struct gathering *gathering, GError **error)
{
    const struct feature *feature;

    for (guint i = 0; (feature = cli_section_at(i)) != NULL; i++)
        if ((feature->check != NULL || feature->measure != NULL) &&
            !ask_one(gathering, feature, error))
            return false;
    return true;
}

static void measure_check(const struct gathering *gathering)
{
    struct measure *measure = gathering->measure;

    measure_section(measure, "check", NULL);
    for (guint i = 0; i < check_verdicts(gathering->check); i++) {
        const struct verdict *verdict = check_verdict(gathering->check, i);
        measure_add(measure, &gather_check_metrics[CHECK_STATUS], (double) verdict->status,
                    verdict->name);
        measure_add(measure, &gather_check_metrics[CHECK_VALUE], verdict->value, verdict->name);
    }
    measure_add(measure, &gather_check_metrics[CHECK_GAPS], check_gaps(gathering->check));
}

/* ---- saying -------------------------------------------------------------------------------- */

/* The text of the document, byte for byte. Caller frees. */
static char *document_of(const struct gathering *gathering, struct session *session)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    struct output *output = output_new(memory, stderr, OUTPUT_JSON, OUTPUT_COLOR_NEVER, -1);

    output_one_line(output);
    cli_check_print(gathering->check, session, gathering->call, output);
    output_finish(output, NULL);
    output_free(output);
    fclose(memory);
    char *copy = g_strchomp(g_strdup(text));
    free(text);
    return copy;
}

static void say(struct call *call, const char *line, const char *key, const char *json)
{
    g_autofree char *text =
        g_strdup_printf("{\"line\": \"%s\", \"at_us\": %" G_GINT64_FORMAT ", \"%s\": %s}\n",
                        line, g_get_real_time(), key, json);

    output_raw(call->output, text);
}

static void say_check(const struct gathering *gathering, struct session *session)
{
    g_autofree char *document = document_of(gathering, session);

    say(gathering->call, "check", "document", document);
}

static void say_metrics(const struct gathering *gathering)
{
    json_t *families = measure_families(gathering->measure);
    char *text = json_dumps(families, JSON_COMPACT | JSON_REAL_PRECISION(15));

    say(gathering->call, "metrics", "families", text);
    free(text);
    json_decref(families);
}

/* ---- the command --------------------------------------------------------------------------- */

/* What there is to read; where there is none yet, an empty one. */
static struct store *open_history(const struct call *call)
{
    g_autofree char *path = settings_state_path(call->settings);
    struct store *store =
        g_file_test(path, G_FILE_TEST_EXISTS) ? store_open_reader(path, NULL) : NULL;

    return store != NULL ? store : store_open(NULL);
}

static enum runbook_exit gather(struct gathering *gathering, struct session *session,
                                GError **error)
{
    struct call *call = gathering->call;
    AUTO(store) store = open_history(call);
    guint top = (guint) settings_int(call->settings, "metrics.top");
    AUTO(measure)
    measure = measure_new(session, call->settings, store,
                          call->target != NULL ? call->target : call->alias, top);

    gathering->measure = measure;
    if (!ask_all(gathering, error))
        return RUNBOOK_INTERRUPTED;
    measure_check(gathering);
    say_check(gathering, session);
    say_metrics(gathering);
    return RUNBOOK_DONE;
}

static enum runbook_exit gather_command(struct call *call, GError **error)
{
    g_autoptr(GError) failure = NULL;
    AUTO(session) session = call_connect(call, &failure);
    g_autofree char *where = cli_check_where(call, session);
    AUTO(check) check = check_new(session, call->settings, where);
    struct gathering gathering = {.call = call, .check = check};

    if (session != NULL)
        return gather(&gathering, session, error);
    enum runbook_exit code = runbook_error_exit(failure);
    if (!cli_check_interrupted(failure)) {
        cli_check_failure(check, "connection", failure);
        say_check(&gathering, NULL);
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return code;
}

const struct command gather_commands[] = {
    {
        .summary = "Gather what the page and the metrics show of a target",
        .prose = "The document of check and the sections' figures, one JSON object a line. "
                 "\"pgrunbook serve\" starts it for each target. Changes nothing.",
        .flags = COMMAND_NEEDS_SERVER | COMMAND_HIDDEN,
        .run = gather_command,
    },
    {
        .verb = "names",
        .summary = "List the families of /metrics",
        .prose = "With their types, labels and meanings, as they stand in the reference.",
        .flags = COMMAND_HIDDEN | CLI_BARE,
        .run = gather_names_command,
    },
    {.run = NULL},
};
