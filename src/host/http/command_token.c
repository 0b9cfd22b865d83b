/* `pgrunbook token`: who may look at the page, and who may act from it. */
#include "http/command_token.h"

#include "http/http_token.h"
#include "out/document.h"
#include "out/grid.h"
#include "units/units.h"

#include <string.h>

char *token_path(const struct settings *settings)
{
    const char *set = settings_string(settings, "http.tokens");

    if (set != NULL)
        return g_strdup(set);
    g_autofree char *state = settings_state_path(settings);
    g_autofree char *folder = g_path_get_dirname(state);
    return g_build_filename(folder, "tokens", NULL);
}

/* ---- add -------------------------------------------------------------------------------------- */

/* Seconds since 1970; 0: never. */
static bool expiry(const struct options *options, gint64 *ret_s, GError **error)
{
    const char *text = option_value(options, "expires");
    gint64 ms = 0;

    *ret_s = 0;
    if (text == NULL)
        return true;
    if (!units_parse_duration(text, &ms, error))
        return false;
    /* A bare number would be seconds, which nobody means by "90". */
    if (strpbrk(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, "units: s, min, h, d, w",
                          "--expires %s has no unit: %sd is %s days", text, text, text);
        return false;
    }
    if (ms < 1000 || ms > 100LL * 365 * 24 * 3600 * 1000) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL,
                          "--expires is between a second and 100 years");
        return false;
    }
    *ret_s = (g_get_real_time() / 1000 + ms) / 1000;
    return true;
}

/* When a token ends, for people; "" for one that does not. Caller frees. */
static char *moment(gint64 at_s)
{
    g_autoptr(GDateTime) at = at_s != 0 ? g_date_time_new_from_unix_utc(at_s) : NULL;

    return at != NULL ? g_date_time_format(at, "%Y-%m-%d %H:%M:%S UTC") : g_strdup("");
}

static enum runbook_exit add_command(struct call *call, GError **error)
{
    const char *name = call->arguments[0], *word = option_value(call->options, "role");
    enum http_role role = http_role_parse(word != NULL ? word : "viewer");
    g_autofree char *path = token_path(call->settings), *secret = NULL;
    gint64 expires_s = 0;

    if (role == HTTP_ROLE_NONE) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "--role is viewer or operator");
        return RUNBOOK_USAGE;
    }
    if (!expiry(call->options, &expires_s, error))
        return RUNBOOK_USAGE;
    if (!http_tokens_add(path, name, role, expires_s, &secret, error))
        return runbook_error_exit(*error);
    struct document *document = document_begin(call->output, "token.add/1", NULL);
    document_member(document, "name", document_text(name));
    document_member(document, "role", document_text(http_role_name(role)));
    document_member(document, "token", document_text(secret));
    document_member(document, "expires_at", document_time(expires_s * G_USEC_PER_SEC));
    document_end(document);
    if (output_format(call->output) != OUTPUT_JSON) {
        output_raw(call->output, secret);
        output_raw(call->output, "\n");
        g_autofree char *end = moment(expires_s);
        output_note(call->output, "the token is shown this once; %s keeps only its hash", path);
        output_note(call->output, "%s may %s, %s%s", name,
                    role == HTTP_ROLE_OPERATOR ? "look and act" : "look",
                    expires_s != 0 ? "until " : "until \"pgrunbook token remove\"", end);
    }
    explicit_bzero(secret, strlen(secret));
    return RUNBOOK_DONE;
}

/* ---- list ------------------------------------------------------------------------------------- */

static char *ended(gint64 at_s, bool expired)
{
    g_autofree char *at = moment(at_s);

    return g_strconcat(at, expired ? ", has expired" : "", NULL);
}

static enum runbook_exit list_command(struct call *call, GError **error)
{
    static const struct grid_column columns[] = {{"Name", false},
                                                 {"Role", false},
                                                 {"Created", false},
                                                 {"Expires", false},
                                                 {NULL, false}};
    g_autofree char *path = token_path(call->settings);
    AUTO(http_tokens) tokens = http_tokens_read(path, error);
    gint64 now_s = g_get_real_time() / G_USEC_PER_SEC;

    if (tokens == NULL)
        return runbook_error_exit(*error);
    AUTO(grid) grid = grid_new(columns);
    struct document *document = document_begin(call->output, "token.list/1", NULL);
    document_member(document, "file", document_text(path));
    document_array(document, "tokens");
    for (guint i = 0; i < http_tokens_count(tokens); i++) {
        const struct http_token *token = http_tokens_at(tokens, i);
        bool expired = token->expires_s != 0 && token->expires_s <= now_s;
        grid_cell(grid, OUTPUT_BOLD, token->name);
        grid_cell(grid, OUTPUT_PLAIN, http_role_name(token->role));
        grid_take(grid, OUTPUT_PLAIN, moment(token->created_s));
        if (token->expires_s == 0)
            grid_cell(grid, OUTPUT_DIM, "never");
        else
            grid_take(grid, expired ? OUTPUT_BAD : OUTPUT_PLAIN,
                      ended(token->expires_s, expired));
        document_item(document,
                      json_pack("{so so so so sb}", "name", document_text(token->name), "role",
                                document_text(http_role_name(token->role)), "created_at",
                                document_time(token->created_s * G_USEC_PER_SEC), "expires_at",
                                document_time(token->expires_s * G_USEC_PER_SEC), "expired",
                                expired));
    }
    document_array_end(document);
    document_end(document);
    if (grid_rows(grid) > 0)
        grid_print(grid, call->output);
    else
        output_say(call->output, "There are no tokens in %s.", path);
    return RUNBOOK_DONE;
}

/* ---- remove ----------------------------------------------------------------------------------- */

static enum runbook_exit remove_command(struct call *call, GError **error)
{
    g_autofree char *path = token_path(call->settings);

    if (!http_tokens_remove(path, call->arguments[0], error))
        return runbook_error_exit(*error);
    struct document *document = document_begin(call->output, "token.remove/1", NULL);
    document_member(document, "name", document_text(call->arguments[0]));
    document_end(document);
    output_say(call->output, "The token \"%s\" is no longer valid.", call->arguments[0]);
    return RUNBOOK_DONE;
}

/* ---- the tables ------------------------------------------------------------------------------- */

static const struct option add_options[] = {
    {.name = "role",
     .argument = "ROLE",
     .prose = "viewer (the default): may look; operator: may act as well"},
    {.name = "expires",
     .argument = "DURATION",
     .prose = "how long it is valid, as in 90d or 12h; without it until it is removed"},
    {.name = NULL},
};

const struct command token_commands[] = {
    {
        .verb = "add",
        .arguments = "NAME",
        .summary = "Make a token for the page and the API, and print it once",
        .prose =
            "A token is what a person or a program shows to \"pgrunbook serve\": the page "
            "asks for it, a program sends it as the header \"Authorization: Bearer TOKEN\". "
            "NAME stands in the history beside everything that is done with it. The file "
            "(setting http.tokens) has a hash of it, not the token itself; serve reads the "
            "file again when it has changed.\n"
            "\n"
            "A viewer may look, where looking needs a token at all (setting http.view). An "
            "operator may also act, once the setting http.actions is on.",
        .examples = "pgrunbook token add ann --role operator --expires 90d\n"
                    "pgrunbook token add prometheus",
        .options = add_options,
        .flags = COMMAND_LOCAL,
        .run = add_command,
    },
    {
        .verb = "list",
        .summary = "List the tokens: names, roles, and until when they are valid",
        .examples = "pgrunbook token list",
        .flags = COMMAND_LOCAL,
        .run = list_command,
    },
    {
        .verb = "remove",
        .arguments = "NAME",
        .summary = "Make a token invalid, from the next request on",
        .examples = "pgrunbook token remove ann",
        .flags = COMMAND_LOCAL,
        .run = remove_command,
    },
    {.run = NULL},
};
