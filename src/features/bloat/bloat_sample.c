/*
 * The method sample: which tables get how much of the budget, one after the other. Nothing is
 * changed; what it makes is temporary and goes away with the transaction it is made in.
 */
#include "bloat_sample.h"
#include "bloat_private.h"
#include "bloat_queries.h"

#include <stdlib.h>

/* An estimate that claims nothing and is certain of it is doubted all the same. */
static const double LEAST_DOUBT = 0.1;
enum { MEASURED_AT_MOST = 2000 };

/* ---- who takes part --------------------------------------------------------------------------- */

static struct bloat_object *object_at(const struct bloat_case *state, guint i)
{
    return &g_array_index(state->objects, struct bloat_object, i);
}

/* How much of an object's size is open to question. */
static double doubt_of(const struct bloat_object *object)
{
    if (object->reclaimable_bytes < 0)
        return 1;
    return CLAMP((object->margin_pct + object->reclaimable_pct) / 100, LEAST_DOUBT, 1);
}

/* Of struct bloat_sample_turn, one for each table with objects. */
static GArray *find_turns(struct session *session, struct bloat_case *state, GRand *random,
                          GHashTable *sharing)
{
    GArray *turns = g_array_new(FALSE, TRUE, sizeof(struct bloat_sample_turn));

    for (guint i = 0; i < state->objects->len; i++) {
        guint oid = object_at(state, i)->table_oid;
        struct bloat_sample_turn turn = {
            .session = session,
            .state = state,
            .random = random,
            .sharing = sharing,
            .table = relations_find_table(state->relations, oid),
            .first = i,
            .count = 1,
        };
        while (i + 1 < state->objects->len && object_at(state, i + 1)->table_oid == oid) {
            turn.count++;
            i++;
        }
        if (turn.table == NULL)
            continue;
        turn.toast = relations_find_table(state->relations, turn.table->toast);
        g_array_append_val(turns, turn);
    }
    return turns;
}

static void keep_all(const struct bloat_sample_turn *turn, enum bloat_note note,
                     const char *detail)
{
    for (guint i = 0; i < turn->count; i++)
        bloat_sample_keep(object_at(turn->state, turn->first + i), note, detail);
}

/* Takes out of the turns what may not be sampled. */
static bool bar_turns(struct session *session, GArray *turns, GError **error)
{
    g_autofree guint *oids = g_new(guint, turns->len + 1);
    g_autoptr(GHashTable) row_of = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < turns->len; i++)
        oids[i] = g_array_index(turns, struct bloat_sample_turn, i).table->oid;
    g_autofree char *list = relations_oid_list(oids, turns->len);
    AUTO(rows)
    rows = session_query(session, &query_bloat_sample_may, (const char *const[]){list}, error);
    if (rows == NULL)
        return false;
    for (int i = 0; i < rows_count(rows); i++)
        g_hash_table_insert(row_of,
                            GUINT_TO_POINTER((guint) rows_int(rows, i, BLOAT_SAMPLE_MAY_OID)),
                            GINT_TO_POINTER(i + 1));
    for (guint i = turns->len; i-- > 0;) {
        const struct bloat_sample_turn *turn =
            &g_array_index(turns, struct bloat_sample_turn, i);
        int row = GPOINTER_TO_INT(g_hash_table_lookup(row_of, GUINT_TO_POINTER(oids[i]))) - 1;
        if (row < 0)
            keep_all(turn, BLOAT_NOTE_NONE, "it was dropped in the meantime");
        else if (!rows_bool(rows, row, BLOAT_SAMPLE_MAY_READABLE))
            keep_all(turn, BLOAT_NOTE_RIGHT, "the role lacks the privilege SELECT on it");
        else if (rows_bool(rows, row, BLOAT_SAMPLE_MAY_HIDDEN))
            keep_all(turn, BLOAT_NOTE_RIGHT, "row security hides rows of it from this role");
        else if (!rows_bool(rows, row, BLOAT_SAMPLE_MAY_HEAP))
            keep_all(turn, BLOAT_NOTE_METHOD, NULL);
        else
            continue;
        g_array_remove_index(turns, i);
    }
    return true;
}

/* ---- the budget ------------------------------------------------------------------------------- */

static void share_out(GArray *turns, gint64 budget_bytes)
{
    g_autofree struct bloat_share *shares = g_new0(struct bloat_share, turns->len + 1);

    for (guint i = 0; i < turns->len; i++) {
        const struct bloat_sample_turn *turn =
            &g_array_index(turns, struct bloat_sample_turn, i);
        shares[i].pages = (double) turn->table->pages;
        shares[i].beside = turn->toast == NULL ? 0 : (double) turn->toast->pages;
        for (guint j = 0; j < turn->count; j++) {
            const struct bloat_object *object = object_at(turn->state, turn->first + j);
            shares[i].weight += (double) object->size_bytes * doubt_of(object);
        }
        /* Measured only now: nothing at all is known of it. */
        if (shares[i].weight <= 0)
            shares[i].weight = shares[i].pages * turn->state->relations->block_size;
    }
    const struct bloat_sample_turn *first = &g_array_index(turns, struct bloat_sample_turn, 0);
    int block_size = first->state->relations->block_size;
    bloat_sample_share(shares, turns->len, (double) budget_bytes / block_size);
    for (guint i = 0; i < turns->len; i++)
        g_array_index(turns, struct bloat_sample_turn, i).blocks = shares[i].blocks;
}

/* True sizes: of tables that have none yet, because nobody has looked at them since they were
 * made, and then of those that are to be read, before it is decided how much of them. */
static void measure_turns(struct session *session, struct bloat_case *state,
                          const GArray *turns, bool chosen)
{
    g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < turns->len && oids->len < MEASURED_AT_MOST; i++) {
        const struct bloat_sample_turn *turn =
            &g_array_index(turns, struct bloat_sample_turn, i);
        if (chosen ? turn->blocks == 0 : turn->table->pages > 0 || turn->table->measured)
            continue;
        g_array_append_val(oids, turn->table->oid);
        if (turn->toast != NULL)
            g_array_append_val(oids, turn->toast->oid);
    }
    relations_measure(session, state->relations, (const guint *) (gpointer) oids->data,
                      oids->len);
}

/* ---- the run ---------------------------------------------------------------------------------- */

static bool sample_turns(struct session *session, struct bloat_case *state, GArray *turns,
                         gint64 budget_bytes, GError **error)
{
    if (!bar_turns(session, turns, error))
        return false;
    if (turns->len == 0)
        return true;
    measure_turns(session, state, turns, false);
    share_out(turns, budget_bytes);
    measure_turns(session, state, turns, true);
    share_out(turns, budget_bytes);
    for (guint i = 0; i < turns->len; i++) {
        const struct bloat_sample_turn *turn =
            &g_array_index(turns, struct bloat_sample_turn, i);
        if (turn->blocks == 0)
            keep_all(turn, BLOAT_NOTE_BUDGET, NULL);
        else if (!bloat_sample_table(turn, error))
            return false;
    }
    return true;
}

/* What stands in the way of all of it; NULL: nothing, or *error. */
static const char *obstacle(struct session *session, const struct bloat_case *state,
                            GError **error)
{
    if (state->relations->in_recovery)
        return "a standby cannot make the temporary tables that a sample needs";
    AUTO(rows) rows = session_query(session, &query_bloat_sample_server, NULL, error);
    if (rows != NULL && !rows_bool(rows, 0, BLOAT_SAMPLE_SERVER_TEMPORARY))
        return "the role lacks the privilege TEMPORARY on the database";
    return NULL;
}

bool bloat_sample(struct session *session, struct bloat_case *state, gint64 budget_bytes,
                  GError **error)
{
    g_autoptr(GRand) random = g_rand_new();
    g_autoptr(GHashTable) sharing =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GArray) turns = find_turns(session, state, random, sharing);
    g_autoptr(GError) failure = NULL;

    const char *bar = obstacle(session, state, &failure);
    for (guint i = 0; bar != NULL && i < turns->len; i++)
        keep_all(&g_array_index(turns, struct bloat_sample_turn, i), BLOAT_NOTE_RIGHT, bar);
    if (bar != NULL)
        return true;
    if (failure == NULL)
        sample_turns(session, state, turns, budget_bytes, &failure);
    if (failure == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}
