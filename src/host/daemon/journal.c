#include "daemon/journal.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *word_of(enum journal_priority priority)
{
    switch (priority) {
    case JOURNAL_ERROR:
        return "error: ";
    case JOURNAL_WARNING:
        return "warning: ";
    case JOURNAL_NOTICE:
    case JOURNAL_INFO:
        break;
    }
    return "";
}

char *journal_line(enum journal_priority priority, bool systemd, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autofree char *whole = g_strchomp(g_strdup(valid));
    GString *line = g_string_new(NULL);

    if (systemd)
        g_string_printf(line, "<%d>", priority);
    g_string_append_printf(line, "pgrunbook: %s", word_of(priority));
    for (const char *at = whole; *at != '\0'; at++) {
        if (*at == '\n')
            g_string_append(line, "; ");
        else if (g_ascii_iscntrl(*at))
            g_string_append_printf(line, "\\x%02x", (guchar) *at);
        else
            g_string_append_c(line, *at);
    }
    return g_string_free(line, FALSE);
}

/* Whether stderr is the journal's stream. A shell in a terminal that systemd has started inherits
 * the variable, and its stderr is another. */
static bool is_journal(void)
{
    const char *stream = g_getenv("JOURNAL_STREAM");
    struct stat found;

    if (stream == NULL || fstat(STDERR_FILENO, &found) != 0)
        return false;
    g_autofree char *own =
        g_strdup_printf("%ju:%ju", (uintmax_t) found.st_dev, (uintmax_t) found.st_ino);
    return strcmp(stream, own) == 0;
}

void journal_say(enum journal_priority priority, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *line = journal_line(priority, is_journal(), text);
    g_autofree char *ended = g_strconcat(line, "\n", NULL);
    /* One write, so that the children's lines do not mix with it. Nobody to tell when it fails. */
    ssize_t unheard = write(STDERR_FILENO, ended, strlen(ended));
    (void) unheard;
}
