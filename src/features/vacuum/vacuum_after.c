/* Observing again: what VACUUM and ANALYZE really did, whatever their command tag said. */
#include "relations/relations.h"
#include "vacuum.h"
#include "vacuum_queries.h"

enum { STATISTICS_TRIES = 15, STATISTICS_WAIT_US = 100000 };

/* Each command ends by adding one. A crash of the server sets the counters back to zero. */
static bool counted(gint64 before, gint64 now)
{
    return now != before && now > 0;
}

static bool was_done(const struct vacuum_choice *choice, gint64 vacuums, gint64 analyzes)
{
    return (!choice->vacuum || counted(choice->table->vacuums, vacuums)) &&
           (!choice->analyze || counted(choice->table->analyzes, analyzes));
}

/* Returns how many tables still show their old counters. */
static int look(const struct vacuum_case *state, const GPtrArray *choices,
                struct session *session)
{
    g_autoptr(GHashTable) by_oid = g_hash_table_new(NULL, NULL);
    g_autofree guint *oids = g_new0(guint, choices->len);
    int late = 0;

    for (guint i = 0; i < choices->len; i++) {
        struct vacuum_choice *choice = g_ptr_array_index(choices, i);
        oids[i] = choice->table->oid;
        g_hash_table_insert(by_oid, GUINT_TO_POINTER(oids[i]), choice);
    }
    g_autofree char *list = relations_oid_list(oids, choices->len);
    AUTO(rows)
    rows = session_query(session, &query_vacuum_after, (const char *const[]){list}, NULL);
    if (rows == NULL)
        return -1;
    for (int i = 0; i < rows_count(rows); i++) {
        guint oid = (guint) rows_int(rows, i, VACUUM_AFTER_OID);
        struct vacuum_choice *choice = g_hash_table_lookup(by_oid, GUINT_TO_POINTER(oid));
        bool done = !state->server.track_counts ||
                    was_done(choice, rows_int(rows, i, VACUUM_AFTER_VACUUMS),
                             rows_int(rows, i, VACUUM_AFTER_ANALYZES));
        choice->dead_after = rows_int(rows, i, VACUUM_AFTER_DEAD);
        if (done && choice->outcome == STEP_PLANNED)
            choice->outcome = STEP_DONE;
        late += !done;
    }
    return late;
}

/* Before 15 a separate process collects the counters and is late by up to half a second. */
bool vacuum_settle(const struct vacuum_case *state, const GPtrArray *choices,
                   struct session *session, bool wait)
{
    int tries = wait && state->server.version < 150000 ? STATISTICS_TRIES : 1;
    int late = choices->len > 0 ? look(state, choices, session) : 0;

    while (late > 0 && --tries > 0) {
        g_usleep(STATISTICS_WAIT_US);
        late = look(state, choices, session);
    }
    return late >= 0;
}
