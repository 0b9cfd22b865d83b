/*
 * What a killed run has left to do: its migration is applied, and the ANALYZE behind it was not
 * reached. The history has the statement.
 */
#include "apply.h"

#include "migrations_evidence.h"

#include <string.h>

enum { LOCK_MS = 5000, ATTEMPTS = 4 };

static void left_free(gpointer data)
{
    struct apply_left *left = data;

    g_free(left->version);
    g_free(left->name);
    g_free(left->hash);
    g_free(left->forced);
    g_ptr_array_unref(left->statements);
    g_ptr_array_unref(left->steps);
    g_free(left);
}

static struct apply_left *left_of(const struct store_migration *migration)
{
    struct apply_left *left = g_new0(struct apply_left, 1);

    left->run = migration->run;
    left->version = g_strdup(migration->version);
    left->name = g_strdup(migration->name);
    left->hash = g_strdup(migration->hash);
    left->forced = g_strdup(migration->forced);
    left->down = strcmp(migration->direction, "down") == 0;
    left->longest_hold_ms = migration->longest_hold_ms;
    left->statements = g_ptr_array_new_with_free_func(g_free);
    left->steps = g_ptr_array_new();
    return left;
}

/* Only what was last done with a version counts. */
static void see(const struct store_migration *migration, gpointer data)
{
    GPtrArray *all = data;

    for (guint i = all->len; i > 0; i--)
        if (strcmp(((const struct apply_left *) g_ptr_array_index(all, i - 1))->version,
                   migration->version) == 0)
            g_ptr_array_remove_index(all, i - 1);
    if (strcmp(migration->outcome, "done") == 0 && !migration->analyzed)
        g_ptr_array_add(all, left_of(migration));
}

static void see_step(const struct store_step_view *step, gpointer data)
{
    struct apply_left *left = data;
    gsize length = strlen(left->version);

    if (g_str_has_prefix(step->sql, "ANALYZE ") &&
        strncmp(step->object, left->version, length) == 0 &&
        (step->object[length] == ' ' || step->object[length] == '\0') &&
        strcmp(step->outcome, "done") != 0)
        g_ptr_array_add(left->statements, g_strdup(step->sql));
}

void apply_find_left(struct apply *apply)
{
    g_clear_pointer(&apply->left, g_ptr_array_unref);
    apply->left = g_ptr_array_new_with_free_func(left_free);
    if (apply->system == NULL)
        return;
    store_migrations_each(apply->call->store, apply->system, apply->dbname, apply->ledger, see,
                          apply->left);
    for (guint i = apply->left->len; i > 0; i--) {
        struct apply_left *left = g_ptr_array_index(apply->left, i - 1);
        store_each_step(apply->call->store, left->run, see_step, left, NULL);
        if (left->statements->len == 0)
            g_ptr_array_remove_index(apply->left, i - 1);
    }
}

void apply_plan_left(struct apply *apply)
{
    for (guint i = 0; i < apply->left->len; i++) {
        struct apply_left *left = g_ptr_array_index(apply->left, i);
        for (guint j = 0; j < left->statements->len; j++) {
            struct step *step = plan_add(apply->plan);
            step->object = g_strdup_printf("%s %s", left->version, left->name);
            step->sql = g_strdup(g_ptr_array_index(left->statements, j));
            step->reason =
                g_strdup_printf("run %" G_GINT64_FORMAT " has not come to it", left->run);
            step->lock_mode = "ShareUpdateExclusiveLock";
            g_ptr_array_add(left->steps, step);
        }
    }
}

static void keep(const struct apply *apply, const struct apply_left *left)
{
    const struct store_migration migration = {
        .run = left->run,
        .at_us = g_get_real_time(),
        .system = apply->system,
        .dbname = apply->dbname,
        .ledger = apply->ledger,
        .version = left->version,
        .name = left->name,
        .hash = left->hash,
        .direction = left->down ? "down" : "up",
        .outcome = "done",
        .longest_hold_ms = left->longest_hold_ms,
        .analyzed = true,
        .forced = left->forced,
    };

    store_migration_put(apply->call->store, &migration);
}

void apply_run_left(struct apply *apply, const struct plan_run *whole)
{
    for (guint i = 0; i < apply->left->len; i++) {
        struct apply_left *left = g_ptr_array_index(apply->left, i);
        struct plan part = {.steps = left->steps, .settings = apply->plan->settings};
        struct plan_run run = *whole;
        guint index = 0;
        bool all = true;
        g_ptr_array_find(apply->plan->steps, g_ptr_array_index(left->steps, 0), &index);
        run.first_step = (int) index + 1;
        run.limits.lock_timeout_ms = LOCK_MS;
        run.limits.attempts = ATTEMPTS;
        plan_run(&part, &run, NULL);
        for (guint j = 0; j < left->steps->len; j++) {
            const struct step *step = g_ptr_array_index(left->steps, j);
            all = all && step->outcome == STEP_DONE;
            output_note(apply->call->output, "%s: %s%s%s", step->sql,
                        step_outcome_name(step->outcome), step->detail != NULL ? ", " : "",
                        step->detail != NULL ? step->detail : "");
        }
        if (all)
            keep(apply, left);
    }
}
