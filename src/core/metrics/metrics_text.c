/* The exposition formats. What is written here a foreign parser reads: one bad byte, and it throws
 * all of it away. */
#include "metrics/metrics.h"

#include <math.h>
#include <string.h>

/* What one target has of a family. */
struct piece {
    const char *target;    /* NULL: none */
    const json_t *samples; /* an array */
};

/* A family of all targets. */
struct merged {
    const json_t *first; /* the family that brought name, type, unit and help */
    GArray *pieces;      /* of struct piece */
};

static void merged_free(gpointer data)
{
    struct merged *merged = data;

    g_array_unref(merged->pieces);
    g_free(merged);
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* [a-zA-Z_:][a-zA-Z0-9_:]*; a label's has no colon, and ours have none either. */
static bool is_name(const char *text)
{
    if (text == NULL || *text == '\0' || g_ascii_isdigit(*text))
        return false;
    for (; *text != '\0'; text++)
        if (!g_ascii_isalnum(*text) && *text != '_')
            return false;
    return true;
}

static void merge(GPtrArray *list, GHashTable *by_name, const char *target,
                  const json_t *family)
{
    const char *name = text_of(family, "name");

    if (!is_name(name) || text_of(family, "type") == NULL)
        return;
    struct merged *merged = g_hash_table_lookup(by_name, name);
    if (merged == NULL) {
        merged = g_new0(struct merged, 1);
        merged->first = family;
        merged->pieces = g_array_new(FALSE, FALSE, sizeof(struct piece));
        g_ptr_array_add(list, merged);
        g_hash_table_insert(by_name, g_strdup(name), merged);
    }
    const struct piece piece = {target, json_object_get(family, "samples")};
    g_array_append_val(merged->pieces, piece);
}

static void append_escaped(GString *text, const char *raw, bool quote)
{
    for (; *raw != '\0'; raw++) {
        if (*raw == '\n')
            g_string_append(text, "\\n");
        else if (*raw == '\\' || (*raw == '"' && quote))
            g_string_append_printf(text, "\\%c", *raw);
        else
            g_string_append_c(text, *raw);
    }
}

/* An empty value is the same as no label. */
static void append_label(GString *text, const char *name, const char *value)
{
    if (value == NULL || *value == '\0' || !is_name(name))
        return;
    if (text->str[text->len - 1] != '{')
        g_string_append_c(text, ',');
    g_string_append_printf(text, "%s=\"", name);
    append_escaped(text, value, true);
    g_string_append_c(text, '"');
}

static void append_labels(GString *text, const char *target, json_t *labels)
{
    gsize begin = text->len;
    const char *name;
    json_t *value;

    g_string_append_c(text, '{');
    append_label(text, "target", target);
    json_object_foreach(labels, name, value)
    {
        if (target == NULL || strcmp(name, "target") != 0)
            append_label(text, name, json_string_value(value));
    }
    if (text->len == begin + 1)
        g_string_truncate(text, begin);
    else
        g_string_append_c(text, '}');
}

static void append_number(GString *text, double value)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];

    if (fabs(value) < 9e15 && nearbyint(value) == value)
        g_string_append_printf(text, "%" G_GINT64_FORMAT, (gint64) value);
    else
        g_string_append(text, g_ascii_formatd(buffer, sizeof(buffer), "%.15g", value));
}

static bool is_counter(const json_t *family)
{
    return strcmp(text_of(family, "type"), "counter") == 0;
}

/* In the older format a family is called as its samples are, and there are no units. */
static void append_head(GString *text, const json_t *family, bool openmetrics)
{
    const char *name = text_of(family, "name"), *unit = text_of(family, "unit");
    const char *help = text_of(family, "help");
    const char *total = is_counter(family) && !openmetrics ? "_total" : "";

    if (help != NULL) {
        g_string_append_printf(text, "# HELP %s%s ", name, total);
        append_escaped(text, help, openmetrics);
        g_string_append_c(text, '\n');
    }
    g_string_append_printf(text, "# TYPE %s%s %s\n", name, total,
                           is_counter(family) ? "counter" : "gauge");
    if (openmetrics && is_name(unit) && g_str_has_suffix(name, unit))
        g_string_append_printf(text, "# UNIT %s %s\n", name, unit);
}

static void append_sample(GString *text, const char *name, const char *target,
                          const json_t *sample)
{
    const json_t *value = json_object_get(sample, "value");

    if (!json_is_number(value))
        return;
    g_string_append(text, name);
    append_labels(text, target, json_object_get(sample, "labels"));
    g_string_append_c(text, ' ');
    append_number(text, json_number_value(value));
    g_string_append_c(text, '\n');
}

static void append_family(GString *text, const struct merged *merged, bool openmetrics)
{
    g_autofree char *name = g_strconcat(text_of(merged->first, "name"),
                                        is_counter(merged->first) ? "_total" : "", NULL);

    append_head(text, merged->first, openmetrics);
    for (guint i = 0; i < merged->pieces->len; i++) {
        const struct piece *piece = &g_array_index(merged->pieces, struct piece, i);
        for (gsize j = 0; j < json_array_size(piece->samples); j++)
            append_sample(text, name, piece->target, json_array_get(piece->samples, j));
    }
}

char *metrics_text(const struct metrics_part *parts, guint count, bool openmetrics)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(merged_free);
    g_autoptr(GHashTable) by_name =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < count; i++)
        for (gsize j = 0; j < json_array_size(parts[i].families); j++)
            merge(list, by_name, parts[i].target, json_array_get(parts[i].families, j));
    for (guint i = 0; i < list->len; i++)
        append_family(text, g_ptr_array_index(list, i), openmetrics);
    if (openmetrics)
        g_string_append(text, "# EOF\n");
    return g_string_free(text, FALSE);
}
