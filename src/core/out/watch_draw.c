/* The page as text: pure. */
#include "out/display.h"
#include "out/watch_internal.h"

#include <string.h>

static guint lines_of(const char *text)
{
    guint lines = 1;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* Title, heading and status have a line each at least. */
guint watch_body(const struct watch_view *view, const struct watch_frame *frame)
{
    int body = view->lines - (int) lines_of(frame->title) - 2;

    return (guint) MAX(body, 1);
}

void watch_follow(struct watch_view *view, const struct watch_frame *frame)
{
    guint body = watch_body(view, frame);

    for (guint i = 0; i < frame->ids->len; i++)
        if (view->chosen != 0 && g_array_index(frame->ids, gint64, i) == view->chosen)
            view->row = i;
    view->row = frame->ids->len == 0 ? 0 : MIN(view->row, frame->ids->len - 1);
    view->chosen = frame->ids->len == 0 ? 0 : g_array_index(frame->ids, gint64, view->row);
    if (view->row < view->top)
        view->top = view->row;
    if (view->row >= view->top + body)
        view->top = view->row - body + 1;
    /* No empty lines below as long as there are rows above. */
    if (view->top + body > frame->ids->len)
        view->top = frame->ids->len > body ? frame->ids->len - body : 0;
}

void watch_move(struct watch_view *view, const struct watch_frame *frame, gint64 rows)
{
    gint64 last = (gint64) frame->ids->len - 1;

    if (last < 0)
        return;
    view->row = (guint) CLAMP((gint64) view->row + rows, 0, last);
    view->chosen = g_array_index(frame->ids, gint64, view->row);
    watch_follow(view, frame);
}

/* The rest of the line is cleared, so that nothing of the page before shows through. */
static void append_line(GString *page, const struct watch_view *view, const char *text,
                        bool inverse, int *left)
{
    g_autofree char *clean = display_clean(text, 0);
    g_autofree char *cut = display_cut(clean, view->columns);

    if (*left <= 0)
        return;
    g_string_append_printf(page, "%s%s%s\033[K", inverse ? "\033[7m" : "", cut,
                           inverse ? "\033[0m" : "");
    if (--*left > 0)
        g_string_append(page, "\r\n");
}

char *watch_draw(const struct watch_view *view, const struct watch_frame *frame)
{
    GString *page = g_string_new("\033[H");
    g_auto(GStrv) title = g_strsplit(frame->title, "\n", -1);
    g_auto(GStrv) lines = grid_lines(frame->grid);
    guint body = watch_body(view, frame);
    int left = view->lines;

    for (char **line = title; *line != NULL; line++)
        append_line(page, view, *line, false, &left);
    append_line(page, view, lines[0], false, &left);
    for (guint i = 0; i < body; i++) {
        guint row = view->top + i;
        bool there = row < frame->ids->len;
        append_line(page, view, there ? lines[row + 1] : "", there && row == view->row, &left);
    }
    append_line(page, view, view->status, true, &left);
    g_string_append(page, "\033[J");
    return g_string_free(page, FALSE);
}

/* ---- keys ---------------------------------------------------------------------------------- */

enum watch_key watch_key_of(const char *bytes, gsize length, gsize *ret_length)
{
    static const struct {
        const char *bytes;
        enum watch_key key;
    } keys[] = {
        {"\033[A", WATCH_KEY_UP},
        {"\033OA", WATCH_KEY_UP},
        {"\033[B", WATCH_KEY_DOWN},
        {"\033OB", WATCH_KEY_DOWN},
        {"\033[5~", WATCH_KEY_PAGE_UP},
        {"\033[6~", WATCH_KEY_PAGE_DOWN},
        {"k", WATCH_KEY_UP},
        {"j", WATCH_KEY_DOWN},
        {"c", WATCH_KEY_CANCEL},
        {"t", WATCH_KEY_TERMINATE},
        {"y", WATCH_KEY_YES},
        {"Y", WATCH_KEY_YES},
        {" ", WATCH_KEY_REFRESH},
        {"q", WATCH_KEY_QUIT},
        {"Q", WATCH_KEY_QUIT},
        {"\004", WATCH_KEY_QUIT},
    };
    *ret_length = 1;
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        gsize own = strlen(keys[i].bytes);
        if (own <= length && memcmp(keys[i].bytes, bytes, own) == 0) {
            *ret_length = own;
            return keys[i].key;
        }
    }
    /* A sequence that is none of ours ends with a letter or ~. */
    if (length >= 2 && bytes[0] == '\033' && (bytes[1] == '[' || bytes[1] == 'O')) {
        gsize end = 2;
        while (end < length && !g_ascii_isalpha(bytes[end]) && bytes[end] != '~')
            end++;
        *ret_length = MIN(end + 1, length);
    }
    return WATCH_KEY_OTHER;
}
