/*
 * Text that does not come through a session, which speaks UTF-8 whatever the database holds: what
 * another program wrote in the encoding of a database.
 */
#ifndef CORE_PG_CHARSET_H
#define CORE_PG_CHARSET_H

#include <glib.h>

/* What iconv calls one of the server's encodings ("LATIN1" is ISO-8859-1), as of the table
 * "PostgreSQL Character Sets" of its manual. NULL: none does, or there is nothing to convert
 * (SQL_ASCII, MULE_INTERNAL, UTF8). Pure. */
const char *charset_of(const char *encoding);

/* The text in UTF-8; what cannot be converted becomes U+FFFD. NULL stays NULL. Caller frees. Pure. */
char *charset_utf8(const char *text, const char *encoding);

#endif
