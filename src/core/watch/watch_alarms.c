#include "watch/watch_alarms.h"

enum { LOOKS = 2 };

enum watch_turn watch_alarm_judge(struct watch_alarm_state *state, bool holds, gint64 now_us,
                                  gint64 calm_us)
{
    if (holds) {
        state->looks++;
        state->calm_since_us = 0;
        if (state->is == WATCH_ALARM_OPEN || state->looks < LOOKS)
            return WATCH_STAYS;
        state->is = WATCH_ALARM_OPEN;
        return WATCH_OPENS;
    }
    state->looks = 0;
    if (state->calm_since_us == 0)
        state->calm_since_us = now_us;
    if (state->is == WATCH_ALARM_CLOSED || now_us - state->calm_since_us < calm_us)
        return WATCH_STAYS;
    state->is = WATCH_ALARM_CLOSED;
    return WATCH_CLOSES;
}
