/* What earlier runs left: ours from the history, the others' from the catalogs. */
#include "rebuild/rebuild_private.h"

#include "rebuild_queries.h"

enum { SAID = 5 }; /* strangers in messages; documents have all */

static void add_record(const struct store_build *build, gpointer data)
{
    struct rebuild *rebuild = data;
    struct record *record = record_new();

    record->run = build->run;
    record->step = build->step;
    record->schema = g_strdup(build->schema);
    record->name = g_strdup(build->name);
    record->table_oid = build->table_oid;
    record->index_oid = build->index_oid;
    record->unseen = build->unseen;
    g_array_unref(record->before);
    g_array_unref(record->built);
    record->before = oids_parse(build->before);
    record->built = oids_parse(build->built);
    g_ptr_array_add(rebuild->records, record);
}

static bool is_planned(const struct rebuild *rebuild, guint oid)
{
    for (guint i = 0; i < rebuild->works->len; i++) {
        const struct work *work = g_ptr_array_index(rebuild->works, i);
        if (work->index->kind == REBUILD_LEFTOVER && work->index->oid == oid)
            return true;
    }
    return false;
}

static void add_drop(struct rebuild *rebuild, struct session *session, struct plan *plan,
                     struct record *record, const struct invalid_index *invalid)
{
    struct rebuild_index *index = g_new0(struct rebuild_index, 1);
    g_autofree char *reason = g_strdup_printf(
        "left invalid by step %d of run %" G_GINT64_FORMAT, record->step, record->run);

    index->kind = REBUILD_LEFTOVER;
    index->oid = invalid->oid;
    index->schema = g_strdup(invalid->schema);
    index->name = g_strdup(invalid->name);
    index->table_oid = record->table_oid;
    struct step *step = rebuild_add(rebuild, session, plan, index, reason);
    if (step != NULL)
        rebuild_work_of(rebuild, step)->record = record;
}

static void add_ours(struct rebuild *rebuild, struct session *session, struct plan *plan,
                     struct record *record)
{
    g_autoptr(GPtrArray) invalid = rebuild_invalid(session, record->table_oid);
    bool left = false;

    if (invalid == NULL)
        return;
    rebuild_mark_ours(record, invalid);
    for (guint i = 0; i < invalid->len; i++) {
        const struct invalid_index *one = g_ptr_array_index(invalid, i);
        if (!one->ours)
            continue;
        left = true;
        if (!is_planned(rebuild, one->oid))
            add_drop(rebuild, session, plan, record, one);
    }
    if (!left)
        record_close(rebuild, record);
}

static void note_strangers(struct rebuild *rebuild, struct session *session)
{
    AUTO(rows) rows = session_query(session, &query_rebuild_leftovers, NULL, NULL);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        guint oid = (guint) rows_int(rows, i, REBUILD_LEFTOVERS_OID);
        if (is_planned(rebuild, oid))
            continue;
        struct rebuild_stranger *stranger = g_new0(struct rebuild_stranger, 1);
        stranger->oid = oid;
        stranger->table_oid = (guint) rows_int(rows, i, REBUILD_LEFTOVERS_TABLE_OID);
        stranger->schema = g_strdup(rows_text(rows, i, REBUILD_LEFTOVERS_SCHEMA));
        stranger->name = g_strdup(rows_text(rows, i, REBUILD_LEFTOVERS_NAME));
        stranger->table = g_strdup(rows_text(rows, i, REBUILD_LEFTOVERS_TABLE_NAME));
        stranger->drop_sql = rebuild_drop_sql(session, stranger->schema, stranger->name, true);
        g_ptr_array_add(rebuild->strangers, stranger);
    }
}

static void say_strangers(const struct rebuild *rebuild)
{
    const GPtrArray *strangers = rebuild->strangers;

    for (guint i = 0; i < MIN(strangers->len, SAID); i++) {
        const struct rebuild_stranger *stranger = g_ptr_array_index(strangers, i);
        output_note(rebuild->call->output,
                    "\"%s.%s\" on table \"%s\" is invalid and was left by somebody else's "
                    "REINDEX CONCURRENTLY; it is not touched\nhint: when nobody wants it: %s",
                    stranger->schema, stranger->name, stranger->table, stranger->drop_sql);
    }
    if (strangers->len > SAID)
        output_note(rebuild->call->output, "and %u more such indexes", strangers->len - SAID);
}

void rebuild_add_leftovers(struct rebuild *rebuild, struct session *session, struct plan *plan)
{
    store_builds_left(rebuild->call->store, session_system_identifier(session),
                      session_database(session), add_record, rebuild);
    for (guint i = 0; i < rebuild->records->len; i++)
        add_ours(rebuild, session, plan, g_ptr_array_index(rebuild->records, i));
    note_strangers(rebuild, session);
    say_strangers(rebuild);
}
