/* The report as a document: every statement, what it locks and does, and what was found. */
#include "lint/lint_private.h"
#include "lint/lint_show.h"

static void put_findings(struct json_text *json, const GPtrArray *findings, bool with_file)
{
    json_text_list(json, "findings");
    for (guint i = 0; findings != NULL && i < findings->len; i++) {
        const struct lint_finding *finding = findings->pdata[i];
        json_text_object(json, NULL);
        if (with_file)
            json_text_string(json, "file", finding->file);
        json_text_string(json, "rule", finding->rule->id);
        json_text_string(json, "severity", lint_severity_name(finding->severity));
        json_text_string(json, "message", finding->message);
        json_text_string(json, "safe_rewrite", finding->safe_rewrite);
        json_text_string(json, "assumed", finding->assumption);
        json_text_int(json, "line", finding->line);
        if (finding->column > 0)
            json_text_int(json, "column", finding->column);
        else
            json_text_null(json, "column");
        json_text_bool(json, "ignored", finding->reason != NULL);
        json_text_string(json, "reason", finding->reason);
        json_text_close(json);
    }
    json_text_close(json);
}

static void put_locks(struct json_text *json, const GPtrArray *locks)
{
    json_text_list(json, "locks");
    for (guint i = 0; i < locks->len; i++) {
        const struct ddl_lock *lock = locks->pdata[i];
        g_autofree char *name = lint_relation(lock->schema, lock->relation);
        json_text_object(json, NULL);
        json_text_string(json, "relation", name);
        json_text_string(json, "mode", ddl_lock_name(lock->mode));
        json_text_string(json, "work", ddl_effect_name(lock->work));
        json_text_bool(json, "created_here", lock->created_here);
        json_text_close(json);
    }
    json_text_close(json);
}

static void put_statement(struct json_text *json, const struct lint_file *file,
                          const struct lint_statement *statement)
{
    g_autofree char *sql =
        g_strndup(file->script->script->text + statement->start, statement->length);
    const struct ddl_judgement *judgement = statement->judgement;

    json_text_object(json, NULL);
    json_text_int(json, "line", statement->line);
    json_text_string(json, "sql", sql);
    json_text_bool(json, "analysed", statement->analysed);
    json_text_string(json, "effect",
                     statement->analysed ? ddl_effect_name(judgement->effect) : NULL);
    json_text_bool(json, "no_transaction", judgement->no_transaction);
    put_locks(json, judgement->locks);
    put_findings(json, statement->findings, false);
    json_text_close(json);
}

static void put_file(struct document *document, const struct lint_file *file)
{
    struct json_text *json = document_item_begin(document);

    json_text_object(json, NULL);
    json_text_string(json, "file", file->script->file);
    json_text_string(json, "version", file->migration->version);
    json_text_string(json, "name", file->migration->name);
    json_text_string(json, "direction", file->down ? "down" : "up");
    json_text_bool(json, "transactional", file->script->transaction == FOLDER_ONE_TRANSACTION);
    json_text_bool(json, "applied", file->applied);
    json_text_list(json, "statements");
    for (guint i = 0; i < file->statements->len; i++)
        put_statement(json, file, &g_array_index(file->statements, struct lint_statement, i));
    json_text_close(json);
    put_findings(json, file->findings, false);
    json_text_close(json);
    document_item_end(document);
}

static json_t *summary_of(const struct lint_report *report)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "statements", (int) report->statements,
                     "errors", (int) report->errors, "warnings", (int) report->warnings,
                     "notes", (int) report->notes, "ignored", (int) report->ignored,
                     "not_analysed", (int) report->not_analysed);
}

static json_t *finding_of(const struct lint_finding *finding)
{
    json_t *item = json_object();

    json_object_set_new(item, "file", document_text(finding->file));
    json_object_set_new(item, "rule", document_text(finding->rule->id));
    json_object_set_new(item, "severity", document_text(lint_severity_name(finding->severity)));
    json_object_set_new(item, "message", document_text(finding->message));
    json_object_set_new(item, "line",
                        finding->line > 0 ? json_integer(finding->line) : json_null());
    return item;
}

void lint_show_json(const struct lint_report *report, struct output *output,
                    const struct document_server *server)
{
    struct document *document = document_begin(output, "migrations.lint/1", server);

    document_member(document, "folder", document_text(report->folder->path));
    document_member(document, "format",
                    document_text(folder_format_name(report->folder->format)));
    document_member(document, "server_version", json_integer(report->server_version / 10000));
    document_member(document, "schema_known", json_boolean(report->schema_known));
    document_array(document, "files");
    for (guint i = 0; i < report->files->len; i++)
        put_file(document, report->files->pdata[i]);
    document_array_end(document);
    document_array(document, "findings");
    for (guint i = 0; i < report->findings->len; i++)
        document_item(document, finding_of(report->findings->pdata[i]));
    document_array_end(document);
    document_member(document, "summary", summary_of(report));
    document_end(document);
}
