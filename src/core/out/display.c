#include "out/display.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool display_is_smart(FILE *stream)
{
    const char *type = g_getenv("TERM");
    return type != NULL && strcmp(type, "dumb") != 0 && isatty(fileno(stream)) != 0;
}

int display_width(FILE *stream)
{
    enum { USUAL = 80, ABSURD = 10000 };
    const int fd = fileno(stream);
    if (fd < 0 || isatty(fd) == 0)
        return 0;

    guint64 columns = 0;
    const char *said = g_getenv("COLUMNS");
    if (said != NULL && g_ascii_string_to_unsigned(said, 10, 1, ABSURD, &columns, NULL))
        return (int) columns;

    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return USUAL;
}

/* g_utf8_next_char() casts const away. */
static const char *next_char(const char *at)
{
    return at + g_utf8_skip[*(const guchar *) at];
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~')
            return false;
    }
    return true;
}

static bool is_bidirectional(gunichar c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
           c == 0x200F || c == 0x061C;
}

static bool is_kept(gunichar c, unsigned keep)
{
    if ((keep & DISPLAY_KEEP_DATA) != 0 && (c == '\r' || is_bidirectional(c)))
        return true;
    if ((keep & (DISPLAY_KEEP_LINES | DISPLAY_KEEP_DATA)) != 0 && (c == '\n' || c == '\t'))
        return true;
    return !g_unichar_iscntrl(c) && !is_bidirectional(c) && c != 0x2028 && c != 0x2029;
}

static void append_escaped(GString *clean, gunichar c)
{
    if (c == '\n' || c == '\t' || c == '\r')
        g_string_append(clean, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
    else
        g_string_append_printf(clean, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
}

/* Bytes of the colour sequence the text starts with, 0 when it starts with none. */
static gsize color_length(const char *text)
{
    if (text[0] != '\033' || text[1] != '[')
        return 0;
    gsize length = 2 + strspn(text + 2, "0123456789;");
    return text[length] == 'm' ? length + 1 : 0;
}

char *display_clean(const char *text, unsigned keep)
{
    if (is_plain(text))
        return g_strdup(text);

    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *clean = g_string_sized_new(strlen(valid));
    const char *next;
    for (const char *at = valid; *at != '\0'; at = next) {
        const gunichar c = g_utf8_get_char(at);
        const gsize color = (keep & DISPLAY_KEEP_COLORS) != 0 ? color_length(at) : 0;
        next = color > 0 ? at + color : next_char(at);
        if (color > 0 || is_kept(c, keep))
            g_string_append_len(clean, at, next - at);
        else
            append_escaped(clean, c);
    }
    return g_string_free(clean, FALSE);
}

static int columns_of(gunichar c)
{
    if (g_unichar_iszerowidth(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

int display_columns(const char *text)
{
    int columns = 0;
    for (; *text != '\0'; text = next_char(text))
        columns += columns_of(g_utf8_get_char(text));
    return columns;
}

char *display_cut(const char *text, int columns)
{
    const char *end = text;
    for (; *end != '\0'; end = next_char(end)) {
        columns -= columns_of(g_utf8_get_char(end));
        if (columns < 0)
            break;
    }
    return g_strndup(text, (gsize) (end - text));
}
