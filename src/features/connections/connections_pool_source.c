/* The calls that size a Go pool, in the source that makes them. */
#include "connections_pool.h"
#include "connections_pool_go.h"

static const char *const names[CONNECTIONS_POOL_CALLS] = {"SetMaxOpenConns", "SetMaxIdleConns",
                                                          "SetConnMaxLifetime"};

const char *connections_pool_call_name(enum connections_pool_call call)
{
    return names[call];
}

/* .NAME(x), whatever stands before the point; without parentheses the function is called from
 * elsewhere, with who knows what. */
static struct connections_pool_found read_call(const struct go_file *file, guint name,
                                               enum connections_pool_call call)
{
    struct connections_pool_found found = {.call = call, .line = go_token(file, name)->line};
    guint open = name + 1;
    guint close = go_is(file, open, "(") ? go_token(file, open)->partner : 0;

    if (close == 0) {
        found.text = g_strdup("");
        return found;
    }
    guint end = close > open + 1 && go_is(file, close - 1, ",") ? close - 1 : close;
    g_autofree char *phrase = go_phrase(file, open + 1, end);
    found.text = g_utf8_make_valid(phrase, -1);
    found.known = go_evaluate(file, open + 1, end, &found.value);
    return found;
}

static void clear_found(gpointer found)
{
    g_free(((struct connections_pool_found *) found)->text);
}

GArray *connections_pool_read_source(const char *text, gsize length)
{
    AUTO(go_file) file = go_read(text, length);
    GArray *calls = g_array_new(FALSE, FALSE, sizeof(struct connections_pool_found));

    g_array_set_clear_func(calls, clear_found);
    for (guint i = 1; i < file->tokens->len; i++) {
        for (guint call = 0; call < CONNECTIONS_POOL_CALLS; call++) {
            if (!go_is(file, i, names[call]) || !go_is(file, i - 1, ".") ||
                go_token(file, i)->kind != GO_NAME)
                continue;
            struct connections_pool_found found =
                read_call(file, i, (enum connections_pool_call) call);
            g_array_append_val(calls, found);
        }
    }
    return calls;
}
