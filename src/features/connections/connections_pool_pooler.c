/* SHOW POOLS of a PgBouncer. */
#include "connections_pool.h"
#include "pg/console.h"
#include "units/units.h"

#include <string.h>

enum column {
    DATABASE,
    USER,
    CLIENT_ACTIVE,
    CLIENT_WAITING,
    SERVER_ACTIVE,
    SERVER_IDLE,
    MAXWAIT,
    NEEDED, /* the others came with later versions */
    MAXWAIT_US = NEEDED,
    MODE,
    COLUMNS,
};

static const char *const columns[COLUMNS] = {"database",   "user",       "cl_active",
                                             "cl_waiting", "sv_active",  "sv_idle",
                                             "maxwait",    "maxwait_us", "pool_mode"};

static bool fail(GError **error, const char *what)
{
    runbook_error_set(error, RUNBOOK_FAILED,
                      "\"pgbouncer\" is a connection to its admin console: dbname=pgbouncer",
                      "this is no answer of PgBouncer to SHOW POOLS: %s", what);
    return false;
}

static bool find_columns(const char *const *names, int *positions, guint *ret_width,
                         GError **error)
{
    guint width = 0;

    for (guint i = 0; i < COLUMNS; i++)
        positions[i] = -1;
    for (; names[width] != NULL; width++)
        for (guint i = 0; i < COLUMNS; i++)
            if (strcmp(names[width], columns[i]) == 0 && positions[i] < 0)
                positions[i] = (int) width;
    *ret_width = width;
    for (guint i = 0; i < NEEDED; i++) {
        g_autofree char *what = g_strdup_printf("it has no column \"%s\"", columns[i]);
        if (positions[i] < 0)
            return fail(error, what);
    }
    return true;
}

/* A count as PgBouncer prints it; a missing column counts nothing. */
static bool read_count(const char *const *row, const int *positions, enum column column,
                       gint64 *ret, GError **error)
{
    const char *text = positions[column] < 0 ? "0" : row[positions[column]];
    guint64 value = 0;

    if (text == NULL ||
        !g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64 / 4000000, &value, NULL)) {
        g_autofree char *what = g_strdup_printf("\"%s\" is no count", columns[column]);
        return fail(error, what);
    }
    *ret = (gint64) value;
    return true;
}

static char *text_of(const char *const *row, const int *positions, enum column column)
{
    const char *text = positions[column] < 0 ? NULL : row[positions[column]];

    return text == NULL ? NULL : g_utf8_make_valid(text, -1);
}

static void clear_row(gpointer pointer)
{
    struct connections_pooler_row *row = pointer;

    g_free(row->database);
    g_free(row->user);
    g_free(row->mode);
}

static bool read_row(const char *const *cells, const int *positions,
                     struct connections_pooler_row *row, GError **error)
{
    gint64 seconds = 0, microseconds = 0;

    if (!read_count(cells, positions, CLIENT_ACTIVE, &row->client_active, error) ||
        !read_count(cells, positions, CLIENT_WAITING, &row->client_waiting, error) ||
        !read_count(cells, positions, SERVER_ACTIVE, &row->server_active, error) ||
        !read_count(cells, positions, SERVER_IDLE, &row->server_idle, error) ||
        !read_count(cells, positions, MAXWAIT, &seconds, error) ||
        !read_count(cells, positions, MAXWAIT_US, &microseconds, error))
        return false;
    row->longest_us = seconds * G_USEC_PER_SEC + microseconds;
    row->database = text_of(cells, positions, DATABASE);
    row->user = text_of(cells, positions, USER);
    row->mode = text_of(cells, positions, MODE);
    return row->database != NULL || fail(error, "a pool has no database");
}

GArray *connections_pooler_read(const char *const *names, const char *const *cells, guint count,
                                GError **error)
{
    int positions[COLUMNS];
    guint width;

    if (!find_columns(names, positions, &width, error))
        return NULL;
    g_autoptr(GArray) pools = g_array_new(FALSE, FALSE, sizeof(struct connections_pooler_row));
    g_array_set_clear_func(pools, clear_row);
    for (guint i = 0; i < count; i++) {
        struct connections_pooler_row row = {0};
        if (!read_row(cells + (gsize) i * width, positions, &row, error)) {
            clear_row(&row);
            return NULL;
        }
        if (strcmp(row.database, "pgbouncer") == 0)
            clear_row(&row);
        else
            g_array_append_val(pools, row);
    }
    return g_steal_pointer(&pools);
}

static GArray *ask(const char *conninfo, GError **error)
{
    g_autofree char *text = g_strdup(conninfo);
    struct session_params params = {.dbname = text, .password = SESSION_PASSWORD_NEVER};
    AUTO(session) console = console_open(&params, "connections", error);

    if (console == NULL)
        return NULL;
    AUTO(rows) rows = console_ask(console, "SHOW POOLS", error);
    if (rows == NULL)
        return NULL;
    g_auto(GStrv) names = rows_names(rows);
    g_autoptr(GPtrArray) cells = g_ptr_array_new();
    for (int row = 0; row < rows_count(rows); row++)
        for (int column = 0; names[column] != NULL; column++)
            g_ptr_array_add(cells, (gpointer) (gintptr) rows_text(rows, row, column));
    return connections_pooler_read((const char *const *) names,
                                   (const char *const *) cells->pdata, (guint) rows_count(rows),
                                   error);
}

struct connections_pooler connections_pooler_ask(const struct settings *settings)
{
    const char *conninfo = settings_string(settings, "pgbouncer");
    struct connections_pooler pooler = {NULL, NULL};
    g_autoptr(GError) error = NULL;

    if (conninfo == NULL || *conninfo == '\0')
        return pooler;
    pooler.pools = ask(conninfo, &error);
    if (pooler.pools == NULL)
        pooler.trouble = g_strdup(error->message);
    return pooler;
}

void connections_pooler_clear(struct connections_pooler *pooler)
{
    g_clear_pointer(&pooler->pools, g_array_unref);
    g_clear_pointer(&pooler->trouble, g_free);
}

bool connections_pooler_known(const struct connections_pooler *pooler)
{
    return pooler->pools != NULL || pooler->trouble != NULL;
}

gint64 connections_pooler_waiting(const GArray *pools, gint64 *ret_longest_us)
{
    gint64 waiting = 0;

    *ret_longest_us = 0;
    for (guint i = 0; i < pools->len; i++) {
        const struct connections_pooler_row *row =
            &g_array_index(pools, struct connections_pooler_row, i);
        waiting += row->client_waiting;
        *ret_longest_us = MAX(*ret_longest_us, row->longest_us);
    }
    return waiting;
}

char *connections_pooler_words(const GArray *pools)
{
    gint64 longest;
    gint64 waiting = connections_pooler_waiting(pools, &longest);
    g_autofree char *clients = units_format_counted(waiting, "client");
    g_autofree char *time = units_format_duration((double) longest / G_USEC_PER_SEC);

    if (waiting == 0)
        return g_strdup("no client waits for a connection of PgBouncer");
    return g_strdup_printf(
        "%s wait%s for a connection of PgBouncer, the first for %s: its pool "
        "is too small, or its server connections are held too long",
        clients, waiting == 1 ? "s" : "", time);
}

/* ---- in reports ---------------------------------------------------------------------------- */

json_t *connections_pooler_json(const struct connections_pooler *pooler)
{
    json_t *pools = json_array();
    gint64 longest = 0;
    gint64 waiting = 0;

    for (guint i = 0; pooler->pools != NULL && i < pooler->pools->len; i++) {
        const struct connections_pooler_row *row =
            &g_array_index(pooler->pools, struct connections_pooler_row, i);
        json_array_append_new(
            pools,
            json_pack("{so so so sI sI sI sI sf}", "database", document_text(row->database),
                      "role", document_text(row->user), "mode", document_text(row->mode),
                      "clients_active", (json_int_t) row->client_active, "clients_waiting",
                      (json_int_t) row->client_waiting, "servers_active",
                      (json_int_t) row->server_active, "servers_idle",
                      (json_int_t) row->server_idle, "longest_wait_seconds",
                      (double) row->longest_us / G_USEC_PER_SEC));
    }
    if (!connections_pooler_known(pooler)) {
        json_decref(pools);
        return json_null();
    }
    if (pooler->pools != NULL)
        waiting = connections_pooler_waiting(pooler->pools, &longest);
    return json_pack("{sI sf so so}", "clients_waiting", (json_int_t) waiting,
                     "longest_wait_seconds", (double) longest / G_USEC_PER_SEC, "pools", pools,
                     "trouble", document_text(pooler->trouble));
}

void connections_pooler_say(const struct connections_pooler *pooler, struct output *output)
{
    gint64 longest;

    if (pooler->trouble != NULL) {
        output_say(output, "\nPgBouncer could not be asked: %s", pooler->trouble);
    } else if (pooler->pools != NULL) {
        bool wait = connections_pooler_waiting(pooler->pools, &longest) > 0;
        g_autofree char *words = connections_pooler_words(pooler->pools);
        g_autofree char *painted = output_paint(output, wait ? OUTPUT_BAD : OUTPUT_GOOD, words);
        output_say(output, "\nPgBouncer: %s.", painted);
    }
}
