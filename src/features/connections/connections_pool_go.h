/*
 * As much of the Go language as it takes to find a call and to work out a constant: tokens by
 * the rules of the language's specification, and the constants of one file. Pure.
 */
#ifndef CONNECTIONS_POOL_GO_H
#define CONNECTIONS_POOL_GO_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

enum go_kind { GO_NAME, GO_NUMBER, GO_STRING, GO_RUNE, GO_MARK, GO_SEMICOLON };

struct go_token {
    enum go_kind kind;
    guint line; /* from 1 */
    gsize start, length;
    guint partner; /* of a bracket: the token that closes or opens it; 0: it has none */
};

/* A name with a constant value, and where it means that. */
struct go_constant {
    guint name; /* token */
    guint start,
        end;        /* the tokens of its value, end exclusive; none: the value is not written */
    guint from, to; /* the tokens where it is known */
};

struct go_file {
    const char *text; /* borrowed */
    GArray *tokens;   /* of struct go_token; the last one is a semicolon at the end */
    GArray *constants;
    GHashTable *declared;  /* name → how many declarations the file has of it */
    const char *time_name; /* what the file calls package time; NULL: nothing */
    char *time_owned;
};

/* Never fails: what is no Go has tokens all the same. */
struct go_file *go_read(const char *text, gsize length);
void go_file_free(struct go_file *file);
AUTO_DEFINE(go_file, go_file_free)

const struct go_token *go_token(const struct go_file *file, guint position);

/* Whether the token is spelt so. */
bool go_is(const struct go_file *file, guint position, const char *text);

/* The text of a token, and of the tokens from start to before end as they stand in the file, with
 * comments and line breaks as one blank. Caller frees. */
char *go_text(const struct go_file *file, guint position);
char *go_phrase(const struct go_file *file, guint start, guint end);

/* The value of the expression that the tokens from start to before end are. False when it is no
 * constant of whole numbers, of package time or of this file, or when that cannot be told for
 * certain. */
bool go_evaluate(const struct go_file *file, guint start, guint end, gint64 *ret);

/* What the file declares, found in its tokens; called by go_read(). */
void go_find_declarations(struct go_file *file);

#endif
