/*
 * The method exact: pgstattuple reads whole tables, pgstatindex whole indexes, so only the worst
 * are asked, and only as far as the budget goes.
 */
#include "bloat_exact.h"
#include "bloat_private.h"
#include "bloat_queries.h"
#include "bloat_sample.h"

#include <math.h>
#include <string.h>

/* Of an object about which nothing is known so much may be reclaimable, when it is put in line. */
static const double UNKNOWN_PART = 0.5;

struct exact {
    struct session *session;
    struct bloat_case *state;
    char *schema; /* quoted, of the extension */
    gint64 budget_bytes;
};

enum heap_column { HEAP_TUPLES, HEAP_BYTES, HEAP_DEAD, HEAP_DEAD_BYTES, HEAP_FREE };
enum tree_column { TREE_LEAVES, TREE_INTERNAL, TREE_DENSITY };

/* ---- who is asked ----------------------------------------------------------------------------- */

static double badness(const struct bloat_object *object)
{
    return object->reclaimable_bytes >= 0 ? (double) object->reclaimable_bytes
                                          : UNKNOWN_PART * (double) object->size_bytes;
}

static gint by_badness(gconstpointer left, gconstpointer right)
{
    const struct bloat_object *const *a = left, *const *b = right;
    double bad_a = badness(*a), bad_b = badness(*b);

    if (bad_a != bad_b)
        return bad_a > bad_b ? -1 : 1;
    return (*a)->oid < (*b)->oid ? -1 : (*a)->oid > (*b)->oid;
}

/* Tables, TOAST tables and B-trees, the worst first. Of struct bloat_object *. */
static GPtrArray *in_line(const struct bloat_case *state)
{
    GPtrArray *line = g_ptr_array_new();

    for (guint i = 0; i < state->objects->len; i++) {
        struct bloat_object *object = &g_array_index(state->objects, struct bloat_object, i);
        const struct relation_index *index =
            object->kind == BLOAT_INDEX ? relations_find_index(state->relations, object->oid)
                                        : NULL;
        if (object->kind == BLOAT_INDEX &&
            (index == NULL || !index->valid || strcmp(index->method, "btree") != 0))
            continue;
        if (object->size_bytes > 0)
            g_ptr_array_add(line, object);
    }
    g_ptr_array_sort(line, by_badness);
    return line;
}

/* ---- one object --------------------------------------------------------------------------------- */

static bool read_sizes(const struct exact *exact, const struct bloat_object *object,
                       gint64 *ret_pages, gint64 *ret_hidden, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", object->oid);
    AUTO(rows)
    rows = session_query(exact->session, &query_bloat_exact_hidden, (const char *const[]){oid},
                         error);

    if (rows == NULL)
        return false;
    if (rows_count(rows) == 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "it was dropped in the meantime");
        return false;
    }
    *ret_pages = rows_int(rows, 0, BLOAT_EXACT_HIDDEN_PAGES);
    *ret_hidden = rows_int(rows, 0, BLOAT_EXACT_HIDDEN_HIDDEN_PAGES);
    return true;
}

static char *heap_statement(const struct exact *exact, guint oid, bool approximate)
{
    if (approximate)
        return g_strdup_printf("SELECT s.approx_tuple_count, s.approx_tuple_len,"
                               " s.dead_tuple_count, s.dead_tuple_len, s.approx_free_space"
                               " FROM %s.pgstattuple_approx('%u'::pg_catalog.regclass) AS s",
                               exact->schema, oid);
    return g_strdup_printf("SELECT s.tuple_count, s.tuple_len, s.dead_tuple_count,"
                           " s.dead_tuple_len, s.free_space"
                           " FROM %s.pgstattuple('%u'::pg_catalog.regclass) AS s",
                           exact->schema, oid);
}

static bool read_heap(const struct exact *exact, const struct bloat_object *object,
                      gint64 pages, bool approximate, struct space_pages *ret_needed,
                      GError **error)
{
    const struct relation_table *table =
        relations_find_table(exact->state->relations, object->oid);
    g_autofree char *sql = heap_statement(exact, object->oid, approximate);
    AUTO(rows) rows = bloat_sample_ask(exact->session, sql, error);

    if (rows == NULL)
        return false;
    struct bloat_heap_facts facts = {
        .block_size = exact->state->relations->block_size,
        .fillfactor = table == NULL ? 100 : table->fillfactor,
        .approximate = approximate,
        .pages = (double) pages,
        .tuples = rows_real(rows, 0, HEAP_TUPLES),
        .bytes = rows_real(rows, 0, HEAP_BYTES),
        .dead_tuples = rows_real(rows, 0, HEAP_DEAD),
        .dead_bytes = rows_real(rows, 0, HEAP_DEAD_BYTES),
        .free_bytes = rows_real(rows, 0, HEAP_FREE),
    };
    bloat_exact_heap(&facts, ret_needed);
    return true;
}

/* How many of the dead rows are old versions of others. */
static double dead_by_update(const struct relation_table *table)
{
    double changes = (double) (table->updated + table->deleted);

    return changes > 0 ? (double) table->dead * (double) table->updated / changes
                       : (double) table->dead;
}

static bool read_tree(const struct exact *exact, const struct bloat_object *object,
                      struct space_pages *ret_needed, GError **error)
{
    const struct relation_index *index =
        relations_find_index(exact->state->relations, object->oid);
    g_autofree char *sql =
        g_strdup_printf("SELECT s.leaf_pages, s.internal_pages, s.avg_leaf_density"
                        " FROM %s.pgstatindex('%u'::pg_catalog.regclass) AS s",
                        exact->schema, object->oid);
    AUTO(rows) rows = bloat_sample_ask(exact->session, sql, error);

    if (rows == NULL)
        return false;
    struct bloat_tree_facts facts = {
        .block_size = exact->state->relations->block_size,
        .fillfactor = index->fillfactor,
        .leaf_pages = rows_real(rows, 0, TREE_LEAVES),
        .internal_pages = rows_real(rows, 0, TREE_INTERNAL),
        .density = rows_real(rows, 0, TREE_DENSITY),
        .live = (double) object->live,
        .dead = (double) object->dead,
        .updated = dead_by_update(relations_table_of(exact->state->relations, index)),
    };
    if (!isfinite(facts.density)) /* no leaves */
        facts.density = 0;
    bloat_exact_tree(&facts, ret_needed);
    return true;
}

/* A table that the budget does not allow to be read whole, or that took too long, is read where
 * it is not all visible. */
static bool measure_heap(struct exact *exact, const struct bloat_object *object, gint64 pages,
                         gint64 hidden, struct space_pages *ret_needed, bool *ret_asked,
                         GError **error)
{
    gint64 block_size = exact->state->relations->block_size;
    g_autoptr(GError) failure = NULL;

    if (pages * block_size <= exact->budget_bytes) {
        exact->budget_bytes -= pages * block_size;
        *ret_asked = true;
        if (read_heap(exact, object, pages, false, ret_needed, &failure))
            return true;
        if (bloat_sample_fatal(failure) ||
            strcmp(session_sqlstate(exact->session), "57014") != 0) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return false;
        }
    }
    *ret_asked = hidden * block_size <= exact->budget_bytes;
    if (!*ret_asked)
        return true;
    exact->budget_bytes -= hidden * block_size;
    return read_heap(exact, object, pages, true, ret_needed, error);
}

static bool measure(struct exact *exact, struct bloat_object *object, GError **error)
{
    gint64 block_size = exact->state->relations->block_size, pages, hidden;
    struct space_pages needed;
    bool asked = false, done;

    if (!read_sizes(exact, object, &pages, &hidden, error))
        return false;
    if (object->kind != BLOAT_INDEX)
        done = measure_heap(exact, object, pages, hidden, &needed, &asked, error);
    else {
        asked = pages * block_size <= exact->budget_bytes;
        exact->budget_bytes -= asked ? pages * block_size : 0;
        done = !asked || read_tree(exact, object, &needed, error);
    }
    if (!done)
        return false;
    if (!asked) {
        bloat_sample_keep(object, BLOAT_NOTE_BUDGET, NULL);
        return true;
    }
    object->method = BLOAT_EXACT;
    object->size_bytes = pages * block_size;
    g_clear_pointer(&object->detail, g_free);
    bloat_set_pages(object, (int) block_size, pages, &needed);
    return true;
}

/* ---- the run ---------------------------------------------------------------------------------- */

/* The extension's schema, quoted; NULL with an error. */
static char *find_extension(struct session *session, bool *ret_allowed, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_bloat_exact_functions, NULL, error);

    if (rows == NULL)
        return NULL;
    if (rows_count(rows) == 0) {
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "a superuser installs it with: CREATE EXTENSION pgstattuple",
                          "the extension pgstattuple is not installed in database \"%s\"",
                          session_database(session));
        return NULL;
    }
    *ret_allowed = rows_bool(rows, 0, BLOAT_EXACT_FUNCTIONS_ALLOWED);
    char *schema =
        session_quote(session, NULL, rows_text(rows, 0, BLOAT_EXACT_FUNCTIONS_SCHEMA));
    if (schema == NULL)
        runbook_error_set(error, RUNBOOK_REFUSED, NULL,
                          "the name of the schema of pgstattuple cannot be quoted");
    return schema;
}

static bool ask_worst(struct exact *exact, guint worst, bool allowed, GError **error)
{
    g_autoptr(GPtrArray) line = in_line(exact->state);

    for (guint i = 0; i < MIN(line->len, worst); i++) {
        struct bloat_object *object = g_ptr_array_index(line, i);
        g_autoptr(GError) failure = NULL;
        if (!allowed) {
            bloat_sample_keep(object, BLOAT_NOTE_RIGHT,
                              "the role is not a member of pg_stat_scan_tables");
            continue;
        }
        if (measure(exact, object, &failure))
            continue;
        if (bloat_sample_fatal(failure)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return false;
        }
        bloat_sample_keep(object, object->note, failure->message);
    }
    return true;
}

bool bloat_exact(struct session *session, struct bloat_case *state, guint worst,
                 gint64 budget_bytes, GError **error)
{
    bool allowed = false;
    g_autofree char *schema = find_extension(session, &allowed, error);
    struct exact exact = {session, state, schema, budget_bytes};

    if (schema == NULL)
        return false;
    if (!session_command(session, "SET lock_timeout = '100ms'", error))
        return false;
    bool done = ask_worst(&exact, worst, allowed, error);
    return done && session_command(session, "SET lock_timeout = '2s'", error);
}
