/* What is to be known of the target before the shadow is there. */
#include "folder/version_rows.h"
#include "migrations_queries.h"
#include "reading.h"
#include "rehearse/rehearse.h"

static char *key_of(const char *schema, const char *name)
{
    return g_strdup_printf("%s\n%s", schema, name);
}

bool rehearse_size_of(const char *schema, const char *relation, struct forecast_size *ret_size,
                      gpointer data)
{
    const struct rehearse_target *target = data;
    g_autofree char *key = key_of(schema, relation);
    const struct forecast_size *size = g_hash_table_lookup(target->sizes, key);

    if (size != NULL)
        *ret_size = *size;
    return size != NULL;
}

static bool read_sizes(struct rehearse_target *target, struct session *session, GError **error)
{
    AUTO(rows)
    rows = reading_query(session, &query_migrations_target_sizes, NULL, error);

    target->sizes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        struct forecast_size *size = g_new0(struct forecast_size, 1);
        size->bytes = rows_int(rows, i, MIGRATIONS_TARGET_SIZES_BYTES);
        size->index_bytes = rows_int(rows, i, MIGRATIONS_TARGET_SIZES_INDEX_BYTES);
        g_hash_table_insert(target->sizes,
                            key_of(rows_text(rows, i, MIGRATIONS_TARGET_SIZES_SCHEMA),
                                   rows_text(rows, i, MIGRATIONS_TARGET_SIZES_NAME)),
                            size);
    }
    return rows != NULL;
}

static bool read_target(struct rehearse *rehearse, struct session *session, GError **error)
{
    struct rehearse_target *target = &rehearse->target;

    target->system = g_strdup(session_system_identifier(session));
    target->database = g_strdup(session_database(session));
    target->version = session_version(session);
    target->schema_hash = snapshot_hash(session, rehearse->table, error);
    if (target->schema_hash == NULL || !read_sizes(target, session, error))
        return false;
    AUTO(rows) rows = session_query(session, &query_migrations_target_zone, NULL, error);
    if (rows == NULL)
        return false;
    target->time_zone = g_strdup(rows_text(rows, 0, MIGRATIONS_TARGET_ZONE_ZONE));
    return true;
}

void rehearse_target_clear(struct rehearse_target *target)
{
    g_free(target->system);
    g_free(target->database);
    g_free(target->schema_hash);
    g_free(target->time_zone);
    g_clear_pointer(&target->sizes, g_hash_table_unref);
}

static void add_pending(struct rehearse *rehearse, const struct folder_migration *migration)
{
    struct rehearse_migration *one = g_new0(struct rehearse_migration, 1);

    one->migration = migration;
    one->up = (struct rehearse_script){.script = migration->up, .direction = "up"};
    one->down = (struct rehearse_script){.script = migration->down, .direction = "down"};
    g_ptr_array_add(rehearse->migrations, one);
}

/* Beside a single file they say nothing. */
static void warn_of_lost(const struct rehearse *rehearse, const struct version_table *applied)
{
    bool newest;
    g_autofree char *lost = version_rows_lost(rehearse->folder, applied, &newest);

    if (lost != NULL && g_file_test(rehearse->folder->path, G_FILE_TEST_IS_DIR))
        output_warn(rehearse->call->output, "applied, and there is no file in the folder: %s",
                    lost);
}

static gint64 today(void)
{
    return g_get_real_time() / G_USEC_PER_SEC / (24 * 60 * 60);
}

/* What lint says of the same statements, on the target's schema as it is. */
static bool lint(struct rehearse *rehearse, struct session *target,
                 const struct version_table *applied, GError **error)
{
    AUTO(ddl_schema) schema = reading_schema(target, error);

    if (schema == NULL)
        return false;
    const struct lint_options options = {.server_version = rehearse->target.version,
                                         .schema = schema,
                                         .time_zone = rehearse->target.time_zone,
                                         .applied = applied,
                                         .today = today()};
    rehearse->lint = lint_folder(rehearse->folder, &options);
    return true;
}

bool rehearse_look(struct rehearse *rehearse, struct session *target, GError **error)
{
    AUTO(version_table) applied = version_table_read(target, rehearse->folder, error);
    if (applied == NULL)
        return false;
    rehearse->table = g_strdup(applied->name);
    if (applied->dirty)
        output_warn(rehearse->call->output,
                    "\"%s\" says that version %s was not finished: what it has left of the "
                    "schema is rehearsed on",
                    applied->name, applied->dirty_version);
    warn_of_lost(rehearse, applied);
    if (!read_target(rehearse, target, error) || !lint(rehearse, target, applied, error))
        return false;
    for (guint i = 0; i < rehearse->folder->migrations->len; i++) {
        const struct folder_migration *migration = rehearse->folder->migrations->pdata[i];
        if (!version_table_has(applied, migration))
            add_pending(rehearse, migration);
    }
    return true;
}
