/*
 * The JSON answer of a command, streamed: members are written as they come, so 100,000 tables
 * need the memory of one. Every document starts
 *   {"schema": "pgrunbook.SECTION.VERB/1", "generated_at": "…Z", "server": {…}, …
 * In every other format all calls do nothing.
 */
#ifndef CORE_DOCUMENT_H
#define CORE_DOCUMENT_H

#include "out/json_text.h"
#include "out/output.h"

#include <jansson.h>

struct document;

/* What stands in "server"; NULL for a document that concerns none. */
struct document_server {
    int version_num;
    const char *database;
    const char *system_identifier; /* decimal text; NULL when the role may not read it */
};

/* schema: "vacuum.plan/1", without the program's name. */
struct document *document_begin(struct output *output, const char *schema,
                                const struct document_server *server);

/* The document is valid JSON whatever happens: a NULL value (invalid UTF-8, not a number) becomes
 * null, an array still open is closed by the next member and by the end.
 * Each takes ownership of value (as jansson's _new functions do), also when nothing is printed. */
void document_member(struct document *document, const char *name, json_t *value);
void document_array(struct document *document, const char *name); /* opens "name": [ */
void document_item(struct document *document, json_t *value);
void document_array_end(struct document *document);

/* The same for very many items: what is written to the answer, one value, is the item. Borrowed
 * until document_item_end(). */
struct json_text *document_item_begin(struct document *document);
void document_item_end(struct document *document);

/* Closes the object, adds a newline, frees. */
void document_end(struct document *document);

/* json_string for text from a database: invalid UTF-8 is replaced; NULL becomes null. */
json_t *document_text(const char *text);

/* RFC 3339 in UTC with milliseconds from microseconds since 1970; 0 becomes null. */
json_t *document_time(gint64 wall_us);

#endif
