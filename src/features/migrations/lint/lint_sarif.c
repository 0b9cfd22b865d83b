/*
 * SARIF 2.1.0 for code scanning. Suppressed results are not honoured where it is uploaded, so
 * what is ignored is left out. Written result by result: there may be very many.
 */
#include "lint/lint_show.h"
#include "out/json_text.h"

#include <string.h>

static const char *level_of(enum lint_severity severity)
{
    static const char *const levels[] = {"note", "warning", "error"};

    return levels[severity];
}

static guint rule_index(const struct lint_rule *rule)
{
    return (guint) (rule - lint_rules);
}

static void text_member(struct json_text *json, const char *name, const char *text)
{
    json_text_object(json, name);
    json_text_string(json, "text", text);
    json_text_close(json);
}

/* ---- results ----------------------------------------------------------------------------- */

struct writing {
    const struct lint_report *report;
    struct output *output;
    struct json_text *json;
    bool started; /* a comma comes before the next */
};

static void write_value(struct writing *writing)
{
    output_raw(writing->output, writing->started ? ",\n" : "\n");
    output_raw(writing->output, json_text_peek(writing->json));
    json_text_clear(writing->json);
    writing->started = true;
}

/* A path is a reference relative to the repository, as long as it is one. */
static char *uri_of(const char *path)
{
    if (g_path_is_absolute(path))
        return g_filename_to_uri(path, NULL, NULL);
    return g_uri_escape_string(path, "/", FALSE);
}

static void write_location(struct json_text *json, const char *uri,
                           const struct lint_finding *finding)
{
    json_text_list(json, "locations");
    json_text_object(json, NULL);
    json_text_object(json, "physicalLocation");
    json_text_object(json, "artifactLocation");
    json_text_string(json, "uri", uri);
    json_text_close(json);
    if (finding->line > 0) {
        json_text_object(json, "region");
        json_text_int(json, "startLine", finding->line);
        if (finding->column > 0)
            json_text_int(json, "startColumn", finding->column);
        json_text_close(json);
    }
    json_text_close(json);
    json_text_close(json);
    json_text_close(json);
}

static char *message_of(const struct lint_finding *finding)
{
    const char *instead = finding->safe_rewrite;

    return g_strconcat(finding->message, finding->assumption != NULL ? "\n\nassumed: " : "",
                       finding->assumption != NULL ? finding->assumption : "",
                       instead != NULL ? "\n\ninstead:\n" : "", instead != NULL ? instead : "",
                       NULL);
}

/* The same finding of the same text is the same alert, though its line has moved. */
static char *fingerprint_of(const struct lint_finding *finding, const struct lint_file *file,
                            const struct lint_statement *statement)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    g_checksum_update(sum, (const guchar *) finding->rule->id, -1);
    if (finding->file != NULL)
        g_checksum_update(sum, (const guchar *) finding->file, -1);
    if (file != NULL && statement != NULL)
        g_checksum_update(sum, (const guchar *) file->script->script->text + statement->start,
                          (gssize) statement->length);
    else
        g_checksum_update(sum, (const guchar *) finding->message, -1);
    return g_strdup(g_checksum_get_string(sum));
}

static void write_result(const struct lint_finding *finding, const struct lint_file *file,
                         const struct lint_statement *statement, gpointer data)
{
    struct writing *writing = data;
    struct json_text *json = writing->json;

    if (finding->reason != NULL)
        return;
    g_autofree char *path = lint_path(writing->report, finding);
    g_autofree char *uri = uri_of(path);
    g_autofree char *message = message_of(finding);
    g_autofree char *fingerprint = fingerprint_of(finding, file, statement);
    json_text_object(json, NULL);
    json_text_string(json, "ruleId", finding->rule->id);
    json_text_int(json, "ruleIndex", rule_index(finding->rule));
    json_text_string(json, "level", level_of(finding->severity));
    text_member(json, "message", message);
    write_location(json, uri, finding);
    json_text_object(json, "partialFingerprints");
    json_text_string(json, "pgrunbook/v1", fingerprint);
    json_text_close(json);
    json_text_close(json);
    write_value(writing);
}

/* ---- rules ------------------------------------------------------------------------------- */

static void write_rule(struct writing *writing, const struct lint_rule *rule)
{
    struct json_text *json = writing->json;

    json_text_object(json, NULL);
    json_text_string(json, "id", rule->id);
    text_member(json, "shortDescription", rule->title);
    text_member(json, "fullDescription", rule->prose);
    text_member(json, "help", rule->prose);
    json_text_object(json, "defaultConfiguration");
    json_text_string(json, "level", level_of(rule->severity));
    json_text_close(json);
    json_text_close(json);
    write_value(writing);
}

void lint_show_sarif(const struct lint_report *report, struct output *output)
{
    AUTO(json_text) json = json_text_new();
    struct writing writing = {.report = report, .output = output, .json = json};

    output_raw(output, "{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\", "
                       "\"version\": \"2.1.0\", \"runs\": [{\"tool\": {\"driver\": {\"name\": "
                       "\"pgrunbook\", \"version\": \"" RUNBOOK_VERSION "\", \"rules\": [");
    for (const struct lint_rule *rule = lint_rules; rule->id != NULL; rule++)
        write_rule(&writing, rule);
    output_raw(output, "]}}, \"columnKind\": \"unicodeCodePoints\", \"results\": [");
    writing.started = false;
    lint_each(report, write_result, &writing);
    output_raw(output, "]}]}\n");
}
