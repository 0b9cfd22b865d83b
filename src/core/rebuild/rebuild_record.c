/* What is being built, in memory and in the history. */
#include "rebuild/rebuild_private.h"

#include "rebuild_queries.h"
#include "relations/relations.h"

struct record *record_new(void)
{
    struct record *record = g_new0(struct record, 1);

    record->run = -1;
    record->before = g_array_new(FALSE, FALSE, sizeof(guint));
    record->built = g_array_new(FALSE, FALSE, sizeof(guint));
    record->open = true;
    return record;
}

void record_free(gpointer data)
{
    struct record *record = data;

    g_free(record->schema);
    g_free(record->name);
    g_array_unref(record->before);
    g_array_unref(record->built);
    g_free(record);
}

GArray *oids_parse(const char *text)
{
    GArray *oids = g_array_new(FALSE, FALSE, sizeof(guint));
    g_auto(GStrv) words = g_strsplit_set(text, "{,}", -1);

    for (gsize i = 0; words[i] != NULL; i++) {
        guint oid = (guint) g_ascii_strtoull(words[i], NULL, 10);
        if (oid != 0)
            g_array_append_val(oids, oid);
    }
    return oids;
}

char *oids_text(const GArray *oids)
{
    return relations_oid_list((const guint *) (const void *) oids->data, oids->len);
}

void record_save(struct rebuild *rebuild, const struct record *record)
{
    g_autofree char *before = oids_text(record->before);
    g_autofree char *built = oids_text(record->built);
    const struct store_build build = {
        .run = record->run,
        .step = record->step,
        .schema = record->schema,
        .name = record->name,
        .table_oid = record->table_oid,
        .index_oid = record->index_oid,
        .before = before,
        .built = built,
        .unseen = record->unseen,
    };

    store_build_put(rebuild->call->store, &build);
}

void record_close(struct rebuild *rebuild, struct record *record)
{
    record->open = false;
    /* A dry run has a history to read only. */
    if (!rebuild->call->dry_run)
        store_build_end(rebuild->call->store, record->run, record->step);
}

void record_saw(struct record *record, guint oid)
{
    if (oids_have(record->built, oid))
        return;
    g_array_append_val(record->built, oid);
    record->unseen = MAX(record->unseen - 1, 0);
}

GPtrArray *rebuild_invalid(struct session *session, guint table_oid)
{
    g_autofree char *table = g_strdup_printf("%u", table_oid);
    const char *const values[] = {table};
    AUTO(rows) rows = session_query(session, &query_rebuild_invalid, values, NULL);

    if (rows == NULL)
        return NULL;
    GPtrArray *list = g_ptr_array_new_with_free_func(invalid_index_free);
    for (int i = 0; i < rows_count(rows); i++) {
        struct invalid_index *invalid = g_new0(struct invalid_index, 1);
        invalid->oid = (guint) rows_int(rows, i, REBUILD_INVALID_OID);
        invalid->schema = g_strdup(rows_text(rows, i, REBUILD_INVALID_SCHEMA));
        invalid->name = g_strdup(rows_text(rows, i, REBUILD_INVALID_NAME));
        invalid->name_bytes = (int) rows_int(rows, i, REBUILD_INVALID_NAME_BYTES);
        invalid->building = rows_bool(rows, i, REBUILD_INVALID_BUILDING);
        g_ptr_array_add(list, invalid);
    }
    return list;
}
