/*
 * The shapes of what is answered over HTTP, as JSON Schema: those of the documents (documents/), and
 * of what is no document.
 */
#include "daemon/api_private.h"
#include "documents/documents.h"

#include <string.h>

#define REF "#/components/schemas/"

/* Answers that are not documents, and what all documents have. */
static const char others[] =
    "{\"document\": {\"type\": \"object\", \"required\": [\"schema\"], \"properties\": {"
    "  \"schema\": {\"type\": \"string\", \"pattern\": \"^pgrunbook[.a-z_-]+/[0-9]+$\"}}},"
    " \"begun\": {\"type\": \"object\", \"required\": [\"act\", \"state\"], \"properties\": {"
    "  \"act\": {\"type\": \"integer\"}, \"state\": {\"const\": \"running\"}}},"
    " \"ending\": {\"type\": \"object\", \"required\": [\"state\"], \"properties\": {"
    "  \"act\": {\"type\": \"integer\"}, \"run\": {\"type\": \"integer\"},"
    "  \"state\": {\"const\": \"stopping\"}}},"
    " \"error\": {\"type\": \"object\", \"required\": [\"error\"], \"properties\": {"
    "  \"error\": {\"type\": \"string\"}, \"hint\": {\"type\": \"string\"}}}}";

/* Of the program, so they are read once. */
static json_t *all_shapes(void)
{
    static json_t *all;

    if (all == NULL) {
        json_t *documents = json_loads(host_documents, 0, NULL);
        all = json_loads(others, 0, NULL);
        json_object_update(all, documents);
        json_decref(documents);
    }
    return all;
}

json_t *api_shape(const char *name)
{
    g_autofree char *where = g_strconcat(REF, name, NULL);

    return json_pack("{ss}", "$ref", where);
}

json_t *api_shape_of_plan(const char *document)
{
    return json_pack("{s[o {ss s{s{s[o {ss}]}}}]}", "allOf", api_shape("plan"), "type",
                     "object", "properties", "document", "anyOf", api_shape(document), "type",
                     "null");
}

/* "vacuum.plan"; "backup.restore_plan"; "report", which is the section's only one. */
char *api_shape_name(const char *section, const char *verb)
{
    g_autofree char *whole = g_strconcat(section, verb ? "." : NULL, verb, NULL);
    g_autofree char *plain = g_strdelimit(g_strdup(whole), "-", '_');
    const char *const names[] = {whole, plain, section, NULL};

    for (const char *const *name = names; *name != NULL; name++)
        if (json_object_get(all_shapes(), *name) != NULL)
            return g_strdup(*name);
    return g_strdup("document");
}

static void add_named(json_t *shapes, json_t *value);

static void add_each(json_t *shapes, json_t *value)
{
    const char *key;
    gsize index;
    json_t *member;

    json_object_foreach(value, key, member) add_named(shapes, member);
    json_array_foreach(value, index, member) add_named(shapes, member);
}

static void add_named(json_t *shapes, json_t *value)
{
    const char *where = json_string_value(json_object_get(value, "$ref"));

    add_each(shapes, value);
    if (where == NULL || !g_str_has_prefix(where, REF))
        return;
    const char *name = where + strlen(REF);
    if (json_object_get(shapes, name) != NULL)
        return;
    json_t *shape = json_object_get(all_shapes(), name);
    json_object_set(shapes, name, shape);
    add_each(shapes, shape);
}

json_t *api_shapes_in(json_t *paths)
{
    json_t *shapes = json_object();

    add_named(shapes, paths);
    return shapes;
}
