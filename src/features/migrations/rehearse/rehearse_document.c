/* A rehearsal, for programs. */
#include "out/document.h"
#include "rehearse/rehearse.h"

#include <stdlib.h>

static void set_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, document_text(text));
}

static void set_number(json_t *object, const char *name, double number)
{
    json_object_set_new(object, name, json_real(number));
}

static void set_count(json_t *object, const char *name, gint64 count)
{
    json_object_set_new(object, name, json_integer(count));
}

/* NULL for a number that there is not. */
static void set_hold(json_t *object, const char *name, double ms)
{
    json_object_set_new(object, name, ms < 0 ? json_null() : json_real(ms));
}

static char *full_name(const char *schema, const char *name)
{
    return schema != NULL ? g_strdup_printf("%s.%s", schema, name) : g_strdup(name);
}

/* ---- a statement --------------------------------------------------------------------------- */

static json_t *measured_locks(const struct trace_statement *statement, bool held)
{
    json_t *list = json_array();

    for (guint i = 0; i < statement->locks->len; i++) {
        const struct trace_lock *lock = statement->locks->pdata[i];
        g_autofree char *name = full_name(lock->schema, lock->relation);
        json_t *item = json_object();
        set_text(item, "relation", name);
        set_text(item, "mode", ddl_lock_name(lock->mode));
        if (held) {
            set_number(item, "held_ms", lock->held_ms);
            json_object_set_new(item, "new", json_boolean(lock->new_here));
            set_text(item, "work", ddl_effect_name(lock->work));
            json_object_set_new(item, "read_by_index", json_boolean(lock->read));
        }
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *judged_locks(const struct ddl_judgement *judgement)
{
    json_t *list = json_array();

    for (guint i = 0; i < judgement->locks->len; i++) {
        const struct ddl_lock *lock = judgement->locks->pdata[i];
        g_autofree char *name = full_name(lock->schema, lock->relation);
        if (lock->created_here)
            continue;
        json_t *item = json_object();
        set_text(item, "relation", name);
        set_text(item, "mode", ddl_lock_name(lock->mode));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *measured(const struct trace_statement *statement)
{
    json_t *item = json_object();

    set_number(item, "seconds", statement->seconds);
    json_object_set_new(item, "effect",
                        statement->alone ? json_null()
                                         : document_text(ddl_effect_name(statement->effect)));
    json_object_set_new(item, "locks", measured_locks(statement, true));
    set_count(item, "scanned_rows", statement->scanned_rows);
    set_count(item, "scanned_bytes", statement->scanned_bytes);
    set_count(item, "rewritten_bytes", statement->rewritten_bytes);
    set_count(item, "wal_bytes", statement->wal_bytes);
    set_count(item, "rows", statement->rows);
    set_number(item, "waited_ms", statement->waited_ms);
    json_object_set_new(item, "in_transaction", json_boolean(!statement->alone));
    set_text(item, "error", statement->error);
    set_text(item, "sqlstate", statement->error != NULL ? statement->sqlstate : NULL);
    return item;
}

static void set_measured(json_t *item, const struct rehearse *rehearse,
                         const struct rehearse_script *one, guint i)
{
    const struct forecast_sizes sizes = {rehearse_size_of,
                                         (gpointer) (gsize) &rehearse->target};
    const struct ddl_judgement *judgement = one->judged->pdata[i];
    const struct trace_statement *statement =
        i < one->trace->statements->len ? one->trace->statements->pdata[i] : NULL;

    if (statement == NULL || statement->alone || statement->error != NULL) {
        set_text(item, "effect",
                 judgement->analysed ? ddl_effect_name(judgement->effect) : NULL);
        json_object_set_new(item, "locks", judged_locks(judgement));
    } else {
        set_text(item, "effect", ddl_effect_name(statement->effect));
        json_object_set_new(item, "locks", measured_locks(statement, false));
    }
    json_object_set_new(item, "measured",
                        statement != NULL ? measured(statement) : json_null());
    struct forecast forecast = {.hold_ms = -1};
    if (statement != NULL)
        forecast = forecast_statement(one->trace, i, &sizes);
    set_hold(item, "predicted_hold_ms", forecast.hold_ms);
    set_text(item, "prediction_refused", forecast.reason);
    forecast_clear(&forecast);
}

static json_t *finding_of(const struct lint_finding *finding)
{
    json_t *item = json_object();

    set_text(item, "rule", finding->rule->id);
    set_text(item, "severity", lint_severity_name(finding->severity));
    set_text(item, "message", finding->message);
    set_text(item, "safe_rewrite", finding->safe_rewrite);
    set_text(item, "assumed", finding->assumption);
    set_count(item, "line", finding->line);
    json_object_set_new(item, "column",
                        finding->column > 0 ? json_integer(finding->column) : json_null());
    json_object_set_new(item, "ignored", json_boolean(finding->reason != NULL));
    set_text(item, "reason", finding->reason);
    return item;
}

/* Those of lint, of the same statement. */
static json_t *findings_of(const struct rehearse *rehearse, const struct rehearse_script *one,
                           guint number)
{
    const GPtrArray *found = NULL;
    json_t *list = json_array();

    for (guint i = 0; i < rehearse->lint->files->len; i++) {
        const struct lint_file *file = rehearse->lint->files->pdata[i];
        if (file->script == one->script && number < file->statements->len)
            found = g_array_index(file->statements, struct lint_statement, number).findings;
    }
    for (guint i = 0; found != NULL && i < found->len; i++)
        json_array_append_new(list, finding_of(found->pdata[i]));
    return list;
}

static json_t *statement_of(const struct rehearse *rehearse, const struct rehearse_script *one,
                            guint i)
{
    const struct sql_script *script = one->script->script;
    const struct sql_statement *place =
        &g_array_index(script->statements, struct sql_statement, i);
    const struct ddl_judgement *judgement = one->judged->pdata[i];
    g_autofree char *sql = sql_statement_text(script, place);
    json_t *item = json_object();

    set_count(item, "line", (gint64) one->script->line + place->line - 1);
    set_text(item, "sql", sql);
    json_object_set_new(item, "analysed", json_boolean(judgement->analysed));
    json_object_set_new(item, "findings", findings_of(rehearse, one, i));
    set_measured(item, rehearse, one, i);
    return item;
}

static json_t *reversibility_of(const struct rehearse_migration *one)
{
    json_t *item = json_object();

    set_text(item, "verdict", one->reached ? reversal_name(one->verdict) : NULL);
    set_text(item, "detail", one->detail);
    return item;
}

static void add_file(struct document *document, const struct rehearse *rehearse,
                     const struct rehearse_migration *one, const struct rehearse_script *script)
{
    json_t *item = json_object(), *statements = json_array();

    if (script->trace == NULL) {
        json_decref(item);
        json_decref(statements);
        return;
    }
    set_text(item, "file", script->script->file);
    set_text(item, "version", one->migration->version);
    set_text(item, "direction", script->direction);
    json_object_set_new(item, "transactional",
                        json_boolean(script->script->transaction == FOLDER_ONE_TRANSACTION));
    json_object_set_new(item, "reversibility", reversibility_of(one));
    json_object_set_new(item, "committed", json_boolean(script->trace->committed));
    set_number(item, "seconds", script->trace->seconds);
    set_number(item, "longest_hold_ms", script->trace->longest_hold_ms);
    for (guint i = 0; i < script->script->script->statements->len; i++)
        json_array_append_new(statements, statement_of(rehearse, script, i));
    json_object_set_new(item, "statements", statements);
    document_item(document, item);
}

/* ---- a migration --------------------------------------------------------------------------- */

static json_t *migration_of(const struct rehearse_migration *one)
{
    json_t *item = json_object();

    set_text(item, "version", one->migration->version);
    set_text(item, "name", one->migration->name);
    set_text(item, "hash", one->migration->hash);
    set_text(item, "schema_hash", one->schema_hash);
    json_object_set_new(item, "reached", json_boolean(one->reached));
    json_object_set_new(item, "passed", json_boolean(one->passed));
    set_text(item, "objection", one->objection);
    set_hold(item, "longest_hold_ms", one->reached ? one->longest_hold_ms : -1);
    set_hold(item, "predicted_hold_ms", one->reached ? one->forecast.hold_ms : -1);
    set_text(item, "prediction_refused", one->forecast.reason);
    set_hold(item, "predicted_at_most_ms",
             one->reached && one->forecast.reason != NULL ? one->forecast.at_most_ms : -1);
    json_object_set_new(item, "reversibility", reversibility_of(one));
    return item;
}

static json_t *shadow_of(const struct shadow *shadow)
{
    json_t *item = json_object(), *troubles = json_array();

    set_text(item, "kind", shadow_kind_name(shadow->kind));
    set_count(item, "version_num", shadow->version);
    json_object_set_new(item, "tables",
                        shadow->tables < 0 ? json_null() : json_integer(shadow->tables));
    json_object_set_new(item, "rows",
                        shadow->rows < 0 ? json_null() : json_integer(shadow->rows));
    for (guint i = 0; i < shadow->troubles->len; i++)
        json_array_append_new(troubles, document_text(shadow->troubles->pdata[i]));
    json_object_set_new(item, "troubles", troubles);
    return item;
}

void rehearse_document(const struct rehearse *rehearse)
{
    const struct rehearse_target *target = &rehearse->target;
    const struct document_server server = {.version_num = target->version,
                                           .database = target->database,
                                           .system_identifier = target->system};
    struct document *document =
        document_begin(rehearse->call->output, "migrations.rehearse/1", &server);

    document_member(document, "run_id",
                    rehearse->run < 0 ? json_null() : json_integer(rehearse->run));
    document_member(document, "folder", document_text(rehearse->folder->path));
    document_member(document, "format",
                    document_text(folder_format_name(rehearse->folder->format)));
    document_member(document, "schema_hash", document_text(target->schema_hash));
    document_member(document, "shadow",
                    rehearse->shadow != NULL ? shadow_of(rehearse->shadow) : json_null());
    document_array(document, "migrations");
    for (guint i = 0; i < rehearse->migrations->len; i++)
        document_item(document, migration_of(rehearse->migrations->pdata[i]));
    document_array_end(document);
    document_array(document, "files");
    for (guint i = 0; i < rehearse->migrations->len; i++) {
        const struct rehearse_migration *one = rehearse->migrations->pdata[i];
        add_file(document, rehearse, one, &one->up);
        add_file(document, rehearse, one, &one->down);
    }
    document_array_end(document);
    document_end(document);
}

char *rehearse_summary(const struct rehearse *rehearse)
{
    json_t *list = json_array();

    for (guint i = 0; i < rehearse->migrations->len; i++)
        json_array_append_new(list, migration_of(rehearse->migrations->pdata[i]));
    json_t *summary = json_pack("{s:o}", "migrations", list);
    char *text = json_dumps(summary, JSON_COMPACT);
    json_decref(summary);
    char *copy = g_strdup(text);
    free(text);
    return copy;
}
