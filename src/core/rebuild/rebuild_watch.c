/* A rebuild at work: which index it makes, how long it waits and who waits for it. */
#include "rebuild/rebuild_private.h"

#include "rebuild_queries.h"
#include "units/units.h"

static char *seconds_text(gint64 ms)
{
    return units_format_duration((double) ms / 1000);
}

static char *patience_text(const struct rebuild_sight *sight, const struct rebuild_rules *rules)
{
    g_autofree char *waited = seconds_text(sight->waiting_ms);
    g_autofree char *patience = seconds_text(rules->patience_ms);
    g_autofree char *more = sight->more > 0
                                ? g_strdup_printf(" and %" G_GINT64_FORMAT " more", sight->more)
                                : g_strdup("");

    return g_strdup_printf("waited %s for %s%s%s%s%s, its patience is %s", waited,
                           sight->waits_for ? sight->waits_for : "a lock", more,
                           sight->phase ? " (" : "", sight->phase ? sight->phase : "",
                           sight->phase ? ")" : "", patience);
}

char *rebuild_judge_sight(const struct rebuild_sight *sight, const struct rebuild_rules *rules)
{
    if (sight->waiter != NULL && sight->waited_ms >= rules->give_way_ms) {
        g_autofree char *waited = seconds_text(sight->waited_ms);
        return g_strdup_printf("gave way to %s: it has waited %s for %s, and everybody else "
                               "queues behind it",
                               sight->waiter, waited, sight->waiter_mode);
    }
    if (sight->waiting_ms > 0 && sight->waiting_ms >= rules->patience_ms)
        return patience_text(sight, rules);
    return NULL;
}

static void note_built(struct rebuild *rebuild, struct work *work, guint oid)
{
    if (oid == 0 || work->record == NULL || work->index->kind == REBUILD_LEFTOVER ||
        oids_have(work->record->built, oid))
        return;
    record_saw(work->record, oid);
    record_save(rebuild, work->record);
}

bool rebuild_watch(struct rebuild *rebuild, struct step *step, int pid, struct session *control,
                   char **ret_why)
{
    struct work *work = rebuild_work_of(rebuild, step);
    g_autofree char *backend = g_strdup_printf("%d", pid);
    g_autofree char *table = g_strdup_printf("%u", work->index->table_oid);
    g_autofree char *index = g_strdup_printf("%u", work->index->oid);
    const char *const values[] = {backend, table, index};
    AUTO(rows) rows = session_query(control, &query_rebuild_watch, values, NULL);
    gint64 now = g_get_monotonic_time();

    if (rows == NULL || rows_count(rows) == 0)
        return false;
    note_built(rebuild, work, (guint) rows_int(rows, 0, REBUILD_WATCH_BUILDING));
    if (!rows_bool(rows, 0, REBUILD_WATCH_WAITING))
        work->waiting_since_us = 0;
    else if (work->waiting_since_us == 0)
        work->waiting_since_us = now;
    struct rebuild_sight sight = {
        .phase = rows_text(rows, 0, REBUILD_WATCH_PHASE),
        .waiting_ms = work->waiting_since_us > 0 ? (now - work->waiting_since_us) / 1000 : 0,
        .waits_for = rows_text(rows, 0, REBUILD_WATCH_WAITS_FOR),
        .more = rows_int(rows, 0, REBUILD_WATCH_MORE),
        .waiter = rows_text(rows, 0, REBUILD_WATCH_WAITER),
        .waiter_mode = rows_text(rows, 0, REBUILD_WATCH_WAITER_MODE),
        .waited_ms = rows_int(rows, 0, REBUILD_WATCH_WAITED_MS),
    };
    *ret_why = rebuild_judge_sight(&sight, &rebuild->rules);
    return *ret_why != NULL;
}
