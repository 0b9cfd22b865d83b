#include "watch/watcher_sample.h"

#define MINUTE_US (60 * (gint64) G_USEC_PER_SEC)

static void count(struct watcher_sample *sample, const struct backends *backends,
                  const struct backend *backend)
{
    bool at_work = backend->state == BACKEND_ACTIVE || backend->state == BACKEND_FASTPATH;

    sample->active += at_work;
    sample->idle += backend->state == BACKEND_IDLE;
    sample->in_transaction += backend_in_transaction(backend);
    sample->waiting += backend->blocker_count > 0;
    if (at_work)
        sample->query_seconds = MAX(sample->query_seconds,
                                    backends_seconds_since(backends, backend->query_start_us));
}

struct watcher_sample watcher_sample_of(const struct backends *backends)
{
    struct watcher_sample sample = {.slots = backends->slots};

    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        if (backend_is_client(backend) && !backend->self)
            count(&sample, backends, backend);
    }
    return sample;
}

bool watcher_minute_over(const struct watcher_minute *minute, gint64 wall_us)
{
    return minute->minute_us != 0 && wall_us / MINUTE_US != minute->minute_us / MINUTE_US;
}

void watcher_minute_begin(struct watcher_minute *minute, gint64 wall_us)
{
    *minute = (struct watcher_minute){.minute_us = wall_us - wall_us % MINUTE_US};
}

void watcher_minute_add(struct watcher_minute *minute, const struct watcher_sample *sample)
{
    minute->samples++;
    minute->ordinary = sample->slots.ordinary;
    minute->used_max = MAX(minute->used_max, sample->slots.used);
    minute->used_sum += sample->slots.used;
    minute->active_max = MAX(minute->active_max, sample->active);
    minute->idle_max = MAX(minute->idle_max, sample->idle);
    minute->in_transaction_max = MAX(minute->in_transaction_max, sample->in_transaction);
    minute->waiting_max = MAX(minute->waiting_max, sample->waiting);
    minute->query_seconds_max = MAX(minute->query_seconds_max, sample->query_seconds);
}
