#include "options.h"

struct options {
    GHashTable *values; /* name → GPtrArray of texts, NULL-terminated; empty for a switch */
};

static void free_values(gpointer values)
{
    g_ptr_array_unref(values);
}

struct options *options_new(void)
{
    struct options *options = g_new0(struct options, 1);

    options->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_values);
    return options;
}

void options_free(struct options *options)
{
    if (options == NULL)
        return;
    g_hash_table_unref(options->values);
    g_free(options);
}

void options_add(struct options *options, const char *name, const char *value)
{
    GPtrArray *values = g_hash_table_lookup(options->values, name);

    if (values == NULL) {
        values = g_ptr_array_new_null_terminated(1, g_free, TRUE);
        g_hash_table_insert(options->values, g_strdup(name), values);
    }
    if (value != NULL)
        g_ptr_array_add(values, g_strdup(value));
}

bool option_given(const struct options *options, const char *name)
{
    return g_hash_table_contains(options->values, name);
}

const char *option_value(const struct options *options, const char *name)
{
    const GPtrArray *values = g_hash_table_lookup(options->values, name);

    return values == NULL || values->len == 0 ? NULL : values->pdata[values->len - 1];
}

const char *const *option_values(const struct options *options, const char *name)
{
    static const char *const none[] = {NULL};
    const GPtrArray *values = g_hash_table_lookup(options->values, name);

    if (values == NULL || values->len == 0)
        return none;
    return (const char *const *) values->pdata;
}
