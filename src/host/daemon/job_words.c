#include "daemon/job_words.h"

#include <string.h>

enum { REASON_LONGEST = 500 };

gint64 job_left_ms(gint64 deadline_us, gint64 now_us)
{
    return deadline_us == 0 ? 0 : MAX(1000, (deadline_us - now_us) / 1000);
}

char *job_reason(const char *output)
{
    static const char mark[] = "pgrunbook: error: ";
    g_autofree char *valid = g_utf8_make_valid(output, -1);
    g_auto(GStrv) lines = g_strsplit_set(valid, "\r\n", -1);
    const char *last = NULL, *error = NULL;

    for (char **line = lines; *line != NULL; line++) {
        g_strstrip(*line);
        if (**line == '\0')
            continue;
        last = *line;
        if (g_str_has_prefix(*line, mark))
            error = *line + strlen(mark);
    }
    const char *reason = error != NULL ? error : last;
    if (reason == NULL)
        return NULL;
    if (strlen(reason) <= REASON_LONGEST)
        return g_strdup(reason);
    const char *end = g_utf8_find_prev_char(reason, reason + REASON_LONGEST);
    return g_strndup(reason, (gsize) (end - reason));
}
