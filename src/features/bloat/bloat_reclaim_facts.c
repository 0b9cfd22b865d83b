/* The facts that the choice of a means rests on: of the server, and of one table right now. */
#include "bloat_queries.h"
#include "bloat_reclaim.h"

#include <string.h>

void reclaim_server_clear(struct reclaim_server *server)
{
    g_free(server->publication);
    g_free(server->extension);
    g_free(server->client);
    g_free(server->client_trouble);
}

void reclaim_facts_free(struct reclaim_facts *facts)
{
    g_free(facts->schema);
    g_free(facts->name);
    g_free(facts->lack);
    g_free(facts->reindex_lack);
    g_free(facts->toast);
    g_free(facts->holder);
    g_free(facts);
}

/* ---- the program -------------------------------------------------------------------------- */

/* "pg_repack 1.4.8": the last word of its first line. */
char *reclaim_client_version(const char *output)
{
    g_auto(GStrv) lines = g_strsplit(output, "\n", 2);
    g_auto(GStrv) words = g_strsplit(lines[0] == NULL ? "" : g_strstrip(lines[0]), " ", -1);
    guint count = g_strv_length(words);

    return count == 2 && g_ascii_isdigit(words[1][0]) ? g_strdup(words[1]) : NULL;
}

static void ask_client(const char *program, struct reclaim_server *server)
{
    g_autofree char *name = g_strdup(program);
    char *arguments[] = {name, (char[]){"--version"}, NULL};
    g_autofree char *output = NULL;
    g_autoptr(GError) error = NULL;

    if (!g_spawn_sync(NULL, arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
                      NULL, NULL, &output, NULL, NULL, &error)) {
        server->client_trouble =
            g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)
                ? g_strdup_printf("the program \"%s\" is not installed here", program)
                : g_strdup_printf("the program \"%s\" cannot be started: %s", program,
                                  error->message);
        return;
    }
    server->client = reclaim_client_version(output);
    if (server->client == NULL)
        server->client_trouble =
            g_strdup_printf("the program \"%s\" does not tell its version", program);
}

/* ---- the server ----------------------------------------------------------------------------- */

bool reclaim_server_read(struct session *session, const char *program,
                         struct reclaim_server *ret_server, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_bloat_reclaim_server, NULL, error);

    if (rows == NULL)
        return false;
    *ret_server = (struct reclaim_server){
        .version = session_version(session),
        .block_size = (int) rows_int(rows, 0, BLOAT_RECLAIM_SERVER_BLOCK_SIZE),
        .superuser = rows_bool(rows, 0, BLOAT_RECLAIM_SERVER_SUPERUSER),
        .standbys = rows_int(rows, 0, BLOAT_RECLAIM_SERVER_STANDBYS),
        .replica_wal = rows_bool(rows, 0, BLOAT_RECLAIM_SERVER_REPLICA_WAL),
        .repack_slots = (int) rows_int(rows, 0, BLOAT_RECLAIM_SERVER_REPACK_SLOTS),
        .publication = g_strdup(rows_text(rows, 0, BLOAT_RECLAIM_SERVER_PUBLICATION)),
        .extension = g_strdup(rows_text(rows, 0, BLOAT_RECLAIM_SERVER_EXTENSION)),
        .wal_free = rebuild_wal_free(session),
    };
    if (ret_server->extension != NULL && program != NULL)
        ask_client(program, ret_server);
    return true;
}

/* ---- a table ---------------------------------------------------------------------------------- */

static gint64 size_or_unknown(const struct rows *rows, int column)
{
    return rows_null(rows, 0, column) ? -1 : rows_int(rows, 0, column);
}

static void fill(struct reclaim_facts *facts, const struct rows *rows)
{
    facts->there = true;
    facts->schema = g_strdup(rows_text(rows, 0, BLOAT_RECLAIM_TABLE_SCHEMA));
    facts->name = g_strdup(rows_text(rows, 0, BLOAT_RECLAIM_TABLE_NAME));
    facts->kind = rows_text(rows, 0, BLOAT_RECLAIM_TABLE_KIND)[0];
    facts->persistence = rows_text(rows, 0, BLOAT_RECLAIM_TABLE_PERSISTENCE)[0];
    facts->filenode = (guint) rows_int(rows, 0, BLOAT_RECLAIM_TABLE_FILENODE);
    facts->lack = g_strdup(rows_text(rows, 0, BLOAT_RECLAIM_TABLE_LACK));
    facts->reindex_lack = g_strdup(rows_text(rows, 0, BLOAT_RECLAIM_TABLE_REINDEX_LACK));
    facts->readable = rows_bool(rows, 0, BLOAT_RECLAIM_TABLE_READABLE);
    facts->toast = g_strdup(rows_text(rows, 0, BLOAT_RECLAIM_TABLE_TOAST));
    facts->toast_readable = rows_bool(rows, 0, BLOAT_RECLAIM_TABLE_TOAST_READABLE);
    facts->identity = rows_bool(rows, 0, BLOAT_RECLAIM_TABLE_IDENTITY);
    facts->key = rows_bool(rows, 0, BLOAT_RECLAIM_TABLE_KEY);
    facts->leftover = rows_bool(rows, 0, BLOAT_RECLAIM_TABLE_LEFTOVER);
    facts->repacking = rows_bool(rows, 0, BLOAT_RECLAIM_TABLE_REPACKING);
    facts->autovacuum = rows_bool(rows, 0, BLOAT_RECLAIM_TABLE_AUTOVACUUM);
    facts->holder = g_strdup(rows_text(rows, 0, BLOAT_RECLAIM_TABLE_HOLDER));
    facts->heap = size_or_unknown(rows, BLOAT_RECLAIM_TABLE_HEAP);
    facts->toast_heap = size_or_unknown(rows, BLOAT_RECLAIM_TABLE_TOAST_HEAP);
    facts->indexes = size_or_unknown(rows, BLOAT_RECLAIM_TABLE_INDEXES);
}

struct reclaim_facts *reclaim_facts_read(struct session *session, guint oid, GError **error)
{
    g_autofree char *value = g_strdup_printf("%u", oid);
    const char *values[] = {value, "f"};
    AUTO(rows) may = session_query(session, &query_bloat_reclaim_may, values, error);
    if (may == NULL)
        return NULL;
    if (rows_count(may) > 0 && rows_bool(may, 0, BLOAT_RECLAIM_MAY_MAY))
        values[1] = "t";
    AUTO(rows) rows = session_query(session, &query_bloat_reclaim_table, values, error);
    if (rows == NULL)
        return NULL;
    struct reclaim_facts *facts = g_new0(struct reclaim_facts, 1);
    facts->oid = oid;
    facts->heap = facts->toast_heap = facts->indexes = -1;
    facts->tail = facts->toast_tail = facts->disk_free = -1;
    if (rows_count(rows) > 0)
        fill(facts, rows);
    return facts;
}
