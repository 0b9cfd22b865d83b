/*
 * Any table as an answer to SHOW POOLS: lines of cells between tabs, the first line the columns'
 * names, \N a null. It is refused with an error, or read with sums that add up.
 */
#include "connections_pool.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As many cells as there are columns: missing ones are null, more are dropped. */
static void add_cells(GPtrArray *cells, const char *line, guint width)
{
    g_auto(GStrv) parts = g_strsplit(line, "\t", -1);
    guint count = g_strv_length(parts);

    for (guint i = 0; i < width; i++) {
        bool null = i >= count || strcmp(parts[i], "\\N") == 0;
        g_ptr_array_add(cells, null ? NULL : g_strdup(parts[i]));
    }
}

static void check(const GArray *pools, guint rows)
{
    gint64 longest;
    gint64 waiting = connections_pooler_waiting(pools, &longest);
    g_autofree char *words = connections_pooler_words(pools);

    g_assert(pools->len <= rows && waiting >= 0 && longest >= 0);
    g_assert(g_utf8_validate(words, -1, NULL));
    for (guint i = 0; i < pools->len; i++) {
        const struct connections_pooler_row *row =
            &g_array_index(pools, struct connections_pooler_row, i);
        g_assert(row->database != NULL && strcmp(row->database, "pgbouncer") != 0);
        g_assert(g_utf8_validate(row->database, -1, NULL));
        g_assert(row->client_waiting >= 0 && row->client_waiting <= waiting);
        g_assert(row->longest_us >= 0 && row->longest_us <= longest);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_auto(GStrv) names = g_strsplit(lines[0] == NULL ? "" : lines[0], "\t", -1);
    guint width = g_strv_length(names);
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
    guint rows = 0;
    g_autoptr(GError) error = NULL;

    for (; lines[0] != NULL && lines[rows + 1] != NULL; rows++)
        add_cells(cells, lines[rows + 1], width);
    g_autoptr(GArray) pools = connections_pooler_read(
        (const char *const *) names, (const char *const *) cells->pdata, rows, &error);
    g_assert((pools == NULL) == (error != NULL));
    if (pools == NULL)
        g_assert(g_utf8_validate(error->message, -1, NULL));
    else
        check(pools, rows);
    return 0;
}
