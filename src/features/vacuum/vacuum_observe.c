/* Rows into structs. */
#include "relations/relations.h"
#include "vacuum.h"
#include "vacuum_queries.h"

#include <jansson.h>

enum { SIZES_AT_MOST = 500 };
static const double GROWN_FRACTION = 0.2; /* inserted since relpages was written */

static void table_clear(gpointer data)
{
    struct vacuum_table *table = data;

    g_free(table->schema);
    g_free(table->name);
    g_free(table->lack);
    g_free(table->options);
}

static void choice_clear(gpointer data)
{
    g_free(((struct vacuum_choice *) data)->reason);
}

static void holder_free(gpointer data)
{
    struct vacuum_holder *holder = data;

    g_free(holder->kind);
    g_free(holder->holder);
    g_free(holder->remedy);
    g_free(holder);
}

struct vacuum_case *vacuum_case_new(void)
{
    struct vacuum_case *state = g_new0(struct vacuum_case, 1);

    state->tables = g_array_new(FALSE, TRUE, sizeof(struct vacuum_table));
    g_array_set_clear_func(state->tables, table_clear);
    state->choices = g_array_new(FALSE, TRUE, sizeof(struct vacuum_choice));
    g_array_set_clear_func(state->choices, choice_clear);
    state->holders = g_ptr_array_new_with_free_func(holder_free);
    return state;
}

void vacuum_case_free(struct vacuum_case *state)
{
    g_array_unref(state->choices);
    g_array_unref(state->tables);
    g_ptr_array_unref(state->holders);
    g_free(state);
}

bool vacuum_observe_server(struct session *session, struct vacuum_server *ret_server,
                           GError **error)
{
    AUTO(rows) rows = session_query(session, &query_vacuum_server, NULL, error);
    if (rows == NULL)
        return false;
    *ret_server = (struct vacuum_server){
        .version = session_version(session),
        .in_recovery = rows_bool(rows, 0, VACUUM_SERVER_IN_RECOVERY),
        .now = rows_int(rows, 0, VACUUM_SERVER_NOW),
        .block_size = rows_int(rows, 0, VACUUM_SERVER_BLOCK_SIZE),
        .freeze_max_age = rows_int(rows, 0, VACUUM_SERVER_FREEZE_MAX_AGE),
        .multixact_freeze_max_age = rows_int(rows, 0, VACUUM_SERVER_MULTIXACT_FREEZE_MAX_AGE),
        .failsafe_age = rows_int(rows, 0, VACUUM_SERVER_FAILSAFE_AGE),
        .multixact_failsafe_age = rows_int(rows, 0, VACUUM_SERVER_MULTIXACT_FAILSAFE_AGE),
        .autovacuum = rows_bool(rows, 0, VACUUM_SERVER_AUTOVACUUM),
        .track_counts = rows_bool(rows, 0, VACUUM_SERVER_TRACK_COUNTS),
        .vacuum_threshold = rows_int(rows, 0, VACUUM_SERVER_VACUUM_THRESHOLD),
        .vacuum_fraction = rows_real(rows, 0, VACUUM_SERVER_VACUUM_FRACTION),
        .insert_threshold = rows_int(rows, 0, VACUUM_SERVER_INSERT_THRESHOLD),
        .insert_fraction = rows_real(rows, 0, VACUUM_SERVER_INSERT_FRACTION),
        .vacuum_max_threshold = rows_null(rows, 0, VACUUM_SERVER_VACUUM_MAX_THRESHOLD)
                                    ? -1
                                    : rows_int(rows, 0, VACUUM_SERVER_VACUUM_MAX_THRESHOLD),
        .analyze_threshold = rows_int(rows, 0, VACUUM_SERVER_ANALYZE_THRESHOLD),
        .analyze_fraction = rows_real(rows, 0, VACUUM_SERVER_ANALYZE_FRACTION),
        .parallel_workers = (int) rows_int(rows, 0, VACUUM_SERVER_PARALLEL_WORKERS),
        .standbys = rows_int(rows, 0, VACUUM_SERVER_STANDBYS),
        .sees_all = rows_bool(rows, 0, VACUUM_SERVER_SEES_ALL),
        .xid_age = rows_int(rows, 0, VACUUM_SERVER_XID_AGE),
        .mxid_age = rows_int(rows, 0, VACUUM_SERVER_MXID_AGE),
    };
    const char *superuser = PQparameterStatus(session_handle(session), "is_superuser");
    ret_server->superuser = g_strcmp0(superuser, "on") == 0;
    /* pg_settings counts it in blocks. */
    ret_server->shared_buffers =
        rows_int(rows, 0, VACUUM_SERVER_SHARED_BUFFERS) * ret_server->block_size;
    return true;
}

GPtrArray *vacuum_observe_horizon(struct session *session, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_vacuum_horizon, NULL, error);
    if (rows == NULL)
        return NULL;
    GPtrArray *holders = g_ptr_array_new_with_free_func(holder_free);
    for (int i = 0; i < rows_count(rows); i++) {
        struct vacuum_holder *holder = g_new0(struct vacuum_holder, 1);
        holder->kind = g_strdup(rows_text(rows, i, VACUUM_HORIZON_KIND));
        holder->holder = g_strdup(rows_text(rows, i, VACUUM_HORIZON_HOLDER));
        holder->remedy = g_strdup(rows_text(rows, i, VACUUM_HORIZON_REMEDY));
        holder->age_xids = rows_int(rows, i, VACUUM_HORIZON_AGE);
        holder->xmin = (guint32) rows_int(rows, i, VACUUM_HORIZON_XMIN);
        holder->since = rows_int(rows, i, VACUUM_HORIZON_SINCE);
        holder->catalogs_only = rows_bool(rows, i, VACUUM_HORIZON_CATALOGS_ONLY);
        g_ptr_array_add(holders, holder);
    }
    return holders;
}

static void read_table(const struct rows *rows, int row, struct vacuum_table *table)
{
    *table = (struct vacuum_table){
        .oid = (guint) rows_int(rows, row, VACUUM_TABLES_OID),
        .parent = (guint) rows_int(rows, row, VACUUM_TABLES_PARENT),
        .schema = g_strdup(rows_text(rows, row, VACUUM_TABLES_SCHEMA)),
        .name = g_strdup(rows_text(rows, row, VACUUM_TABLES_NAME)),
        .options = g_strdup(rows_text(rows, row, VACUUM_TABLES_OPTIONS)),
        .kind = rows_text(rows, row, VACUUM_TABLES_KIND)[0],
        .temporary = rows_bool(rows, row, VACUUM_TABLES_TEMPORARY),
        .shared = rows_bool(rows, row, VACUUM_TABLES_SHARED),
        .tuples = rows_real(rows, row, VACUUM_TABLES_TUPLES),
        .pages = MAX(rows_int(rows, row, VACUUM_TABLES_PAGES), 0), /* -1: a parent */
        .visible_pages = rows_int(rows, row, VACUUM_TABLES_VISIBLE_PAGES),
        .toast_pages = rows_int(rows, row, VACUUM_TABLES_TOAST_PAGES),
        .index_pages = rows_int(rows, row, VACUUM_TABLES_INDEX_PAGES),
        .live = rows_int(rows, row, VACUUM_TABLES_LIVE),
        .dead = rows_int(rows, row, VACUUM_TABLES_DEAD),
        .changed = rows_int(rows, row, VACUUM_TABLES_CHANGED),
        .inserted = rows_int(rows, row, VACUUM_TABLES_INSERTED),
        .toast_dead = rows_int(rows, row, VACUUM_TABLES_TOAST_DEAD),
        .vacuums = rows_int(rows, row, VACUUM_TABLES_VACUUMS),
        .analyzes = rows_int(rows, row, VACUUM_TABLES_ANALYZES),
        .last_vacuum = rows_int(rows, row, VACUUM_TABLES_LAST_VACUUM),
        .last_analyze = rows_int(rows, row, VACUUM_TABLES_LAST_ANALYZE),
        .xid_age = rows_int(rows, row, VACUUM_TABLES_XID_AGE),
        .mxid_age = rows_int(rows, row, VACUUM_TABLES_MXID_AGE),
        .toast_xid_age = rows_int(rows, row, VACUUM_TABLES_TOAST_XID_AGE),
        .toast_mxid_age = rows_int(rows, row, VACUUM_TABLES_TOAST_MXID_AGE),
        .indexes = (int) rows_int(rows, row, VACUUM_TABLES_INDEXES),
        .big_indexes = (int) rows_int(rows, row, VACUUM_TABLES_BIG_INDEXES),
    };
}

static bool read_tables(struct session *session, struct vacuum_case *state, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_vacuum_tables, NULL, error);
    if (rows == NULL)
        return false;
    guint count = (guint) rows_count(rows);
    g_array_set_size(state->tables, count);
    g_array_set_size(state->choices, count);
    for (guint i = 0; i < count; i++) {
        struct vacuum_table *table = &g_array_index(state->tables, struct vacuum_table, i);
        read_table(rows, (int) i, table);
        struct vacuum_choice *choice = &g_array_index(state->choices, struct vacuum_choice, i);
        choice->table = table;
        choice->dead_after = choice->not_removable = -1;
    }
    return true;
}

static bool read_forbidden(struct session *session, struct vacuum_case *state, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_vacuum_forbidden, NULL, error);
    if (rows == NULL)
        return false;
    g_autoptr(GHashTable) owners = g_hash_table_new(NULL, NULL);
    for (int i = 0; i < rows_count(rows); i++)
        g_hash_table_insert(owners,
                            GUINT_TO_POINTER((guint) rows_int(rows, i, VACUUM_FORBIDDEN_OID)),
                            GINT_TO_POINTER(i + 1));
    for (guint i = 0; i < state->tables->len; i++) {
        struct vacuum_table *table = &g_array_index(state->tables, struct vacuum_table, i);
        int row = GPOINTER_TO_INT(g_hash_table_lookup(owners, GUINT_TO_POINTER(table->oid)));
        if (row > 0)
            table->lack = g_strdup(rows_text(rows, row - 1, VACUUM_FORBIDDEN_LACK));
    }
    return true;
}

struct vacuum_case *vacuum_observe(struct session *session, GError **error)
{
    struct vacuum_case *state = vacuum_case_new();

    g_clear_pointer(&state->holders, g_ptr_array_unref);
    state->holders = vacuum_observe_horizon(session, error);
    if (state->holders != NULL && vacuum_observe_server(session, &state->server, error) &&
        read_tables(session, state, error) && read_forbidden(session, state, error))
        return state;
    if (state->holders == NULL)
        state->holders = g_ptr_array_new();
    vacuum_case_free(state);
    return NULL;
}

static bool size_is_old(const struct vacuum_choice *choice)
{
    const struct vacuum_table *table = choice->table;

    return (choice->vacuum || choice->analyze) && table->kind != 'p' &&
           (double) table->inserted > GROWN_FRACTION * MAX(table->tuples, 0);
}

void vacuum_observe_sizes(struct session *session, struct vacuum_case *state)
{
    g_autoptr(GHashTable) grown = g_hash_table_new(NULL, NULL);
    g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < state->choices->len && oids->len < SIZES_AT_MOST; i++) {
        struct vacuum_choice *choice = &g_array_index(state->choices, struct vacuum_choice, i);
        if (!size_is_old(choice))
            continue;
        g_array_append_val(oids, choice->table->oid);
        g_hash_table_insert(grown, GUINT_TO_POINTER(choice->table->oid), choice);
    }
    if (oids->len == 0)
        return;
    g_autofree char *list = relations_oid_list(&g_array_index(oids, guint, 0), oids->len);
    AUTO(rows)
    rows = session_query(session, &query_vacuum_sizes, (const char *const[]){list}, NULL);
    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        guint oid = (guint) rows_int(rows, i, VACUUM_SIZES_OID);
        struct vacuum_choice *choice = g_hash_table_lookup(grown, GUINT_TO_POINTER(oid));
        choice->table->pages = rows_int(rows, i, VACUUM_SIZES_PAGES);
        choice->table->index_pages = rows_int(rows, i, VACUUM_SIZES_INDEX_PAGES);
        choice->table->toast_pages = 0; /* pg_table_size counts it */
        choice->predicted_seconds = vacuum_predict(&state->server, choice);
    }
}

/* ---- what the history knows ------------------------------------------------------------------ */

struct recall {
    struct vacuum_case *state;
    GHashTable *by_name; /* "schema.name" → struct vacuum_table, made when first needed */
};

static struct vacuum_table *recalled(struct recall *recall, const struct store_object *object)
{
    if (recall->by_name == NULL) {
        recall->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        for (guint i = 0; i < recall->state->tables->len; i++) {
            struct vacuum_table *table =
                &g_array_index(recall->state->tables, struct vacuum_table, i);
            g_hash_table_insert(recall->by_name,
                                g_strconcat(table->schema, ".", table->name, NULL), table);
        }
    }
    g_autofree char *name = g_strconcat(object->schema, ".", object->name, NULL);
    return g_hash_table_lookup(recall->by_name, name);
}

static void recall_done(const struct store_object *object, gpointer data)
{
    struct vacuum_table *table = recalled(data, object);

    if (table == NULL)
        return;
    table->last_seconds = object->seconds;
    table->last_bytes = object->bytes;
    json_t *after = object->after ? json_loads(object->after, 0, NULL) : NULL;
    table->last_horizon = (guint32) json_integer_value(json_object_get(after, "horizon_xid"));
    table->last_vacuumed = json_is_true(json_object_get(after, "vacuumed"));
    json_decref(after);
}

static void recall_not_reached(const struct store_object *object, gpointer data)
{
    struct vacuum_table *table = recalled(data, object);

    if (table != NULL)
        table->carried_over = true;
}

void vacuum_recall(struct store *store, struct session *session, struct vacuum_case *state)
{
    struct recall recall = {.state = state};
    struct store_scope scope = {
        .section = "vacuum",
        .system_identifier = session_system_identifier(session),
        .dbname = session_database(session),
    };

    store_last_done(store, &scope, recall_done, &recall);
    store_not_reached(store, &scope, recall_not_reached, &recall);
    g_clear_pointer(&recall.by_name, g_hash_table_unref);
}
