/* `backup restore-dump`: a dump into a database of its own, and then, if that is wanted, in the
 * place of another. */
#include "backup_commands.h"
#include "backup_queries.h"
#include "interrupt.h"
#include "out/progress.h"
#include "restore_dump.h"

#include <string.h>

/* ---- what is wanted ---------------------------------------------------------------------- */

static bool contradict(const struct options *options, const char *left, const char *right,
                       GError **error)
{
    if (!option_given(options, left) || !option_given(options, right))
        return false;
    runbook_error_set(error, RUNBOOK_USAGE, NULL, "--%s and --%s contradict", left, right);
    return true;
}

static bool needs(const struct options *options, const char *left, const char *right,
                  GError **error)
{
    if (!option_given(options, left) || option_given(options, right))
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, NULL, "--%s goes with --%s only", left, right);
    return false;
}

static bool read_wish(struct restore_dump *restore, GError **error)
{
    const struct options *options = restore->call->options;
    const char *jobs = option_value(options, "jobs");
    guint64 number = 1;

    if (contradict(options, "clean", "replace", error) ||
        contradict(options, "clean", "jobs", error) ||
        !needs(options, "drop-old", "replace", error) ||
        !needs(options, "if-exists", "clean", error))
        return false;
    if (jobs != NULL && !g_ascii_string_to_unsigned(jobs, 10, 1, 64, &number, NULL)) {
        runbook_error_set(error, RUNBOOK_USAGE, "it is a number from 1 to 64",
                          "invalid value for --jobs: \"%s\"", jobs);
        return false;
    }
    restore->wish = (struct restore_dump_wish){
        .replace = option_given(options, "replace"),
        .drop_old = option_given(options, "drop-old"),
        .clean = option_given(options, "clean"),
        .no_owner = option_given(options, "no-owner"),
        .no_privileges = option_given(options, "no-privileges"),
        .no_tablespaces = option_given(options, "no-tablespaces"),
        .jobs = (int) number,
    };
    return true;
}

/* ---- the server -------------------------------------------------------------------------- */

static void echo(const char *sql, gpointer output)
{
    output_echo(output, sql);
}

static struct session *try_database(struct restore_dump *restore, const char *database,
                                    GError **error)
{
    const struct call *call = restore->call;

    restore->server = *call->server;
    restore->server.entered = g_strdup(call->server->entered);
    restore->server.database = database;
    struct session *session = session_open(&restore->server, call->feature->name, error);
    if (session == NULL)
        g_clear_pointer(&restore->server.entered, g_free);
    return session;
}

/* The names of databases are bytes in no encoding, and pg_restore connects by them: as "postgres" has
 * them they are written, too, without a conversion between. */
static bool as_stored(struct restore_dump *restore, GError **error)
{
    if (strcmp(session_encoding(restore->session), "UTF8") == 0)
        return true;
    restore->encoding = g_strdup(session_encoding(restore->session));
    restore->server.encoding = restore->encoding;
    return session_reopen(restore->session, error);
}

/* Nobody can rename or drop the database that he is connected to: of the two that every server has
 * the one that is not meant, or else what the person named. */
static bool connect_beside(struct restore_dump *restore, GError **error)
{
    static const char *const databases[] = {"postgres", "template1", NULL};
    /* It is not there, the role may not enter it, or nobody may. */
    static const char *const absent[] = {"3D000", "42501", "55000", NULL};

    for (guint i = 0; restore->session == NULL && i < G_N_ELEMENTS(databases); i++) {
        g_autoptr(GError) refused = NULL;
        if (g_strcmp0(databases[i], restore->into) == 0)
            continue;
        restore->session = try_database(restore, databases[i], &refused);
        bool next = databases[i] != NULL && g_strv_contains(absent, restore->server.refusal);
        if (restore->session == NULL && !next) {
            g_propagate_error(error, g_steal_pointer(&refused));
            return false;
        }
    }
    if (restore->session != NULL && restore->call->echo)
        session_set_echo(restore->session, echo, restore->call->output);
    return restore->session != NULL && as_stored(restore, error);
}

static bool name_it(struct restore_dump *restore, GError **error)
{
    const char *into = option_value(restore->call->options, "into");
    gint64 now = g_get_real_time();

    restore->into = g_strdup(into != NULL ? into : restore->archive->database);
    if (restore->into == NULL || restore->into[0] == '\0') {
        runbook_error_set(error, RUNBOOK_USAGE, "--into NEWDB says it",
                          "the dump does not say which database it is of");
        return false;
    }
    restore->restoring = restore->wish.clean
                             ? g_strdup(restore->into)
                             : restore_dump_name(restore->into, "restoring", now);
    if (restore->wish.replace)
        restore->before = restore_dump_name(restore->into, "before", now);
    return true;
}

/* ---- the run ----------------------------------------------------------------------------- */

static void on_tick(struct session *session, struct step *const *running, const int *pids,
                    guint count, gpointer data)
{
    const struct restore_dump *restore = data;

    (void) session;
    (void) running;
    (void) pids;
    if (count == 0 || restore->feeder == NULL || restore->wish.jobs > 1)
        return;
    struct progress_state state = {
        .bytes = restore_dump_feed_bytes(restore->feeder),
        .total_bytes = restore->bytes,
        .seconds_left = -1,
        .now = "pg_restore",
    };
    progress_show(restore->call->output, &state);
}

static void fail(const struct restore_dump *restore, guint number, const struct step *step,
                 GError **error)
{
    const char *why = step->detail != NULL ? step->detail : "a step was not reached";

    if (number < restore->first_of_drop)
        runbook_error_set(error, RUNBOOK_FAILED, restore_dump_hint(step->detail),
                          "the restore failed: %s", why);
    else
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "\"%s\" is restored and in its place, but the old one is left as "
                          "\"%s\": %s",
                          restore->into, restore->before, why);
}

/* The steps from one to another; they stay the whole plan's. */
static bool run_part(struct restore_dump *restore, gint64 id, guint from, guint to,
                     GError **error)
{
    const struct window window = window_open(0);
    g_autoptr(GPtrArray) steps = g_ptr_array_new();
    struct plan part = {.steps = steps, .settings = restore->plan->settings};
    struct plan_run run = gate_plan_run(restore->call, restore->session, &window, id);

    for (guint i = from; i < to; i++)
        g_ptr_array_add(steps, restore->plan->steps->pdata[i]);
    run.server = &restore->server;
    run.first_step = (int) from + 1;
    run.hooks.tick = on_tick;
    run.hooks.data = restore;
    if (steps->len > 0 && !plan_run(&part, &run, error))
        return false;
    for (guint i = 0; i < steps->len; i++) {
        const struct step *step = steps->pdata[i];
        if (step->outcome == STEP_DONE)
            continue;
        fail(restore, from + i, step, error);
        return false;
    }
    return true;
}

static bool feed(struct restore_dump *restore, GError **error)
{
    if (!restore->compressed)
        return true;
    restore->feeder = restore_dump_feed_new(restore, error);
    if (restore->feeder == NULL)
        return false;
    const char *path = restore_dump_feed_path(restore->feeder);
    bool piped = restore->wish.jobs == 1;
    g_strfreev(restore->step->program);
    restore->step->program = restore_dump_arguments(restore, piped ? NULL : path);
    restore->step->program_input = piped ? g_strdup(path) : NULL;
    return true;
}

static bool carry_out(struct restore_dump *restore, gint64 id, GError **error)
{
    guint steps = restore->plan->steps->len;
    guint middle = restore->first_of_swap;

    if (!plan_lock(restore->session, restore->call->feature->name, error) ||
        !feed(restore, error))
        return false;
    bool done = run_part(restore, id, 0, middle, error);
    progress_clear(restore->call->output);
    g_clear_pointer(&restore->feeder, restore_dump_feed_free);
    if (done && !restore->wish.clean)
        done = restore_dump_verify(restore, id, (int) steps + 1, error) &&
               run_part(restore, id, middle, steps, error);
    restore->swapped = done && restore->before != NULL;
    return done;
}

static enum runbook_exit act(struct restore_dump *restore, GError **error)
{
    struct call *call = restore->call;
    const struct window window = window_open(0);
    g_autoptr(GError) broken = NULL;
    gint64 start = g_get_monotonic_time();
    gint64 id = gate_record_begin(call, restore->session, &window);

    gate_record_steps(call, id, restore->plan, 1);
    bool done = carry_out(restore, id, &broken);
    if (!done && !restore->wish.clean)
        restore_dump_undo(restore, id, (int) restore->plan->steps->len + 1000);
    restore->seconds = (double) (g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    g_autofree char *summary = done ? restore_dump_summary(restore) : NULL;
    enum runbook_exit code = gate_record_end(call, id, RUNBOOK_DONE, broken, summary);
    if (done)
        restore_dump_show(restore, store_trouble(call->store) ? -1 : id, "done");
    if (broken != NULL)
        g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}

/* ---- the command ------------------------------------------------------------------------- */

/* A new database harms nobody: only what touches one that exists is asked about. */
static bool confirmed(struct restore_dump *restore, bool *ret_yes, GError **error)
{
    struct call *call = restore->call;
    bool harmless = !restore->wish.clean && restore->before == NULL;

    *ret_yes = true;
    return harmless || gate_confirmed(call, restore->plan->steps->len,
                                      restore->wish.clean ? "Drop and restore these objects?"
                                                          : "Restore and replace it?",
                                      "--dry-run shows the plan", restore_dump_show_plan,
                                      restore, ret_yes, error);
}

static enum runbook_exit plan_and_act(struct restore_dump *restore, GError **error)
{
    const struct window window = window_open(0);
    bool yes = false;

    if (!restore_dump_check(restore, error) || !name_it(restore, error) ||
        !connect_beside(restore, error) ||
        !restore_dump_fit(restore, session_version(restore->session) / 10000, error) ||
        !restore_dump_look(restore, error) || !restore_dump_may_begin(restore, error) ||
        !restore_dump_plan(restore, error))
        return runbook_error_exit(*error);
    if (restore->call->dry_run) {
        gate_dry_run(restore->call, restore->plan, 0, &window, restore_dump_show_plan, restore);
        return RUNBOOK_DONE;
    }
    if (!confirmed(restore, &yes, error))
        return runbook_error_exit(*error);
    return yes ? act(restore, error) : RUNBOOK_DONE;
}

static void clear(struct restore_dump *restore)
{
    g_clear_pointer(&restore->feeder, restore_dump_feed_free);
    g_clear_pointer(&restore->plan, plan_free);
    g_clear_pointer(&restore->archive, archive_free);
    g_clear_pointer(&restore->session, session_close);
    restore_dump_place_clear(&restore->place);
    g_free(restore->server.entered);
    g_free(restore->encoding);
    g_free(restore->program);
    g_free(restore->into);
    g_free(restore->restoring);
    g_free(restore->before);
}

enum runbook_exit backup_restore_dump_command(struct call *call, GError **error)
{
    struct restore_dump restore = {.call = call, .path = call->arguments[0], .rows = -1};
    enum runbook_exit code = RUNBOOK_USAGE;

    if (read_wish(&restore, error))
        code = plan_and_act(&restore, error);
    clear(&restore);
    return code;
}
