#include "watch/watch_alarms.h"

#define SECOND ((gint64) G_USEC_PER_SEC)

static enum watch_level level_of(char look)
{
    return look == 'X' ? WATCH_CRITICAL : look == 'x' ? WATCH_WARNING : WATCH_CALM;
}

/* What is judged at each second ('x': it holds, 'X': and is critical), and what comes of it ('O'
 * opens, 'R' rises, 'C' closes). */
static void test_turns(void)
{
    static const struct {
        const char *looks, *turns;
    } cases[] = {
        {"..........", "...C......"}, /* calm from the start: said once */
        {"xx........", ".O...C...."},
        {"x.x.x.x.x.", ".........."}, /* never two in a row, never calm */
        {"x.........", "....C....."},
        {"xx.x.x.x..", ".O........"}, /* comes and goes: one event */
        {"xx.....xx.", ".O...C..O."},
        {"....xx....", "...C.O...C"},
        {"....x.....", "...C......"},
        {"xxxxxxxxxx", ".O........"},
        {"XXXXXXXXXX", ".O........"}, /* critical from the first: nothing to rise to */
        {"xxxXXXxXXX", ".O..R....."}, /* once, after two looks */
        {"xxXxXxXxXx", ".O........"},
        {"xxXX....xx", ".O.R...C.O"}, /* the next one is a warning again, … */
        {"xx..XX....", ".O...R...C"}, /* … and after a moment's calm the same one */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct watch_alarm_state state = {.looks = 0};
        g_autoptr(GString) turns = g_string_new(NULL);
        for (gint64 at = 0; cases[i].looks[at] != '\0'; at++) {
            enum watch_turn turn = watch_alarm_judge(&state, level_of(cases[i].looks[at]),
                                                     (at + 1) * SECOND, 3 * SECOND);
            g_string_append_c(turns, ".OCR"[turn]);
        }
        if (!g_str_equal(turns->str, cases[i].turns))
            g_test_fail_printf("%s: %s, not %s", cases[i].looks, turns->str, cases[i].turns);
    }
}

/* Looks that were missed do not make it calm any sooner: time does. */
static void test_missed(void)
{
    struct watch_alarm_state state = {.looks = 0};

    watch_alarm_judge(&state, WATCH_WARNING, 1 * SECOND, 30 * SECOND);
    g_assert_cmpint(watch_alarm_judge(&state, WATCH_WARNING, 20 * SECOND, 30 * SECOND), ==,
                    WATCH_OPENS);
    g_assert_cmpint(watch_alarm_judge(&state, WATCH_CALM, 60 * SECOND, 30 * SECOND), ==,
                    WATCH_STAYS);
    g_assert_cmpint(watch_alarm_judge(&state, WATCH_CALM, 90 * SECOND, 30 * SECOND), ==,
                    WATCH_CLOSES);
    g_assert_cmpint(watch_alarm_judge(&state, WATCH_CALM, 200 * SECOND, 30 * SECOND), ==,
                    WATCH_STAYS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch/alarms/turns", test_turns);
    g_test_add_func("/watch/alarms/missed", test_missed);
    return g_test_run();
}
