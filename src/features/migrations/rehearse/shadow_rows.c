/* Rows that are made up, in every table of the shadow. */
#include "error.h"
#include "migrations_queries.h"
#include "rehearse/shadow.h"
#include "rehearse/trace_send.h"
#include "rehearse/values.h"

/* So few that ANALYZE reads all of them, which leaves the first scan nothing to settle. */
enum { ANALYZED_ALONE = 30000 };

/* The part without a value where the target's statistics say nothing. */
#define SOME (1.0 / 7)

/* ---- the statement of a table -------------------------------------------------------------- */

/* What the target's statistics say of a column. */
struct past {
    double nulls;
    bool negative;
};

struct filling {
    struct shadow *shadow;
    struct session *session;
    const struct rows *columns;
    GHashTable *pasts; /* of struct past, by "schema\nname\ncolumn"; by "" for all others */
    gint64 count;
};

static const struct past *past_at(const struct filling *filling, int i)
{
    const struct rows *rows = filling->columns;
    g_autofree char *key =
        g_strdup_printf("%s\n%s\n%s", rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_SCHEMA),
                        rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_NAME),
                        rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_COLUMN));
    const struct past *known = g_hash_table_lookup(filling->pasts, key);

    return known != NULL ? known : g_hash_table_lookup(filling->pasts, "");
}

static struct values_column column_at(const struct rows *rows, int i)
{
    const char *element = rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_ELEMENT_BASE);
    struct values_column column = {
        .type = {.type = rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_TYPE),
                 .base = rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_BASE),
                 .kind = rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_KIND)[0],
                 .category = rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_CATEGORY)[0],
                 .typmod = (int) rows_int(rows, i, MIGRATIONS_SHADOW_COLUMNS_TYPMOD)},
        .not_null = rows_bool(rows, i, MIGRATIONS_SHADOW_COLUMNS_NOT_NULL),
        .checks = rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_CHECKS),
        .domain_checks = rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_DOMAIN_CHECKS)};

    if (rows_bool(rows, i, MIGRATIONS_SHADOW_COLUMNS_KEY))
        column.bound = rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_BOUND);
    if (element != NULL)
        column.element = (struct values_type){
            .type = rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_ELEMENT),
            .base = element,
            .kind = rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_ELEMENT_KIND)[0],
            .category = rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_ELEMENT_CATEGORY)[0],
            .typmod = -1};
    return column;
}

/* Columns that may be null stay so in the second attempt. The second row comes first: numbers that
 * are given anew are seen to be others. */
static char *insert_of(const struct filling *filling, int first, int end, const char *condition,
                       bool sparing)
{
    const struct rows *rows = filling->columns;
    struct session *session = filling->session;
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GString) expressions = g_string_new(NULL);
    g_autofree char *table =
        session_quote(session, rows_text(rows, first, MIGRATIONS_SHADOW_COLUMNS_SCHEMA),
                      rows_text(rows, first, MIGRATIONS_SHADOW_COLUMNS_NAME));

    for (int i = first; i < end; i++) {
        struct values_column column = column_at(rows, i);
        bool left_out = sparing && !column.not_null && column.bound == NULL;
        g_autofree char *name =
            session_quote(session, NULL, rows_text(rows, i, MIGRATIONS_SHADOW_COLUMNS_COLUMN));
        column.name = name;
        column.nulls = past_at(filling, i)->nulls;
        column.negative = past_at(filling, i)->negative;
        g_autofree char *value = left_out ? NULL : values_expression(&column, filling->count);
        g_string_append_printf(names, "%s%s", i > first ? ", " : "", name);
        g_string_append_printf(
            expressions, "%s%s%s AS %s", i > first ? ", " : "",
            value != NULL ? value : "NULL::", value != NULL ? "" : column.type.type, name);
    }
    bool bound = condition != NULL && *condition != '\0';
    return g_strdup_printf(
        "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM (SELECT %s FROM "
        "(SELECT CASE WHEN g.n < 3 THEN LEAST(3 - g.n, %" G_GINT64_FORMAT ") ELSE g.n END FROM "
        "pg_catalog.generate_series(1, %" G_GINT64_FORMAT ") AS g(n)) AS r(i)) AS v%s%s "
        "ON CONFLICT DO NOTHING",
        table, names->str, names->str, expressions->str, filling->count, filling->count,
        bound ? " WHERE " : "", bound ? condition : "");
}

/* ---- a table ------------------------------------------------------------------------------- */

static bool insert(const struct filling *filling, int first, int end, const char *condition,
                   bool sparing, struct trace_answer *ret_answer, gint64 *ret_rows,
                   GError **error)
{
    g_autofree char *sql = insert_of(filling, first, end, condition, sparing);

    if (!trace_send(filling->session, sql, NULL, ret_answer, error))
        return false;
    *ret_rows = ret_answer->result != NULL
                    ? g_ascii_strtoll(PQcmdTuples(ret_answer->result), NULL, 10)
                    : 0;
    return true;
}

static void note_empty(const struct filling *filling, int first, const char *reason)
{
    const char *schema = rows_text(filling->columns, first, MIGRATIONS_SHADOW_COLUMNS_SCHEMA);
    const char *name = rows_text(filling->columns, first, MIGRATIONS_SHADOW_COLUMNS_NAME);

    g_ptr_array_add(filling->shadow->troubles,
                    g_strdup_printf("no rows could be made up for %s.%s%s%s", schema, name,
                                    reason != NULL ? ": " : "", reason != NULL ? reason : ""));
}

static bool fill_table(const struct filling *filling, int first, int end, GError **error)
{
    const char *const values[] = {
        rows_text(filling->columns, first, MIGRATIONS_SHADOW_COLUMNS_TABLE_OID)};
    AUTO(rows)
    rows = session_query(filling->session, &query_migrations_shadow_conditions, values, error);
    struct trace_answer answer;
    gint64 count = 0;

    if (rows == NULL)
        return false;
    const char *condition = rows_text(rows, 0, MIGRATIONS_SHADOW_CONDITIONS_CONDITION);
    if (!insert(filling, first, end, condition, false, &answer, &count, error))
        return false;
    if (count == 0) {
        trace_answer_clear(&answer);
        if (!insert(filling, first, end, condition, true, &answer, &count, error))
            return false;
    }
    if (count == 0)
        note_empty(filling, first, answer.error);
    filling->shadow->tables += count > 0;
    filling->shadow->rows += count;
    trace_answer_clear(&answer);
    return true;
}

static bool same_table(const struct rows *rows, int a, int b)
{
    return rows_int(rows, a, MIGRATIONS_SHADOW_COLUMNS_TABLE_OID) ==
           rows_int(rows, b, MIGRATIONS_SHADOW_COLUMNS_TABLE_OID);
}

static bool fill_all(const struct filling *filling, GError **error)
{
    int count = rows_count(filling->columns);

    for (int first = 0, end = 0; first < count; first = end) {
        while (end < count && same_table(filling->columns, first, end))
            end++;
        if (!fill_table(filling, first, end, error))
            return false;
    }
    return true;
}

static bool count_on(struct session *session, gint64 count, GError **error)
{
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, count);
    const char *const values[] = {number};
    AUTO(rows) rows = session_query(session, &query_migrations_shadow_sequences, values, error);

    return rows != NULL;
}

static void note_past(GHashTable *pasts, char *key, double nulls, bool negative)
{
    struct past *past = g_new(struct past, 1);

    *past = (struct past){nulls, negative};
    g_hash_table_insert(pasts, key, past);
}

static void take_past(const struct rows *rows, gpointer data)
{
    note_past(data,
              g_strdup_printf("%s\n%s\n%s",
                              rows_text(rows, 0, MIGRATIONS_SHADOW_STATISTICS_SCHEMA),
                              rows_text(rows, 0, MIGRATIONS_SHADOW_STATISTICS_NAME),
                              rows_text(rows, 0, MIGRATIONS_SHADOW_STATISTICS_COLUMN)),
              rows_real(rows, 0, MIGRATIONS_SHADOW_STATISTICS_NULLS),
              rows_bool(rows, 0, MIGRATIONS_SHADOW_STATISTICS_NEGATIVE));
}

/* Triggers, those of foreign keys among them, are left out: the rows come in any order. */
bool shadow_fill_rows(struct shadow *shadow, struct session *session,
                      const struct shadow_plan *plan, GError **error)
{
    g_autoptr(GHashTable) pasts =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    shadow->tables = shadow->rows = 0;
    if (plan->rows == 0)
        return true;
    note_past(pasts, g_strdup(""), plan->no_nulls ? 0 : SOME, false);
    if (!session_each(plan->target, &query_migrations_shadow_statistics, NULL, take_past, pasts,
                      error))
        return false;
    AUTO(rows)
    columns = session_query(session, &query_migrations_shadow_columns, NULL, error);
    const struct filling filling = {shadow, session, columns, pasts, plan->rows};
    return columns != NULL &&
           session_command(session, "SET session_replication_role = replica", error) &&
           fill_all(&filling, error) && count_on(session, plan->rows, error) &&
           session_command(session, "RESET session_replication_role", error) &&
           trace_command(session, plan->rows > ANALYZED_ALONE ? "VACUUM (ANALYZE)" : "ANALYZE",
                         "cannot analyze the rows", error);
}
