/* The look right before a statement, on the lane's own session: may it start now? */
#include "rebuild/rebuild_private.h"

#include "rebuild_queries.h"
#include "relations/relations.h"
#include "units/units.h"

#include <string.h>

static const char not_looked_at[] = "it could not be looked at right before";

/* ---- the verdict -------------------------------------------------------------------------- */

/* What no patience helps against; NULL: nothing. */
static const char *bar_of(const struct rebuild_look *look)
{
    if (!look->there)
        return "dropped since it was planned";
    if (look->moved)
        return "renamed or moved since it was planned";
    if (look->swapped)
        return "it was rebuilt already, only its old copy is left";
    if (look->kind == 'I')
        return "partitioned: only the indexes of its partitions can be rebuilt";
    if (look->catalog)
        return "PostgreSQL does not rebuild indexes of system catalogs concurrently";
    if (look->exclusion)
        return "it backs an exclusion constraint: PostgreSQL does not rebuild those "
               "concurrently";
    if (look->temporary)
        return "it is on a temporary table, which only its own session can rebuild";
    return look->lack;
}

enum step_go rebuild_judge_look(const struct rebuild_look *look, char **ret_why)
{
    const char *bar = bar_of(look);

    if (bar != NULL)
        *ret_why = g_strdup(bar);
    else if (look->taken != NULL)
        *ret_why = g_strdup_printf("its name is taken by %s", look->taken);
    if (*ret_why != NULL)
        return STEP_DROP;
    if (look->builder != NULL) {
        *ret_why = g_strdup_printf("an index is being built on its table by %s", look->builder);
    } else if (look->holder != NULL) {
        *ret_why = g_strdup_printf("its table is locked: %s", look->holder);
    } else if (look->old != NULL) {
        g_autofree char *age = units_format_duration(look->old_seconds);
        *ret_why = g_strdup_printf(
            "it would have to wait for the transaction of %s, open for %s", look->old, age);
    }
    return *ret_why != NULL ? STEP_LATER : STEP_GO;
}

/* ---- what is there ------------------------------------------------------------------------ */

static void take(char **text, const char *with)
{
    g_free(*text);
    *text = g_strdup(with);
}

/* The answers the look's texts are borrowed from. */
struct answers {
    struct rows *facts, *obstacles;
};

static struct rows *ask(struct session *session, const struct query *query, guint oid,
                        const char *second)
{
    g_autofree char *text = g_strdup_printf("%u", oid);

    return session_query(session, query, (const char *const[]){text, second}, NULL);
}

static void read_facts(const struct rows *facts, int row, struct rebuild_look *look)
{
    look->there = true;
    look->kind = rows_text(facts, row, REBUILD_INDEX_KIND)[0];
    look->temporary = rows_bool(facts, row, REBUILD_INDEX_TEMPORARY);
    look->catalog = rows_bool(facts, row, REBUILD_INDEX_CATALOG);
    look->exclusion = rows_bool(facts, row, REBUILD_INDEX_EXCLUSION);
    look->lack = rows_text(facts, row, REBUILD_INDEX_LACK);
}

GPtrArray *rebuild_bars(struct session *session, const guint *oids, guint count, GError **error)
{
    g_autofree char *list = relations_oid_list(oids, count);
    g_autoptr(GHashTable) by_oid = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    AUTO(rows)
    rows = session_query(session, &query_rebuild_index, (const char *const[]){list}, error);

    if (rows == NULL)
        return NULL;
    for (int i = 0; i < rows_count(rows); i++) {
        struct rebuild_look look = {0};
        read_facts(rows, i, &look);
        g_hash_table_insert(by_oid,
                            GUINT_TO_POINTER((guint) rows_int(rows, i, REBUILD_INDEX_OID)),
                            g_strdup(bar_of(&look)));
    }
    GPtrArray *bars = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(bars, g_strdup(g_hash_table_lookup(by_oid, GUINT_TO_POINTER(oids[i]))));
    return bars;
}

/* An index renamed since is still the one that was planned, unless a rebuild did it. */
static void look_at_index(struct work *work, const struct rows *facts,
                          struct rebuild_look *look)
{
    struct rebuild_index *index = work->index;
    const char *name = rows_text(facts, 0, REBUILD_INDEX_NAME);
    bool valid = rows_bool(facts, 0, REBUILD_INDEX_VALID);

    look->moved = (guint) rows_int(facts, 0, REBUILD_INDEX_TABLE_OID) != index->table_oid;
    look->swapped = work->record != NULL && !valid && strcmp(name, index->name) != 0 &&
                    rebuild_leftover_name(name);
    read_facts(facts, 0, look);
    if (look->moved || look->swapped)
        return;
    take(&index->schema, rows_text(facts, 0, REBUILD_INDEX_SCHEMA));
    take(&index->name, name);
    take(&index->table, rows_text(facts, 0, REBUILD_INDEX_TABLE_NAME));
}

/* Its statement names the table, so that must not have changed. */
static void look_at_table(const struct work *work, const struct rows *facts,
                          struct rebuild_look *look)
{
    const struct rebuild_index *index = work->index;

    look->moved = strcmp(rows_text(facts, 0, REBUILD_TABLE_SCHEMA), index->schema) != 0 ||
                  strcmp(rows_text(facts, 0, REBUILD_TABLE_NAME), index->table) != 0;
    look->lack = rows_text(facts, 0, REBUILD_TABLE_LACK);
    look->taken = rows_text(facts, 0, REBUILD_TABLE_TAKEN_BY);
}

static bool look(struct rebuild *rebuild, struct work *work, struct session *session,
                 struct answers *answers, struct rebuild_look *ret_look)
{
    const struct rebuild_index *index = work->index;
    bool create = index->kind == REBUILD_CREATE;
    g_autofree char *one = g_strdup_printf("{%u}", index->oid);
    g_autofree char *old = g_strdup_printf("%" G_GINT64_FORMAT, rebuild->rules.old_xact_ms);

    answers->facts =
        create ? ask(session, &query_rebuild_table, index->table_oid, index->name)
               : session_query(session, &query_rebuild_index, (const char *const[]){one}, NULL);
    if (answers->facts == NULL)
        return false;
    ret_look->there = rows_count(answers->facts) > 0;
    if (!ret_look->there)
        return true;
    if (create)
        look_at_table(work, answers->facts, ret_look);
    else
        look_at_index(work, answers->facts, ret_look);
    answers->obstacles = ask(session, &query_rebuild_obstacles, index->table_oid, old);
    if (answers->obstacles == NULL)
        return false;
    ret_look->builder = rows_text(answers->obstacles, 0, REBUILD_OBSTACLES_BUILDER);
    ret_look->holder = rows_text(answers->obstacles, 0, REBUILD_OBSTACLES_HOLDER);
    ret_look->old = rows_text(answers->obstacles, 0, REBUILD_OBSTACLES_OLD);
    ret_look->old_seconds = rows_real(answers->obstacles, 0, REBUILD_OBSTACLES_OLD_SECONDS);
    return true;
}

static enum step_go judge(struct rebuild *rebuild, struct work *work, struct session *session,
                          char **ret_why)
{
    struct answers answers = {NULL, NULL};
    struct rebuild_look seen = {.kind = 'i'};
    enum step_go go = STEP_LATER;

    if (look(rebuild, work, session, &answers, &seen))
        go = rebuild_judge_look(&seen, ret_why);
    else
        *ret_why = g_strdup(not_looked_at);
    work->index->gone = go == STEP_DROP && !seen.there;
    g_clear_pointer(&answers.facts, rows_free);
    g_clear_pointer(&answers.obstacles, rows_free);
    return go;
}

/* ---- room, and the note of what is begun -------------------------------------------------- */

gint64 rebuild_size_of(struct session *session, guint oid)
{
    AUTO(rows) rows = ask(session, &query_rebuild_size, oid, NULL);

    return rows == NULL || rows_count(rows) == 0 ? -1 : rows_int(rows, 0, REBUILD_SIZE_BYTES);
}

static bool has_room(const struct rebuild *rebuild, struct rebuild_index *index,
                     struct session *session, char **ret_why)
{
    bool create = index->kind == REBUILD_CREATE;
    gint64 bytes = create ? -1 : rebuild_size_of(session, index->oid);

    if (bytes >= 0)
        index->bytes_before = bytes;
    gint64 left = rebuild_disk_free(session, create ? index->table_oid : index->oid);
    *ret_why = rebuild_disk_lack(left, index->bytes_before, rebuild->rules.blind_bytes);
    return *ret_why == NULL;
}

static int number_of(const struct rebuild *rebuild, const struct step *step)
{
    guint position = 0;

    g_ptr_array_find(rebuild->plan->steps, step, &position);
    return rebuild->first_step + (int) position;
}

/* Whose leftovers are whose is told from what was there before. */
static bool begin_record(struct rebuild *rebuild, struct work *work, struct session *session)
{
    if (work->record == NULL) {
        g_autoptr(GPtrArray) invalid = rebuild_invalid(session, work->index->table_oid);
        if (invalid == NULL)
            return false;
        work->record = record_new();
        g_ptr_array_add(rebuild->records, work->record);
        for (guint i = 0; i < invalid->len; i++) {
            const struct invalid_index *one = g_ptr_array_index(invalid, i);
            g_array_append_val(work->record->before, one->oid);
        }
        work->record->run = rebuild->run;
        work->record->step = number_of(rebuild, work->step);
        work->record->table_oid = work->index->table_oid;
        work->record->index_oid = work->index->oid;
    }
    take(&work->record->schema, work->index->schema);
    take(&work->record->name, work->index->name);
    work->record->unseen++;
    record_save(rebuild, work->record);
    return true;
}

/* ---- a leftover --------------------------------------------------------------------------- */

enum step_go rebuild_before_drop(struct rebuild_drop *drop, struct session *session,
                                 char **ret_why)
{
    g_autoptr(GPtrArray) invalid = rebuild_invalid(session, drop->table_oid);

    if (invalid == NULL) {
        *ret_why = g_strdup(not_looked_at);
        return STEP_LATER;
    }
    for (guint i = 0; i < invalid->len; i++) {
        const struct invalid_index *one = g_ptr_array_index(invalid, i);
        if (one->oid != drop->oid)
            continue;
        if (one->building) {
            *ret_why = g_strdup("an index is being built on its table");
            return STEP_LATER;
        }
        drop->sql = rebuild_drop_sql(session, one->schema, one->name, drop->concurrently);
        return STEP_GO;
    }
    *ret_why = g_strdup("it is no longer there");
    return STEP_DROP;
}

static enum step_go before_leftover(struct work *work, struct session *session, char **ret_why)
{
    struct rebuild_drop drop = {work->index->oid, work->index->table_oid, true, NULL};
    enum step_go go = rebuild_before_drop(&drop, session, ret_why);

    work->index->gone = go == STEP_DROP;
    if (go == STEP_GO) {
        g_free(work->step->sql);
        work->step->sql = drop.sql;
    }
    return go;
}

/* An earlier try of this step was ended by the server. Perhaps it went through all the same; what it
 * left goes first: it takes room, every write maintains it, and of an index that is to be built anew
 * it has the name. */
static enum step_go before_again(struct rebuild *rebuild, struct work *work,
                                 struct session *session, char **ret_why)
{
    rebuild_prove(rebuild, work, session);
    if (work->proven) {
        *ret_why = g_strdup("an earlier try went through");
        return STEP_DROP;
    }
    g_autoptr(GPtrArray) invalid = rebuild_invalid(session, work->index->table_oid);
    if (invalid == NULL) {
        *ret_why = g_strdup(not_looked_at);
        return STEP_LATER;
    }
    rebuild_mark_ours(work->record, invalid);
    for (guint i = 0; i < invalid->len && !work->may_not_drop; i++) {
        const struct invalid_index *one = g_ptr_array_index(invalid, i);
        if (!one->ours)
            continue;
        struct rebuild_drop drop = {one->oid, work->index->table_oid, true, NULL};
        enum step_go go = rebuild_before_drop(&drop, session, ret_why);
        if (go == STEP_DROP) {
            g_clear_pointer(ret_why, g_free);
            continue;
        }
        work->dropping = go == STEP_GO;
        if (work->dropping)
            take(&work->step->sql, drop.sql);
        g_free(drop.sql);
        return go;
    }
    return STEP_GO;
}

/* ------------------------------------------------------------------------------------------- */

enum step_go rebuild_before(struct rebuild *rebuild, struct step *step, struct session *session,
                            char **ret_why)
{
    struct work *work = rebuild_work_of(rebuild, step);
    struct rebuild_index *index = work->index;

    work->waiting_since_us = 0;
    if (index->kind == REBUILD_LEFTOVER)
        return before_leftover(work, session, ret_why);
    enum step_go go = STEP_GO;
    work->dropping = false;
    if (work->record != NULL)
        go = before_again(rebuild, work, session, ret_why);
    if (go != STEP_GO || work->dropping)
        return go;
    go = judge(rebuild, work, session, ret_why);
    if (go != STEP_GO)
        return go;
    if (!has_room(rebuild, index, session, ret_why))
        return STEP_DROP;
    if (!begin_record(rebuild, work, session)) {
        *ret_why = g_strdup(not_looked_at);
        return STEP_LATER;
    }
    /* The index may have another name by now. */
    g_autofree char *reindex = rebuild_reindex_sql(session, index->schema, index->name);
    take(&step->sql, index->kind == REBUILD_CREATE ? index->definition : reindex);
    g_free(step->object);
    step->object = g_strconcat(index->schema, ".", index->name, NULL);
    return STEP_GO;
}
