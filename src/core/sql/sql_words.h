/* What the words of one statement say of where it ends, while the scanner passes over them. */
#ifndef CORE_SQL_WORDS_H
#define CORE_SQL_WORDS_H

#include <glib.h>
#include <stdbool.h>

enum { SQL_WORDS_KEPT = 4, SQL_WORD_LENGTH = 16 };

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
    enum sql_routine routine;
    bool begin;     /* the last word was BEGIN */
    int bodies;     /* BEGIN ATOMIC and CASE that have not ended */
    bool from;      /* of COPY: the last word was FROM */
    bool copies_in; /* COPY … FROM STDIN */
    /* The first ones outside of parentheses, in small letters, cut where they are longer. */
    char kept[SQL_WORDS_KEPT][SQL_WORD_LENGTH];
    guint outside;      /* how many there are outside */
    guint concurrently; /* which of those this was the last time, from 1; 0: none */
    bool inside_concurrently, detach;
};

/* The next word; inside: of parentheses. */
void sql_words_heed(struct sql_words *words, const char *word, gsize length, bool inside);

/* What they say when all of them have been heeded: sql_statement's alone and control. What only a
 * catalog tells (REINDEX and CLUSTER of a partitioned table) or a routine's body is not seen. */
bool sql_words_alone(const struct sql_words *words);
bool sql_words_control(const struct sql_words *words);

#endif
