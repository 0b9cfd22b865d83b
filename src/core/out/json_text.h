/*
 * JSON as text, written member by member. What has tens of thousands of items is written so: a
 * tree for each would take longer than all the rest. The text is what jansson makes of the same
 * values with JSON_ENCODE_ANY | JSON_REAL_PRECISION(15).
 */
#ifndef CORE_JSON_TEXT_H
#define CORE_JSON_TEXT_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

struct json_text;

struct json_text *json_text_new(void);
void json_text_free(struct json_text *json);
AUTO_DEFINE(json_text, json_text_free)

/* All below take the member's name, NULL for an item of a list and for what stands alone. Names
 * are ours: they have nothing to escape. */
void json_text_object(struct json_text *json, const char *name); /* opens it */
void json_text_list(struct json_text *json, const char *name);
void json_text_close(struct json_text *json); /* what was opened last */

/* Text from a database: invalid UTF-8 is replaced; NULL becomes null. */
void json_text_string(struct json_text *json, const char *name, const char *text);
void json_text_int(struct json_text *json, const char *name, gint64 number);
void json_text_real(struct json_text *json, const char *name, double number); /* NaN: null */
void json_text_bool(struct json_text *json, const char *name, bool truth);
void json_text_null(struct json_text *json, const char *name);
/* RFC 3339 in UTC with milliseconds from microseconds since 1970; 0 becomes null. */
void json_text_time(struct json_text *json, const char *name, gint64 wall_us);

/* What was written so far, all of it closed; and an empty one again. */
const char *json_text_peek(const struct json_text *json);
void json_text_clear(struct json_text *json);

/* "2023-11-14T22:13:20.123Z"; false for 0 and for what lies behind the year 9999. */
enum { JSON_TEXT_TIME_SIZE = 25 };
bool json_text_format_time(gint64 wall_us, char *ret_text);

#endif
