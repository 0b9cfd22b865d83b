/* A lane's connection: one of its own, or the control session's, which it borrows. */
#include "error.h"
#include "plan/plan_private.h"

static void ignore_notice(void *data, const PGresult *notice)
{
    (void) data;
    (void) notice;
}

/* The control session goes on without us: as every session is prepared, and deaf to notices. */
static void give_back(struct lane *lane)
{
    struct session *control = g_steal_pointer(&lane->session);

    if (control == NULL || !session_alive(control))
        return;
    PQsetNoticeReceiver(session_handle(control), ignore_notice, NULL);
    session_command(control, "SET statement_timeout = '30s'; SET lock_timeout = '2s'", NULL);
}

bool lane_uses_control(const struct lane *lane)
{
    return lane->borrowed && lane->session != NULL && lane->step != NULL;
}

void lane_close(struct lane *lane)
{
    if (lane->borrowed)
        give_back(lane);
    g_clear_pointer(&lane->session, session_close);
    g_clear_pointer(&lane->program, program_free);
    g_clear_pointer(&lane->message, g_free);
    g_clear_pointer(&lane->stop_why, g_free);
}

static void on_notice(void *data, const PGresult *notice)
{
    struct lane *lane = data;
    const struct plan_hooks *hooks = &lane->runner->run->hooks;

    if (lane->step != NULL && hooks->notice != NULL)
        hooks->notice(lane->step, notice, hooks->data);
}

static void on_echo(const char *sql, gpointer data)
{
    output_echo(data, sql);
}

static bool apply_settings(struct lane *lane, GError **error)
{
    const GArray *settings = lane->runner->plan->settings;

    for (guint i = 0; i < settings->len; i++) {
        const struct plan_setting *setting = &g_array_index(settings, struct plan_setting, i);
        g_autofree char *value = session_literal(lane->session, setting->value);
        g_autofree char *sql = g_strdup_printf("SET %s = %s", setting->name, value);
        if (!session_command(lane->session, sql, error))
            return false;
    }
    return true;
}

/* While it is lost, control_tend() is about to bring it back. */
static bool borrow(struct lane *lane, GError **error)
{
    struct session *control = lane->runner->run->control;

    if (!session_alive(control)) {
        runbook_error_set(error, RUNBOOK_CONNECT, NULL, "the connection is lost");
        return false;
    }
    lane->session = control;
    PQsetNoticeReceiver(session_handle(control), on_notice, lane);
    if (apply_settings(lane, error))
        return true;
    lane_close(lane);
    return false;
}

bool lane_open(struct lane *lane, GError **error)
{
    struct plan_run *run = lane->runner->run;

    if (lane->borrowed)
        return borrow(lane, error);
    lane->session = run->limits.cleanup
                        ? session_open_wound_down(run->server, run->section, error)
                        : session_open(run->server, run->section, error);
    if (lane->session == NULL)
        return false;
    if (run->echo)
        session_set_echo(lane->session, on_echo, run->output);
    PQsetNoticeReceiver(session_handle(lane->session), on_notice, lane);
    if (apply_settings(lane, error))
        return true;
    lane_close(lane);
    return false;
}
