#include "daemon/minder.h"

#include "daemon/journal.h"
#include "error.h"

enum {
    PAUSE_LONGEST_S = 60,
    LIFE_S = 300, /* who lived that long has not failed */
    LOOPING = 4,  /* failures in a row that are worth an event */
    RECOVERED_S = 60,
    STOP_MS = 4000,
};

struct minder {
    struct minder_plan plan;
    char *name;
    char **arguments;
    struct child *child; /* NULL: not there */
    gint64 started_us;   /* monotonic, as all here */
    gint64 start_at_us;  /* the next start, while there is no child */
    gint64 silent_at_us; /* when its silence has lasted too long */
    guint failures;
    bool stopped, renewing, silenced;
    bool proven; /* it has lived long enough, since its last start */
};

gint64 minder_pause_us(guint failures)
{
    if (failures == 0)
        return 0;
    return MIN((gint64) 1 << MIN(failures - 1, 10), PAUSE_LONGEST_S) * G_USEC_PER_SEC;
}

guint minder_failures(guint before, gint64 lived_us)
{
    return lived_us >= LIFE_S * G_USEC_PER_SEC ? 1 : before + 1;
}

static void hear(struct minder *minder, gint64 us)
{
    if (minder->plan.silence_us > 0)
        minder->silent_at_us = MAX(minder->silent_at_us, g_get_monotonic_time() + us);
}

static void on_line(const char *line, gsize length, bool cut, gpointer data)
{
    struct minder *minder = data;

    /* Each line ends what was announced before it. */
    minder->silent_at_us = 0;
    hear(minder, minder->plan.silence_us);
    minder->plan.line(line, length, cut, minder->plan.data);
}

static void count_failure(struct minder *minder, const char *how, gint64 now_us)
{
    minder->failures = minder_failures(minder->failures, now_us - minder->started_us);
    minder->start_at_us = now_us + minder_pause_us(minder->failures);
    g_autofree char *message =
        g_strdup_printf("%s ended %u times in a row, the last time with: %s", minder->name,
                        minder->failures, how);
    if (minder->failures >= LOOPING)
        minder->plan.trouble(true, message, minder->plan.data);
    journal_say(JOURNAL_WARNING, "%s ended: %s; it is started again in %d s", minder->name, how,
                (int) (minder_pause_us(minder->failures) / G_USEC_PER_SEC));
}

static void on_ended(int status, gpointer data)
{
    struct minder *minder = data;
    g_autofree char *words = child_status_words(status);
    const char *how = minder->silenced ? "it was silent for too long and was killed" : words;

    minder->child = NULL;
    if (minder->renewing) {
        minder->failures = 0;
        minder->start_at_us = 0;
    } else if (!minder->stopped) {
        count_failure(minder, how, g_get_monotonic_time());
    }
    minder->renewing = false;
    minder->plan.ended(how, minder->plan.data);
    if (!minder->stopped && minder->start_at_us == 0)
        minder_tick(minder, g_get_monotonic_time());
}

static void start(struct minder *minder, gint64 now_us)
{
    g_autoptr(GError) error = NULL;
    struct child_plan plan = minder->plan.child;

    plan.arguments = (const char *const *) minder->arguments;
    plan.line = on_line;
    plan.ended = on_ended;
    plan.data = minder;
    minder->started_us = now_us;
    minder->silenced = minder->proven = false;
    minder->silent_at_us = 0;
    hear(minder, minder->plan.silence_us);
    minder->child = child_start(&plan, &error);
    if (minder->child == NULL)
        count_failure(minder, error->message, now_us);
    else if (minder->plan.started != NULL)
        minder->plan.started(minder->plan.data);
}

struct minder *minder_new(const struct minder_plan *plan)
{
    struct minder *minder = g_new0(struct minder, 1);

    minder->plan = *plan;
    minder->name = g_strdup(plan->name);
    minder->arguments = child_words(NULL, plan->child.arguments);
    minder_tick(minder, g_get_monotonic_time());
    return minder;
}

void minder_free(struct minder *minder)
{
    g_free(minder->name);
    g_strfreev(minder->arguments);
    g_free(minder);
}

void minder_tick(struct minder *minder, gint64 now_us)
{
    if (minder->child == NULL) {
        if (!minder->stopped && now_us >= minder->start_at_us)
            start(minder, now_us);
        return;
    }
    if (!minder->proven && now_us - minder->started_us > RECOVERED_S * G_USEC_PER_SEC) {
        g_autofree char *message = g_strdup_printf("%s stays up again", minder->name);
        minder->proven = true;
        minder->plan.trouble(false, message, minder->plan.data);
    }
    if (minder->silent_at_us > 0 && now_us > minder->silent_at_us && !minder->silenced) {
        minder->silenced = true;
        child_kill(minder->child);
    }
}

struct child *minder_child(const struct minder *minder)
{
    return minder->child;
}

void minder_busy(struct minder *minder, gint64 us)
{
    hear(minder, us);
}

bool minder_stop(struct minder *minder, guint grace_ms)
{
    minder->stopped = true;
    minder->renewing = false;
    if (minder->child != NULL)
        child_stop(minder->child, grace_ms);
    return minder->child == NULL;
}

void minder_renew(struct minder *minder, const char *const *arguments)
{
    g_strfreev(minder->arguments);
    minder->arguments = child_words(NULL, arguments);
    minder->renewing = minder->child != NULL;
    minder->stopped = false;
    minder->failures = 0;
    minder->start_at_us = 0;
    if (minder->child != NULL)
        child_stop(minder->child, STOP_MS);
    else
        minder_tick(minder, g_get_monotonic_time());
}
