/* How long a table will take, and how large it is. */
#include "vacuum.h"

enum {
    BYTES_PER_SECOND = 40 << 20, /* cautious: cold cache, one disk */
    SAMPLE_PAGES = 30000,        /* ANALYZE: 300 rows times default_statistics_target 100 */
};
static const double TABLE_SECONDS = 0.004;  /* locks, catalog updates, commit */
static const double BYPASS_FRACTION = 0.02; /* fewer dead pages: indexes are left alone */

gint64 vacuum_bytes(const struct vacuum_server *server, const struct vacuum_table *table)
{
    return (table->pages + table->toast_pages + table->index_pages) * server->block_size;
}

/* relallvisible is as old as the last VACUUM; dead rows since may each stand on another page. */
static double hidden_pages(const struct vacuum_table *table)
{
    gint64 counted = MAX(table->pages - table->visible_pages, 0);

    return (double) MAX(counted, MIN(table->pages, table->dead));
}

static double pages_to_read(const struct vacuum_choice *choice)
{
    const struct vacuum_table *table = choice->table;
    double hidden = hidden_pages(table);
    double pages = 0;

    if (choice->vacuum) {
        pages +=
            (choice->freeze ? (double) table->pages : hidden) + (double) table->toast_pages;
        if ((double) table->dead > BYPASS_FRACTION * (double) table->live)
            pages += (double) table->index_pages + hidden;
    }
    if (choice->analyze)
        pages += MIN((double) table->pages, SAMPLE_PAGES);
    return pages;
}

double vacuum_predict(const struct vacuum_server *server, const struct vacuum_choice *choice)
{
    const struct vacuum_table *table = choice->table;
    double bytes = pages_to_read(choice) * (double) server->block_size;

    bool comparable = !choice->vacuum || table->last_vacuumed;

    if (comparable && table->last_seconds > 0 && table->last_bytes > 0)
        return table->last_seconds *
               MAX(1, (double) vacuum_bytes(server, table) / (double) table->last_bytes);
    return TABLE_SECONDS + bytes / BYTES_PER_SECOND;
}
