/*
 * Addresses and bodies from strangers: refused, or words in which nothing of theirs can be taken for
 * an option that was not offered.
 */
#include "daemon/api_words.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
static const struct command commands[] = {
    {.verb = "report", .options = options, .flags = COMMAND_NEEDS_SERVER, .run = nothing},
    {.verb = "show", .arguments = "ID", .options = options, .run = nothing},
    {.verb = "end",
     .arguments = "PID",
     .options = options,
     .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES,
     .run = nothing},
    {.verb = "wal push", .flags = COMMAND_LOCAL, .run = nothing},
    {.run = NULL},
};
static const struct feature feature = {.name = "k", .title = "K", .commands = commands};
const struct feature *const features[] = {&feature, NULL};

/* "--NAME" or "--NAME=VALUE" of the command's own table: sections of the host have others. */
static bool is_offered(const struct api_call *call, const char *word)
{
    for (const struct option *row = call->command->options; row != NULL && row->name; row++) {
        gsize length = strlen(row->name);
        char end = strncmp(word, "--", 2) == 0 && strncmp(word + 2, row->name, length) == 0
                       ? word[2 + length]
                       : 'x';
        if (api_takes(row) && end == (row->argument != NULL ? '=' : '\0'))
            return true;
    }
    return false;
}

static void check_words(const struct api_call *call)
{
    static const char *const place[] = {NULL};
    g_auto(GStrv) words = api_call_words(call, place, NULL);
    bool behind = false;

    g_assert(!(call->command->flags & COMMAND_LOCAL));
    for (char **word = words; *word != NULL; word++) {
        g_assert(g_utf8_validate(*word, -1, NULL));
        if (!behind && **word == '-')
            g_assert(strcmp(*word, "--") == 0 || strcmp(*word, "--json") == 0 ||
                     is_offered(call, *word));
        behind = behind || strcmp(*word, "--") == 0;
    }
    g_assert(call->arguments->len <= 1);
}

/* One line: the address; behind it: a body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *) data;
    const char *end = size > 0 ? memchr(text, '\n', size) : NULL;
    gsize length = end != NULL ? (gsize) (end - text) : size;
    AUTO(http_query) query = length > 0 ? http_query_parse(text, length) : NULL;
    int status = 0;

    if (query == NULL)
        return 0;
    AUTO(api_call)
    call =
        api_call_new(http_query_path(query), end != NULL ? API_ACT : API_LOOK, &status, NULL);
    if (call == NULL) {
        g_assert(status == API_ABSENT || status == API_METHOD);
        return 0;
    }
    json_t *body = end != NULL ? json_loadb(end + 1, size - length - 1, 0, NULL) : NULL;
    if (end != NULL ? api_call_body(call, query, body, NULL)
                    : api_call_query(call, query, NULL))
        check_words(call);
    json_decref(body);
    return 0;
}
