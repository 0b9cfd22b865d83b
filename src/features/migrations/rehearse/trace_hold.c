/* What can be said of a trace without a server. */
#include "rehearse/trace_private.h"

#include <string.h>

/* Behind blanks and comments. */
static const char *first_word(const char *text)
{
    for (;;) {
        text += strspn(text, " \t\r\n\f\v;");
        if (g_str_has_prefix(text, "--")) {
            text += strcspn(text, "\n");
        } else if (g_str_has_prefix(text, "/*")) {
            const char *end = strstr(text + 2, "*/");
            text = end != NULL ? end + 2 : text + strlen(text);
        } else {
            return text;
        }
    }
}

static bool begins_with(const char *text, const char *word)
{
    gsize length = strlen(word);

    return g_ascii_strncasecmp(text, word, length) == 0 && !g_ascii_isalnum(text[length]) &&
           text[length] != '_';
}

static bool begins_with_any(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (begins_with(text, *words))
            return true;
    return false;
}

/* ROLLBACK TO SAVEPOINT ends nothing, and COMMIT PREPARED ends another one. */
static bool ends_transaction(const char *text)
{
    static const char *const words[] = {"COMMIT", "END", "ROLLBACK", "ABORT", NULL};
    const char *rest = text + strcspn(text, " \t\r\n;");

    if (!begins_with_any(text, words))
        return false;
    rest = first_word(rest);
    if (begins_with(rest, "TRANSACTION") || begins_with(rest, "WORK"))
        rest = first_word(rest + strcspn(rest, " \t\r\n;"));
    return !begins_with(rest, "TO") && !begins_with(rest, "PREPARED");
}

enum trace_word trace_word_of(const char *statement)
{
    static const char *const begins[] = {"BEGIN", "START", NULL};
    static const char *const sets[] = {"SET", "RESET", "DISCARD", "SAVEPOINT", "RELEASE", NULL};
    const char *text = first_word(statement);

    if (begins_with_any(text, begins))
        return TRACE_WORD_BEGIN;
    if (ends_transaction(text))
        return TRACE_WORD_END;
    return begins_with_any(text, sets) ? TRACE_WORD_SET : TRACE_WORD_OTHER;
}

double trace_hold(const GPtrArray *statements, guint first, double end_seconds)
{
    double seconds = end_seconds, longest_ms = 0;

    for (guint i = statements->len; i > first; i--) {
        const struct trace_statement *statement = statements->pdata[i - 1];
        seconds += statement->seconds;
        for (guint j = 0; j < statement->locks->len; j++) {
            struct trace_lock *lock = statement->locks->pdata[j];
            lock->held_ms = seconds * 1000;
            if (lock->mode >= DDL_SHARE)
                longest_ms = MAX(longest_ms, lock->held_ms);
        }
    }
    return longest_ms;
}
