#include "sql/sql_words.h"

#include <string.h>

static enum sql_routine routine_next(enum sql_routine at, const char *word, gsize length)
{
    static const struct {
        enum sql_routine at;
        const char *word;
        enum sql_routine next;
    } ways[] = {
        {ROUTINE_MAYBE, "create", ROUTINE_CREATE},  {ROUTINE_CREATE, "or", ROUTINE_OR},
        {ROUTINE_CREATE, "function", ROUTINE_IS},   {ROUTINE_CREATE, "procedure", ROUTINE_IS},
        {ROUTINE_OR, "replace", ROUTINE_REPLACE},   {ROUTINE_REPLACE, "function", ROUTINE_IS},
        {ROUTINE_REPLACE, "procedure", ROUTINE_IS},
    };

    if (at == ROUTINE_IS)
        return at;
    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++)
        if (ways[i].at == at && strlen(ways[i].word) == length &&
            g_ascii_strncasecmp(ways[i].word, word, length) == 0)
            return ways[i].next;
    return ROUTINE_NOT;
}

/* A body of SQL statements has semicolons that end none of the script's: psql counts as well. */
static void heed_body(struct sql_words *words, const char *word, gsize length)
{
    bool atomic = length == 6 && g_ascii_strncasecmp(word, "atomic", 6) == 0;

    if (words->bodies == 0)
        words->bodies = atomic && words->begin;
    else if (length == 4 && g_ascii_strncasecmp(word, "case", 4) == 0)
        words->bodies++;
    else if (length == 3 && g_ascii_strncasecmp(word, "end", 3) == 0)
        words->bodies--;
    words->begin = length == 5 && g_ascii_strncasecmp(word, "begin", 5) == 0;
}

void sql_words_heed(struct sql_words *words, const char *word, gsize length, bool inside)
{
    words->routine = routine_next(words->routine, word, length);
    if (words->routine == ROUTINE_IS && !inside)
        heed_body(words, word, length);
    if (words->words++ == 0)
        words->copy = length == 4 && g_ascii_strncasecmp(word, "copy", 4) == 0;
    if (words->copy && !inside) {
        words->copies_in |=
            words->from && length == 5 && g_ascii_strncasecmp(word, "stdin", 5) == 0;
        words->from = length == 4 && g_ascii_strncasecmp(word, "from", 4) == 0;
    }
}
