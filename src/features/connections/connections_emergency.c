/*
 * What the section does at each look of the watch: how full it is, what kind of emergency it is,
 * and where the settings want it, the same relief as `connections relieve --yes`.
 */
#include "connections_pool.h"
#include "connections_relieve.h"
#include "connections_vigil.h"
#include "units/units.h"
#include "watch/watch_look.h"

#include <string.h>

/* A relief takes a second or two; a server that falls silent in it, half a minute. */
enum { RELIEF_SECONDS = 60 };

struct emergency {
    struct connections_vigil vigil;
    GArray *apps; /* of the settings */
    struct plan_pace *pace;
};

static void emergency_free(gpointer data)
{
    struct emergency *emergency = data;

    g_array_unref(emergency->apps);
    plan_pace_free(emergency->pace);
    connections_vigil_clear(&emergency->vigil);
    g_free(emergency);
}

static struct emergency *remembered(struct watch_look *look)
{
    const struct call *call = look->call;

    if (look->memory->data == NULL) {
        struct emergency *emergency = g_new0(struct emergency, 1);
        connections_vigil_init(&emergency->vigil);
        emergency->apps = connections_apps(call->settings, call->target);
        emergency->pace =
            plan_pace_new((unsigned) settings_int(call->settings, "connections.per_minute"));
        look->memory->data = emergency;
        look->memory->free_data = emergency_free;
    }
    return look->memory->data;
}

/* ---- alarms ------------------------------------------------------------------------------------ */

static bool fills(const struct watch_look *look, const struct backends_room *room,
                  const char *setting)
{
    return room->most > 0 &&
           (double) room->used >=
               settings_fraction(look->call->settings, setting) * (double) room->most;
}

static void judge_slots(struct watch_look *look, const struct backends_room *room, bool full)
{
    g_autofree char *message = connections_room_words(room);

    watch_alarm(look, &(struct watch_alarm){
                          .name = "slots",
                          .holds = full,
                          .critical = fills(look, room, "connections.critical"),
                          .message = message,
                          .detail = json_pack("{sI sI}", "used", (json_int_t) room->used,
                                              "most", (json_int_t) room->most),
                      });
}

/* Nothing triggered a diagnosis. True when that ends the event. */
static bool judge_calm(struct watch_look *look)
{
    return watch_alarm(look, &(struct watch_alarm){
                                 .name = "emergency",
                                 .critical = true,
                                 .message = "nothing points to an emergency any more",
                             }) == WATCH_CLOSES;
}

static bool judge_emergency(struct watch_look *look,
                            const struct connections_diagnosis *diagnosis)
{
    g_autofree char *message =
        g_strdup_printf("%s: %s", connections_kind_title(diagnosis->kind), diagnosis->reason);

    return watch_alarm(look, &(struct watch_alarm){
                                 .name = "emergency",
                                 .holds = diagnosis->kind != CONNECTIONS_HEALTHY,
                                 .critical = true,
                                 .message = message,
                                 .detail = json_pack("{ss}", "diagnosis",
                                                     connections_kind_name(diagnosis->kind)),
                             }) == WATCH_CLOSES;
}

/* ---- relief ------------------------------------------------------------------------------------ */

static guint ended_in(const json_t *document)
{
    const json_t *list = json_object_get(document, "ended");
    guint ended = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *step = json_string_value(json_object_get(json_array_get(list, i), "step"));
        ended += g_strcmp0(step, "terminated") == 0 || g_strcmp0(step, "cancelled") == 0;
    }
    return ended;
}

static char *outcome_words(const struct emergency *emergency,
                           const struct watch_outcome *outcome, guint ended)
{
    const json_t *goal = json_object_get(outcome->document, "goal");
    const char *reason = json_string_value(json_object_get(outcome->document, "reason"));
    g_autofree char *sessions = units_format_counted(ended, "session");
    g_autoptr(GString) words = g_string_new(sessions);
    /* Of a queue it is the next look that tells. */
    bool open = emergency->vigil.kind == CONNECTIONS_LOCK_CONVOY && ended > 0;

    g_string_append(words, " ended");
    if (emergency->vigil.sent > 0)
        g_string_append_printf(words, ", %u told to and still there", emergency->vigil.sent);
    g_string_append_printf(words, " (%s)", reason != NULL ? reason : "no diagnosis");
    if (!json_is_true(json_object_get(goal, "reached")) && !open)
        g_string_append(words, emergency->vigil.late ? "; the next look goes on"
                                                     : "; the goal is not reached");
    if (*outcome->messages != '\0')
        g_string_append_printf(words, "; %s", outcome->messages);
    return g_string_free(g_steal_pointer(&words), FALSE);
}

/* What ends nobody is said once in a while: its numbers may change, its cause is the same. Somebody
 * else's relief under way is no trouble. */
static void note_outcome(struct watch_look *look, struct emergency *emergency,
                         const struct watch_outcome *outcome, guint ended, const GError *error)
{
    struct connections_vigil *vigil = &emergency->vigil;
    bool busy = error != NULL && strstr(error->message, PLAN_LOCK_HELD) != NULL;
    bool nobody = ended == 0 && vigil->sent == 0;

    if (nobody && outcome->document == NULL && error == NULL)
        return;
    if (nobody && !connections_vigil_says(vigil, outcome->messages, look->now_us))
        return;
    g_autofree char *words = outcome_words(emergency, outcome, ended);
    watch_note(look, "relief", outcome->run, !busy && (nobody || error != NULL), words);
}

static void relieve(struct watch_look *look, struct emergency *emergency)
{
    struct connections_vigil *vigil = &emergency->vigil;
    g_autoptr(GError) error = NULL;

    watch_act_begin(look, "relieve", RELIEF_SECONDS);
    if (look->triggers & WATCH_UNREADY)
        watch_act_option(look, "service-unready", NULL);
    connections_relieve_look(look->call, emergency->pace, vigil, &error);
    struct watch_outcome outcome = watch_act_end(look, error);
    guint ended = ended_in(outcome.document);
    connections_vigil_relieved(vigil, g_get_monotonic_time(), ended + vigil->sent);
    note_outcome(look, emergency, &outcome, ended, error);
    watch_outcome_clear(&outcome);
}

/* The reason that most of those left alone have. */
static const char *commonest(const GArray *spared)
{
    const char *found = NULL;
    guint most = 0;

    for (guint i = 0; i < spared->len; i++) {
        const char *reason = g_array_index(spared, struct connections_spared, i).reason;
        guint count = 0;
        for (guint at = i; at < spared->len; at++)
            count += g_array_index(spared, struct connections_spared, at).reason == reason;
        if (count > most) {
            most = count;
            found = reason;
        }
    }
    return found;
}

/* Once in each emergency, however its diagnosis changes: nothing is done about it, and why. */
static void say_helpless(struct watch_look *look, struct emergency *emergency,
                         const struct connections_decision *decision)
{
    const char *why = commonest(decision->spared);

    if (!connections_vigil_helpless(&emergency->vigil))
        return;
    g_autofree char *message = g_strdup_printf(
        "%s: nobody is ended%s%s", connections_kind_title(emergency->vigil.kind),
        why != NULL ? "; of most sessions: " : "", why != NULL ? why : "");
    watch_note(look, "relief", -1, true, message);
}

static void consider_relief(struct watch_look *look, struct emergency *emergency,
                            const struct connections_diagnosis *diagnosis,
                            const struct connections_policy *policy)
{
    if (!settings_bool(look->call->settings, "connections.relieve") || !look->may_act ||
        !connections_vigil_may_relieve(&emergency->vigil, look->now_us))
        return;
    AUTO(connections_decision)
    decision = connections_decide(look->backends, diagnosis, policy);
    if (decision->chosen->len == 0) {
        say_helpless(look, emergency, decision);
        return;
    }
    const struct connections_means means =
        relief_means(look->call->settings, policy, emergency->pace);
    connections_vigil_cut(&emergency->vigil, decision, diagnosis, &means);
    if (decision->chosen->len > 0)
        relieve(look, emergency);
}

void connections_emergency(struct watch_look *look)
{
    struct emergency *emergency = remembered(look);
    struct connections_vigil *vigil = &emergency->vigil;
    struct backends_room room = backends_fullest(look->backends);
    bool full = fills(look, &room, "connections.warning");
    double until = settings_fraction(look->call->settings, "connections.until");
    bool above = room.used > connections_goal(&room, until);

    judge_slots(look, &room, full);
    if (!connections_vigil_triggered(vigil, full, above, look->triggers, look->now_us)) {
        connections_vigil_diagnosed(vigil, NULL, look->now_us);
        if (judge_calm(look))
            connections_vigil_over(vigil);
        return;
    }
    struct connections_policy policy =
        connections_policy(look->call->settings, look->triggers & WATCH_UNREADY, false);
    connections_policy_apps(&policy, emergency->apps);
    relief_policy_of_vigil(&policy, vigil);
    AUTO(connections_diagnosis) diagnosis = connections_diagnose(look->backends, &policy);
    connections_vigil_diagnosed(vigil, diagnosis, look->now_us);
    if (judge_emergency(look, diagnosis))
        connections_vigil_over(vigil);
    consider_relief(look, emergency, diagnosis, &policy);
}
