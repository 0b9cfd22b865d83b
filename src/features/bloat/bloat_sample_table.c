/*
 * One table's sample. All of it happens in one transaction that is rolled back, so that nothing
 * is left behind whatever happens, and the table is only ever locked in ACCESS SHARE mode.
 *
 * The copy is made first, empty: CREATE TABLE (LIKE …) takes the lock without running anything
 * that belongs to the table. Only when the catalogs say that what is locked is the table that was
 * meant are rows read: what was a table a moment ago could be a view now, whose functions would
 * run with this role's rights.
 */
#include "bloat_private.h"
#include "bloat_queries.h"
#include "bloat_sample.h"

#include <math.h>
#include <string.h>

enum draws_column { DRAWS_BLOCK, DRAWS_ROWS, DRAWS_BYTES, DRAWS_TOASTED };
enum pages_column { PAGES_ROWS, PAGES_COUNT, PAGES_LAST_ROWS };
/* ANALYZE looks at so many blocks at least: a table of no more is counted whole. */
enum { ANALYZED_WHOLE = 30000 };

bool bloat_sample_fatal(const GError *error)
{
    return g_error_matches(error, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED) ||
           g_error_matches(error, RUNBOOK_ERROR, RUNBOOK_CONNECT);
}

struct rows *bloat_sample_ask(struct session *session, const char *sql, GError **error)
{
    static const char *const none[] = {NULL};
    const struct query query = {.name = "bloat_sample",
                                .since = SESSION_OLDEST,
                                .param_types = none,
                                .columns = none,
                                .column_types = none,
                                .sql = sql};

    return session_query(session, &query, NULL, error);
}

/* ---- what it is made of ---------------------------------------------------------------------- */

static void column_clear(gpointer data)
{
    struct bloat_sample_column *column = data;

    g_free(column->name);
    g_free(column->type);
    g_free(column->storage);
}

static void source_clear(struct bloat_sample_source *source)
{
    g_free(source->table);
    g_clear_pointer(&source->columns, g_array_unref);
}

static bool read_columns(const struct bloat_sample_turn *turn,
                         struct bloat_sample_source *source, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", turn->table->oid);
    AUTO(rows)
    rows = session_query(turn->session, &query_bloat_sample_columns, (const char *const[]){oid},
                         error);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        source->toast_target = (int) rows_int(rows, i, BLOAT_SAMPLE_COLUMNS_TOAST_TARGET);
        if (rows_bool(rows, i, BLOAT_SAMPLE_COLUMNS_DROPPED)) {
            source->dropped++;
            continue;
        }
        struct bloat_sample_column column = {
            .name = session_quote(turn->session, NULL,
                                  rows_text(rows, i, BLOAT_SAMPLE_COLUMNS_NAME)),
            .type = g_strdup(rows_text(rows, i, BLOAT_SAMPLE_COLUMNS_TYPE)),
            .storage = g_strdup(rows_text(rows, i, BLOAT_SAMPLE_COLUMNS_STORAGE)),
            .base = rows_bool(rows, i, BLOAT_SAMPLE_COLUMNS_BASE),
            .computed = rows_bool(rows, i, BLOAT_SAMPLE_COLUMNS_VIRTUAL),
            .not_null = rows_bool(rows, i, BLOAT_SAMPLE_COLUMNS_NOT_NULL),
        };
        source->storage_set |= rows_bool(rows, i, BLOAT_SAMPLE_COLUMNS_STORAGE_SET);
        g_array_append_val(source->columns, column);
        if (column.name == NULL) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL, "a column's name cannot be quoted");
            return false;
        }
    }
    return rows != NULL;
}

static bool read_source(const struct bloat_sample_turn *turn,
                        struct bloat_sample_source *source, GError **error)
{
    source->table = session_quote(turn->session, turn->table->schema, turn->table->name);
    if (source->table == NULL) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "its name cannot be quoted");
        return false;
    }
    source->columns = g_array_new(FALSE, FALSE, sizeof(struct bloat_sample_column));
    g_array_set_clear_func(source->columns, column_clear);
    source->fillfactor = turn->table->fillfactor;
    return read_columns(turn, source, error);
}

/* ---- the sample -------------------------------------------------------------------------------- */

static bool run(const struct bloat_sample_turn *turn, char *sql, GError **error)
{
    g_autofree char *owned = sql;

    return owned == NULL || session_command(turn->session, owned, error);
}

/* Under the lock that making the copy took. */
static bool check(const struct bloat_sample_turn *turn, struct bloat_copy *copy, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", turn->table->oid);
    AUTO(rows)
    rows = session_query(turn->session, &query_bloat_sample_check,
                         (const char *const[]){oid, turn->table->schema, turn->table->name},
                         error);

    if (rows == NULL)
        return false;
    if (rows_count(rows) == 0 || !rows_bool(rows, 0, BLOAT_SAMPLE_CHECK_MEANT) ||
        rows_bool(rows, 0, BLOAT_SAMPLE_CHECK_HIDDEN)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "it was changed in the meantime");
        return false;
    }
    copy->pages = rows_int(rows, 0, BLOAT_SAMPLE_CHECK_PAGES);
    copy->toast_pages = rows_null(rows, 0, BLOAT_SAMPLE_CHECK_TOAST_PAGES)
                            ? -1
                            : rows_int(rows, 0, BLOAT_SAMPLE_CHECK_TOAST_PAGES);
    return true;
}

static guint position_of(const GArray *blocks, gint64 block)
{
    guint low = 0, high = blocks->len;

    while (low + 1 < high) {
        guint middle = (low + high) / 2;
        if (g_array_index(blocks, gint64, middle) <= block)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static bool draw(const struct bloat_sample_turn *turn, const struct bloat_sample_source *source,
                 struct bloat_copy *copy, GError **error)
{
    g_autoptr(GArray) blocks = bloat_sample_blocks(turn->random, copy->pages, turn->blocks);
    g_autofree char *sql = bloat_sample_sql_draws(source);

    if (source->storage_set &&
        (!run(turn, bloat_sample_sql_rows_shape(source), error) ||
         !run(turn, bloat_sample_sql_nullable(source, BLOAT_SAMPLE_ROWS), error)))
        return false;
    if (!run(turn, bloat_sample_sql_rows(source, blocks), error))
        return false;
    AUTO(rows) rows = bloat_sample_ask(turn->session, sql, error);
    if (rows == NULL)
        return false;
    copy->draws = g_array_sized_new(FALSE, TRUE, sizeof(struct bloat_draw), blocks->len);
    g_array_set_size(copy->draws, blocks->len);
    for (int i = 0; i < rows_count(rows); i++)
        g_array_index(copy->draws, struct bloat_draw,
                      position_of(blocks, rows_int(rows, i, DRAWS_BLOCK))) =
            (struct bloat_draw){
                .rows = rows_real(rows, i, DRAWS_ROWS),
                .bytes = rows_real(rows, i, DRAWS_BYTES),
                .toasted = rows_real(rows, i, DRAWS_TOASTED),
            };
    return true;
}

/* Chunks are counted as they come, and packing has them come again. */
static bool sizes(const struct bloat_sample_turn *turn, const char *relation,
                  struct bloat_copy *copy, GError **error)
{
    AUTO(rows)
    rows = session_query(turn->session, &query_bloat_sample_sizes,
                         (const char *const[]){relation}, error);

    if (rows == NULL)
        return false;
    if (copy->chunks == 0)
        copy->chunks = rows_null(rows, 0, BLOAT_SAMPLE_SIZES_CHUNKS)
                           ? -1
                           : rows_int(rows, 0, BLOAT_SAMPLE_SIZES_CHUNKS);
    copy->chunk_pages = rows_int(rows, 0, BLOAT_SAMPLE_SIZES_TOAST_PAGES);
    return true;
}

static bool make_copy(const struct bloat_sample_turn *turn,
                      const struct bloat_sample_source *source, bool whole,
                      struct bloat_copy *copy, GError **error)
{
    if (!source->storage_set)
        return run(turn, bloat_sample_sql_copy(source, whole), error);
    return run(turn, bloat_sample_sql_nullable(source, BLOAT_SAMPLE_SHAPE), error) &&
           run(turn, bloat_sample_sql_fill(source, whole), error) &&
           sizes(turn, BLOAT_SAMPLE_SHAPE, copy, error) &&
           run(turn, bloat_sample_sql_pack(source), error) &&
           run(turn, bloat_sample_sql_rename(), error);
}

static bool measure(const struct bloat_sample_turn *turn, struct bloat_copy *copy,
                    GError **error)
{
    g_autofree char *sql = bloat_sample_sql_pages();

    if (!sizes(turn, BLOAT_SAMPLE_COPY, copy, error))
        return false;
    AUTO(rows) rows = bloat_sample_ask(turn->session, sql, error);
    if (rows == NULL)
        return false;
    copy->copy_rows = rows_int(rows, 0, PAGES_ROWS);
    copy->copy_pages = rows_int(rows, 0, PAGES_COUNT);
    copy->last_rows = rows_int(rows, 0, PAGES_LAST_ROWS);
    return true;
}

static bool take_sample(const struct bloat_sample_turn *turn, struct bloat_copy *copy,
                        GError **error)
{
    __attribute__((cleanup(source_clear))) struct bloat_sample_source source = {0};

    AUTO(rows) set = session_query(turn->session, &query_bloat_sample_settings, NULL, error);
    if (set == NULL || !read_source(turn, &source, error) ||
        !run(turn, bloat_sample_sql_shape(&source), error) || !check(turn, copy, error))
        return false;
    bool whole = turn->blocks >= copy->pages;
    return (whole || draw(turn, &source, copy, error)) &&
           make_copy(turn, &source, whole, copy, error) && measure(turn, copy, error);
}

/* ---- what follows ----------------------------------------------------------------------------- */

void bloat_sample_set(const struct bloat_sample_turn *turn, struct bloat_object *object,
                      gint64 pages, const struct space_pages *needed)
{
    int block_size = turn->state->relations->block_size;

    object->size_bytes = pages * block_size;
    object->method = BLOAT_SAMPLE;
    g_clear_pointer(&object->detail, g_free);
    bloat_set_pages(object, block_size, pages, needed);
}

void bloat_sample_keep(struct bloat_object *object, enum bloat_note note, const char *detail)
{
    object->note = note;
    g_free(object->detail);
    /* Of what the server said, what it calls detail and hint is too much here. */
    object->detail = detail == NULL ? NULL : g_strndup(detail, strcspn(detail, "\n"));
    /* Beside a number the note would not be shown. */
    if (detail == NULL && object->reclaimable_bytes >= 0 && note == BLOAT_NOTE_BUDGET)
        object->detail = g_strdup("the budget was used up before its turn");
    if (detail == NULL && object->reclaimable_bytes >= 0 && note == BLOAT_NOTE_METHOD)
        object->detail = g_strdup("its access method allows no sample");
}

/* VACUUM reads a part of the pages and guesses the rest; in doubt about the second it came last. */
static bool settled(const struct relation_table *table)
{
    return table->changed == 0 &&
           MAX(table->last_vacuum, table->last_autovacuum) < table->last_analyze;
}

static void conclude(const struct bloat_sample_turn *turn, const struct bloat_copy *copy,
                     struct bloat_judgement *ret_judgement)
{
    const struct relation_table *table = turn->table, *toast = turn->toast;
    struct bloat_counters counters = {
        .live = (double) table->live,
        .counted = bloat_live_rows(table),
        .tuples = table->tuples,
        .toast_live = toast == NULL ? -1 : bloat_live_rows(toast),
        .toast_tuples = toast == NULL ? -1 : toast->tuples,
        .settled = settled(table) && copy->pages <= ANALYZED_WHOLE,
    };

    bloat_sample_judge(copy, &counters, ret_judgement);
    for (guint i = 0; i < turn->count; i++) {
        struct bloat_object *object =
            &g_array_index(turn->state->objects, struct bloat_object, turn->first + i);
        if (object->kind == BLOAT_TABLE)
            bloat_sample_set(turn, object, copy->pages, &ret_judgement->heap);
        else if (object->kind == BLOAT_TOAST && ret_judgement->toast_known)
            bloat_sample_set(turn, object, copy->toast_pages, &ret_judgement->toast);
        else if (object->kind == BLOAT_TOAST)
            bloat_sample_keep(object, BLOAT_NOTE_BUDGET,
                              "none of its values was met in the sample");
    }
}

static bool sampled(const struct bloat_sample_turn *turn, struct bloat_copy *copy,
                    GError **error)
{
    struct bloat_judgement judgement;

    if (!session_command(turn->session, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
                         error) ||
        !take_sample(turn, copy, error))
        return false;
    conclude(turn, copy, &judgement);
    return bloat_sample_indexes(turn, &judgement, error);
}

/* What was not looked at yet when it failed keeps its estimate. */
static void keep_rest(const struct bloat_sample_turn *turn, const GError *failure)
{
    for (guint i = 0; i < turn->count; i++) {
        struct bloat_object *object =
            &g_array_index(turn->state->objects, struct bloat_object, turn->first + i);
        if (object->method != BLOAT_SAMPLE && object->detail == NULL)
            bloat_sample_keep(object, object->note, failure->message);
    }
}

bool bloat_sample_table(const struct bloat_sample_turn *turn, GError **error)
{
    struct bloat_copy copy = {.block_size = turn->state->relations->block_size};
    g_autoptr(GError) failure = NULL;

    bool done = sampled(turn, &copy, &failure);
    g_clear_pointer(&copy.draws, g_array_unref);
    if (done)
        return session_command(turn->session, "ROLLBACK", error);
    if (bloat_sample_fatal(failure)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    keep_rest(turn, failure);
    return session_command(turn->session, "ROLLBACK", error);
}
