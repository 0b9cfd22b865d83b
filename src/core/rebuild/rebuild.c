/* Rebuilds as steps of a plan: made, found again, freed. */
#include "rebuild/rebuild_private.h"

#include "units/units.h"

enum {
    REPAIRED = 140004, /* REINDEX CONCURRENTLY loses no rows from here on */
    MIN_WORK_MEM = 1 << 20,
    SHORTEST_TRIES = 5,
    LONGEST_PAUSE_MS = 2000,     /* before the second try; it grows with the tries */
    BYTES_PER_SECOND = 20 << 20, /* a cautious guess */
};

bool rebuild_allowed(int server_version_num, GError **error)
{
    if (server_version_num < 140000 || server_version_num >= REPAIRED)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED,
                      "upgrade to the newest 14 minor release first, then rebuild every index "
                      "that was ever built concurrently",
                      "PostgreSQL 14.%d can build an index concurrently that misses rows (bug "
                      "#17485, repaired in 14.4)",
                      server_version_num % 10000);
    return false;
}

void rebuild_limits(const struct rebuild_rules *rules, struct plan_limits *limits)
{
    gint64 all_pauses = SHORTEST_TRIES * (SHORTEST_TRIES - 1) / 2;
    gint64 pause_ms = CLAMP(rules->patience_ms / all_pauses, 1, LONGEST_PAUSE_MS);
    gint64 tries = SHORTEST_TRIES;

    while (pause_ms * tries * (tries - 1) / 2 < rules->patience_ms)
        tries++;
    limits->lock_timeout_ms = 0;
    limits->attempts = (unsigned) tries;
    limits->pause_ms = pause_ms;
}

/* ---- life --------------------------------------------------------------------------------- */

static void index_clear(struct rebuild_index *index)
{
    g_free(index->schema);
    g_free(index->name);
    g_free(index->table);
    g_free(index->definition);
    g_free(index->detail);
}

void rebuild_index_free(struct rebuild_index *index)
{
    index_clear(index);
    g_free(index);
}

static void work_free(gpointer data)
{
    struct work *work = data;

    rebuild_index_free(work->index);
    g_free(work);
}

static void stranger_free(gpointer data)
{
    struct rebuild_stranger *stranger = data;

    g_free(stranger->schema);
    g_free(stranger->name);
    g_free(stranger->table);
    g_free(stranger->drop_sql);
    g_free(stranger);
}

static void remnant_free(gpointer data)
{
    struct rebuild_remnant *remnant = data;

    g_free(remnant->schema);
    g_free(remnant->name);
    g_free(remnant->detail);
    g_free(remnant->drop_sql);
    g_free(remnant);
}

struct rebuild *rebuild_new(struct call *call, const struct rebuild_rules *rules)
{
    struct rebuild *rebuild = g_new0(struct rebuild, 1);

    rebuild->call = call;
    rebuild->rules = *rules;
    rebuild->works = g_ptr_array_new_with_free_func(work_free);
    rebuild->by_step = g_hash_table_new(NULL, NULL);
    rebuild->records = g_ptr_array_new_with_free_func(record_free);
    rebuild->strangers = g_ptr_array_new_with_free_func(stranger_free);
    rebuild->remnants = g_ptr_array_new_with_free_func(remnant_free);
    rebuild->run = -1;
    return rebuild;
}

void rebuild_free(struct rebuild *rebuild)
{
    g_ptr_array_unref(rebuild->works);
    g_hash_table_unref(rebuild->by_step);
    g_ptr_array_unref(rebuild->records);
    g_ptr_array_unref(rebuild->strangers);
    g_ptr_array_unref(rebuild->remnants);
    g_free(rebuild);
}

/* ---- steps -------------------------------------------------------------------------------- */

static char *statement(struct session *session, const struct rebuild_index *index)
{
    if (index->kind == REBUILD_CREATE)
        return g_strdup(index->definition);
    if (index->kind == REBUILD_LEFTOVER)
        return rebuild_drop_sql(session, index->schema, index->name, true);
    return rebuild_reindex_sql(session, index->schema, index->name);
}

char *rebuild_drop_sql(struct session *session, const char *schema, const char *name,
                       bool concurrently)
{
    g_autofree char *quoted = session_quote(session, schema, name);

    return quoted == NULL
               ? NULL
               : g_strconcat("DROP INDEX ", concurrently ? "CONCURRENTLY " : "", quoted, NULL);
}

char *rebuild_reindex_sql(struct session *session, const char *schema, const char *name)
{
    g_autofree char *quoted = session_quote(session, schema, name);

    return quoted == NULL ? NULL : g_strconcat("REINDEX INDEX CONCURRENTLY ", quoted, NULL);
}

static void set_memory(const struct rebuild *rebuild, struct plan *plan)
{
    gint64 memory =
        CLAMP(rebuild->rules.memory_bytes, MIN_WORK_MEM, (gint64) G_MAXINT32 * 1024);
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT "kB", memory / 1024);

    plan_set(plan, "maintenance_work_mem", text);
}

struct step *rebuild_add(struct rebuild *rebuild, struct session *session, struct plan *plan,
                         struct rebuild_index *index, const char *reason)
{
    g_autofree char *sql = statement(session, index);

    if (sql == NULL) {
        rebuild_index_free(index);
        return NULL;
    }
    if (rebuild->works->len == 0)
        set_memory(rebuild, plan);
    struct work *work = g_new0(struct work, 1);
    work->index = index;
    index->bytes_after = -1;
    g_ptr_array_add(rebuild->works, work);
    work->step = plan_add(plan);
    work->step->object = g_strconcat(index->schema, ".", index->name, NULL);
    work->step->sql = g_steal_pointer(&sql);
    work->step->reason = g_strdup(reason);
    work->step->lock_mode = "ShareUpdateExclusiveLock";
    if (index->kind != REBUILD_LEFTOVER)
        work->step->predicted_seconds = (double) index->bytes_before / BYTES_PER_SECOND;
    g_hash_table_insert(rebuild->by_step, work->step, work);
    return work->step;
}

struct work *rebuild_work_of(const struct rebuild *rebuild, const struct step *step)
{
    return g_hash_table_lookup(rebuild->by_step, step);
}

const struct rebuild_index *rebuild_index_of(const struct rebuild *rebuild,
                                             const struct step *step)
{
    const struct work *work = rebuild_work_of(rebuild, step);

    return work == NULL ? NULL : work->index;
}

const GPtrArray *rebuild_strangers(const struct rebuild *rebuild)
{
    return rebuild->strangers;
}

const GPtrArray *rebuild_remnants(const struct rebuild *rebuild)
{
    return rebuild->remnants;
}

void rebuild_begin(struct rebuild *rebuild, const struct plan_run *run, const struct plan *plan)
{
    rebuild->plan = plan;
    rebuild->run = run->store_run;
    rebuild->first_step = MAX(run->first_step, 1);
}
