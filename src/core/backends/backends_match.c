/* Names and query texts against what a person wrote in the configuration. */
#include "backends/backends.h"

#include <string.h>

enum { SHOWN_LONGEST = 63 };

/* After a mismatch only the last * is tried again, one character further on: that is enough, and
 * never takes more than length times length. */
bool backends_like(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;

    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == '?') {
            pattern++;
            do
                text++;
            while ((*text & 0xc0) == 0x80); /* the rest of a character */
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    pattern += strspn(pattern, "*");
    return *pattern == '\0';
}

/* The server shows other bytes than ASCII as "?" before 16, as "\xf0" since, and 63 bytes of a
 * name. Caller frees. */
static char *as_shown(const char *pattern, bool older)
{
    g_autoptr(GString) shown = g_string_new(NULL);

    for (const char *at = pattern; *at != '\0'; at++) {
        if ((*at & 0x80) == 0)
            g_string_append_c(shown, *at);
        else if (older)
            g_string_append_c(shown, '?');
        else
            g_string_append_printf(shown, "\\x%02x", (unsigned) (guchar) *at);
    }
    if (strpbrk(pattern, "*?") == NULL && shown->len > SHOWN_LONGEST)
        g_string_truncate(shown, SHOWN_LONGEST);
    return g_string_free(g_steal_pointer(&shown), FALSE);
}

bool backends_name_like(const char *const *patterns, const char *name)
{
    for (; *patterns != NULL; patterns++) {
        g_autofree char *older = as_shown(*patterns, true);
        g_autofree char *newer = as_shown(*patterns, false);
        const char *shown = name == NULL ? "" : name;
        if (backends_like(*patterns, shown) || backends_like(older, shown) ||
            backends_like(newer, shown))
            return true;
    }
    return false;
}
