#include "out/watch_internal.h"

#include <string.h>

static struct watch_frame frame_of(guint rows)
{
    static const struct grid_column columns[] = {
        {"Pid", true}, {"Query", false}, {NULL, false}};
    struct watch_frame frame = {g_strdup("title"), grid_new(columns),
                                g_array_new(FALSE, FALSE, sizeof(gint64))};

    for (guint i = 0; i < rows; i++) {
        gint64 id = i + 1;
        grid_cellf(frame.grid, OUTPUT_PLAIN, "%u", i + 1);
        grid_cell(frame.grid, OUTPUT_PLAIN,
                  i == 0 ? "a\033[31mb" : "\xe6\xbc\xa2\xe5\xad\x97 x");
        g_array_append_val(frame.ids, id);
    }
    return frame;
}

static void frame_free(struct watch_frame *frame)
{
    g_free(frame->title);
    grid_free(frame->grid);
    g_array_unref(frame->ids);
}

static void drawn(const struct watch_view *view, const struct watch_frame *frame,
                  const char *expected)
{
    g_autofree char *page = watch_draw(view, frame);

    g_assert_cmpstr(page, ==, expected);
}

/* What comes from a database cannot drive the terminal, and nothing is wider than that. */
static void test_draw(void)
{
    struct watch_frame frame = frame_of(2);
    struct watch_view view = {.columns = 8, .lines = 6, .status = "q quits it"};

    watch_follow(&view, &frame);
    drawn(&view, &frame,
          "\033[Htitle\033[K\r\nPid  Que\033[K\r\n\033[7m  1  a\\x\033[0m\033[K\r\n"
          "  2  \xe6\xbc\xa2\033[K\r\n\033[K\r\n\033[7mq quits \033[0m\033[K\033[J");
    view.lines = 2;
    drawn(&view, &frame, "\033[Htitle\033[K\r\nPid  Que\033[K\033[J");
    frame_free(&frame);
}

static void test_follow(void)
{
    struct watch_frame frame = frame_of(10);
    struct watch_view view = {.columns = 80, .lines = 7, .status = ""};

    watch_follow(&view, &frame);
    g_assert_cmpint(view.chosen, ==, 1);
    g_assert_cmpuint(watch_body(&view, &frame), ==, 4);
    watch_move(&view, &frame, 5);
    g_assert_cmpint(view.chosen, ==, 6);
    g_assert_cmpuint(view.top, ==, 2);
    watch_move(&view, &frame, -100);
    g_assert_cmpint(view.chosen, ==, 1);
    g_assert_cmpuint(view.top, ==, 0);
    watch_move(&view, &frame, 100);
    g_assert_cmpuint(view.top, ==, 6);
    frame_free(&frame);

    /* Those above have gone: the choice stays with the session, not with the line. */
    struct watch_frame later = frame_of(10);
    g_array_remove_range(later.ids, 0, 7);
    watch_follow(&view, &later);
    g_assert_cmpint(view.chosen, ==, 10);
    g_assert_cmpuint(view.row, ==, 2);
    g_assert_cmpuint(view.top, ==, 0);
    g_array_remove_range(later.ids, 1, 2);
    watch_follow(&view, &later);
    g_assert_cmpint(view.chosen, ==, 8);
    g_array_set_size(later.ids, 0);
    watch_follow(&view, &later);
    g_assert_cmpint(view.chosen, ==, 0);
    watch_move(&view, &later, 1);
    frame_free(&later);
}

static void test_keys(void)
{
    static const struct {
        const char *bytes;
        enum watch_key key;
        gsize length;
    } cases[] = {
        {"\033[A", WATCH_KEY_UP, 3},       {"\033OBq", WATCH_KEY_DOWN, 3},
        {"jj", WATCH_KEY_DOWN, 1},         {"\033[6~", WATCH_KEY_PAGE_DOWN, 4},
        {"c", WATCH_KEY_CANCEL, 1},        {"t", WATCH_KEY_TERMINATE, 1},
        {"Y", WATCH_KEY_YES, 1},           {"\033[1;5Cq", WATCH_KEY_OTHER, 6},
        {"\033", WATCH_KEY_OTHER, 1},      {"\033[", WATCH_KEY_OTHER, 2},
        {"\xff", WATCH_KEY_OTHER, 1},      {"q", WATCH_KEY_QUIT, 1},
        {"\033[15~t", WATCH_KEY_OTHER, 5},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize length = 0;
        enum watch_key key = watch_key_of(cases[i].bytes, strlen(cases[i].bytes), &length);
        g_assert_cmpint(key, ==, cases[i].key);
        g_assert_cmpuint(length, ==, cases[i].length);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch/draw", test_draw);
    g_test_add_func("/watch/follow", test_follow);
    g_test_add_func("/watch/keys", test_keys);
    return g_test_run();
}
