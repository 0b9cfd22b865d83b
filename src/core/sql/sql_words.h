/* What the words of one statement say of where it ends, while the scanner passes over them. */
#ifndef CORE_SQL_WORDS_H
#define CORE_SQL_WORDS_H

#include <glib.h>
#include <stdbool.h>

/* How far "CREATE [OR REPLACE] FUNCTION" has been read. */
enum sql_routine {
    ROUTINE_MAYBE,
    ROUTINE_CREATE,
    ROUTINE_OR,
    ROUTINE_REPLACE,
    ROUTINE_IS,
    ROUTINE_NOT
};

/* All zero: a statement begins. */
struct sql_words {
    guint words;
    enum sql_routine routine;
    bool begin;      /* the last word was BEGIN */
    int bodies;      /* BEGIN ATOMIC and CASE that have not ended */
    bool copy, from; /* it is COPY; the last word was FROM */
    bool copies_in;  /* COPY … FROM STDIN */
};

/* The next word; inside: of parentheses. */
void sql_words_heed(struct sql_words *words, const char *word, gsize length, bool inside);

#endif
