/*
 * What there is over HTTP, as an OpenAPI document: made of the same tables that decide what is
 * answered, so it cannot say anything else.
 */
#include "daemon/api_private.h"

#include "cli/grammar.h"

#include <string.h>

/* ---- parameters --------------------------------------------------------------------------------- */

static json_t *parameter(const char *name, const char *in, bool required, const char *type,
                         const char *prose)
{
    return json_pack("{ss ss sb s{ss} ss}", "name", name, "in", in, "required", (int) required,
                     "schema", "type", type, "description", prose);
}

static json_t *schema_of(const struct option *option)
{
    const char *const *choices = cli_option_choices(option);
    json_t *schema = json_pack("{ss}", "type", option->argument == NULL ? "boolean" : "string");

    if (option->argument == NULL || choices == NULL)
        return schema;
    json_t *list = json_array();
    for (; *choices != NULL; choices++)
        json_array_append_new(list, json_string(*choices));
    json_object_set_new(schema, "enum", list);
    return schema;
}

static void add_option(json_t *parameters, const struct option *option)
{
    g_autofree char *prose = cli_option_prose(option);

    json_array_append_new(parameters, json_pack("{ss ss sb so ss}", "name", option->name, "in",
                                                "query", "required", 0, "schema",
                                                schema_of(option), "description", prose));
}

static bool has_target(const struct command *command)
{
    return command->flags & (COMMAND_NEEDS_SERVER | COMMAND_TAKES_TARGET);
}

static json_t *target_parameter(void)
{
    return parameter("target", "query", false, "string",
                     "name of a target; needed where there are several");
}

/* ---- answers ------------------------------------------------------------------------------------ */

static void add_shaped(json_t *answers, const char *code, const char *prose, json_t *shape)
{
    json_object_set_new(answers, code,
                        json_pack("{ss s{s{so}}}", "description", prose, "content",
                                  "application/json", "schema", shape));
}

static void add_answer(json_t *answers, const char *code, const char *prose, const char *shape)
{
    add_shaped(answers, code, prose, api_shape(shape));
}

/* Which paths answer with which errors. */
enum {
    OF_LOOK = 1 << 0,   /* a command's document */
    OF_ACT = 1 << 1,    /* a plan, or its confirmation */
    OF_STOP = 1 << 2,   /* of an act, of a run */
    OF_ONE = 1 << 3,    /* one of several by its number */
    OF_EVENTS = 1 << 4, /* the stream */
    OF_OWN = 1 << 5,    /* what is in the daemon's memory */
    OF_FREE = 1 << 6,   /* … and needs no token */
    OF_COMMAND = OF_LOOK | OF_ACT,
    OF_ANY = (1 << 7) - 1,
};

static const struct {
    const char *code, *prose;
    unsigned of;
} errors[] = {
    {"400", "the request is wrong", OF_ANY},
    {"401", "a token is needed, or not known", OF_ANY},
    {"403", "the token may not, actions are off, or the request is another site's",
     OF_ANY & ~OF_FREE},
    {"404", "there is no such command, target, plan or number",
     OF_COMMAND | OF_STOP | OF_ONE | OF_EVENTS},
    {"405", "the path has another method", OF_ANY},
    {"409",
     "the command refuses, the plan was carried out already, or there is nothing to stop",
     OF_COMMAND | OF_STOP},
    {"410", "the plan has expired", OF_ACT},
    {"413", "the body is too long, or a GET has one", OF_ANY},
    {"421", "the name in Host is not ours", OF_ANY},
    {"429", "too many wrong tokens came from there: Retry-After", OF_ANY},
    {"500", "the command failed", OF_COMMAND},
    {"502", "the target cannot be reached", OF_COMMAND},
    {"503", "too much is asked for at the same time", OF_COMMAND | OF_EVENTS},
    {"504", "the command took too long", OF_COMMAND},
};

static json_t *errors_of(unsigned of)
{
    json_t *answers = json_object();

    for (gsize i = 0; i < G_N_ELEMENTS(errors); i++)
        if (errors[i].of & of)
            add_answer(answers, errors[i].code, errors[i].prose, "error");
    return answers;
}

/* As the document of a command is called; an act's is that of its dry run, which is a command of its
 * own where the section has a "plan". */
static char *document_of(const struct feature *section, const struct command *command,
                         enum api_kind kind)
{
    g_autofree char *verb = command->verb == NULL ? NULL
                            : kind == API_LOOK    ? api_look_name(command)
                                                  : g_strdup(command->verb);

    for (const struct command *row = section->commands; kind == API_ACT && row->run; row++)
        if (g_strcmp0(row->verb, "plan") == 0)
            return api_shape_name(section->name, row->verb);
    return api_shape_name(section->name, verb != NULL ? g_strdelimit(verb, " ", '.') : NULL);
}

/* ---- commands ----------------------------------------------------------------------------------- */

/* "ID", "[RULE]": each argument is a part of the path. */
static void add_arguments(GString *path, json_t *parameters, const struct command *command)
{
    g_auto(GStrv) words = g_strsplit(command->arguments ? command->arguments : "", " ", -1);

    for (char **word = words; *word != NULL && **word != '\0'; word++) {
        if ((*word)[0] == '[') /* what may be left out is */
            continue;
        g_autofree char *name = g_ascii_strdown(*word, -1);
        g_string_append_printf(path, "/{%s}", name);
        json_array_append_new(parameters,
                              parameter(name, "path", true, "string", command->summary));
    }
}

static char *path_of(const struct feature *section, const struct command *command,
                     enum api_kind kind)
{
    g_autofree char *verb = command->verb == NULL ? NULL
                            : kind == API_LOOK    ? api_look_name(command)
                                                  : g_strdup(command->verb);

    if (verb == NULL)
        return g_strconcat(API_ROOT, section->name, NULL);
    g_strdelimit(verb, " ", '/');
    return g_strconcat(API_ROOT, section->name, "/", verb, NULL);
}

static json_t *operation(const struct feature *section, const struct command *command,
                         const char *method, json_t *parameters, json_t *answers)
{
    g_autofree char *id = g_strconcat(method, "_", section->name, "_",
                                      command->verb ? command->verb : "all", NULL);

    g_strcanon(id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_", '_');
    return json_pack("{ss ss s[s] so so}", "operationId", id, "summary", command->summary,
                     "tags", section->name, "parameters", parameters, "responses", answers);
}

static json_t *of_path(json_t *paths, const char *path)
{
    json_t *item = json_object_get(paths, path);

    if (item == NULL) {
        item = json_object();
        json_object_set_new(paths, path, item);
    }
    return item;
}

static void add_look(json_t *paths, const struct feature *section,
                     const struct command *command)
{
    g_autofree char *path = path_of(section, command, API_LOOK);
    g_autoptr(GString) whole = g_string_new(path);
    json_t *parameters = json_array();

    add_arguments(whole, parameters, command);
    if (has_target(command))
        json_array_append_new(parameters, target_parameter());
    for (const struct option *row = command->options; row != NULL && row->name; row++)
        if (api_takes(row))
            add_option(parameters, row);
    json_array_append_new(parameters, parameter("max_age", "query", false, "integer",
                                                "how old is good enough, in seconds"));
    g_autofree char *document = document_of(section, command, API_LOOK);
    json_t *answers = errors_of(OF_LOOK);
    add_answer(answers, "200", "the document of the command, as --json prints it", document);
    json_object_set_new(of_path(paths, whole->str), "get",
                        operation(section, command, "get", parameters, answers));
}

/* {"options": {…}, "arguments": […], "plan": true}, then {"plan_id", "reason"}. */
static json_t *body_of(const struct command *command)
{
    json_t *options = json_object();

    for (const struct option *row = command->options; row != NULL && row->name; row++) {
        if (!api_takes(row))
            continue;
        json_t *schema = schema_of(row);
        if (row->flags & OPTION_REPEATS)
            schema = json_pack("{ss so}", "type", "array", "items", schema);
        json_object_set_new(options, row->name, schema);
    }
    return json_pack("{sb s{s{s{ss s{s{ss so sb} s{ss s{ss}} s{ss} s{ss} s{ss si}} sb}}}}",
                     "required", 1, "content", "application/json", "schema", "type", "object",
                     "properties", "options", "type", "object", "properties", options,
                     "additionalProperties", 0, "arguments", "type", "array", "items", "type",
                     "string", "plan", "type", "boolean", "plan_id", "type", "string", "reason",
                     "type", "string", "maxLength", 500, "additionalProperties", 0);
}

static void add_act(json_t *paths, const struct feature *section, const struct command *command)
{
    g_autofree char *path = path_of(section, command, API_ACT);
    json_t *parameters = json_array();

    if (has_target(command))
        json_array_append_new(parameters, target_parameter());
    json_array_append_new(parameters,
                          parameter("X-Pgrunbook", "header", true, "string", "act"));
    g_autofree char *document = document_of(section, command, API_ACT);
    json_t *answers = errors_of(OF_ACT);
    add_shaped(answers, "200", "the plan: plan_id, and what a dry run printed",
               api_shape_of_plan(document));
    add_answer(answers, "202", "it has begun: GET /api/v1/acts/{act}", "begun");
    json_t *post = operation(section, command, "post", parameters, answers);
    json_object_set_new(post, "requestBody", body_of(command));
    json_object_set_new(of_path(paths, path), "post", post);
}

/* ---- the rest ------------------------------------------------------------------------------------ */

/* shape: of a JSON document, or the media type of what is none; of: which errors it has; parameters:
 * NULL: it has none. Returns its answers. */
static json_t *add_own(json_t *paths, const char *path, const char *summary, const char *shape,
                       unsigned of, json_t *parameters)
{
    json_t *answers = errors_of(of);
    json_t *get = json_pack("{ss so}", "summary", summary, "responses", answers);

    if (strchr(shape, '/') == NULL)
        add_answer(answers, "200", summary, shape);
    else
        json_object_set_new(
            answers, "200",
            json_pack("{ss s{s{s{ss}}}}", "description", summary, "content", shape, "schema",
                      "type", strcmp(shape, "application/json") == 0 ? "object" : "string"));
    if (parameters != NULL)
        json_object_set_new(get, "parameters", parameters);
    json_object_set_new(of_path(paths, path), "get", get);
    return answers;
}

/* That it is not ready is told as that it is. */
static void add_ready(json_t *paths, json_t *parameters)
{
    json_t *answers = add_own(paths, "/api/health/ready", "whether it can do its work",
                              "health.ready", OF_FREE, parameters);

    add_answer(answers, "404", "there is no such target", "health.ready");
    add_answer(answers, "503", "it is not: the reasons", "health.ready");
}

/* What stops: a number in its path, perhaps a reason in its body. */
static void add_stop(json_t *paths, const char *path, const char *number, const char *summary)
{
    json_t *answers = errors_of(OF_STOP);

    add_answer(answers, "202", "it was told to end", "ending");
    json_t *post = json_pack(
        "{ss s[oo] s{sb s{s{s{ss s{s{ss si}} sb}}}} so}", "summary", summary, "parameters",
        parameter(number, "path", true, "integer", "its number"),
        parameter("X-Pgrunbook", "header", true, "string", "act"), "requestBody", "required", 0,
        "content", "application/json", "schema", "type", "object", "properties", "reason",
        "type", "string", "maxLength", 500, "additionalProperties", 0, "responses", answers);

    json_object_set_new(of_path(paths, path), "post", post);
}

static json_t *overview_parameters(void)
{
    return json_pack("[o o]", parameter("target", "query", false, "string", "only this target"),
                     parameter("brief", "query", false, "integer",
                               "N: without the lines that are ok where there are N targets or "
                               "more; 0: with them"));
}

static json_t *events_parameters(void)
{
    return json_pack("[o o]",
                     parameter("target", "query", false, "string",
                               "samples of this target as well, once a second; of several: "
                               "names, by commas, an empty one for what changes of all"),
                     parameter("live", "query", false, "string",
                               "sections, by commas, whose report is told after each look: "
                               "connections,queries"));
}

static json_t *ready_parameters(void)
{
    return json_pack("[o]",
                     parameter("target", "query", false, "string", "whether this target is"));
}

static void add_all_own(json_t *paths)
{
    add_own(paths, API_ROOT "overview", "all targets at a glance, from memory", "overview",
            OF_OWN, overview_parameters());
    add_own(paths, API_ROOT "session", "who asks, and what that one may", "session", OF_FREE,
            NULL);
    add_own(paths, API_ROOT "acts", "what was begun over HTTP, newest first", "acts", OF_OWN,
            NULL);
    add_own(paths, API_ROOT "acts/{act}", "what came of it", "act", OF_ONE,
            json_pack("[o]", parameter("act", "path", true, "integer", "number of an act")));
    add_stop(paths, API_ROOT "acts/{act}/stop", "act", "end an act cleanly before its time");
    add_own(paths, API_ROOT "running", "acts and scheduled jobs that are at work", "running",
            OF_OWN, NULL);
    add_stop(paths, API_ROOT "running/{run}/stop", "run",
             "the same by its run, of scheduled jobs as well");
    add_own(paths, API_ROOT "openapi.json", "this document", "application/json", OF_OWN, NULL);
    add_own(paths, API_ROOT "events", "what happens, as it happens", "text/event-stream",
            OF_EVENTS, events_parameters());
    add_own(paths, "/api/health/live", "that the daemon lives", "health.live", OF_FREE, NULL);
    add_ready(paths, ready_parameters());
    add_own(paths, "/metrics", "figures for Prometheus", "text/plain", OF_OWN, NULL);
}

static char *make_document(void)
{
    json_t *paths = json_object();
    const struct feature *section;

    for (guint i = 0; (section = cli_section_at(i)) != NULL; i++)
        for (const struct command *row = section->commands; row != NULL && row->run; row++) {
            if (api_offers(row, API_LOOK))
                add_look(paths, section, row);
            if (api_offers(row, API_ACT))
                add_act(paths, section, row);
        }
    add_all_own(paths);
    json_t *document =
        json_pack("{ss s{ss ss} so s{so s{s{ss ss}}} s[{s[]} {}]}", "openapi", "3.1.0", "info",
                  "title", "pgrunbook", "version", RUNBOOK_VERSION, "paths", paths,
                  "components", "schemas", api_shapes_in(paths), "securitySchemes", "token",
                  "type", "http", "scheme", "bearer", "security", "token");
    char *text = json_dumps(document, JSON_COMPACT);
    char *copy = g_strdup(text);

    free(text);
    json_decref(document);
    return copy;
}

void api_openapi(struct http_request *request, gpointer data)
{
    /* The tables are the program's: it is made once. */
    static char *text;
    (void) data;

    if (!api_asks_only(request, ""))
        return;
    if (text == NULL)
        text = make_document();
    http_answer_text(request, 200, "application/json", text != NULL ? text : "{}", NULL);
}
