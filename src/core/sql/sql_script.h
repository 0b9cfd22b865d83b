/*
 * A script cut into statements and comments by the rules of the server's own scanner, also where it
 * does not parse. What no server takes (psql's meta-commands, the data lines of COPY, a quote that
 * does not end) is told as a problem. A statement ends at a semicolon outside of parentheses,
 * quotes and comments, and outside of a routine's BEGIN ATOMIC … END.
 */
#ifndef CORE_SQL_SCRIPT_H
#define CORE_SQL_SCRIPT_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

/* Offsets are bytes into the script; lines are counted from 1. */
struct sql_statement {
    gsize start, length; /* without blanks and comments around it, without its semicolon */
    guint line;
    /* Where the comments right before it begin, with no empty line in between; not one that stands
     * behind the statement before on its last line. `start` when there are none. */
    gsize lead;
    bool alone;   /* by its words: the server takes it outside of a transaction block only */
    bool control; /* begins or ends a transaction */
};

struct sql_comment {
    gsize start, length; /* with its marks */
    guint line;
    bool block; /* slash and star */
};

enum sql_problem_kind {
    SQL_PROBLEM_META_COMMAND, /* \i, \connect, :'variable' */
    SQL_PROBLEM_COPY_DATA,
    SQL_PROBLEM_UNTERMINATED, /* quote, comment or dollar quote */
    SQL_PROBLEM_ENCODING,     /* not UTF-8; holds a NUL */
};

struct sql_problem {
    enum sql_problem_kind kind;
    gsize start;
    guint line;
    char *message;
};

struct sql_script {
    /* Its own copy: without a byte order mark, line ends as they were. What is no UTF-8, and NUL,
     * is \x1a, of which no server makes anything outside of quotes. */
    char *text;
    gsize length;
    GArray *lines;      /* of gsize: where each begins */
    GArray *statements; /* of struct sql_statement */
    GArray *comments;   /* of struct sql_comment */
    GArray *problems;   /* of struct sql_problem */
};

/* Never NULL; takes any bytes. Linear in length. */
struct sql_script *sql_script_new(const char *text, gsize length);
void sql_script_free(struct sql_script *script);
AUTO_DEFINE(sql_script, sql_script_free)

/* The text of one statement; caller frees. */
char *sql_statement_text(const struct sql_script *script,
                         const struct sql_statement *statement);

/* The line of an offset (logarithmic), and its column (from 1, in characters; NULL: not asked for). */
guint sql_script_line(const struct sql_script *script, gsize offset, guint *ret_column);

#endif
