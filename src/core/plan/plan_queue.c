/* Which step comes next: those ready in their order, then those put off, when they are due. */
#include "plan/plan_private.h"
#include "units/units.h"

int step_number(const struct runner *runner, const struct step *step)
{
    guint index = 0;

    bool found = g_ptr_array_find(runner->plan->steps, step, &index);
    g_assert(found);
    return (int) index + MAX(runner->run->first_step, 1);
}

void step_end(struct runner *runner, struct step *step, enum step_outcome outcome, char *detail)
{
    struct plan_run *run = runner->run;

    g_free(step->detail);
    step->detail = detail;
    step->outcome = outcome;
    step->ended_us = g_get_real_time();
    store_step_end(run->store, run->store_run, step_number(runner, step),
                   step_outcome_name(outcome), detail);
}

void queue_fill(struct runner *runner, unsigned phase)
{
    for (guint i = 0; i < runner->plan->steps->len; i++) {
        struct step *step = g_ptr_array_index(runner->plan->steps, i);
        if (step->phase == phase)
            g_queue_push_tail(&runner->ready, step);
    }
}

void queue_first(struct runner *runner, struct step *step)
{
    g_queue_push_head(&runner->ready, step);
}

void queue_later(struct runner *runner, struct step *step, gint64 delay_ms)
{
    struct waiting *waiting = g_new(struct waiting, 1);

    waiting->step = step;
    waiting->due_us = g_get_monotonic_time() + delay_ms * 1000;
    g_queue_push_tail(&runner->later, waiting);
}

gint64 queue_due_us(const struct runner *runner)
{
    gint64 due = G_MAXINT64;

    for (const GList *link = runner->later.head; link != NULL; link = link->next)
        due = MIN(due, ((const struct waiting *) link->data)->due_us);
    return due;
}

bool queue_empty(const struct runner *runner)
{
    return runner->ready.length == 0 && runner->later.length == 0;
}

static bool fits(const struct runner *runner, const struct step *step)
{
    if (step->may_be_cut || step->predicted_seconds <= 0)
        return true;
    gint64 left_ms = window_left_ms(&runner->run->limits.window);
    return left_ms == G_MAXINT64 || step->predicted_seconds * 1000 <= (double) left_ms;
}

static void refuse(struct runner *runner, struct step *step)
{
    double left = (double) window_left_ms(&runner->run->limits.window) / 1000;
    g_autofree char *needed = units_format_duration(step->predicted_seconds);
    g_autofree char *there = units_format_duration(left);

    step_end(runner, step, STEP_NOT_REACHED,
             g_strdup_printf("predicted to take %s, and the window ends in %s", needed, there));
}

static struct step *pop_due(struct runner *runner)
{
    gint64 now = g_get_monotonic_time();

    for (GList *link = runner->later.head; link != NULL; link = link->next) {
        struct waiting *waiting = link->data;
        if (waiting->due_us > now)
            continue;
        struct step *step = waiting->step;
        g_free(waiting);
        g_queue_delete_link(&runner->later, link);
        return step;
    }
    return NULL;
}

struct step *queue_next(struct runner *runner)
{
    for (;;) {
        struct step *step = g_queue_pop_head(&runner->ready);
        if (step == NULL)
            step = pop_due(runner);
        if (step == NULL || fits(runner, step))
            return step;
        refuse(runner, step);
    }
}
