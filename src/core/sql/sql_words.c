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

static void keep(struct sql_words *words, const char *word, gsize length)
{
    if (words->outside < SQL_WORDS_KEPT) {
        char *kept = words->kept[words->outside];
        for (gsize i = 0; i < MIN(length, SQL_WORD_LENGTH - 1); i++)
            kept[i] = g_ascii_tolower(word[i]);
    }
    words->outside++;
}

static bool is_word(const char *word, gsize length, const char *wanted)
{
    return strlen(wanted) == length && g_ascii_strncasecmp(word, wanted, length) == 0;
}

void sql_words_heed(struct sql_words *words, const char *word, gsize length, bool inside)
{
    bool concurrently = is_word(word, length, "concurrently");

    words->routine = routine_next(words->routine, word, length);
    if (inside) {
        words->inside_concurrently |= concurrently;
        return;
    }
    if (words->routine == ROUTINE_IS)
        heed_body(words, word, length);
    keep(words, word, length);
    if (concurrently)
        words->concurrently = words->outside;
    words->detach |= is_word(word, length, "detach");
    if (strcmp(words->kept[0], "copy") == 0) {
        words->copies_in |= words->from && is_word(word, length, "stdin");
        words->from = is_word(word, length, "from");
    }
}

static bool starts(const struct sql_words *words, const char *first, const char *second,
                   const char *third, const char *fourth)
{
    const char *const wanted[SQL_WORDS_KEPT] = {first, second, third, fourth};

    for (gsize i = 0; i < SQL_WORDS_KEPT && wanted[i] != NULL; i++)
        if (strcmp(words->kept[i], wanted[i]) != 0)
            return false;
    return true;
}

static bool is_index_alone(const struct sql_words *words)
{
    if (starts(words, "reindex", NULL, NULL, NULL))
        return words->inside_concurrently || words->concurrently == 3 ||
               starts(words, "reindex", "schema", NULL, NULL) ||
               starts(words, "reindex", "database", NULL, NULL) ||
               starts(words, "reindex", "system", NULL, NULL);
    return starts(words, "create", "index", "concurrently", NULL) ||
           starts(words, "create", "unique", "index", "concurrently") ||
           starts(words, "drop", "index", "concurrently", NULL);
}

static bool is_global_alone(const struct sql_words *words)
{
    static const char *const kinds[] = {"database", "tablespace", "subscription"};

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (starts(words, "create", kinds[i], NULL, NULL) ||
            starts(words, "drop", kinds[i], NULL, NULL))
            return true;
    return starts(words, "alter", "system", NULL, NULL) ||
           starts(words, "discard", "all", NULL, NULL) ||
           starts(words, "commit", "prepared", NULL, NULL) ||
           starts(words, "rollback", "prepared", NULL, NULL);
}

bool sql_words_alone(const struct sql_words *words)
{
    bool detach = words->detach && words->concurrently == words->outside;
    bool cluster =
        words->outside == 1 || (words->outside == 2 && strcmp(words->kept[1], "verbose") == 0);

    return is_index_alone(words) || is_global_alone(words) ||
           starts(words, "vacuum", NULL, NULL, NULL) ||
           (cluster && starts(words, "cluster", NULL, NULL, NULL)) ||
           (detach && starts(words, "alter", "table", NULL, NULL));
}

bool sql_words_control(const struct sql_words *words)
{
    static const char *const first[] = {"begin", "start", "commit", "end", "abort"};

    for (gsize i = 0; i < G_N_ELEMENTS(first); i++)
        if (starts(words, first[i], NULL, NULL, NULL))
            return strcmp(words->kept[1], "prepared") != 0;
    if (starts(words, "rollback", NULL, NULL, NULL))
        return strcmp(words->kept[1], "prepared") != 0 && strcmp(words->kept[1], "to") != 0 &&
               strcmp(words->kept[2], "to") != 0;
    return starts(words, "prepare", "transaction", NULL, NULL);
}
