/* `bloat report`: objects as a table for people and as a document for programs. */
#include "bloat.h"
#include "bloat_private.h"
#include "out/document.h"

static const char *const kind_names[] = {"table", "toast", "index"};
static const char *const method_names[] = {"estimate", "sample", "exact"};

static json_t *real_or_null(bool known, double number)
{
    return known ? json_real(number) : json_null();
}

static json_t *item_of(const struct bloat_object *object)
{
    bool known = object->reclaimable_bytes >= 0;
    json_t *item = json_object();

    json_object_set_new(item, "schema", document_text(object->schema));
    json_object_set_new(item, "name", document_text(object->name));
    json_object_set_new(item, "kind", json_string(kind_names[object->kind]));
    json_object_set_new(item, "table", document_text(object->table));
    json_object_set_new(item, "size_bytes", json_integer(object->size_bytes));
    json_object_set_new(item, "dead_rows", json_integer(object->dead));
    json_object_set_new(item, "live_rows", json_integer(object->live));
    json_object_set_new(item, "reclaimable_bytes",
                        known ? json_integer(object->reclaimable_bytes) : json_null());
    json_object_set_new(item, "reclaimable_pct", real_or_null(known, object->reclaimable_pct));
    json_object_set_new(item, "margin_pct", real_or_null(known, object->margin_pct));
    json_object_set_new(item, "method", json_string(method_names[object->method]));
    json_object_set_new(item, "note", json_integer(object->note));
    json_object_set_new(item, "detail",
                        object->detail ? document_text(object->detail) : json_null());
    return item;
}

enum runbook_exit bloat_report_command(struct call *call, GError **error)
{
    AUTO(session) session = call_connect(call, error);
    if (session == NULL)
        return RUNBOOK_CONNECT;
    AUTO(bloat_case)
    state = bloat_observe(session, option_given(call->options, "system"), error);
    if (state == NULL)
        return RUNBOOK_FAILED;
    const char *word = settings_string(call->settings, "bloat.method");
    enum bloat_method method = word[0] == 's' ? BLOAT_SAMPLE : word[1] == 'x' ? BLOAT_EXACT : BLOAT_ESTIMATE;
    if (method == BLOAT_SAMPLE &&
        !bloat_sample(session, state, settings_int(call->settings, "bloat.sample_budget"),
                      error))
        return RUNBOOK_FAILED;
    if (method == BLOAT_EXACT &&
        !bloat_exact(session, state, (guint) settings_int(call->settings, "bloat.worst"),
                     settings_int(call->settings, "bloat.exact_budget"), error))
        return RUNBOOK_FAILED;
    struct document_server server = {
        .version_num = session_version(session),
        .database = session_database(session),
        .system_identifier = session_system_identifier(session),
    };
    struct document *document = document_begin(call->output, "bloat.report/1", &server);
    document_member(document, "not_visible", json_integer(state->not_visible));
    document_array(document, "objects");
    for (guint i = 0; i < state->objects->len; i++)
        document_item(document,
                      item_of(&g_array_index(state->objects, struct bloat_object, i)));
    document_array_end(document);
    document_end(document);
    return RUNBOOK_DONE;
}
