/*
 * Streams, colours, messages and the one question. Everything for stdout passes output_write(),
 * so that a lost byte is noticed at the end, whoever wrote it.
 */
#include "out/output.h"

#include "error.h"
#include "interrupt.h"
#include "out/display.h"
#include "out/output_internal.h"
#include "out/progress.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "pgrunbook"

static bool wants_colors(FILE *stream, enum output_color color)
{
    if (color != OUTPUT_COLOR_AUTO)
        return color == OUTPUT_COLOR_ALWAYS;
    const char *refused = g_getenv("NO_COLOR");
    return (refused == NULL || *refused == '\0') && display_is_smart(stream);
}

struct output *output_new(FILE *data, FILE *messages, enum output_format format,
                          enum output_color color, int verbosity)
{
    struct output *output = g_new0(struct output, 1);
    output->data = data;
    output->messages = messages;
    output->format = format;
    output->verbosity = verbosity;
    output->data_colors = format == OUTPUT_TABLE && wants_colors(data, color);
    output->message_colors = wants_colors(messages, color);
    output->progress_possible = verbosity >= 0 && display_is_smart(messages);
    return output;
}

void output_free(struct output *output)
{
    if (output == NULL)
        return;
    progress_clear(output);
    g_free(output);
}

enum output_format output_format(const struct output *output)
{
    return output->format;
}

int output_verbosity(const struct output *output)
{
    return output->verbosity;
}

/* ---- stdout ----------------------------------------------------------------------------- */

void output_write(struct output *output, const char *bytes, gsize length)
{
    if (output->write_error != 0 || length == 0)
        return;
    progress_clear(output);
    errno = 0;
    if (fwrite(bytes, 1, length, output->data) != length)
        output->write_error = errno != 0 ? errno : EIO;
}

static void flush_data(struct output *output)
{
    errno = 0;
    if (output->write_error == 0 && fflush(output->data) != 0)
        output->write_error = errno != 0 ? errno : EIO;
}

void output_raw(struct output *output, const char *text)
{
    output_write(output, text, strlen(text));
}

static void write_line(struct output *output, const char *text)
{
    output_raw(output, text);
    output_raw(output, "\n");
}

void output_say(struct output *output, const char *format, ...)
{
    if (output->format == OUTPUT_JSON || output->format == OUTPUT_CSV)
        return;

    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);

    const unsigned keep =
        DISPLAY_KEEP_LINES | (output->data_colors ? (unsigned) DISPLAY_KEEP_COLORS : 0);
    g_autofree char *clean = display_clean(text, keep);
    write_line(output, clean);
}

void output_one_line(struct output *output)
{
    output->one_line = true;
}

bool output_finish(struct output *output, GError **error)
{
    progress_clear(output);
    flush_data(output);
    if (output->write_error == 0)
        return true;
    if (output->write_error != EPIPE)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not write to standard output: %s",
                          g_strerror(output->write_error));
    return false;
}

/* ---- colours ---------------------------------------------------------------------------- */

static char *paint(bool colors, enum output_tone tone, const char *text)
{
    static const char *const codes[] = {
        [OUTPUT_GOOD] = "32", [OUTPUT_CAUTION] = "33", [OUTPUT_BAD] = "31",
        [OUTPUT_DIM] = "2",   [OUTPUT_BOLD] = "1",
    };
    if (!colors || tone == OUTPUT_PLAIN || *text == '\0')
        return g_strdup(text);
    return g_strdup_printf("\033[%sm%s\033[0m", codes[tone], text);
}

char *output_paint(const struct output *output, enum output_tone tone, const char *text)
{
    return paint(output->data_colors, tone, text);
}

/* ---- messages --------------------------------------------------------------------------- */

/* The tag PostgreSQL's programs give such a line, its own tag removed; NULL for other lines. */
static const char *split_tag(const char **line)
{
    static const char *const tags[] = {"detail: ", "hint: "};
    for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
        if (g_str_has_prefix(*line, tags[i])) {
            *line += strlen(tags[i]);
            return tags[i];
        }
    }
    return NULL;
}

/* tag: "error: ", or "" for a note. */
static void message(struct output *output, enum output_tone tone, const char *tag,
                    const char *text)
{
    progress_clear(output);
    flush_data(output);

    g_autofree char *clean = display_clean(text, DISPLAY_KEEP_LINES);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(clean), "\n", -1);
    g_autofree char *first_tag = paint(output->message_colors, tone, tag);
    fprintf(output->messages, PROGRAM ": %s%s\n", first_tag, lines[0] != NULL ? lines[0] : "");
    for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
        const char *line = lines[i];
        const char *line_tag = split_tag(&line);
        g_autofree char *painted =
            paint(output->message_colors, OUTPUT_BOLD, line_tag != NULL ? line_tag : "");
        fprintf(output->messages, "%s%s%s\n", line_tag != NULL ? PROGRAM ": " : "", painted,
                line);
    }
    fflush(output->messages);
}

void output_note(struct output *output, const char *format, ...)
{
    if (output->verbosity < 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    message(output, OUTPUT_PLAIN, "", text);
}

void output_warn(struct output *output, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    message(output, OUTPUT_CAUTION, "warning: ", text);
}

void output_error(struct output *output, const GError *error)
{
    if (error != NULL)
        message(output, OUTPUT_BAD, "error: ", error->message);
}

void output_echo(struct output *output, const char *sql)
{
    g_autofree char *clean = display_clean(sql, DISPLAY_KEEP_LINES);
    g_autofree char *line = g_strconcat(g_strchomp(clean), ";", NULL);
    if (output->format == OUTPUT_TABLE) {
        write_line(output, line);
        flush_data(output);
    } else {
        progress_clear(output);
        fprintf(output->messages, "%s\n", line);
    }
}

/* ---- the question ------------------------------------------------------------------------ */

/* One line from stdin into `answer`, cut to its size; false when a signal came first. Reads the
 * descriptor, not the stream: a stream would swallow the signal's wake-up. */
static bool read_answer(char *answer, gsize size)
{
    gsize used = 0;
    struct pollfd ready[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                              {.fd = interrupt_fd(), .events = POLLIN}};
    for (;;) {
        char byte;
        if (interrupt_pending())
            return false;
        if (poll(ready, G_N_ELEMENTS(ready), -1) < 0 || ready[0].revents == 0)
            continue;
        if (read(STDIN_FILENO, &byte, 1) != 1 || byte == '\n')
            break;
        if (used + 1 < size)
            answer[used++] = byte;
    }
    answer[used] = '\0';
    return true;
}

bool output_can_ask(const struct output *output, GError **error)
{
    if (isatty(STDIN_FILENO) != 0 && isatty(fileno(output->messages)) != 0)
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, "use --yes to go ahead without being asked",
                      "cannot ask for confirmation without a terminal");
    return false;
}

bool output_confirm(struct output *output, const char *question, bool *ret_yes, GError **error)
{
    if (!output_can_ask(output, error))
        return false;

    progress_clear(output);
    flush_data(output);
    g_autofree char *clean = display_clean(question, DISPLAY_KEEP_LINES);
    fprintf(output->messages, "%s [y/N] ", clean);
    fflush(output->messages);

    char answer[16];
    if (!read_answer(answer, sizeof answer)) {
        fputc('\n', output->messages);
        runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
        return false;
    }
    g_strstrip(answer);
    *ret_yes = g_ascii_strcasecmp(answer, "y") == 0 || g_ascii_strcasecmp(answer, "yes") == 0;
    return true;
}
