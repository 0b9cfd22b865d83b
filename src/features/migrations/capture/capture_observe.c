/* The program at work on the copy, and the proof on the same copy afterwards. */
#include "capture/capture.h"
#include "capture/capture_program.h"
#include "error.h"
#include "rehearse/trace_send.h"

#include <string.h>

/* All statements with the process id of their session; a session cannot turn it off. */
static const char *const logging[] = {
    "log_statement=all",
    "log_line_prefix=%p ",
    "log_min_error_statement=error",
    "log_min_messages=warning",
    "log_error_verbosity=default",
    "log_parameter_max_length=0",
    NULL,
};

static const char *table_of(const struct capture *capture)
{
    return settings_string(capture->call->settings, "migrations.table");
}

/* The roles of a shadow may not log in. */
static bool admit(struct session *observer, const char *role, GError **error)
{
    g_autofree char *name = session_quote(observer, NULL, role);
    g_autofree char *sql = g_strdup_printf("ALTER ROLE %s LOGIN", name);

    return session_command(observer, sql, error);
}

static bool run_program(struct capture *capture, GError **error)
{
    const struct shadow *shadow = capture->shadow;
    struct program_place place = {
        .socket = server_socket(shadow->server),
        .port = server_port(shadow->server),
        .role = session_user(capture->target),
        .database = shadow->database,
        .variables = option_values(capture->call->options, "variable"),
    };

    return capture_run(capture->call->arguments, &place, error);
}

bool capture_observe(struct capture *capture, GError **error)
{
    struct shadow_plan plan = {
        .kind = SHADOW_FRESH,
        .call = capture->call,
        .target = capture->target,
        .settings = logging,
        .bindir = settings_string(capture->call->settings, "backup.bindir"),
        .scratch = settings_string(capture->call->settings, "backup.scratch"),
    };

    capture->shadow = shadow_open(&plan, error);
    if (capture->shadow == NULL)
        return false;
    struct shadow *shadow = capture->shadow;
    capture->before = snapshot_read(shadow->observer, table_of(capture), error);
    if (capture->before == NULL)
        return false;
    if (!admit(shadow->observer, session_user(capture->target), error))
        return false;
    /* Between the two there is nothing of ours in the log. */
    g_autofree char *old = server_log(shadow->server);
    if (!run_program(capture, error))
        return false;
    g_autofree char *log = server_log(shadow->server);
    capture->log = capture_log_read(log + MIN(strlen(old), strlen(log)));
    capture->after = snapshot_read(shadow->observer, table_of(capture), error);
    return capture->after != NULL;
}

/* ---- the proof ------------------------------------------------------------------------------ */

/* False only when interrupted; what fails is among `wrong`. */
static bool run_statements(struct capture *capture, const GPtrArray *statements,
                           GPtrArray *wrong, GError **error)
{
    for (guint i = 0; i < statements->len && wrong->len == 0; i++) {
        struct trace_answer answer = {0};
        if (!trace_send(capture->shadow->session, statements->pdata[i], NULL, &answer, error))
            return false;
        if (answer.error != NULL)
            g_ptr_array_add(
                wrong,
                g_strdup_printf("%s: %s", (const char *) statements->pdata[i], answer.error));
        trace_answer_clear(&answer);
    }
    return true;
}

static bool compare(struct capture *capture, const struct snapshot *wanted, GPtrArray *wrong,
                    GError **error)
{
    AUTO(snapshot) found = snapshot_read(capture->shadow->observer, table_of(capture), error);

    if (found == NULL)
        return false;
    g_autoptr(GPtrArray) changes = snapshot_compare(wanted, found);
    for (guint i = 0; i < changes->len; i++) {
        const struct snapshot_change *change = changes->pdata[i];
        if (change->matters)
            g_ptr_array_add(wrong, snapshot_change_text(change));
    }
    return true;
}

bool capture_prove(struct capture *capture, GError **error)
{
    GPtrArray *down = capture->wrong_down = g_ptr_array_new_with_free_func(g_free);
    GPtrArray *up = capture->wrong_up = g_ptr_array_new_with_free_func(g_free);

    /* Names are looked for as in a session of the program's. */
    if (!trace_command(capture->shadow->session, "RESET ALL", "cannot prepare", error))
        return false;
    for (guint i = capture->parts->len; i-- > 0;) {
        const struct capture_part *part = capture->parts->pdata[i];
        if (!run_statements(capture, part->down, down, error))
            return false;
    }
    if (!compare(capture, capture->before, down, error))
        return false;
    /* From halfway back, up says nothing. */
    for (guint i = 0; i < capture->parts->len && down->len == 0; i++) {
        const struct capture_part *part = capture->parts->pdata[i];
        if (!run_statements(capture, part->up, up, error))
            return false;
    }
    return down->len > 0 || compare(capture, capture->after, up, error);
}
