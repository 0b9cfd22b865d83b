/* The section's lines of `pgrunbook check`: what is worth acting on, by the catalogs alone. */
#include "bloat.h"
#include "bloat_private.h"
#include "rebuild/rebuild.h"
#include "units/units.h"

struct tally {
    guint count;
    gint64 bytes;
    const struct bloat_object *worst;
};

static bool worth_it(const struct settings *settings, const struct bloat_object *object)
{
    return object->reclaimable_bytes >= settings_int(settings, "bloat.worth_bytes") &&
           object->reclaimable_bytes > 0 &&
           object->reclaimable_pct - object->margin_pct >=
               100 * settings_fraction(settings, "bloat.worth_fraction");
}

static void count(struct tally *tally, const struct bloat_object *object)
{
    tally->count++;
    tally->bytes += object->reclaimable_bytes;
    if (tally->worst == NULL || object->reclaimable_bytes > tally->worst->reclaimable_bytes)
        tally->worst = object;
}

static void add(struct check *check, const char *name, const char *noun,
                const struct tally *tally, const char *next)
{
    if (tally->count == 0) {
        g_autofree char *well = g_strdup_printf("no %s has bloat worth acting on", noun);
        check_add(check, &(struct verdict){name, VERDICT_OK, 0, well, NULL});
        return;
    }
    g_autofree char *size = units_format_size(tally->bytes);
    g_autofree char *message = g_strdup_printf(
        "%s would be won in %u %s%s, most in %s.%s (%.0f%% ±%.0f); air is read and cached like "
        "rows",
        size, tally->count, noun,
        tally->count == 1             ? ""
        : g_str_has_suffix(noun, "x") ? "es"
                                      : "s",
        tally->worst->schema, tally->worst->name, tally->worst->reclaimable_pct,
        tally->worst->margin_pct);
    check_add(check,
              &(struct verdict){name, VERDICT_WARNING, (double) tally->bytes, message, next});
}

/* What does it for the worst index, in psql, where that works. Of a table nothing: no one statement
 * shrinks it and leaves others their work. */
static void add_sql(struct check *check, const struct bloat_case *state,
                    const struct bloat_object *worst)
{
    struct session *session = check_session(check);
    const struct relation_index *index =
        worst != NULL ? relations_find_index(state->relations, worst->oid) : NULL;

    if (index == NULL || index->exclusion || state->relations->in_recovery ||
        !rebuild_allowed(session_version(session), NULL))
        return;
    g_autofree char *name = session_quote(session, worst->schema, worst->name);
    g_autofree char *sql = g_strconcat("REINDEX INDEX CONCURRENTLY ", name, NULL);
    check_sql(check, sql);
}

static void note_invisible(struct check *check, const struct bloat_case *state)
{
    if (state->not_visible == 0)
        return;
    g_autofree char *role =
        session_quote(check_session(check), NULL, session_user(check_session(check)));
    g_autofree char *tables = units_format_counted(state->not_visible, "table");
    g_autofree char *what = g_strdup_printf("column statistics of %s (bloat)", tables);
    g_autofree char *grant =
        g_strdup_printf("GRANT SELECT ON pg_catalog.pg_statistic TO %s", role);
    check_unreadable(check, what, grant);
}

bool bloat_check(struct check *check, GError **error)
{
    const struct settings *settings = check_settings(check);
    struct tally tables = {0}, indexes = {0};
    AUTO(bloat_case) state = bloat_observe(check_session(check), false, error);

    if (state == NULL)
        return false;
    for (guint i = 0; i < state->objects->len; i++) {
        const struct bloat_object *object =
            &g_array_index(state->objects, struct bloat_object, i);
        if (worth_it(settings, object))
            count(object->kind == BLOAT_INDEX ? &indexes : &tables, object);
    }
    g_autofree char *next = g_strdup_printf("pgrunbook bloat report %s", check_where(check));
    add(check, "table_bloat", "table", &tables, next);
    add(check, "index_bloat", "index", &indexes, next);
    add_sql(check, state, indexes.worst);
    note_invisible(check, state);
    check_hand_over(check, g_steal_pointer(&state), (GDestroyNotify) bloat_case_free);
    return true;
}
