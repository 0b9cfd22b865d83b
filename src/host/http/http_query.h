/*
 * What a request asks for: path and query of a request's first line, taken apart.
 */
#ifndef HOST_HTTP_QUERY_H
#define HOST_HTTP_QUERY_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

struct http_query;

/* "/api/health/ready?target=shop", or that behind "http://HOST": NULL when it is malformed (begins with
 * neither, half a percent escape, a NUL, no UTF-8, too long, a name given twice). */
struct http_query *http_query_parse(const char *text, gsize length);
void http_query_free(struct http_query *query);
AUTO_DEFINE(http_query, http_query_free)

/* What stands in the place of a Host header, as it came; NULL: nothing does. */
const char *http_query_authority(const struct http_query *query);

/* Decoded. */
const char *http_query_path(const struct http_query *query);

/* The value of that name, decoded; NULL when it was not given. */
const char *http_query_value(const struct http_query *query, const char *name);

/* Calls visit for each value, in the order of their names. */
void http_query_each(const struct http_query *query,
                     void (*visit)(const char *name, const char *value, gpointer data),
                     gpointer data);

/* How many values there are. */
guint http_query_count(const struct http_query *query);

/* As http_query_parse() reads it, values in the order of their names. Caller frees. */
char *http_query_format(const struct http_query *query);

#endif
