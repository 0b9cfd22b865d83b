#include "out/grid.h"

#include "out/pty_fixture.h"

#include <stdlib.h>

static struct grid *tables_grid(void)
{
    static const struct grid_column columns[] = {
        {"table", false}, {"dead rows", true}, {"reason", false}, {NULL, false}};
    return grid_new(columns);
}

static void expect(const struct grid *grid, enum output_format format, enum output_color color,
                   const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *data = open_memstream(&text, &size);
    AUTO(output) output = output_new(data, stderr, format, color, 0);
    grid_print(grid, output);
    g_assert_true(output_finish(output, NULL));
    fclose(data);
    g_assert_cmpstr(text, ==, expected);
    free(text);
}

static void test_table(void)
{
    AUTO(grid) grid = tables_grid();
    grid_cell(grid, OUTPUT_PLAIN, "public.orders");
    grid_cellf(grid, OUTPUT_PLAIN, "%d", 1200);
    grid_cell(grid, OUTPUT_PLAIN, "dead rows");
    grid_take(grid, OUTPUT_PLAIN, g_strdup("表🐘"));
    grid_cell(grid, OUTPUT_PLAIN, "7");
    grid_cell(grid, OUTPUT_PLAIN, NULL);
    grid_cell(grid, OUTPUT_PLAIN, "");
    grid_cell(grid, OUTPUT_PLAIN, "");
    grid_cell(grid, OUTPUT_PLAIN, "only a reason");
    grid_cell(grid, OUTPUT_PLAIN, "short row");
    g_assert_cmpuint(grid_rows(grid), ==, 4);
    expect(grid, OUTPUT_TABLE, OUTPUT_COLOR_NEVER,
           "table          dead rows  reason\n"
           "-------------  ---------  -------------\n"
           "public.orders       1200  dead rows\n"
           "表🐘                   7\n"
           "                          only a reason\n"
           "short row\n");
}

static void test_empty(void)
{
    AUTO(grid) grid = tables_grid();
    g_assert_cmpuint(grid_rows(grid), ==, 0);
    expect(grid, OUTPUT_TABLE, OUTPUT_COLOR_NEVER,
           "table  dead rows  reason\n-----  ---------  ------\n");
    expect(grid, OUTPUT_CSV, OUTPUT_COLOR_NEVER, "table,dead rows,reason\n");
    expect(grid, OUTPUT_MARKDOWN, OUTPUT_COLOR_NEVER,
           "| table | dead rows | reason |\n|---|--:|---|\n");
    expect(grid, OUTPUT_JSON, OUTPUT_COLOR_NEVER, "");
}

static void test_colors(void)
{
    AUTO(grid) grid = tables_grid();
    grid_cell(grid, OUTPUT_DIM, "a");
    grid_cell(grid, OUTPUT_BAD, "1");
    grid_cell(grid, OUTPUT_PLAIN, "x");
    expect(grid, OUTPUT_TABLE, OUTPUT_COLOR_ALWAYS,
           "\033[1mtable\033[0m  \033[1mdead rows\033[0m  \033[1mreason\033[0m\n"
           "\033[2ma\033[0m              \033[31m1\033[0m  x\n");
    expect(grid, OUTPUT_MARKDOWN, OUTPUT_COLOR_ALWAYS,
           "| table | dead rows | reason |\n|---|--:|---|\n| a | 1 | x |\n");
}

static void test_hostile(void)
{
    AUTO(grid) grid = tables_grid();
    grid_cell(grid, OUTPUT_PLAIN, "a\033[2J|b\nc\u202e");
    grid_cell(grid, OUTPUT_PLAIN, "1,000");
    grid_cell(grid, OUTPUT_PLAIN, "say \"hi\" <b>_x_ my_table*\xff");
    expect(grid, OUTPUT_TABLE, OUTPUT_COLOR_NEVER,
           "table                dead rows  reason\n"
           "-------------------  ---------  --------------------------\n"
           "a\\x1b[2J|b\\nc\\u202e      1,000  say \"hi\" <b>_x_ my_table*\uFFFD\n");
    expect(grid, OUTPUT_MARKDOWN, OUTPUT_COLOR_NEVER,
           "| table | dead rows | reason |\n|---|--:|---|\n"
           "| a\\\\x1b\\[2J\\|b<br>c\\\\u202e | 1,000 "
           "| say \"hi\" \\<b>\\_x\\_ my_table\\*\uFFFD |\n");
    expect(grid, OUTPUT_CSV, OUTPUT_COLOR_NEVER,
           "table,dead rows,reason\n"
           "\"a\\x1b[2J|b\nc\u202e\",\"1,000\",\"say \"\"hi\"\" <b>_x_ my_table*\uFFFD\"\n");
}

static void test_numbers(void)
{
    AUTO(grid) grid = tables_grid();
    grid_size(grid, OUTPUT_PLAIN, 1536 * 1024);
    grid_count(grid, OUTPUT_PLAIN, 1234567);
    grid_seconds(grid, OUTPUT_PLAIN, 185);
    grid_size(grid, OUTPUT_PLAIN, GRID_NONE);
    grid_count(grid, OUTPUT_PLAIN, GRID_NONE);
    grid_seconds(grid, OUTPUT_PLAIN, -1);
    expect(grid, OUTPUT_MARKDOWN, OUTPUT_COLOR_NEVER,
           "| table | dead rows | reason |\n|---|--:|---|\n"
           "| 1.5 MB | 1,234,567 | 3 min 5 s |\n|  |  |  |\n");
    expect(grid, OUTPUT_CSV, OUTPUT_COLOR_NEVER,
           "table,dead rows,reason\n1572864,1234567,185.000\n,,\n");
}

static char *on_terminal(const struct grid *grid, unsigned short columns)
{
    struct pty pty = pty_open(columns);
    struct output *output = output_new(pty.stream, stderr, OUTPUT_TABLE, OUTPUT_COLOR_NEVER, 0);
    grid_print(grid, output);
    g_assert_true(output_finish(output, NULL));
    output_free(output);
    return pty_close(&pty);
}

static void test_wrap(void)
{
    static const struct grid_column columns[] = {
        {"name", false}, {"reason", false}, {NULL, false}};
    AUTO(grid) grid = grid_new(columns);
    grid_cell(grid, OUTPUT_PLAIN, "a");
    grid_cell(grid, OUTPUT_PLAIN,
              "nine  hundred dead rows wait for a-word-longer-than-the-line ok");
    grid_cell(grid, OUTPUT_PLAIN, "b");
    grid_cell(grid, OUTPUT_PLAIN, "short");

    g_autofree char *narrow = on_terminal(grid, 24);
    g_assert_cmpstr(narrow, ==,
                    "name  reason\n"
                    "----  ------------------\n"
                    "a     nine  hundred dead\n"
                    "      rows wait for\n"
                    "      a-word-longer-than-the-line\n"
                    "      ok\n"
                    "b     short\n");
    g_autofree char *wide = on_terminal(grid, 200);
    g_assert_nonnull(
        g_strstr_len(wide, -1, "dead rows wait for a-word-longer-than-the-line ok"));
    g_autofree char *hopeless = on_terminal(grid, 12);
    g_assert_nonnull(g_strstr_len(hopeless, -1, "dead rows wait for a-word"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/grid/table", test_table);
    g_test_add_func("/grid/empty", test_empty);
    g_test_add_func("/grid/colors", test_colors);
    g_test_add_func("/grid/hostile", test_hostile);
    g_test_add_func("/grid/numbers", test_numbers);
    g_test_add_func("/grid/wrap", test_wrap);
    return g_test_run();
}
