/* ANALYZE of exactly what has lost its statistics, or has none yet, in a transaction of its own. */
#include "apply.h"

#include "migrations_queries.h"

#include <string.h>

enum {
    LOCK_MS = 5000,
    ATTEMPTS = 4,
    LOOKS = 40, /* until the server has counted: its collector is late on 14 */
    LOOK_MS = 100,
};

/* An array of text as a parameter. */
static char *array_of(const GPtrArray *texts)
{
    g_autoptr(GString) array = g_string_new("{");

    for (guint i = 0; i < texts->len; i++) {
        g_string_append(array, i > 0 ? ",\"" : "\"");
        for (const char *at = g_ptr_array_index(texts, i); *at != '\0'; at++) {
            if (*at == '"' || *at == '\\')
                g_string_append_c(array, '\\');
            g_string_append_c(array, *at);
        }
        g_string_append_c(array, '"');
    }
    g_string_append_c(array, '}');
    return g_strdup(array->str);
}

static struct rows *look(const struct apply *apply, const struct apply_target *target)
{
    g_autofree char *columns = array_of(target->columns);
    const char *const values[] = {target->schema, target->relation, columns};

    return session_query(apply->control, &query_migrations_apply_counted, values, NULL);
}

/* Whether there is something to analyze: a later statement may have dropped it again. */
static bool still_there(const struct apply *apply, struct apply_target *target)
{
    AUTO(rows) rows = look(apply, target);

    if (rows == NULL || rows_count(rows) == 0) {
        target->detail =
            g_strdup(rows == NULL ? "it could not be looked at" : "it is not there any more");
        target->analyzed = rows != NULL;
        return false;
    }
    target->oid = (guint32) rows_int(rows, 0, MIGRATIONS_APPLY_COUNTED_OID);
    target->counted = rows_int(rows, 0, MIGRATIONS_APPLY_COUNTED_COUNTED);
    const char *left = rows_text(rows, 0, MIGRATIONS_APPLY_COUNTED_COLUMNS);
    if (target->columns->len == 0 || g_strcmp0(left, "{}") != 0)
        return true;
    target->detail = g_strdup("its columns are not there any more");
    target->analyzed = true;
    return false;
}

static void verify(const struct apply *apply, struct apply_target *target)
{
    for (int i = 0; i < LOOKS && !target->analyzed; i++) {
        AUTO(rows) rows = look(apply, target);
        if (rows == NULL || rows_count(rows) == 0)
            break;
        target->analyzed =
            rows_int(rows, 0, MIGRATIONS_APPLY_COUNTED_COUNTED) > target->counted;
        if (!target->analyzed)
            g_usleep(LOOK_MS * 1000);
    }
    if (!target->analyzed)
        target->detail = g_strdup("the server has not counted it");
}

static void run_step(struct apply *apply, struct apply_target *target, struct plan_run *whole)
{
    g_autoptr(GPtrArray) steps = g_ptr_array_new();
    struct plan part = {.steps = steps, .settings = apply->plan->settings};
    struct plan_run run = *whole;
    guint index = 0;

    g_ptr_array_find(apply->plan->steps, target->step, &index);
    g_ptr_array_add(steps, target->step);
    run.first_step = (int) index + 1;
    run.hooks = (struct plan_hooks){.data = NULL};
    run.limits.lanes = 1;
    run.limits.lock_timeout_ms = LOCK_MS;
    run.limits.attempts = ATTEMPTS;
    plan_run(&part, &run, NULL);
    if (target->step->outcome == STEP_DONE)
        verify(apply, target);
    else
        target->detail = g_strdup(target->step->detail);
}

void apply_analyze(struct apply *apply, struct apply_item *item, struct plan_run *run)
{
    for (guint i = 0; i < item->targets->len; i++) {
        struct apply_target *target = g_ptr_array_index(item->targets, i);
        if (!apply_control_back(apply))
            target->detail = g_strdup("the connection was lost");
        else if (still_there(apply, target))
            run_step(apply, target, run);
        if (target->detail != NULL)
            apply_step_over(apply, target->step,
                            target->analyzed ? STEP_SKIPPED : STEP_NOT_REACHED, target->detail);
    }
}
