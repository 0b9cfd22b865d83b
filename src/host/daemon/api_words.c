#include "daemon/api_words.h"

#include "cli/grammar.h"
#include "error.h"

#include <string.h>

#define VALUE_LONGEST 4096

enum {
    ARGUMENTS_MOST = 16,
    VALUES_MOST = 64, /* of an option that may be repeated */
    AGE_MOST_S = 86400,
};

/* ---- what is to be had ------------------------------------------------------------------------ */

/* The switch with which a command that changes something only looks; NULL: it has none. */
static const struct option *looking(const struct command *command)
{
    for (const struct option *row = command->options; row != NULL && row->name != NULL; row++)
        if (row->flags & OPTION_LOOKS)
            return row;
    return NULL;
}

bool api_offers(const struct command *command, enum api_kind kind)
{
    const unsigned never = COMMAND_HIDDEN | COMMAND_RESTORES | COMMAND_HASTENS | CLI_BARE;

    if (command->flags & never || cli_takes_program(command))
        return false;
    if (kind == API_LOOK && command->flags & COMMAND_WRITES)
        return looking(command) != NULL;
    if (command->flags & COMMAND_LOCAL)
        return false;
    return kind == API_LOOK || command->flags & COMMAND_WRITES;
}

bool api_takes(const struct option *option)
{
    /* What only looks has a path of its own. */
    return !(option->flags & (OPTION_LOCAL | OPTION_LOOKS));
}

/* Of the command's own rows: the house's, with files and places, are none of a stranger's. */
static const struct option *find_option(const struct api_call *call, const char *name)
{
    for (const struct option *row = call->command->options; row != NULL && row->name != NULL;
         row++)
        if (strcmp(row->name, name) == 0 && api_takes(row))
            return row;
    return NULL;
}

bool api_call_has_target(const struct api_call *call)
{
    return call->command->flags & (COMMAND_NEEDS_SERVER | COMMAND_TAKES_TARGET);
}

/* ---- the path --------------------------------------------------------------------------------- */

static const char none[] = "there is no such command over HTTP";

static bool fail(int status, int *ret_status, GError **error, const char *text)
{
    *ret_status = status;
    runbook_error_set(error, RUNBOOK_USAGE, "GET /api/v1/openapi.json says what there is", "%s",
                      text);
    return false;
}

/* Why it is no argument and no value; NULL: it is one. A name may have any character, a line break as
 * well: no shell reads it, it is a word of its own. */
static const char *fault_of(const char *text)
{
    if (text[0] == '\0')
        return "is empty";
    if (strlen(text) > VALUE_LONGEST)
        return "is longer than " G_STRINGIFY(VALUE_LONGEST) " bytes";
    return g_utf8_validate(text, -1, NULL) ? NULL : "is not valid UTF-8";
}

/* What names things of ours, or is a part of an address, is one line. */
static bool is_plain(const char *text)
{
    if (fault_of(text) != NULL)
        return false;
    for (; *text != '\0'; text++)
        if (g_ascii_iscntrl(*text))
            return false;
    return true;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* "/history/12" is short for "/history/show/12". */
static const struct command *shown_by_number(const struct feature *section, const char *word)
{
    const struct command *show = is_number(word) ? cli_command(section, "show") : NULL;

    return show != NULL && show->arguments != NULL ? show : NULL;
}

/* "restore-plan" is "restore" with the switch "plan". */
static const struct command *that_looks(const struct feature *section, const char *word)
{
    for (const struct command *row = section->commands; row != NULL && row->run != NULL;
         row++) {
        const struct option *look = looking(row);
        if (look == NULL || row->verb == NULL)
            continue;
        g_autofree char *name = api_look_name(row);
        if (strcmp(name, word) == 0)
            return row;
    }
    return NULL;
}

char *api_look_name(const struct command *command)
{
    const struct option *look = looking(command);

    return g_strconcat(command->verb, look != NULL ? "-" : NULL, look ? look->name : NULL,
                       NULL);
}

/* The command that the words begin with; *ret_used: how many of them name it. */
static const struct command *find_command(const struct feature *section, char *const *words,
                                          enum api_kind kind, guint *ret_used)
{
    const struct command *command = NULL;
    guint count = g_strv_length((char **) (guintptr) words);

    *ret_used = 2;
    if (count >= 2) {
        g_autofree char *verb = g_strjoin(" ", words[0], words[1], NULL);
        command = cli_command(section, verb);
    }
    if (command == NULL && count >= 1) {
        *ret_used = 1;
        command = cli_command(section, words[0]);
        /* By its own name it is what changes something. */
        if (command != NULL && kind == API_LOOK && command->flags & COMMAND_WRITES)
            return NULL;
        if (command == NULL && kind == API_LOOK)
            command = that_looks(section, words[0]);
    }
    if (command != NULL)
        return command;
    *ret_used = 0;
    if (count == 1)
        command = shown_by_number(section, words[0]);
    return command != NULL || count > 0 ? command : cli_command(section, NULL);
}

static struct api_call *make(const struct feature *section, const struct command *command,
                             enum api_kind kind)
{
    struct api_call *call = g_new0(struct api_call, 1);

    call->kind = kind;
    call->section = section;
    call->command = command;
    call->options = g_ptr_array_new_with_free_func(g_free);
    call->arguments = g_ptr_array_new_with_free_func(g_free);
    call->max_age_s = -1;
    return call;
}

void api_call_free(struct api_call *call)
{
    g_ptr_array_unref(call->options);
    g_ptr_array_unref(call->arguments);
    g_free(call->target);
    g_free(call);
}

/* Why there is nothing to be had at that path: it may be there for those who ask the other way. */
static void fail_absent(const struct feature *section, char *const *words, enum api_kind kind,
                        int *ret_status, GError **error)
{
    enum api_kind other = kind == API_LOOK ? API_ACT : API_LOOK;
    guint used = 0;
    const struct command *command =
        section != NULL ? find_command(section, words, other, &used) : NULL;

    if (command == NULL || !api_offers(command, other))
        fail(API_ABSENT, ret_status, error, none);
    else
        fail(API_METHOD, ret_status, error,
             other == API_ACT ? "it changes something: POST it" : "it only looks: GET it");
}

struct api_call *api_call_new(const char *path, enum api_kind kind, int *ret_status,
                              GError **error)
{
    if (!g_str_has_prefix(path, API_ROOT)) {
        fail(API_ABSENT, ret_status, error, none);
        return NULL;
    }
    g_auto(GStrv) words = g_strsplit(path + strlen(API_ROOT), "/", ARGUMENTS_MOST);
    const struct feature *section = words[0] != NULL ? cli_section(words[0]) : NULL;
    guint used = 0;
    const struct command *command =
        section != NULL ? find_command(section, words + 1, kind, &used) : NULL;

    if (command == NULL || !api_offers(command, kind)) {
        fail_absent(section, words + 1, kind, ret_status, error);
        return NULL;
    }
    AUTO(api_call) call = make(section, command, kind);
    if (kind == API_LOOK && command->flags & COMMAND_WRITES)
        g_ptr_array_add(call->options, g_strconcat("--", looking(command)->name, NULL));
    for (char **word = words + 1 + used; *word != NULL; word++) {
        if (!is_plain(*word)) {
            fail(API_ABSENT, ret_status, error, none);
            return NULL;
        }
        g_ptr_array_add(call->arguments, g_strdup(*word));
    }
    return g_steal_pointer(&call);
}

/* ---- options ---------------------------------------------------------------------------------- */

static bool fail_option(const struct api_call *call, const char *name, const char *what,
                        GError **error)
{
    g_autofree char *path = cli_path(call->section, call->command);

    /* Only names of ours are said again. */
    if (name == NULL)
        runbook_error_set(error, RUNBOOK_USAGE, "GET /api/v1/openapi.json says what there is",
                          "%s has no such option over HTTP", path);
    else
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "option %s of %s %s", name, path, what);
    return false;
}

static void note(struct api_call *call, const struct option *option)
{
    const char *const *instead = call->command->instead;

    if (instead != NULL && g_strv_contains(instead, option->name))
        call->instead = true;
    if (option->flags & OPTION_HEAVY)
        call->heavy = true;
}

static bool add_switch(struct api_call *call, const struct option *option, const char *value,
                       GError **error)
{
    static const char *const on[] = {"", "1", "true", "on", "yes", NULL};
    static const char *const off[] = {"0", "false", "off", "no", NULL};

    if (g_strv_contains(off, value))
        return true;
    if (!g_strv_contains(on, value))
        return fail_option(call, option->name, "is a switch: true or false", error);
    g_ptr_array_add(call->options, g_strconcat("--", option->name, NULL));
    note(call, option);
    return true;
}

static bool add_option(struct api_call *call, const char *name, const char *value,
                       GError **error)
{
    const struct option *option = find_option(call, name);

    if (option == NULL)
        return fail_option(call, NULL, NULL, error);
    if (option->argument == NULL)
        return add_switch(call, option, value, error);
    const char *fault = fault_of(value);
    if (fault != NULL)
        return fail_option(call, option->name, fault, error);
    g_ptr_array_add(call->options, g_strconcat("--", option->name, "=", value, NULL));
    note(call, option);
    return true;
}

/* ---- arguments -------------------------------------------------------------------------------- */

/* As many as the command takes, and none that it would read as a database's name. */
static bool count_arguments(const struct api_call *call, GError **error)
{
    const char *arguments = call->command->arguments ? call->command->arguments : "";
    g_auto(GStrv) words = g_strsplit(arguments, " ", -1);
    guint needed = 0, most = 0;

    for (char **word = words; *word != NULL && **word != '\0'; word++) {
        most++;
        needed += (*word)[0] != '[';
    }
    if (call->instead || call->command->flags & COMMAND_LOCAL_WORDS)
        needed = most = 0;
    if (call->arguments->len >= needed && call->arguments->len <= most)
        return true;
    g_autofree char *path = cli_path(call->section, call->command);
    runbook_error_set(error, RUNBOOK_USAGE, most > 0 ? arguments : NULL,
                      needed > 0 ? "%s needs arguments" : "%s takes no such argument", path);
    return false;
}

/* ---- a look ----------------------------------------------------------------------------------- */

static bool set_target(struct api_call *call, const char *value, GError **error)
{
    if (!is_plain(value) || strcmp(value, "all") == 0) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "target has to be the name of one");
        return false;
    }
    call->target = g_strdup(value);
    return true;
}

static bool set_age(struct api_call *call, const char *value, GError **error)
{
    guint64 age = 0;

    if (!g_ascii_string_to_unsigned(value, 10, 0, AGE_MOST_S, &age, NULL)) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL,
                          "max_age has to be a number of seconds, %d at most", AGE_MOST_S);
        return false;
    }
    call->max_age_s = (gint64) age;
    return true;
}

struct reading {
    struct api_call *call;
    GError **error;
    bool good;
};

static void take_value(const char *name, const char *value, gpointer data)
{
    struct reading *reading = data;
    struct api_call *call = reading->call;

    if (!reading->good)
        return;
    if (strcmp(name, "target") == 0 && api_call_has_target(call))
        reading->good = set_target(call, value, reading->error);
    else if (strcmp(name, "max_age") == 0 && call->kind == API_LOOK)
        reading->good = set_age(call, value, reading->error);
    else if (call->kind == API_LOOK)
        reading->good = add_option(call, name, value, reading->error);
    else
        reading->good = fail_option(call, NULL, NULL, reading->error);
}

bool api_call_query(struct api_call *call, const struct http_query *query, GError **error)
{
    struct reading reading = {call, error, true};

    http_query_each(query, take_value, &reading);
    return reading.good && count_arguments(call, error);
}

/* ---- what is not known -------------------------------------------------------------------------- */

/* What can be no more than a name is said again, to be found. */
static const char *named(const char *name)
{
    static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-.";
    gsize length = strlen(name);

    return length >= 1 && length <= 64 && strspn(name, plain) == length ? name : "…";
}

static bool fail_unknown(const char *kind, const char *name, const char *known, GError **error)
{
    runbook_error_set(error, RUNBOOK_USAGE, known, "there is no %s \"%s\" here", kind,
                      named(name));
    return false;
}

struct knowing {
    const char *const *known;
    const char *unknown; /* the first of them; NULL: none */
};

static void note_unknown(const char *name, const char *value, gpointer data)
{
    struct knowing *knowing = data;
    (void) value;

    if (knowing->unknown == NULL && !g_strv_contains(knowing->known, name))
        knowing->unknown = name;
}

bool api_query_known(const struct http_query *query, const char *const *known, GError **error)
{
    struct knowing knowing = {known, NULL};
    g_autofree char *list = g_strjoinv(", ", (char **) (guintptr) known);
    g_autofree char *hint = g_strconcat("known here: ", list, NULL);

    http_query_each(query, note_unknown, &knowing);
    return knowing.unknown == NULL ||
           fail_unknown("parameter", knowing.unknown, known[0] != NULL ? hint : NULL, error);
}

bool api_body_known(const json_t *body, const char *const *known, const char *hint,
                    GError **error)
{
    const char *name;
    const json_t *value;

    json_object_foreach((json_t *) (guintptr) body, name, value)
    {
        if (!g_strv_contains(known, name))
            return fail_unknown("member", name, hint, error);
    }
    return true;
}

/* A plan of all where one of a part was meant is worse than none. */
static bool members_known(const json_t *body, GError **error)
{
    static const char *const known[] = {"plan", "options", "arguments", NULL};

    return api_body_known(body, known, "what asks for a plan has plan, options and arguments",
                          error);
}

/* ---- an act ----------------------------------------------------------------------------------- */

static bool add_json(struct api_call *call, const char *name, const json_t *value,
                     GError **error)
{
    if (json_is_boolean(value))
        return add_option(call, name, json_is_true(value) ? "true" : "false", error);
    if (json_is_integer(value)) {
        g_autofree char *number =
            g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return add_option(call, name, number, error);
    }
    if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value))
        return add_option(call, name, json_string_value(value), error);
    const struct option *option = find_option(call, name);
    return fail_option(call, option != NULL ? option->name : NULL,
                       "has to be a text, a whole number, true or false", error);
}

static bool add_list(struct api_call *call, const char *name, const json_t *list,
                     GError **error)
{
    const struct option *option = find_option(call, name);
    gsize index;
    const json_t *value;

    if (option == NULL)
        return fail_option(call, NULL, NULL, error);
    if (!(option->flags & OPTION_REPEATS) || json_array_size(list) > VALUES_MOST)
        return fail_option(call, option->name, "cannot have so many values", error);
    json_array_foreach(list, index, value)
    {
        if (!add_json(call, name, value, error))
            return false;
    }
    return true;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *) left, *(const char *const *) right);
}

static bool add_options(struct api_call *call, const json_t *options, GError **error)
{
    const char *name;
    const json_t *value;

    if (options != NULL && !json_is_object(options)) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "options has to be an object");
        return false;
    }
    json_object_foreach((json_t *) (guintptr) options, name, value)
    {
        bool added = json_is_array(value) ? add_list(call, name, value, error)
                                          : add_json(call, name, value, error);
        if (!added)
            return false;
    }
    g_ptr_array_sort(call->options, by_text);
    return true;
}

/* A text as it is, or a number: a PID is one. */
static char *argument_of(const json_t *value, GError **error)
{
    const char *fault = "has to be a text or a whole number";

    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_string(value))
        fault = strlen(json_string_value(value)) != json_string_length(value)
                    ? "has a NUL in it"
                    : fault_of(json_string_value(value));
    if (fault == NULL)
        return g_strdup(json_string_value(value));
    runbook_error_set(error, RUNBOOK_USAGE, NULL, "an argument %s", fault);
    return NULL;
}

static bool add_arguments(struct api_call *call, const json_t *arguments, GError **error)
{
    gsize index;
    const json_t *value;

    if ((arguments != NULL && !json_is_array(arguments)) ||
        json_array_size(arguments) > ARGUMENTS_MOST) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "arguments has to be a short list");
        return false;
    }
    json_array_foreach(arguments, index, value)
    {
        char *argument = argument_of(value, error);
        if (argument == NULL)
            return false;
        g_ptr_array_add(call->arguments, argument);
    }
    return true;
}

bool api_call_body(struct api_call *call, const struct http_query *query, const json_t *body,
                   GError **error)
{
    struct reading reading = {call, error, true};

    http_query_each(query, take_value, &reading);
    return reading.good && members_known(body, error) &&
           add_options(call, json_object_get(body, "options"), error) &&
           add_arguments(call, json_object_get(body, "arguments"), error) &&
           count_arguments(call, error);
}

/* ---- the words -------------------------------------------------------------------------------- */

char **api_call_words(const struct api_call *call, const char *const *place, const char *more)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();

    g_strv_builder_add(words, call->section->name);
    if (call->command->verb != NULL) {
        g_auto(GStrv) verb = g_strsplit(call->command->verb, " ", 2);
        g_strv_builder_addv(words, (const char **) (void *) verb);
    }
    for (guint i = 0; i < call->options->len; i++)
        g_strv_builder_add(words, call->options->pdata[i]);
    if (more != NULL)
        g_strv_builder_add(words, more);
    g_strv_builder_add(words, "--json");
    for (; *place != NULL; place++)
        g_strv_builder_add(words, *place);
    if (call->arguments->len > 0)
        g_strv_builder_add(words, "--");
    for (guint i = 0; i < call->arguments->len; i++)
        g_strv_builder_add(words, call->arguments->pdata[i]);
    return g_strv_builder_end(words);
}
