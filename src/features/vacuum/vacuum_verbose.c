/* What VACUUM VERBOSE says, read with care: the text is for people and may be translated. */
#include "vacuum.h"

#include <string.h>

/* The number right before the words, -1 when they are not there. */
static gint64 number_before(const char *text, const char *words)
{
    const char *end = text == NULL ? NULL : strstr(text, words);

    if (end == NULL)
        return -1;
    const char *begin = end;
    while (begin > text && g_ascii_isdigit(begin[-1]))
        begin--;
    return begin == end ? -1 : g_ascii_strtoll(begin, NULL, 10);
}

gint64 vacuum_verbose_not_removable(const char *message, const char *detail)
{
    gint64 number = number_before(message, " are dead but not yet removable");

    return number >= 0 ? number
                       : number_before(detail, " dead row versions cannot be removed yet");
}

/* A name may hold quotes itself, and they are not doubled: what follows tells whether it ended. */
static bool names(const char *message, const char *quoted)
{
    const char *at = strstr(message, quoted);
    const char *rest = at == NULL ? NULL : at + strlen(quoted);

    return rest != NULL && (strchr(":\n", *rest) != NULL || /* or the end of the text */
                            g_str_has_prefix(rest, " inheritance tree"));
}

bool vacuum_verbose_names(const char *message, const char *database,
                          const struct vacuum_table *table)
{
    g_autofree char *two = g_strdup_printf("\"%s.%s\"", table->schema, table->name);
    g_autofree char *three =
        g_strdup_printf("\"%s.%s.%s\"", database, table->schema, table->name);

    return names(message, three) || names(message, two);
}
