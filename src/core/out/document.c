#include "out/document.h"

#include "out/output_internal.h"

struct document {
    struct output *output; /* NULL: another format, nothing is printed */
    bool has_members, in_array, has_items;
    struct json_text *item;
};

/* 15 digits are as many as a double always keeps, so that 0.1 is printed as 0.1. In one piece,
 * because an item has many small ones and a document many items. */
static void write_value(struct document *document, json_t *value)
{
    char *text =
        value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

    output_raw(document->output, text == NULL ? "null" : text);
    free(text);
}

/* Between two parts: a new line, or where a document is one a blank at the most. */
static void write_break(const struct document *document, const char *broken)
{
    const bool comma = *broken == ',';

    output_raw(document->output, document->output->one_line ? (comma ? ", " : "") : broken);
}

static void write_name(struct document *document, const char *name)
{
    document_array_end(document);
    write_break(document, document->has_members ? ",\n  " : "\n  ");
    document->has_members = true;
    g_autoptr(GString) quoted = g_string_new(NULL);
    g_string_printf(quoted, "\"%s\": ", name);
    output_raw(document->output, quoted->str);
}

struct document *document_begin(struct output *output, const char *schema,
                                const struct document_server *server)
{
    struct document *document = g_new0(struct document, 1);
    if (output->format != OUTPUT_JSON)
        return document;

    document->output = output;
    output_raw(output, "{");
    document_member(document, "schema", json_sprintf("pgrunbook.%s", schema));
    document_member(document, "generated_at", document_time(g_get_real_time()));
    if (server != NULL)
        document_member(document, "server",
                        json_pack("{s:i, s:o, s:o}", "version_num", server->version_num,
                                  "database", document_text(server->database),
                                  "system_identifier",
                                  document_text(server->system_identifier)));
    return document;
}

void document_member(struct document *document, const char *name, json_t *value)
{
    if (document->output != NULL) {
        write_name(document, name);
        write_value(document, value);
    }
    json_decref(value);
}

void document_array(struct document *document, const char *name)
{
    if (document->output == NULL)
        return;
    write_name(document, name);
    output_raw(document->output, "[");
    document->in_array = true;
    document->has_items = false;
}

static void next_item(struct document *document)
{
    g_assert(document->in_array);
    write_break(document, document->has_items ? ",\n    " : "\n    ");
    document->has_items = true;
}

void document_item(struct document *document, json_t *value)
{
    if (document->output != NULL) {
        next_item(document);
        write_value(document, value);
    }
    json_decref(value);
}

struct json_text *document_item_begin(struct document *document)
{
    if (document->item == NULL)
        document->item = json_text_new();
    json_text_clear(document->item);
    return document->item;
}

void document_item_end(struct document *document)
{
    if (document->output == NULL)
        return;
    next_item(document);
    output_raw(document->output, json_text_peek(document->item));
}

void document_array_end(struct document *document)
{
    if (!document->in_array)
        return;
    if (document->has_items)
        write_break(document, "\n  ");
    output_raw(document->output, "]");
    document->in_array = false;
}

void document_end(struct document *document)
{
    if (document->output != NULL) {
        document_array_end(document);
        write_break(document, "\n");
        output_raw(document->output, "}\n");
    }
    json_text_free(document->item);
    g_free(document);
}

json_t *document_text(const char *text)
{
    if (text == NULL)
        return json_null();
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return json_string(valid);
}

json_t *document_time(gint64 wall_us)
{
    char text[JSON_TEXT_TIME_SIZE];

    return json_text_format_time(wall_us, text) ? json_string(text) : json_null();
}
