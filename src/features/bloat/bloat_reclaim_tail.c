/*
 * How much of a table's end is empty: what VACUUM would give back to the operating system. Nothing
 * in the catalogs tells it, so it is looked for, from the end, in chunks that double, each a scan
 * of a range of row addresses that ends at the first row.
 */
#include "bloat_queries.h"
#include "bloat_reclaim.h"

/* VACUUM's own: src/backend/access/heap/vacuumlazy.c. */
enum { TRUNCATE_MINIMUM = 1000, TRUNCATE_FRACTION = 16 };

enum { TAIL_SECONDS = 10, REFINEMENTS = 5 };

bool reclaim_is_cut(gint64 tail_pages, gint64 pages)
{
    return tail_pages > 0 &&
           (tail_pages >= TRUNCATE_MINIMUM || tail_pages >= pages / TRUNCATE_FRACTION);
}

gint64 reclaim_find_tail(gint64 pages,
                         enum tail_answer (*ask)(gint64 from, gint64 to, gpointer data),
                         gpointer data)
{
    gint64 least = CLAMP(pages / TRUNCATE_FRACTION, 1, TRUNCATE_MINIMUM);
    gint64 empty_from = pages, used_below = 0; /* a row is somewhere below, or page 0 */

    for (gint64 chunk = least; empty_from > 0; chunk *= 2) {
        gint64 from = MAX(empty_from - chunk, 0);
        enum tail_answer answer = ask(from, empty_from, data);
        if (answer == TAIL_UNKNOWN && empty_from == pages)
            return -1;
        if (answer != TAIL_EMPTY) {
            used_below = from;
            break;
        }
        empty_from = from;
    }
    if (empty_from == pages)
        return 0;
    /* The border lies between the two: halve it a few times. */
    for (int i = 0; i < REFINEMENTS && empty_from - used_below > least; i++) {
        gint64 middle = used_below + (empty_from - used_below) / 2;
        enum tail_answer answer = ask(middle, empty_from, data);
        if (answer == TAIL_UNKNOWN)
            break;
        if (answer == TAIL_EMPTY)
            empty_from = middle;
        else
            used_below = middle;
    }
    return reclaim_is_cut(pages - empty_from, pages) ? pages - empty_from : 0;
}

/* ---- asking a table ------------------------------------------------------------------------ */

struct probe {
    struct session *session;
    struct query query; /* its sql is of this table */
    gint64 deadline_us;
};

static enum tail_answer ask_table(gint64 from, gint64 to, gpointer data)
{
    struct probe *probe = data;
    gint64 left_ms = (probe->deadline_us - g_get_monotonic_time()) / 1000;
    g_autofree char *first = g_strdup_printf("(%" G_GINT64_FORMAT ",0)", from);
    g_autofree char *last = g_strdup_printf("(%" G_GINT64_FORMAT ",0)", to);
    g_autofree char *limit =
        g_strdup_printf("SET statement_timeout = %" G_GINT64_FORMAT, MAX(left_ms, 1));

    if (left_ms <= 0 || !session_command(probe->session, limit, NULL))
        return TAIL_UNKNOWN;
    AUTO(rows)
    rows =
        session_query(probe->session, &probe->query, (const char *const[]){first, last}, NULL);
    if (rows == NULL)
        return TAIL_UNKNOWN;
    return rows_count(rows) > 0 ? TAIL_USED : TAIL_EMPTY;
}

static gint64 look(struct session *session, int block_size, const char *schema,
                   const char *name, gint64 bytes)
{
    struct probe probe = {
        .session = session,
        .query = query_bloat_reclaim_empty,
        .deadline_us = g_get_monotonic_time() + TAIL_SECONDS * (gint64) G_USEC_PER_SEC,
    };
    g_autofree char *quoted = session_quote(session, schema, name);

    if (quoted == NULL)
        return -1;
    /* The query's own table is a stand-in that every server has. */
    g_auto(GStrv) parts = g_strsplit(probe.query.sql, "pg_catalog.pg_class", 2);
    g_autofree char *sql = g_strjoinv(quoted, parts);
    probe.query.sql = sql;
    gint64 pages = reclaim_find_tail(bytes / block_size, ask_table, &probe);
    return pages < 0 ? -1 : pages * block_size;
}

void reclaim_tail_read(struct session *session, int block_size, struct reclaim_facts *facts)
{
    /* Whatever the role's settings say: never a scan of the whole table. */
    if (!session_command(session, "SET enable_tidscan = on; SET enable_seqscan = off", NULL))
        return;
    if (facts->readable && facts->heap >= 0)
        facts->tail = look(session, block_size, facts->schema, facts->name, facts->heap);
    if (facts->toast != NULL && facts->toast_readable && facts->toast_heap >= 0)
        facts->toast_tail =
            look(session, block_size, "pg_toast", facts->toast, facts->toast_heap);
    session_command(session,
                    "SET statement_timeout = '30s'; RESET enable_tidscan; RESET enable_seqscan",
                    NULL);
}
