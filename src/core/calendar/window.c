#include "calendar/window.h"

struct window window_open(gint64 length_ms)
{
    return (struct window){
        .start_us = g_get_monotonic_time(),
        .length_ms = length_ms,
        .started_at = g_get_real_time(),
    };
}

gint64 window_left_at(const struct window *window, gint64 now_us)
{
    if (window->length_ms == 0)
        return G_MAXINT64;
    gint64 elapsed_ms = (MAX(now_us, window->start_us) - window->start_us) / 1000;
    return MAX(window->length_ms - elapsed_ms, 0);
}

gint64 window_left_ms(const struct window *window)
{
    return window_left_at(window, g_get_monotonic_time());
}

bool window_closed(const struct window *window)
{
    return window_left_ms(window) == 0;
}
