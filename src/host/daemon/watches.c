/*
 * What a watch tells, and what becomes of it: kept in memory, written down, made an event, told to
 * the scheduler.
 */
#include "daemon/daemon_private.h"

#include "daemon/api_lend.h"
#include "daemon/journal.h"

enum { ODD_LINES_SAID = 3 };

const struct daemon_target *watch_twin(const struct daemon_target *target)
{
    const struct watch_state *own = &target->seen.state;

    for (guint i = 0; own->system_identifier != NULL && i < target->daemon->targets->len; i++) {
        const struct daemon_target *other = g_ptr_array_index(target->daemon->targets, i);
        if (other != target && other->seen.said && other->seen.state.acts &&
            g_strcmp0(other->seen.state.system_identifier, own->system_identifier) == 0 &&
            g_strcmp0(other->seen.state.dbname, own->dbname) == 0)
            return other;
    }
    return NULL;
}

/* Who does the jobs of a target that is not ours to work on. Caller frees. */
static char *who_acts(const struct daemon_target *target)
{
    const struct daemon_target *twin = watch_twin(target);
    const char *holder = target->seen.state.holder;

    if (twin != NULL)
        return g_strdup_printf("target %s, which is the same database", twin->name);
    return g_strdup_printf("another daemon%s%s", holder ? ": " : "", holder ? holder : "");
}

static void tell_place(struct daemon_target *target)
{
    const struct target_seen *seen = &target->seen;
    enum scheduler_place place = SCHEDULER_UNKNOWN;
    g_autofree char *reason = g_strdup("its watch has not told its state yet");

    if (seen->said && !seen->state.up) {
        place = SCHEDULER_DOWN;
        g_free(reason);
        reason = g_strdup_printf("unreachable: %s",
                                 seen->state.reason ? seen->state.reason : "no reason given");
    } else if (seen->said && !seen->state.acts && seen->state.holder == NULL) {
        /* Nobody else has it: a turn waits for what comes of that. */
        place = SCHEDULER_DOWN;
        g_free(reason);
        reason = g_strdup(seen->state.in_recovery
                              ? "only a standby was reachable, and nothing is changed there"
                              : "it was not settled which daemon does its jobs");
    } else if (seen->said && !seen->state.acts) {
        place = SCHEDULER_ELSEWHERE;
        g_free(reason);
        g_autofree char *who = who_acts(target);
        reason = g_strdup_printf("done by %s", who);
    } else if (seen->said) {
        place = SCHEDULER_HERE;
        g_clear_pointer(&reason, g_free);
    }
    scheduler_set_place(target->daemon->scheduler, target->name, place, reason);
    target->place = place;
    services_apply(target, false);
    daemon_look_at_turns(target->daemon);
}

static void say_state(const struct daemon_target *target, const struct watch_state *before)
{
    const struct watch_state *now = &target->seen.state;
    bool first = target->seen.state_us == 0;

    if (!now->up && (first || before->up))
        journal_say(JOURNAL_WARNING, "target %s: unreachable: %s", target->name,
                    now->reason ? now->reason : "no reason given");
    if (now->up && (first || !before->up || g_strcmp0(before->host, now->host) != 0))
        journal_say(JOURNAL_NOTICE, "target %s: watched on %s, database %s%s", target->name,
                    now->host ? now->host : "an unknown host",
                    now->dbname ? now->dbname : "unknown",
                    now->in_recovery ? ", a standby: nothing is changed there" : "");
    if (now->up && !now->acts && (first || before->acts || !before->up)) {
        g_autofree char *who = who_acts(target);
        journal_say(JOURNAL_NOTICE, "target %s: its jobs are done by %s", target->name, who);
    }
    if (now->up && now->acts && !first && before->up && !before->acts)
        journal_say(JOURNAL_NOTICE, "target %s: this daemon does its jobs now", target->name);
}

static void take_state(struct daemon_target *target, struct watch_line *line)
{
    struct watch_state before = target->seen.state;

    target->seen.state = line->state;
    line->state = before; /* freed with the line */
    say_state(target, &before);
    target->seen.said = true;
    target->seen.state_us = line->at_us;
    tell_place(target);
    api_tell_state(target);
}

static void take_sample(struct daemon_target *target, struct watch_line *line)
{
    struct watch_sample before = target->seen.sample;

    target->seen.sample = line->sample;
    line->sample = before;
    target->seen.sample_us = line->at_us;
    api_tell_sample(target);
}

static struct store_event event_of(const struct daemon_target *target,
                                   const struct watch_line *line)
{
    return (struct store_event){
        .target = target->name,
        .name = line->event.name,
        .severity = line->event.severity,
        .opened_us = line->at_us,
        .message = line->event.message,
        .detail = line->event.detail,
        .run = line->event.run,
    };
}

static void take_alarm(struct daemon_target *target, const struct watch_line *line)
{
    struct store_event event = event_of(target, line);

    if (line->event.open)
        events_open(target->daemon->events, &event);
    else
        events_close(target->daemon->events, target->name, event.name, line->at_us,
                     event.message);
}

static void take_note(struct daemon_target *target, const struct watch_line *line)
{
    struct store_event event = event_of(target, line);

    events_note(target->daemon->events, &event);
}

static void take(struct daemon_target *target, struct watch_line *line)
{
    switch (line->kind) {
    case WATCH_LINE_STATE:
        take_state(target, line);
        break;
    case WATCH_LINE_SAMPLE:
        take_sample(target, line);
        break;
    case WATCH_LINE_MINUTE:
        minutes_take(target->daemon->minutes, keeper_store(target->daemon->keeper),
                     keeper_trouble(target->daemon->keeper) != NULL, target->name,
                     &line->minute);
        metrics_count_minute(target->daemon->counts, target->name, &line->minute);
        break;
    case WATCH_LINE_ALARM:
        take_alarm(target, line);
        break;
    case WATCH_LINE_NOTE:
        take_note(target, line);
        break;
    case WATCH_LINE_BUSY:
        minder_busy(target->watch, (gint64) (line->busy_seconds * G_USEC_PER_SEC));
        break;
    case WATCH_LINE_LIVE:
        api_live_heard(target, line->section, line->document, line->at_us);
        break;
    case WATCH_LINE_LENT:
        api_lend_heard(target, line);
        break;
    case WATCH_LINE_BEAT:
        break;
    }
}

void watch_heard(struct daemon_target *target, const char *text, gsize length, bool cut)
{
    g_autoptr(GError) error = NULL;
    AUTO(watch_line) line = cut ? NULL : watch_line_parse(text, length, &error);

    /* What the last words of a watch that was told to go say is of yesterday. */
    if (target->leaving)
        return;
    if (line != NULL) {
        take(target, line);
        return;
    }
    if (target->odd_lines++ < ODD_LINES_SAID)
        journal_say(JOURNAL_WARNING,
                    "the watch of %s printed a line that was not understood: %s", target->name,
                    cut ? "it is too long" : error->message);
}

void watch_gone(struct daemon_target *target, const char *how)
{
    (void) how;
    target->seen.said = false;
    api_lend_lost(target);
    if (target->leaving)
        return;
    watch_sample_clear(&target->seen.sample);
    tell_place(target);
    api_tell_state(target);
}
