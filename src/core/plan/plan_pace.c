/* At most so many steps in any 60 seconds. Pure: the clock is the caller's. */
#include "plan/plan.h"

#define MINUTE_US (60 * G_USEC_PER_SEC)

struct plan_pace {
    GArray *starts; /* of gint64, oldest first; as many as may start in a minute at most */
    unsigned per_minute;
};

struct plan_pace *plan_pace_new(unsigned per_minute)
{
    struct plan_pace *pace = g_new0(struct plan_pace, 1);

    pace->starts = g_array_new(FALSE, FALSE, sizeof(gint64));
    pace->per_minute = MAX(per_minute, 1);
    return pace;
}

void plan_pace_free(struct plan_pace *pace)
{
    g_array_unref(pace->starts);
    g_free(pace);
}

gint64 plan_pace_due_us(const struct plan_pace *pace, gint64 now_us)
{
    if (pace->starts->len < pace->per_minute)
        return now_us;
    return g_array_index(pace->starts, gint64, 0) + MINUTE_US;
}

unsigned plan_pace_places(const struct plan_pace *pace, gint64 now_us)
{
    unsigned taken = 0;

    for (guint i = 0; i < pace->starts->len; i++)
        taken += now_us - g_array_index(pace->starts, gint64, i) < MINUTE_US;
    return pace->per_minute - taken;
}

void plan_pace_note(struct plan_pace *pace, gint64 now_us)
{
    if (pace->starts->len >= pace->per_minute)
        g_array_remove_index(pace->starts, 0);
    g_array_append_val(pace->starts, now_us);
}

void plan_pace_take_back(struct plan_pace *pace)
{
    if (pace->starts->len > 0)
        g_array_set_size(pace->starts, pace->starts->len - 1);
}
