#include "watch/watcher_order.h"

#include <string.h>

/* Looking, ending and proving it; a server that falls silent meanwhile. */
enum { ORDER_SECONDS = 60 };

static char **strings_of(const json_t *list)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    gsize index;
    const json_t *item;

    json_array_foreach(list, index, item)
    {
        if (!json_is_string(item))
            return NULL;
        g_strv_builder_add(builder, json_string_value(item));
    }
    return g_strv_builder_end(builder);
}

struct watcher_order *watcher_order_parse(const char *line)
{
    static const char word[] = "lend ";

    if (!g_str_has_prefix(line, word))
        return NULL;
    json_t *json = json_loads(line + strlen(word), 0, NULL);
    const json_t *number = json_object_get(json, "number");
    char **words = strings_of(json_object_get(json, "words"));
    struct watcher_order *order = NULL;
    if (json_is_integer(number) && words != NULL && g_strv_length(words) >= 2) {
        order = g_new0(struct watcher_order, 1);
        order->number = json_integer_value(number);
        order->words = g_steal_pointer(&words);
        order->actor = g_strdup(json_string_value(json_object_get(json, "actor")));
        order->reason = g_strdup(json_string_value(json_object_get(json, "reason")));
        order->dry_run = json_is_true(json_object_get(json, "dry_run"));
    }
    g_strfreev(words);
    json_decref(json);
    return order;
}

void watcher_order_free(gpointer data)
{
    struct watcher_order *order = data;

    g_strfreev(order->words);
    g_free(order->actor);
    g_free(order->reason);
    g_free(order);
}

static const struct command *command_of(const struct feature *section, const char *verb)
{
    for (const struct command *command = section->commands; command->run != NULL; command++)
        if (g_strcmp0(command->verb, verb) == 0 && command->flags & COMMAND_TAKES_GUARD)
            return command;
    return NULL;
}

/* "--name=value" or "--name", where the command has that option. */
static void add_option(struct watch_look *look, const struct command *command, const char *word)
{
    const char *value = strchr(word, '=');
    g_autofree char *name =
        value != NULL ? g_strndup(word, (gsize) (value - word)) : g_strdup(word);

    for (const struct option *option = command->options; option != NULL && option->name != NULL;
         option++)
        if (strcmp(option->name, name) == 0)
            watch_act_option(look, name, value != NULL ? value + 1 : NULL);
}

static void add_words(const struct watcher_order *order, struct watch_look *look,
                      const struct command *command)
{
    bool arguments = false;

    for (char **word = order->words + 2; *word != NULL; word++) {
        if (arguments)
            watch_act_argument(look, *word);
        else if (strcmp(*word, "--") == 0)
            arguments = true;
        else if (g_str_has_prefix(*word, "--"))
            add_option(look, command, *word + strlen("--"));
    }
}

static int refuse(struct watch_outcome *outcome, const char *why)
{
    *outcome = (struct watch_outcome){.run = -1, .messages = g_strdup(why)};
    return RUNBOOK_REFUSED;
}

int watcher_order_carry_out(const struct watcher_order *order, struct watch_look *look,
                            struct watch_outcome *ret_outcome)
{
    const struct command *command = command_of(look->call->feature, order->words[1]);
    g_autoptr(GError) error = NULL;

    if (command == NULL)
        return refuse(ret_outcome, "that command needs a connection of its own");
    if (!look->may_act)
        return refuse(ret_outcome,
                      "this watch may not act here: another one does, the server is "
                      "a standby, or it hides sessions from our role");
    watch_act_begin(look, command->verb, ORDER_SECONDS);
    watch_act_for(look, order->actor, order->reason, order->dry_run);
    add_words(order, look, command);
    int code = (int) command->run(look->call, &error);
    if (error != NULL)
        code = (int) runbook_error_exit(error);
    *ret_outcome = watch_act_end(look, error);
    return code;
}
