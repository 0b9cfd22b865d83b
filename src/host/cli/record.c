#include "cli/record.h"

#include <glib.h>
#include <string.h>

#define STARS "********"

/* What libpq takes for the password of a URI, and what a person may have meant as one. */
#define URI_USERINFO "(postgres(?:ql)?://[^:/@\\s]*:)(?:[^/\\s]*|[^?\\s]*)(@)"
#define URI_QUERY    "(password=)[^&#\\s]*"
#define CONNINFO     "(password\\s*=\\s*)(?:'(?:[^'\\\\]|\\\\.)*(?:'|$)|\\\\.|[^\\s\\\\'])+"

static char *replace(char *text, const char *pattern, const char *by)
{
    g_autofree char *before = text;
    g_autoptr(GRegex) regex =
        g_regex_new(pattern, G_REGEX_CASELESS | G_REGEX_RAW | G_REGEX_DOTALL, 0, NULL);

    return g_regex_replace(regex, before, -1, 0, by, 0, NULL);
}

char *cli_mask_passwords(const char *text)
{
    if (strstr(text, "://") == NULL)
        return replace(g_strdup(text), CONNINFO, "\\1" STARS);
    char *masked = replace(g_strdup(text), URI_USERINFO, "\\1" STARS "\\2");
    return replace(masked, URI_QUERY, "\\1" STARS);
}

static char *quote_word(const char *word)
{
    static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-./:=,@%+*?";

    if (word[0] != '\0' && strspn(word, plain) == strlen(word))
        return g_strdup(word);
    return g_shell_quote(word);
}

char *cli_record_line(const char *const *words)
{
    GString *line = g_string_new(NULL);

    for (guint i = 0; words[i] != NULL; i++) {
        g_autofree char *masked = cli_mask_passwords(words[i]);
        g_autofree char *quoted = quote_word(masked);
        if (i > 0)
            g_string_append_c(line, ' ');
        g_string_append(line, quoted);
    }
    return g_string_free(line, FALSE);
}
