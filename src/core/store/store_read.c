#include "error.h"
#include "store/statement.h"
#include "store/store_internal.h"
#include "store_queries.h"

bool store_finish(struct store *store, const struct statement *statement, GError **error)
{
    if (statement_code(statement) == SQLITE_OK)
        return true;
    store_error_set(error, "read", store->path, statement_code(statement),
                    sqlite3_system_errno(store->db));
    return false;
}

bool store_read(struct store *store, const struct statement *statement)
{
    if (statement_code(statement) == SQLITE_OK)
        return true;
    store_failed(store, "read", statement_code(statement));
    return false;
}

/* ---- what earlier runs teach ------------------------------------------------------------ */

/* The queries objects and objects_last_done start with the same columns. */
static struct store_object object_row(const struct statement *statement)
{
    return (struct store_object){
        .step = (int) statement_int(statement, STORE_OBJECTS_STEP),
        .schema = statement_text(statement, STORE_OBJECTS_SCHEMA),
        .name = statement_text(statement, STORE_OBJECTS_NAME),
        .outcome = statement_text(statement, STORE_OBJECTS_OUTCOME),
        .reason = statement_text(statement, STORE_OBJECTS_REASON),
        .seconds = statement_real(statement, STORE_OBJECTS_SECONDS),
        .bytes = statement_int(statement, STORE_OBJECTS_BYTES),
        .before = statement_text(statement, STORE_OBJECTS_BEFORE),
        .after = statement_text(statement, STORE_OBJECTS_AFTER),
    };
}

static void visit_objects(struct statement *statement,
                          void (*visit)(const struct store_object *object, gpointer data),
                          gpointer data)
{
    while (statement_next(statement)) {
        const struct store_object object = object_row(statement);
        visit(&object, data);
    }
}

static void bind_scope(struct statement *statement, const struct store_scope *scope)
{
    statement_bind_text(statement, 1, scope->section);
    statement_bind_text(statement, 2, scope->system_identifier);
    statement_bind_text(statement, 3, scope->dbname);
}

void store_last_done(struct store *store, const struct store_scope *scope,
                     void (*visit)(const struct store_object *object, gpointer data),
                     gpointer data)
{
    AUTO(statement) statement = statement_open(store, &query_store_objects_last_done);
    bind_scope(statement, scope);
    visit_objects(statement, visit, data);
    store_read(store, statement);
}

/* The newest run in scope that is over, by its own word or because its process is gone; -1 when
 * there is none. */
static gint64 newest_over(struct store *store, const struct store_scope *scope)
{
    AUTO(statement) statement = statement_open(store, &query_store_runs_in_scope);
    bind_scope(statement, scope);
    while (statement_next(statement)) {
        const char *host = statement_text(statement, STORE_RUNS_IN_SCOPE_OS_HOST);
        const char *boot = statement_text(statement, STORE_RUNS_IN_SCOPE_OS_BOOT);
        const gint64 pid = statement_int(statement, STORE_RUNS_IN_SCOPE_PID);
        const gint64 started = statement_int(statement, STORE_RUNS_IN_SCOPE_PID_STARTED);
        if (statement_int(statement, STORE_RUNS_IN_SCOPE_ENDED_US) != 0 ||
            !store_process_alive(host, boot, pid, started))
            return statement_int(statement, STORE_RUNS_IN_SCOPE_ID);
    }
    store_read(store, statement);
    return -1;
}

void store_not_reached(struct store *store, const struct store_scope *scope,
                       void (*visit)(const struct store_object *object, gpointer data),
                       gpointer data)
{
    AUTO(statement) statement = statement_open(store, &query_store_objects);
    statement_bind_int(statement, 1, newest_over(store, scope));
    statement_bind_text(statement, 2, "not_reached");
    visit_objects(statement, visit, data);
    store_read(store, statement);
}

/* ---- showing ---------------------------------------------------------------------------- */

/* "died" for a run that never said how it ended and whose process is gone. */
static const char *run_outcome(const struct statement *statement)
{
    const char *host = statement_text(statement, STORE_RUNS_OS_HOST);
    const char *boot = statement_text(statement, STORE_RUNS_OS_BOOT);
    const gint64 pid = statement_int(statement, STORE_RUNS_PID);
    const gint64 started = statement_int(statement, STORE_RUNS_PID_STARTED);
    if (statement_int(statement, STORE_RUNS_ENDED_US) == 0 &&
        !store_process_alive(host, boot, pid, started))
        return "died";
    return statement_text(statement, STORE_RUNS_OUTCOME);
}

static struct store_run_view run_row(const struct statement *statement)
{
    return (struct store_run_view){
        .id = statement_int(statement, STORE_RUNS_ID),
        .started_us = statement_int(statement, STORE_RUNS_STARTED_US),
        .ended_us = statement_int(statement, STORE_RUNS_ENDED_US),
        .deadline_us = statement_int(statement, STORE_RUNS_DEADLINE_US),
        .section = statement_text(statement, STORE_RUNS_SECTION),
        .verb = statement_text(statement, STORE_RUNS_VERB),
        .target = statement_text(statement, STORE_RUNS_TARGET),
        .host = statement_text(statement, STORE_RUNS_HOST),
        .dbname = statement_text(statement, STORE_RUNS_DBNAME),
        .role = statement_text(statement, STORE_RUNS_ROLE),
        .system_identifier = statement_text(statement, STORE_RUNS_SYSTEM_IDENTIFIER),
        .version_num = (int) statement_int(statement, STORE_RUNS_VERSION_NUM),
        .pid = (int) statement_int(statement, STORE_RUNS_PID),
        .exit_code = (int) statement_int(statement, STORE_RUNS_EXIT_CODE),
        .os_user = statement_text(statement, STORE_RUNS_OS_USER),
        .os_host = statement_text(statement, STORE_RUNS_OS_HOST),
        .command_line = statement_text(statement, STORE_RUNS_COMMAND_LINE),
        .outcome = run_outcome(statement),
        .error = statement_text(statement, STORE_RUNS_ERROR),
        .summary = statement_text(statement, STORE_RUNS_SUMMARY),
        .undoes = statement_int(statement, STORE_RUNS_UNDOES),
        .undo_run = statement_int(statement, STORE_RUNS_UNDO_RUN),
        .actor = statement_text(statement, STORE_RUNS_ACTOR),
        .reason = statement_text(statement, STORE_RUNS_REASON),
        .stopped_by = statement_text(statement, STORE_RUNS_STOPPED_BY),
        .stop_reason = statement_text(statement, STORE_RUNS_STOP_REASON),
        .stopped_us = statement_int(statement, STORE_RUNS_STOPPED_US),
    };
}

bool store_each_run(struct store *store, const char *section, const char *target, int limit,
                    void (*visit)(const struct store_run_view *run, gpointer data),
                    gpointer data, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_runs);
    statement_bind_text(statement, 2, section);
    statement_bind_text(statement, 3, target);
    statement_bind_int(statement, 4, limit > 0 ? limit : -1);
    while (statement_next(statement)) {
        const struct store_run_view view = run_row(statement);
        visit(&view, data);
    }
    return store_finish(store, statement, error);
}

bool store_run_by_id(struct store *store, gint64 id,
                     void (*visit)(const struct store_run_view *run, gpointer data),
                     gpointer data, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_runs);
    statement_bind_int(statement, 1, id);
    statement_bind_int(statement, 4, 1);
    if (statement_next(statement)) {
        const struct store_run_view view = run_row(statement);
        visit(&view, data);
        return true;
    }
    if (store_finish(store, statement, error))
        runbook_error_set(error, RUNBOOK_USAGE, "\"pgrunbook history\" lists the runs.",
                          "there is no run %" G_GINT64_FORMAT " in the history", id);
    return false;
}

bool store_each_step(struct store *store, gint64 run,
                     void (*visit)(const struct store_step_view *step, gpointer data),
                     gpointer data, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_steps);
    statement_bind_int(statement, 1, run);
    while (statement_next(statement)) {
        const struct store_step_view view = {
            .number = (int) statement_int(statement, STORE_STEPS_NUMBER),
            .attempts = (int) statement_int(statement, STORE_STEPS_ATTEMPTS),
            .started_us = statement_int(statement, STORE_STEPS_STARTED_US),
            .ended_us = statement_int(statement, STORE_STEPS_ENDED_US),
            .object = statement_text(statement, STORE_STEPS_OBJECT),
            .sql = statement_text(statement, STORE_STEPS_SQL),
            .reason = statement_text(statement, STORE_STEPS_REASON),
            .lock_mode = statement_text(statement, STORE_STEPS_LOCK_MODE),
            .outcome = statement_text(statement, STORE_STEPS_OUTCOME),
            .detail = statement_text(statement, STORE_STEPS_DETAIL),
            .undo = statement_text(statement, STORE_STEPS_UNDO),
        };
        visit(&view, data);
    }
    return store_finish(store, statement, error);
}

bool store_each_undone(struct store *store, gint64 run,
                       void (*visit)(const struct store_undone *undone, gpointer data),
                       gpointer data, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_undone);
    statement_bind_int(statement, 1, run);
    while (statement_next(statement)) {
        const struct store_undone undone = {
            .run = statement_int(statement, STORE_UNDONE_RUN),
            .at_us = statement_int(statement, STORE_UNDONE_AT_US),
            .sql = statement_text(statement, STORE_UNDONE_SQL),
        };
        visit(&undone, data);
    }
    return store_finish(store, statement, error);
}

bool store_each_object(struct store *store, gint64 run,
                       void (*visit)(const struct store_object *object, gpointer data),
                       gpointer data, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_objects);
    statement_bind_int(statement, 1, run);
    visit_objects(statement, visit, data);
    return store_finish(store, statement, error);
}
