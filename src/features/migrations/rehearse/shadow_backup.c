/*
 * The newest backup, restored by this program itself in a child process, in a server of its own:
 * production's rows and sizes. Nothing of the target's server is touched.
 */
#include "error.h"
#include "interrupt.h"
#include "programs/programs.h"
#include "programs/programs_pipe.h"
#include "rehearse/shadow.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

static void add_option(GPtrArray *words, const char *name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    g_ptr_array_add(words, g_strdup(name));
    g_ptr_array_add(words, g_strdup(value));
}

static char **command_line(const struct shadow *shadow, const struct shadow_plan *plan)
{
    GPtrArray *words = g_ptr_array_new();
    g_autofree char *tablespaces =
        g_build_filename(shadow->scratch->place, "tablespaces", NULL);
    const struct settings *settings = plan->call->settings;

    g_ptr_array_add(words, programs_self());
    g_ptr_array_add(words, g_strdup("backup"));
    g_ptr_array_add(words, g_strdup("restore"));
    add_option(words, "--config", option_value(plan->call->options, "config"));
    add_option(words, "--target", plan->call->target);
    add_option(words, "--repo", settings_string(settings, "backup.repo"));
    add_option(words, "--system", session_system_identifier(plan->target));
    add_option(words, "--bindir", plan->bindir);
    add_option(words, "--tablespaces-below", tablespaces);
    add_option(words, "--to", shadow->scratch->data);
    g_ptr_array_add(words, g_strdup("--yes"));
    g_ptr_array_add(words, NULL);
    return (char **) g_ptr_array_free(words, FALSE);
}

/* Its first error, and the hint below it. */
static void take_line(const char *line, gpointer data)
{
    static const char prefix[] = "pgrunbook: error: ";
    GString *reason = data;

    if (reason->len == 0 && g_str_has_prefix(line, prefix))
        g_string_append(reason, line + strlen(prefix));
    else if (reason->len > 0 && strstr(line, "hint: ") != NULL)
        g_string_append_printf(reason, "\n%s", strstr(line, "hint: "));
}

static bool pass_over(struct programs_pipe *pipe, GError **error)
{
    char chunk[4096];
    ssize_t got = 1;

    while (got > 0) {
        struct pollfd watched[] = {{.fd = programs_pipe_output(pipe), .events = POLLIN},
                                   {.fd = programs_pipe_errors(pipe), .events = POLLIN},
                                   {.fd = interrupt_fd(), .events = POLLIN}};
        poll(watched, G_N_ELEMENTS(watched), 1000);
        programs_pipe_listen(pipe);
        if (interrupt_pending()) {
            runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
            while (!programs_pipe_ended(pipe)) {
                programs_pipe_stop(pipe);
                g_usleep(20000);
            }
            return false;
        }
        if (watched[0].revents != 0)
            got = read(programs_pipe_output(pipe), chunk, sizeof chunk);
    }
    return true;
}

static bool restore(struct shadow *shadow, const struct shadow_plan *plan, GError **error)
{
    g_auto(GStrv) words = command_line(shadow, plan);
    g_autoptr(GString) reason = g_string_new(NULL);
    const struct programs_pipe_plan pipe_plan = {
        .arguments = words, .line = take_line, .data = reason};
    g_autoptr(GError) failed = NULL;

    AUTO(programs_pipe) pipe = programs_pipe_start(&pipe_plan, error);
    if (pipe == NULL || !pass_over(pipe, error))
        return false;
    if (programs_pipe_finish(pipe, "restoring the backup failed", &failed))
        return true;
    if (reason->len > 0)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "restoring the backup failed: %s",
                          reason->str);
    else
        g_propagate_error(error, g_steal_pointer(&failed));
    return false;
}

bool shadow_open_backup(struct shadow *shadow, const struct shadow_plan *plan, GError **error)
{
    shadow->scratch = server_scratch_new(plan->scratch, error);
    if (shadow->scratch == NULL || !restore(shadow, plan, error) ||
        !shadow_start(shadow, plan, error))
        return false;
    shadow->database = g_strdup(session_database(plan->target));
    shadow->role = g_strdup(session_user(plan->target));
    return shadow_enter(shadow, error);
}
