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

/* Whether `words` has the job's from the program's name on; how many there are. */
static bool begins_with(char *const *words, char *const *job, guint *ret_count)
{
    guint count = 0;

    for (; job[count] != NULL; count++)
        if (g_strcmp0(words[1 + count], job[count]) != 0)
            return false;
    *ret_count = 1 + count;
    return true;
}

bool job_is_line(const char *words, const char *command_line)
{
    static const char *const around[] = {"--window", "--target", "--config", "--state", "-h",
                                         "-p",       "-U",       "-d",       NULL};
    g_auto(GStrv) job = g_strsplit(words, " ", -1);
    g_auto(GStrv) typed = NULL;
    guint at = 0;

    if (command_line == NULL || !g_shell_parse_argv(command_line, NULL, &typed, NULL) ||
        !begins_with(typed, job, &at))
        return false;
    for (; typed[at] != NULL; at += 2)
        if (!g_strv_contains(around, typed[at]) || typed[at + 1] == NULL)
            return false;
    return true;
}
