/* The gates, asked for all items before the run, and for each at its turn. */
#include "apply.h"

#include "rehearse/snapshot.h"
#include "units/units.h"

#include <string.h>

static void gate_clear(gpointer data)
{
    struct apply_gate *gate = data;

    g_free(gate->evidence);
    g_free(gate);
}

void apply_gate_add(struct apply *apply, struct apply_gate gate)
{
    struct apply_gate *kept = g_new(struct apply_gate, 1);

    if (apply->gates == NULL)
        apply->gates = g_ptr_array_new_with_free_func(gate_clear);
    *kept = gate;
    if (kept->answer == APPLY_SHUT && kept->forcible && apply->force != NULL)
        kept->answer = APPLY_FORCED;
    g_ptr_array_add(apply->gates, kept);
}

bool apply_gates_open(const struct apply *apply)
{
    for (guint i = 0; apply->gates != NULL && i < apply->gates->len; i++)
        if (((const struct apply_gate *) g_ptr_array_index(apply->gates, i))->answer ==
            APPLY_SHUT)
            return false;
    return true;
}

static struct apply_gate judge_rehearsal(const struct apply *apply,
                                         const struct apply_item *item, const char *schema_hash)
{
    g_autofree char *what = apply_item_name(item);

    return apply_judge_rehearsal(&item->rehearsal, what, schema_hash, item->down,
                                 apply->limits.max_hold_ms, g_get_real_time());
}

/* The schema of the second is there when the first has been applied: it is asked for then. */
static bool ask_rehearsals(struct apply *apply, GError **error)
{
    g_autofree char *hash = apply->down || apply->items->len == 0
                                ? NULL
                                : snapshot_hash(apply->control, apply->table->name, error);

    if (hash == NULL && !apply->down && apply->items->len > 0)
        return false;
    for (guint i = 0; i < apply->items->len; i++) {
        struct apply_item *item = g_ptr_array_index(apply->items, i);
        apply_observe_rehearsal(apply, item);
        apply_gate_add(apply, judge_rehearsal(apply, item, i == 0 ? hash : NULL));
    }
    return true;
}

static void ask_backup(struct apply *apply)
{
    struct apply_backup found = apply_observe_backup(apply, 0);

    apply_gate_add(
        apply,
        apply_judge_backup(&found, settings_int(apply->call->settings, "migrations.backup_age"),
                           g_get_real_time()));
    apply_backup_clear(&found);
}

/* That nothing was seen is no evidence where not everything can be. */
static char *as_far_as_seen(const struct apply *apply, const char *words)
{
    return apply->unseen == NULL
               ? g_strdup(words)
               : g_strdup_printf("%s, but %s: the role lacks pg_monitor", words, apply->unseen);
}

static bool ask_obstacles(struct apply *apply, GError **error)
{
    g_autoptr(GPtrArray) transactions = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) vacuums = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *age = units_format_duration(
        (double) settings_int(apply->call->settings, "migrations.old_transaction") / 1000);

    /* The others' turn comes later, and they are asked for then. */
    if (!apply_observe_obstacles(apply, g_ptr_array_index(apply->items, 0), transactions,
                                 vacuums, error))
        return false;
    g_autofree char *young = g_strdup_printf("none is older than %s", age);
    g_autofree char *none = as_far_as_seen(apply, young);
    g_autofree char *idle = as_far_as_seen(apply, "none is at work on the tables");
    apply_gate_add(apply, apply_judge_obstacles("long transactions", transactions, none));
    apply_gate_add(apply, apply_judge_obstacles("wraparound vacuum", vacuums, idle));
    return true;
}

bool apply_ask_gates(struct apply *apply, GError **error)
{
    g_clear_pointer(&apply->gates, g_ptr_array_unref);
    if (apply->items->len == 0)
        return true;
    if (!ask_rehearsals(apply, error) || !ask_obstacles(apply, error))
        return false;
    ask_backup(apply);
    return true;
}

bool apply_obstructed(struct apply *apply, const struct apply_item *item, char **ret_why)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;

    if (!apply_observe_obstacles(apply, item, found, found, &error)) {
        *ret_why = g_strdup(error->message);
        return true;
    }
    if (found->len == 0)
        return false;
    struct apply_gate gate = apply_judge_obstacles("", found, "");
    *ret_why = gate.evidence;
    return true;
}

bool apply_ask_again(struct apply *apply, struct apply_item *item, char **ret_why)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *hash = NULL;

    if (apply_obstructed(apply, item, ret_why))
        return false;
    if (apply->force != NULL || apply->down)
        return true;
    hash = snapshot_hash(apply->control, apply->table->name, &error);
    if (hash == NULL) {
        *ret_why = g_strdup(error->message);
        return false;
    }
    struct apply_gate gate = judge_rehearsal(apply, item, hash);
    if (gate.answer == APPLY_SHUT)
        *ret_why = g_steal_pointer(&gate.evidence);
    g_free(gate.evidence);
    return gate.answer == APPLY_OPEN;
}

void apply_refuse(const struct apply *apply, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bool forcible = true, rehearsal = false;

    for (guint i = 0; i < apply->gates->len; i++) {
        const struct apply_gate *gate = g_ptr_array_index(apply->gates, i);
        if (gate->answer != APPLY_SHUT)
            continue;
        forcible = forcible && gate->forcible;
        rehearsal = rehearsal || strcmp(gate->name, "rehearsed") == 0;
        g_string_append_printf(text, "\ndetail: %s: %s", gate->name, gate->evidence);
    }
    runbook_error_set(error, RUNBOOK_REFUSED,
                      !forcible   ? "wait for them, or end them: pgrunbook queries report"
                      : rehearsal ? "pgrunbook migrations rehearse comes first; --force REASON "
                                    "goes without, and keeps the reason"
                                  : "pgrunbook backup create comes first, into the repository "
                                    "that the setting backup.repo names; --force REASON goes "
                                    "without, and keeps the reason",
                      "the gate is shut%s", text->str);
}
