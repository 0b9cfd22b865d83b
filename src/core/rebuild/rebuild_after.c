/* What came of a statement, by what the catalogs say. */
#include "rebuild/rebuild_private.h"

#include "rebuild_queries.h"
#include "store/store_samples.h"

#include <string.h>

enum { MOST_LOST = 3 }; /* tries that ended with their connection */

static void move_evidence(struct rebuild *rebuild, const struct rebuild_index *index,
                          struct session *session)
{
    const struct store_node node = {
        .system_identifier = session_system_identifier(session),
        .dbname = session_database(session),
        .node = "",
    };

    if (index->kind == REBUILD_REINDEX)
        store_use_moved(rebuild->call->store, &node, index->oid, index->new_oid);
}

/* A valid index of that name with another oid is ours when the statement said so, when it is the
 * one that was seen being built, or when there was an attempt nobody has seen. */
static bool is_proof(const struct work *work, const struct rows *rows)
{
    const struct rebuild_index *index = work->index;

    if (rows_count(rows) == 0 || !rows_bool(rows, 0, REBUILD_RESULT_VALID))
        return false;
    guint oid = (guint) rows_int(rows, 0, REBUILD_RESULT_OID);
    return oid != index->oid &&
           (work->done || oids_have(work->record->built, oid) || work->record->unseen > 0);
}

static bool prove_built(struct rebuild *rebuild, struct work *work, struct session *session)
{
    struct rebuild_index *index = work->index;
    g_autofree char *table = g_strdup_printf("%u", index->table_oid);
    g_autofree char *built = oids_text(work->record->built);
    const char *const values[] = {table, index->schema, index->name, built};
    AUTO(rows) rows = session_query(session, &query_rebuild_result, values, NULL);

    if (rows == NULL)
        return false;
    if (!is_proof(work, rows))
        return true;
    work->proven = true;
    index->new_oid = (guint) rows_int(rows, 0, REBUILD_RESULT_OID);
    index->bytes_after = rebuild_size_of(session, index->new_oid);
    move_evidence(rebuild, index, session);
    return true;
}

static bool prove_dropped(struct work *work, struct session *session)
{
    g_autoptr(GPtrArray) invalid = rebuild_invalid(session, work->index->table_oid);

    if (invalid == NULL)
        return false;
    work->proven = true;
    for (guint i = 0; i < invalid->len; i++)
        if (((const struct invalid_index *) g_ptr_array_index(invalid, i))->oid ==
            work->index->oid)
            work->proven = false;
    return true;
}

bool rebuild_prove(struct rebuild *rebuild, struct work *work, struct session *session)
{
    if (work->proven || work->record == NULL)
        return true;
    return work->index->kind == REBUILD_LEFTOVER ? prove_dropped(work, session)
                                                 : prove_built(rebuild, work, session);
}

/* From 17 on a role may rebuild what it may not drop. */
static bool may_go_on(struct work *work, const char *sqlstate)
{
    work->may_not_drop = strcmp(sqlstate, "42501") == 0;
    return work->may_not_drop && work->index->kind == REBUILD_REINDEX;
}

/* It went between the last look and the statement. */
static void pass_over_gone(const struct work *work, const char *sqlstate)
{
    struct step *step = work->step;

    if (step->outcome != STEP_FAILED || work->proven ||
        (strcmp(sqlstate, "42P01") != 0 && strcmp(sqlstate, "42704") != 0))
        return;
    step->outcome = STEP_SKIPPED;
    work->index->gone = true;
    g_free(step->detail);
    step->detail = g_strdup("dropped since it was planned, or renamed");
}

enum step_after rebuild_after(struct rebuild *rebuild, struct step *step, const char *sqlstate,
                              struct session *control)
{
    struct work *work = rebuild_work_of(rebuild, step);

    /* The way is free now for the statement itself. */
    if (work->dropping && (sqlstate[0] == '\0' || may_go_on(work, sqlstate)))
        return STEP_AGAIN;
    work->done = sqlstate[0] == '\0';
    /* The executor's tries are many, for waiting before the start. */
    if (step->outcome == STEP_PLANNED && ++work->lost >= MOST_LOST)
        step->outcome = STEP_FAILED;
    if (control != NULL && rebuild_prove(rebuild, work, control))
        rebuild_settle(work);
    pass_over_gone(work, sqlstate);
    return STEP_ENDED;
}

/* The catalogs have the last word on the outcome. */
bool rebuild_settle(struct work *work)
{
    struct step *step = work->step;

    if (work->proven && step->outcome != STEP_DONE) {
        g_free(work->index->detail);
        work->index->detail =
            g_strdup_printf("the new index was in place when it ended: %s",
                            step->detail ? step->detail : "only its old copy was left to drop");
        step->outcome = STEP_DONE;
        g_clear_pointer(&step->detail, g_free);
        return true;
    }
    if (!work->proven && work->done && step->outcome == STEP_DONE) {
        step->outcome = STEP_FAILED;
        g_free(step->detail);
        step->detail = g_strdup(work->index->kind == REBUILD_LEFTOVER
                                    ? "the server said it was dropped, but it is still there"
                                    : "the server said it was done, but the catalogs show no "
                                      "valid new index of that name");
        return true;
    }
    return false;
}
