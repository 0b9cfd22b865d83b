/* A restore that did not come to its end leaves nothing behind. */
#include "backup_queries.h"
#include "restore_dump.h"

#include <string.h>

static bool was_begun(const struct restore_dump *restore)
{
    for (guint i = 0; i < restore->first_of_swap; i++) {
        const struct step *step = restore->plan->steps->pdata[i];
        if (g_str_has_prefix(step->sql, "CREATE DATABASE ") && step->outcome != STEP_PLANNED &&
            step->started_us != 0)
            return true;
    }
    return false;
}

static struct rows *look(struct restore_dump *restore)
{
    const char *place[] = {restore->restoring, "false"};

    return session_query(restore->session, &query_backup_restore_dump_place, place, NULL);
}

/* CREATE DATABASE may have failed, or have been done all the same. */
static bool may_be_there(struct restore_dump *restore)
{
    AUTO(rows) now = look(restore);

    return now == NULL || rows_bool(now, 0, BACKUP_RESTORE_DUMP_PLACE_FOUND);
}

/* One step, in the database of that server; without lanes on the session that is there. Caller frees. */
static struct plan *carry_out(struct restore_dump *restore, struct session_params *server,
                              unsigned lanes, char *sql, gint64 id, int number)
{
    const struct window window = window_open(60000);
    struct plan *plan = plan_new();
    struct step *step = plan_add(plan);

    plan_set(plan, "default_transaction_read_only", "off");
    step->object = g_strdup(restore->restoring);
    step->sql = sql;
    step->reason = g_strdup("the restore did not come to its end");
    gate_record_steps(restore->call, id, plan, number);
    struct plan_run run = gate_plan_run(restore->call, restore->session, &window, id);
    run.server = server;
    run.first_step = number;
    run.limits.lanes = lanes;
    run.limits.cleanup = true;
    plan_run(plan, &run, NULL);
    return plan;
}

/* No database is dropped that has some. They came with the dump, disabled: the slots that they name
 * are others'. */
static bool drop_subscriptions(struct restore_dump *restore, gint64 id, int number)
{
    struct session_params server = restore->server;
    AUTO(rows) now = look(restore);
    const char *away =
        now != NULL ? rows_text(now, 0, BACKUP_RESTORE_DUMP_PLACE_DISABLED_AWAY) : NULL;

    if (away == NULL)
        return false;
    g_autofree char *body = g_strdup_printf("BEGIN\n%s;\nEND", away);
    server.database = restore->restoring;
    server.encoding = NULL;
    plan_free(carry_out(restore, &server, 1, restore_dump_block(body), id, number));
    return true;
}

void restore_dump_undo(struct restore_dump *restore, gint64 id, int number)
{
    if (!was_begun(restore))
        return;
    session_wind_down(restore->session);
    if (!session_alive(restore->session) && !session_reopen(restore->session, NULL))
        return;
    if (drop_subscriptions(restore, id, number))
        number++;
    g_autofree char *quoted = session_quote(restore->session, NULL, restore->restoring);
    AUTO(plan)
    plan = carry_out(restore, &restore->server, 0,
                     g_strdup_printf("DROP DATABASE IF EXISTS %s WITH (FORCE)", quoted), id,
                     number);
    const struct step *step = plan->steps->pdata[0];
    if (step->outcome != STEP_DONE && may_be_there(restore))
        output_warn(
            restore->call->output,
            "\"%s\" is left, an unfinished restore: %s\nhint: DROP DATABASE %s; the next "
            "restore-dump does it as well",
            restore->restoring, step->detail != NULL ? step->detail : "it was not reached",
            quoted);
}
