/* Decisions as steps of a plan. */
#include "bloat_reclaim.h"
#include "out/paste.h"
#include "plan/plan_only.h"

#include <string.h>

/* Leftovers first, because they bar pg_repack; tables before indexes: most is to be won there. */
enum { PHASE_LEFTOVERS, PHASE_TABLES, PHASE_INDEXES };

/* ---- a program's line ------------------------------------------------------------------------ */

char **reclaim_pg_repack_arguments(const struct reclaim_server *server, const char *program,
                                   gint64 wait_ms, const char *quoted_table)
{
    GPtrArray *arguments = g_ptr_array_new();

    g_ptr_array_add(arguments, g_strdup(program));
    g_ptr_array_add(arguments, g_strdup("--no-kill-backend"));
    g_ptr_array_add(arguments, g_strdup("--no-password"));
    /* Packed, not sorted: a sort needs disk, and the order is not what was asked for. */
    g_ptr_array_add(arguments, g_strdup("--no-order"));
    if (!server->superuser)
        g_ptr_array_add(arguments, g_strdup("--no-superuser-check"));
    g_ptr_array_add(arguments, g_strdup_printf("--wait-timeout=%" G_GINT64_FORMAT,
                                               MAX((wait_ms + 999) / 1000, 1)));
    g_ptr_array_add(arguments, g_strdup_printf("--table=%s", quoted_table));
    g_ptr_array_add(arguments, NULL);
    return (char **) g_ptr_array_free(arguments, FALSE);
}

/* ---- statements ------------------------------------------------------------------------------- */

/* Which part of the table VACUUM is to look at: from 16 on the TOAST table can be had alone. */
static const char *truncate_options(const struct reclaim_case *state,
                                    const struct reclaim_target *target)
{
    bool toast_alone = MAX(target->facts->tail, 0) == 0;

    if (state->server.version < 160000)
        return "TRUNCATE";
    return toast_alone ? "TRUNCATE, SKIP_DATABASE_STATS, PROCESS_MAIN FALSE"
                       : "TRUNCATE, SKIP_DATABASE_STATS";
}

static char *statement(const struct reclaim_case *state, const struct reclaim_target *target,
                       const char *quoted)
{
    if (target->choice.means == RECLAIM_TRUNCATE)
        return g_strdup_printf("VACUUM (%s) %s", truncate_options(state, target), quoted);
    if (target->choice.means == RECLAIM_FULL)
        return g_strdup_printf("VACUUM (FULL) %s", quoted);
    return g_strdup_printf("REPACK (CONCURRENTLY) %s", quoted);
}

bool reclaim_step_fill(const struct reclaim_case *state, const struct reclaim_target *target,
                       struct session *session, struct step *step)
{
    g_autofree char *quoted =
        session_quote(session, target->facts->schema, target->facts->name);

    if (quoted == NULL)
        return false;
    g_free(step->sql);
    g_strfreev(step->program);
    step->program = NULL;
    if (target->choice.means != RECLAIM_PG_REPACK) {
        step->sql = statement(state, target, quoted);
        return true;
    }
    step->program = reclaim_pg_repack_arguments(&state->server, state->program,
                                                state->repack_wait_ms, quoted);
    step->sql = paste_shell_words(step->program);
    return true;
}

/* ---- steps ------------------------------------------------------------------------------------ */

static void add_table(struct reclaim_case *state, struct plan *plan,
                      struct reclaim_target *target)
{
    struct step *step = plan_add(plan);

    step->object = g_strconcat(target->facts->schema, ".", target->facts->name, NULL);
    step->reason = g_strdup(target->choice.reason);
    step->lock_mode = reclaim_means_lock(target->choice.means);
    step->lock_timeout_ms = state->lock_timeout_ms;
    step->phase = PHASE_TABLES;
    step->predicted_seconds = target->choice.predicted_seconds;
    step->may_be_cut = target->choice.means == RECLAIM_TRUNCATE;
    step->subject = target;
    target->step = step;
    target->number = (int) plan->steps->len;
    reclaim_step_fill(state, target, state->control, step);
}

static void add_index(struct reclaim_case *state, struct plan *plan,
                      struct reclaim_target *target)
{
    const struct relation_index *found =
        relations_find_index(state->bloat->relations, target->index->oid);
    const struct relation_table *table = relations_table_of(state->bloat->relations, found);
    struct rebuild_index *index = g_new0(struct rebuild_index, 1);

    index->kind = REBUILD_REINDEX;
    index->oid = found->oid;
    index->schema = g_strdup(table->schema);
    index->name = g_strdup(found->name);
    index->table = g_strdup(table->name);
    index->table_oid = table->oid;
    index->bytes_before = target->index->size_bytes;
    target->step =
        rebuild_add(state->rebuild, state->control, plan, index, target->choice.reason);
    if (target->step == NULL)
        return;
    target->step->phase = PHASE_INDEXES;
    target->number = (int) plan->steps->len;
}

/* One statement of the extension's own, which takes its locks in the right order. */
static void add_leftover(const struct reclaim_case *state, struct plan *plan,
                         struct reclaim_leftover *leftover)
{
    struct step *step = plan_add(plan);

    step->object = g_strconcat(leftover->schema, ".", leftover->name, NULL);
    step->sql = g_strdup(leftover->sql);
    step->reason = g_strdup("an interrupted pg_repack of ours left its trigger and its log");
    step->lock_mode = "AccessExclusiveLock";
    step->lock_timeout_ms = state->lock_timeout_ms;
    step->phase = PHASE_LEFTOVERS;
    step->subject = leftover;
}

static bool can_be_named(const struct reclaim_case *state, struct reclaim_target *target)
{
    g_autofree char *quoted =
        target->facts->there
            ? session_quote(state->control, target->facts->schema, target->facts->name)
            : NULL;

    if (quoted != NULL)
        return true;
    target->choice.means = RECLAIM_NOTHING;
    g_free(target->choice.reason);
    target->choice.reason = g_strdup("its name cannot be quoted in this encoding");
    return false;
}

bool reclaim_is_removal(const struct reclaim_case *state, const struct step *step)
{
    for (guint i = 0; i < state->targets->len; i++)
        if (((const struct reclaim_target *) g_ptr_array_index(state->targets, i))->step ==
            step)
            return false;
    return true;
}

/* By what means, too: one that takes harder means by now was not shown. */
static char *mark_of(const struct reclaim_target *target)
{
    guint oid = target->index != NULL ? target->index->oid : target->facts->oid;

    return g_strdup_printf("%u@%s", oid, reclaim_means_name(target->choice.means));
}

static void keep_shown(const struct reclaim_case *state)
{
    g_autoptr(GHashTable) only = plan_only_read(state->call->options);

    for (guint i = 0; only != NULL && i < state->targets->len; i++) {
        struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        g_autofree char *mark = mark_of(target);
        if (target->choice.means == RECLAIM_NOTHING || plan_only_has(only, mark))
            continue;
        reclaim_choice_clear(&target->choice);
        target->choice = (struct reclaim_choice){.means = RECLAIM_NOTHING,
                                                 .reason = g_strdup(PLAN_ONLY_UNSHOWN)};
    }
}

json_t *reclaim_marks(const struct reclaim_case *state)
{
    struct plan_marks *marks = plan_marks_new();

    for (guint i = 0; i < state->targets->len; i++) {
        const struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        g_autofree char *mark = mark_of(target);
        if (target->step != NULL)
            plan_marks_add(marks, mark);
    }
    return plan_marks_end(marks);
}

struct plan *reclaim_plan(struct reclaim_case *state)
{
    struct plan *plan = plan_new();

    keep_shown(state);

    for (guint i = 0; i < state->leftovers->len; i++) {
        struct reclaim_leftover *leftover = g_ptr_array_index(state->leftovers, i);
        if (leftover->ours)
            add_leftover(state, plan, leftover);
    }
    rebuild_add_leftovers(state->rebuild, state->control, plan);
    for (guint i = 0; i < state->targets->len; i++) {
        struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (target->index == NULL && target->choice.means != RECLAIM_NOTHING &&
            can_be_named(state, target))
            add_table(state, plan, target);
    }
    for (guint i = 0; i < state->targets->len; i++) {
        struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (target->index != NULL && target->choice.means == RECLAIM_REINDEX)
            add_index(state, plan, target);
    }
    return plan;
}
