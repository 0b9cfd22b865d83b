/*
 * `pgrunbook sql`: the embedded queries. --prepare has a server parse each and compares what it
 * would answer with what the query's header promises.
 */
#include "backends_queries.h"
#include "cli/commands.h"
#include "cli/grammar.h"
#include "core_queries.h"
#include "ddl_queries.h"
#include "host_embedded.h"
#include "out/grid.h"
#include "rebuild_queries.h"
#include "relations_queries.h"

#include <string.h>

/* ---- walking ------------------------------------------------------------------------------ */

static void visit_all(const struct query *const *queries,
                      void (*visit)(const struct query *query, gpointer data), gpointer data)
{
    for (guint i = 0; queries != NULL && queries[i] != NULL; i++)
        visit(queries[i], data);
}

/* Calls visit for every query of the program. */
static void each_query(void (*visit)(const struct query *query, gpointer data), gpointer data)
{
    const struct feature *section;

    visit_all(backends_queries, visit, data);
    visit_all(core_queries, visit, data);
    visit_all(rebuild_queries, visit, data);
    visit_all(ddl_queries, visit, data);
    visit_all(relations_queries, visit, data);
    for (guint i = 0; (section = cli_section_at(i)) != NULL; i++)
        visit_all(section->queries, visit, data);
}

static void list_query(const struct query *query, gpointer grid)
{
    grid_cell(grid, OUTPUT_BOLD, query->name);
    grid_cell(grid, OUTPUT_PLAIN, query->doc);
}

struct search {
    const char *name;
    const struct query *found;
};

static void match_query(const struct query *query, gpointer data)
{
    struct search *search = data;

    if (strcmp(query->name, search->name) == 0)
        search->found = query;
}

/* ---- preparing ---------------------------------------------------------------------------- */

struct prepare {
    struct session *session;
    struct output *output;
    guint queries, differences;
};

static void differ(struct prepare *prepare, const struct query *query, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void differ(struct prepare *prepare, const struct query *query, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    prepare->differences++;
    output_say(prepare->output, "%s: %s", query->name, what);
}

static void compare_type(struct prepare *prepare, const struct query *query, const char *what,
                         const char *declared, Oid actual)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *oid = g_strdup_printf("%u", actual);
    const char *const values[] = {declared, oid};
    AUTO(rows) rows = session_query(prepare->session, &query_host_type, values, &error);

    if (rows == NULL)
        differ(prepare, query, "%s: %s", what, error->message);
    else if (!rows_bool(rows, 0, HOST_TYPE_SAME))
        differ(prepare, query, "%s is %s on the server, %s in the header", what,
               rows_text(rows, 0, HOST_TYPE_ACTUAL), declared);
}

static int count_of(const char *const *words)
{
    int count = 0;

    while (words[count] != NULL)
        count++;
    return count;
}

static void compare_columns(struct prepare *prepare, const struct query *query,
                            const PGresult *answer)
{
    int declared = count_of(query->columns);

    if (PQnfields(answer) != declared) {
        differ(prepare, query, "answers %d columns, %d in the header", PQnfields(answer),
               declared);
        return;
    }
    for (int i = 0; i < declared; i++) {
        g_autofree char *what = g_strdup_printf("column %s", query->columns[i]);
        if (strcmp(PQfname(answer, i), query->columns[i]) != 0)
            differ(prepare, query, "column %d is %s on the server, %s in the header", i + 1,
                   PQfname(answer, i), query->columns[i]);
        else
            compare_type(prepare, query, what, query->column_types[i], PQftype(answer, i));
    }
}

static void compare_parameters(struct prepare *prepare, const struct query *query,
                               const PGresult *answer)
{
    int declared = count_of(query->param_types);

    if (PQnparams(answer) != declared) {
        differ(prepare, query, "takes %d parameters, %d in the header", PQnparams(answer),
               declared);
        return;
    }
    for (int i = 0; i < declared; i++) {
        g_autofree char *what = g_strdup_printf("parameter $%d", i + 1);
        compare_type(prepare, query, what, query->param_types[i], PQparamtype(answer, i));
    }
}

static void prepare_query(const struct query *newest, gpointer data)
{
    struct prepare *prepare = data;
    const struct query *query = query_for(newest, session_version(prepare->session));
    PGconn *connection = session_handle(prepare->session);

    if (query == NULL || connection == NULL)
        return;
    prepare->queries++;
    PGresult *parsed = PQprepare(connection, "", query->sql, 0, NULL);
    PGresult *answer =
        PQresultStatus(parsed) == PGRES_COMMAND_OK ? PQdescribePrepared(connection, "") : NULL;
    if (answer == NULL) {
        g_autofree char *message = g_strchomp(g_strdup(PQresultErrorMessage(parsed)));
        differ(prepare, query, "%s", message);
    } else {
        compare_parameters(prepare, query, answer);
        compare_columns(prepare, query, answer);
    }
    PQclear(parsed);
    PQclear(answer);
}

static enum runbook_exit prepare_all(struct call *call, GError **error)
{
    /* The word behind --prepare is a database, not a query. */
    if (call->arguments[0] != NULL && call->server->dbname == NULL)
        call->server->dbname = call->arguments[0];
    AUTO(session) session = call_connect(call, error);
    if (session == NULL)
        return runbook_error_exit(*error);
    struct prepare prepare = {.session = session, .output = call->output};
    each_query(prepare_query, &prepare);
    output_say(call->output, "PostgreSQL %d: %u queries, %u differences",
               session_version(session) / 10000, prepare.queries, prepare.differences);
    return prepare.differences == 0 ? RUNBOOK_DONE : RUNBOOK_FAILED;
}

/* ---- the command -------------------------------------------------------------------------- */

static enum runbook_exit print_query(struct call *call, GError **error)
{
    struct search search = {.name = call->arguments[0]};
    const char *version_text = option_value(call->options, "server-version");
    guint64 version = 0;

    if (version_text != NULL &&
        !g_ascii_string_to_unsigned(version_text, 10, 1, 9999999, &version, NULL)) {
        runbook_error_set(error, RUNBOOK_USAGE, "it is a number like 15 or 150004",
                          "invalid value for --server-version: \"%s\"", version_text);
        return RUNBOOK_USAGE;
    }
    each_query(match_query, &search);
    int number = (int) (version < 1000 ? version * 10000 : version);
    const struct query *query =
        search.found && number > 0 ? query_for(search.found, number) : search.found;
    if (query == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, "\"pgrunbook sql\" lists them.",
                          "there is no query \"%s\"%s", search.name,
                          search.found != NULL ? " for that version" : "");
        return RUNBOOK_USAGE;
    }
    output_raw(call->output, query->sql);
    output_raw(call->output, "\n");
    return RUNBOOK_DONE;
}

static enum runbook_exit run_sql(struct call *call, GError **error)
{
    static const struct grid_column columns[] = {
        {"Query", false}, {"Purpose", false}, {NULL, false}};

    if (option_given(call->options, "prepare"))
        return prepare_all(call, error);
    if (call->arguments[0] != NULL)
        return print_query(call, error);
    AUTO(grid) grid = grid_new(columns);
    each_query(list_query, grid);
    grid_print(grid, call->output);
    return RUNBOOK_DONE;
}

static const struct option sql_options[] = {
    {.name = "prepare", .prose = "Have the server prepare each and compare it with its header"},
    {.name = "server-version",
     .argument = "N",
     .prose = "Print the text for this version, as 15 or 150004 (default: the newest)"},
    {.name = NULL},
};

const struct command cli_sql_commands[] = {
    {
        .arguments = "[NAME]",
        .summary = "List the embedded queries, print one, or verify all on a server",
        .examples = "pgrunbook sql --prepare postgres",
        .options = sql_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_HIDDEN,
        .run = run_sql,
    },
    {.run = NULL},
};
