/* `migrations status`: the folder, the version table and the history side by side. */
#include "folder/version_rows.h"
#include "migrations_commands.h"
#include "migrations_evidence.h"
#include "out/document.h"
#include "out/grid.h"

#include <string.h>

struct status {
    struct call *call;
    struct folder *folder;
    struct version_table *table;
    struct migrations_evidence *evidence;
    GArray *rows;    /* of struct version_row */
    GArray *details; /* of struct detail, one for each row */
    const char *system, *dbname, *ledger;
};

/* What the history adds to a row. */
struct detail {
    char *verdict; /* of the newest rehearsal of this text; NULL: none */
    gint64 rehearsed_us, rehearsed_run;
    bool passed;
    const struct store_migration *last; /* that we began with it; NULL: none */
    bool interrupted;                   /* that run died in its midst */
};

static void detail_clear(gpointer data)
{
    struct detail *detail = data;

    g_free(detail->verdict);
}

static void keep_rehearsal(const struct store_rehearsal *rehearsal, gpointer data)
{
    struct detail *detail = data;

    detail->verdict = g_strdup(rehearsal->verdict);
    detail->rehearsed_us = rehearsal->at_us;
    detail->rehearsed_run = rehearsal->run;
    detail->passed = rehearsal->passed;
}

static void see_run(const struct store_run_view *run, gpointer data)
{
    bool *running = data;

    *running = strcmp(run->outcome, "running") == 0;
}

/* The history says that it was begun, and whoever began it is gone. */
static bool is_interrupted(struct store *store, const struct store_migration *last)
{
    bool running = false;

    if (last == NULL || strcmp(last->outcome, "running") != 0)
        return false;
    store_run_by_id(store, last->run, see_run, &running, NULL);
    return !running;
}

static void find_details(struct status *status)
{
    struct store *store = status->call->store;

    for (guint i = 0; i < status->rows->len; i++) {
        const struct version_row *row = &g_array_index(status->rows, struct version_row, i);
        struct detail detail = {.last =
                                    migrations_evidence_last(status->evidence, row->version)};
        if (row->migration != NULL && status->system != NULL)
            store_rehearsal_last(store, status->system, status->dbname, row->migration->hash,
                                 keep_rehearsal, &detail);
        detail.interrupted = is_interrupted(store, detail.last);
        g_array_append_val(status->details, detail);
    }
}

/* Most tools keep no checksum. So the text that a file has when it is first seen applied is kept,
 * and a change after that is told, whoever applied it. */
static void keep_seen(const struct status *status)
{
    for (guint i = 0; i < status->rows->len; i++) {
        const struct version_row *row = &g_array_index(status->rows, struct version_row, i);
        if (status->system == NULL || row->state != VERSION_APPLIED ||
            row->migration->repeatable ||
            migrations_evidence_hash(status->evidence, row->version) != NULL)
            continue;
        const struct store_migration seen = {
            .at_us = g_get_real_time(),
            .system = status->system,
            .dbname = status->dbname,
            .ledger = status->ledger,
            .version = row->version,
            .name = row->migration->name,
            .hash = row->migration->hash,
            .direction = "up",
            .outcome = "seen",
        };
        store_migration_put(status->call->store, &seen);
    }
}

/* ---- for people --------------------------------------------------------------------------- */

static char *time_of(gint64 us)
{
    if (us == 0)
        return NULL;
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(us / G_USEC_PER_SEC);
    return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%SZ") : NULL;
}

static enum output_tone tone_of(enum version_state state)
{
    switch (state) {
    case VERSION_APPLIED:
        return OUTPUT_GOOD;
    case VERSION_PENDING:
        return OUTPUT_PLAIN;
    case VERSION_OUT_OF_ORDER:
        return OUTPUT_CAUTION;
    case VERSION_CHANGED:
    case VERSION_DIRTY:
    case VERSION_UNKNOWN:
        return OUTPUT_BAD;
    }
    g_assert_not_reached();
}

static char *note_of(const struct version_row *row, const struct detail *detail)
{
    if (detail->interrupted)
        return g_strdup_printf("run %" G_GINT64_FORMAT " died in its midst (%s)",
                               detail->last->run, detail->last->direction);
    if (row->state == VERSION_UNKNOWN)
        return g_strdup("applied, and there is no file");
    if (row->state == VERSION_CHANGED)
        return g_strdup("its files are not what they were when it was applied");
    if (row->state == VERSION_OUT_OF_ORDER)
        return g_strdup("a later one is applied");
    if (detail->last != NULL && strcmp(detail->last->outcome, "failed") == 0)
        return g_strdup_printf("run %" G_GINT64_FORMAT " failed with it", detail->last->run);
    if (row->migration->up == NULL)
        return g_strdup("not SQL");
    return NULL;
}

static const char *rehearsed(const struct version_row *row, const struct detail *detail)
{
    if (detail->verdict != NULL)
        return detail->verdict;
    return row->state == VERSION_APPLIED || row->migration == NULL ? NULL : "no";
}

static void say_rows(const struct status *status)
{
    static const struct grid_column columns[] = {
        {"version", false},   {"name", false}, {"state", false}, {"applied", false},
        {"rehearsed", false}, {"note", false}, {NULL, false},
    };
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < status->rows->len; i++) {
        const struct version_row *row = &g_array_index(status->rows, struct version_row, i);
        const struct detail *detail = &g_array_index(status->details, struct detail, i);
        grid_cell(grid, OUTPUT_PLAIN, row->version);
        grid_cell(grid, OUTPUT_PLAIN,
                  row->migration != NULL ? folder_migration_name(row->migration) : NULL);
        grid_cell(grid, tone_of(row->state), version_state_name(row->state));
        grid_take(grid, OUTPUT_PLAIN, time_of(row->applied_us));
        grid_cell(grid, detail->verdict != NULL && !detail->passed ? OUTPUT_BAD : OUTPUT_PLAIN,
                  rehearsed(row, detail));
        grid_take(grid, detail->interrupted ? OUTPUT_BAD : OUTPUT_PLAIN, note_of(row, detail));
    }
    grid_print(grid, status->call->output);
}

static void say_problems(const struct status *status)
{
    for (guint i = 0; i < status->folder->problems->len; i++) {
        const struct folder_problem *problem = status->folder->problems->pdata[i];
        bool wrong = problem->severity == FOLDER_ERROR;
        g_autofree char *word =
            output_paint(status->call->output, wrong ? OUTPUT_BAD : OUTPUT_CAUTION,
                         wrong ? "error" : "warning");
        g_autofree char *line =
            problem->line > 0 ? g_strdup_printf(":%u", problem->line) : g_strdup("");
        output_say(status->call->output, "%s%s: %s: %s [%s]", problem->file, line, word,
                   problem->message, problem->rule);
    }
}

static guint count(const struct status *status, enum version_state state)
{
    guint found = 0;

    for (guint i = 0; i < status->rows->len; i++)
        found += g_array_index(status->rows, struct version_row, i).state == state;
    return found;
}

/* "3 applied, 1 pending", and what is wrong where there is something. */
static char *counts_of(const struct status *status)
{
    guint unknown = count(status, VERSION_UNKNOWN), dirty = count(status, VERSION_DIRTY);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%u applied, %u pending",
                           count(status, VERSION_APPLIED) + count(status, VERSION_CHANGED),
                           count(status, VERSION_PENDING) +
                               count(status, VERSION_OUT_OF_ORDER));
    if (dirty > 0)
        g_string_append_printf(text, ", %u dirty", dirty);
    if (unknown > 0)
        g_string_append_printf(text, ", %u unknown", unknown);
    return g_string_free(text, FALSE);
}

static void say(const struct status *status)
{
    const struct version_table *table = status->table;
    struct output *output = status->call->output;

    if (status->rows->len > 0)
        say_rows(status);
    else
        output_say(output, "%s has no migration.", status->folder->path);
    say_problems(status);
    output_say(output, "%s", "");
    g_autofree char *counts = counts_of(status);
    output_say(output, "%s: %s, by %s.%s%s.", folder_format_name(table->format), counts,
               table->schema, table->name, table->exists ? "" : " (not there yet)");
    if (table->dirty) {
        g_autofree char *text = output_paint(output, OUTPUT_BAD, "dirty");
        output_say(output,
                   "The table is %s: a run stopped in the midst of version %s, and what of it "
                   "was done is not known.",
                   text, table->dirty_version);
    }
}

/* ---- documents ---------------------------------------------------------------------------- */

static const char *transaction_name(enum folder_transaction transaction)
{
    switch (transaction) {
    case FOLDER_ONE_TRANSACTION:
        return "one";
    case FOLDER_NO_TRANSACTION:
        return "none";
    case FOLDER_OWN_TRANSACTIONS:
        return "own";
    }
    g_assert_not_reached();
}

static json_t *script_json(const struct folder_script *script)
{
    return script == NULL ? json_null()
                          : json_pack("{s:o, s:s, s:o}", "file", document_text(script->file),
                                      "transaction", transaction_name(script->transaction),
                                      "irreversible", document_text(script->irreversible));
}

static json_t *last_json(const struct detail *detail)
{
    const struct store_migration *last = detail->last;

    if (last == NULL)
        return json_null();
    return json_pack("{s:I, s:o, s:s, s:s, s:o}", "run", (json_int_t) last->run, "at",
                     document_time(last->at_us), "direction", last->direction, "outcome",
                     detail->interrupted ? "interrupted" : last->outcome, "forced",
                     document_text(last->forced));
}

static json_t *rehearsal_json(const struct detail *detail)
{
    if (detail->verdict == NULL)
        return json_null();
    return json_pack("{s:I, s:o, s:s, s:b}", "run", (json_int_t) detail->rehearsed_run, "at",
                     document_time(detail->rehearsed_us), "verdict", detail->verdict, "passed",
                     (int) detail->passed);
}

static json_t *row_json(const struct version_row *row, const struct detail *detail)
{
    const struct folder_migration *migration = row->migration;

    return json_pack(
        "{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "version", document_text(row->version),
        "name", document_text(migration != NULL ? migration->name : NULL), "state",
        version_state_name(row->state), "applied_at", document_time(row->applied_us), "hash",
        document_text(migration != NULL ? migration->hash : NULL), "up",
        script_json(migration != NULL ? migration->up : NULL), "down",
        script_json(migration != NULL ? migration->down : NULL), "rehearsal",
        rehearsal_json(detail), "last_run", last_json(detail));
}

static json_t *table_json(const struct version_table *table)
{
    return json_pack("{s:o, s:o, s:b, s:b, s:o}", "schema", document_text(table->schema),
                     "name", document_text(table->name), "exists", (int) table->exists, "dirty",
                     (int) table->dirty, "dirty_version", document_text(table->dirty_version));
}

static json_t *problem_json(const struct folder_problem *problem)
{
    return json_pack("{s:o, s:i, s:s, s:s, s:o}", "file", document_text(problem->file), "line",
                     (int) problem->line, "rule", problem->rule, "severity",
                     problem->severity == FOLDER_ERROR ? "error" : "warning", "message",
                     document_text(problem->message));
}

static void show_document(const struct status *status, struct session *session)
{
    const struct document_server server = {session_version(session), session_database(session),
                                           session_system_identifier(session)};
    struct document *document =
        document_begin(status->call->output, "migrations.status/1", &server);

    document_member(document, "folder", document_text(status->folder->path));
    document_member(document, "format",
                    document_text(folder_format_name(status->folder->format)));
    document_member(document, "table", table_json(status->table));
    document_array(document, "migrations");
    for (guint i = 0; i < status->rows->len; i++)
        document_item(document, row_json(&g_array_index(status->rows, struct version_row, i),
                                         &g_array_index(status->details, struct detail, i)));
    document_array_end(document);
    document_array(document, "problems");
    for (guint i = 0; i < status->folder->problems->len; i++)
        document_item(document, problem_json(status->folder->problems->pdata[i]));
    document_end(document);
}

/* ---- the command -------------------------------------------------------------------------- */

static const char *hash_of(const char *version, gconstpointer data)
{
    return migrations_evidence_hash(data, version);
}

/* Pending is the way of things; everything else wants a person. */
static bool is_wrong(const struct status *status)
{
    for (guint i = 0; i < status->folder->problems->len; i++) {
        const struct folder_problem *problem = status->folder->problems->pdata[i];
        if (problem->severity == FOLDER_ERROR)
            return true;
    }
    for (guint i = 0; i < status->rows->len; i++) {
        const struct version_row *row = &g_array_index(status->rows, struct version_row, i);
        bool fine = row->state == VERSION_APPLIED || row->state == VERSION_PENDING;
        if (!fine || g_array_index(status->details, struct detail, i).interrupted)
            return true;
    }
    return status->table->dirty;
}

enum runbook_exit migrations_status_command(struct call *call, GError **error)
{
    AUTO(folder) folder = folder_whole_of_call(call, error);
    AUTO(session) session = folder != NULL ? call_connect(call, error) : NULL;
    AUTO(version_table)
    table = session != NULL ? version_table_read(session, folder, error) : NULL;

    if (table == NULL)
        return RUNBOOK_FAILED;
    g_autofree char *ledger = version_table_ledger(table);
    struct status status = {
        .call = call,
        .folder = folder,
        .table = table,
        .system = session_system_identifier(session),
        .dbname = session_database(session),
        .ledger = ledger,
    };
    AUTO(migrations_evidence)
    evidence = migrations_evidence_read(call->store, status.system, status.dbname, ledger);
    g_autoptr(GArray) rows = version_rows(folder, table, hash_of, evidence);
    g_autoptr(GArray) details = g_array_new(FALSE, FALSE, sizeof(struct detail));
    g_array_set_clear_func(details, detail_clear);
    status.evidence = evidence;
    status.rows = rows;
    status.details = details;
    find_details(&status);
    keep_seen(&status);
    if (output_format(call->output) == OUTPUT_JSON)
        show_document(&status, session);
    else
        say(&status);
    return is_wrong(&status) ? RUNBOOK_FAILED : RUNBOOK_DONE;
}
