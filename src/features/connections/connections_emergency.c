/*
 * What the section does at each look of the watch: how full it is, what kind of emergency it is,
 * and where the settings want it, the same relief as `connections relieve --yes`.
 */
#include "connections_pool.h"
#include "connections_relieve.h"
#include "connections_vigil.h"
#include "units/units.h"
#include "watch/watch_look.h"

/* Rounds of relief, and a queue that works itself off, take their time. */
enum { RELIEF_SECONDS = 120 };

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
    g_free(emergency);
}

static struct emergency *remembered(struct watch_look *look)
{
    const struct call *call = look->call;

    if (look->memory->data == NULL) {
        struct emergency *emergency = g_new0(struct emergency, 1);
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

/* Nothing triggered a diagnosis. */
static void judge_calm(struct watch_look *look)
{
    watch_alarm(look, &(struct watch_alarm){
                          .name = "emergency",
                          .critical = true,
                          .message = "nothing points to an emergency any more",
                      });
}

static void judge_emergency(struct watch_look *look,
                            const struct connections_diagnosis *diagnosis)
{
    g_autofree char *message =
        g_strdup_printf("%s: %s", connections_kind_title(diagnosis->kind), diagnosis->reason);

    watch_alarm(look, &(struct watch_alarm){
                          .name = "emergency",
                          .holds = diagnosis->kind != CONNECTIONS_HEALTHY,
                          .critical = true,
                          .message = message,
                          .detail = json_pack("{ss}", "diagnosis",
                                              connections_kind_name(diagnosis->kind)),
                      });
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

static void note_outcome(struct watch_look *look, const struct watch_outcome *outcome,
                         guint ended)
{
    const json_t *goal = json_object_get(outcome->document, "goal");
    const char *reason = json_string_value(json_object_get(outcome->document, "reason"));
    g_autofree char *sessions = units_format_counted(ended, "session");
    g_autofree char *message = g_strdup_printf(
        "%s ended (%s)%s%s%s", sessions, reason != NULL ? reason : "no diagnosis",
        json_is_true(json_object_get(goal, "reached")) ? "" : "; the goal is not reached",
        *outcome->messages != '\0' ? "; " : "", outcome->messages);

    watch_note(look, "relief", outcome->run, ended == 0, message);
}

static void relieve(struct watch_look *look, struct emergency *emergency)
{
    g_autoptr(GError) error = NULL;

    watch_act_begin(look, "relieve", RELIEF_SECONDS);
    if (look->triggers & WATCH_UNREADY)
        watch_act_option(look, "service-unready", NULL);
    connections_relieve_paced(look->call, emergency->pace, &error);
    struct watch_outcome outcome = watch_act_end(look, error);
    guint ended = ended_in(outcome.document);
    connections_vigil_relieved(&emergency->vigil, g_get_monotonic_time(), ended);
    note_outcome(look, &outcome, ended);
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

/* Once in each emergency: nothing is done about it, and why. */
static void say_helpless(struct watch_look *look, struct emergency *emergency,
                         const struct connections_decision *decision)
{
    const char *why = commonest(decision->spared);

    if (emergency->vigil.said)
        return;
    emergency->vigil.said = true;
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
    if (decision->chosen->len == 0)
        say_helpless(look, emergency, decision);
    else if (plan_pace_due_us(emergency->pace, look->now_us) <= look->now_us)
        relieve(look, emergency);
}

void connections_emergency(struct watch_look *look)
{
    struct emergency *emergency = remembered(look);
    struct backends_room room = backends_fullest(look->backends);
    bool full = fills(look, &room, "connections.warning");

    judge_slots(look, &room, full);
    if (!connections_vigil_triggered(&emergency->vigil, full, look->triggers)) {
        connections_vigil_diagnosed(&emergency->vigil, CONNECTIONS_HEALTHY);
        judge_calm(look);
        return;
    }
    struct connections_policy policy =
        connections_policy(look->call->settings, look->triggers & WATCH_UNREADY, false);
    connections_policy_apps(&policy, emergency->apps);
    AUTO(connections_diagnosis) diagnosis = connections_diagnose(look->backends, &policy);
    connections_vigil_diagnosed(&emergency->vigil, diagnosis->kind);
    judge_emergency(look, diagnosis);
    consider_relief(look, emergency, diagnosis, &policy);
}
