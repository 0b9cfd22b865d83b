/* Lines: the same whatever pieces they come in, none longer than allowed. The matcher: heeds
 * neither case nor what stands around, never hears this program. */
#include "follow/follow_private.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void collect(const char *line, gsize length, gpointer lines)
{
    g_assert(length <= FOLLOW_LINE_BYTES && memchr(line, '\n', length) == NULL);
    g_assert(line[length] == '\0');
    g_string_append_len(lines, line, (gssize) length);
    g_string_append_c(lines, '\n');
}

static void check_match(const char *line, gsize length)
{
    bool matches = follow_line_matches(line, length);
    g_autoptr(GString) other = g_string_new("x ");

    g_string_append_len(other, line, (gssize) length);
    g_string_append(other, " y");
    for (gsize i = 0; i < other->len; i++)
        other->str[i] = g_ascii_toupper(other->str[i]);
    g_assert(!matches || follow_line_matches(other->str, other->len));
    g_string_append(other, "Pgrunbook");
    g_assert(!follow_line_matches(other->str, other->len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *) data;
    g_autoptr(GString) unfinished = g_string_new(NULL), lines = g_string_new(NULL);
    g_autoptr(GString) pieces_unfinished = g_string_new(NULL), pieces = g_string_new(NULL);
    gsize step = size > 0 ? data[0] % 7 + 1 : 1;

    follow_split(unfinished, text, size, collect, lines);
    for (gsize i = 0; i < size; i += step)
        follow_split(pieces_unfinished, text + i, MIN(step, size - i), collect, pieces);
    g_assert(g_string_equal(lines, pieces));
    g_assert(g_string_equal(unfinished, pieces_unfinished));
    check_match(text, size);
    return 0;
}
