/*
 * `migrations trace FILE`, not in the help: what the tracer measures of one script, on the very
 * database that is named, and rolled back. The truth that bench/lint holds lint against.
 */
#include "error.h"
#include "migrations_commands.h"
#include "out/document.h"
#include "rehearse/trace.h"

static const struct folder_script *script_of(const struct folder *folder, GError **error)
{
    const struct folder_migration *first =
        folder->migrations->len > 0 ? folder->migrations->pdata[0] : NULL;

    if (first != NULL && first->up != NULL && first->up->transaction == FOLDER_ONE_TRANSACTION)
        return first->up;
    runbook_error_set(error, RUNBOOK_USAGE, NULL,
                      "\"%s\" is no script that can be rolled back as a whole", folder->path);
    return NULL;
}

static json_t *locks_of(const struct trace_statement *statement)
{
    json_t *list = json_array();

    for (guint i = 0; i < statement->locks->len; i++) {
        const struct trace_lock *lock = statement->locks->pdata[i];
        g_autofree char *name = g_strconcat(lock->schema, ".", lock->relation, NULL);
        json_array_append_new(list, json_pack("{so ss ss}", "relation", document_text(name),
                                              "mode", ddl_lock_name(lock->mode), "work",
                                              ddl_effect_name(lock->work)));
    }
    return list;
}

static json_t *statement_of(const struct trace_statement *statement)
{
    return json_pack("{si ss sb so so ss}", "number", (int) statement->number, "effect",
                     ddl_effect_name(statement->effect), "alone", (int) statement->alone,
                     "locks", locks_of(statement), "error", document_text(statement->error),
                     "sqlstate", statement->sqlstate);
}

static void show(struct call *call, struct session *session, const struct trace *trace)
{
    const struct document_server server = {session_version(session), session_database(session),
                                           session_system_identifier(session)};
    struct document *document = document_begin(call->output, "migrations.trace/1", &server);

    document_array(document, "statements");
    for (guint i = 0; i < trace->statements->len; i++)
        document_item(document, statement_of(trace->statements->pdata[i]));
    document_array_end(document);
    document_end(document);
}

enum runbook_exit migrations_trace_command(struct call *call, GError **error)
{
    const struct trace_options options = {.rollback = true};
    AUTO(folder) folder = folder_read(call->arguments[0], FOLDER_GOLANG_MIGRATE, error);
    const struct folder_script *script = folder != NULL ? script_of(folder, error) : NULL;
    AUTO(session) observer = script != NULL ? call_connect(call, error) : NULL;
    AUTO(session) session = observer != NULL ? session_twin(observer, error) : NULL;

    if (session == NULL)
        return RUNBOOK_FAILED;
    AUTO(trace) trace = trace_run(session, observer, script, &options, error);
    if (trace == NULL)
        return RUNBOOK_FAILED;
    show(call, observer, trace);
    return RUNBOOK_DONE;
}
