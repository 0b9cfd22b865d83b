#include "daemon/api_shown.h"

#include "cli/record.h"

#include <jansson.h>
#include <string.h>

#define ONLY "only"

static bool takes_only(const struct command *command)
{
    for (const struct option *row = command->options; row != NULL && row->name != NULL; row++)
        if (strcmp(row->name, ONLY) == 0)
            return true;
    return false;
}

static void add_only(GStrvBuilder *builder, const json_t *list)
{
    gsize index;
    const json_t *value;

    json_array_foreach(list, index, value)
    {
        g_autofree char *word = json_is_string(value)
                                    ? g_strconcat("--" ONLY "=", json_string_value(value), NULL)
                                    : NULL;
        if (word != NULL)
            g_strv_builder_add(builder, word);
    }
    if (json_array_size(list) == 0)
        g_strv_builder_add(builder, "--" ONLY "=none");
}

char **api_shown_words(const struct command *command, const char *const *words,
                       const char *printed, gsize length)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    bool options = takes_only(command);
    json_t *document = options ? json_loadb(printed, length, 0, NULL) : NULL;
    const json_t *list = json_object_get(document, ONLY);

    for (; *words != NULL; words++) {
        if (options && g_str_has_prefix(*words, "--" ONLY "="))
            continue;
        if (options && strcmp(*words, "--yes") == 0)
            add_only(builder, list);
        options = options && strcmp(*words, "--") != 0;
        g_strv_builder_add(builder, *words);
    }
    json_decref(document);
    return g_strv_builder_end(builder);
}

char *api_shown_line(const char *const *words)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    bool options = true;

    for (; *words != NULL; words++) {
        options = options && strcmp(*words, "--") != 0;
        if (!options || (strcmp(*words, "--yes") != 0 && strcmp(*words, "--json") != 0 &&
                         !g_str_has_prefix(*words, "--" ONLY "=")))
            g_strv_builder_add(builder, *words);
    }
    g_auto(GStrv) typed = g_strv_builder_end(builder);
    g_autofree char *line = cli_record_line((const char *const *) typed);
    return g_strconcat("pgrunbook ", line, NULL);
}
