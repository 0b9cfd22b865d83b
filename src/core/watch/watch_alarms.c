#include "watch/watch_alarms.h"

enum { LOOKS = 2 };

static enum watch_turn judge_holding(struct watch_alarm_state *state)
{
    bool critical = state->critical_looks > 0;

    if (state->is != WATCH_ALARM_OPEN) {
        if (state->looks < LOOKS)
            return WATCH_STAYS;
        state->is = WATCH_ALARM_OPEN;
        state->critical = critical;
        return WATCH_OPENS;
    }
    if (state->critical || state->critical_looks < LOOKS)
        return WATCH_STAYS;
    state->critical = true;
    return WATCH_RISES;
}

enum watch_turn watch_alarm_judge(struct watch_alarm_state *state, enum watch_level level,
                                  gint64 now_us, gint64 calm_us)
{
    state->critical_looks = level == WATCH_CRITICAL ? state->critical_looks + 1 : 0;
    if (level != WATCH_CALM) {
        state->looks++;
        state->calm_since_us = 0;
        return judge_holding(state);
    }
    state->looks = 0;
    if (state->calm_since_us == 0)
        state->calm_since_us = now_us;
    if (state->is == WATCH_ALARM_CLOSED || now_us - state->calm_since_us < calm_us)
        return WATCH_STAYS;
    state->is = WATCH_ALARM_CLOSED;
    return WATCH_CLOSES;
}
