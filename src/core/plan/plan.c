/* A plan as data: build it, print it, free it. */
#include "plan/plan.h"

#include "units/units.h"

#include <string.h>

const char *step_outcome_name(enum step_outcome outcome)
{
    static const char *const names[] = {
        [STEP_PLANNED] = "planned",         [STEP_DONE] = "done",
        [STEP_SKIPPED] = "skipped",         [STEP_FAILED] = "failed",
        [STEP_NOT_REACHED] = "not_reached",
    };
    return names[outcome];
}

static void step_free(gpointer data)
{
    struct step *step = data;

    g_free(step->object);
    g_free(step->sql);
    g_free(step->reason);
    g_free(step->undo);
    g_strfreev(step->program);
    g_free(step->program_input);
    g_free(step->detail);
    g_free(step);
}

struct plan *plan_new(void)
{
    struct plan *plan = g_new0(struct plan, 1);

    plan->steps = g_ptr_array_new_with_free_func(step_free);
    plan->settings = g_array_new(TRUE, TRUE, sizeof(struct plan_setting));
    return plan;
}

void plan_free(struct plan *plan)
{
    for (guint i = 0; i < plan->settings->len; i++)
        g_free(g_array_index(plan->settings, struct plan_setting, i).value);
    g_array_free(plan->settings, TRUE);
    g_ptr_array_unref(plan->steps);
    g_free(plan);
}

struct step *plan_add(struct plan *plan)
{
    struct step *step = g_new0(struct step, 1);

    g_ptr_array_add(plan->steps, step);
    return step;
}

void plan_set(struct plan *plan, const char *name, const char *value)
{
    struct plan_setting setting = {name, g_strdup(value)};

    g_array_append_val(plan->settings, setting);
}

/* A comment may hold a table's name, and a name may hold a line break. */
static char *one_line(const char *text)
{
    return g_strdelimit(g_strdup(text == NULL ? "" : text), "\r\n", ' ');
}

/* Hard ends are the server's own timeouts here: psql keeps no window. */
static void print_settings(GString *script, const struct plan *plan, gint64 lock_timeout_ms,
                           const struct window *window)
{
    g_string_append_printf(script, "SET lock_timeout = '%" G_GINT64_FORMAT "ms';\n",
                           lock_timeout_ms);
    if (window->length_ms == 0)
        g_string_append(script,
                        "-- without a bound: psql has no guard that ends what takes too "
                        "long\n");
    g_string_append_printf(script, "SET statement_timeout = '%" G_GINT64_FORMAT "ms';\n",
                           MIN(window->length_ms, G_MAXINT32));
    for (guint i = 0; i < plan->settings->len; i++) {
        const struct plan_setting *setting =
            &g_array_index(plan->settings, struct plan_setting, i);
        g_string_append_printf(script, "SET %s = '%s';\n", setting->name, setting->value);
    }
}

/* psql hands a program its own connection when told to; the rest of a `\!` line is the shell's. */
static void print_environment(GString *script, const struct plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        if (step->program == NULL)
            continue;
        g_string_append(script, "\\setenv PGHOST :HOST\n\\setenv PGPORT :PORT\n"
                                "\\setenv PGUSER :USER\n\\setenv PGDATABASE :DBNAME\n");
        return;
    }
}

static void print_act(GString *script, const struct step *step, gint64 *lock_timeout_ms,
                      gint64 run_lock_timeout_ms)
{
    gint64 own_ms = step->lock_timeout_ms;
    gint64 wanted = own_ms == 0 ? run_lock_timeout_ms : MAX(own_ms, 0);

    if (wanted != *lock_timeout_ms)
        g_string_append_printf(script, "SET lock_timeout = '%" G_GINT64_FORMAT "ms';\n",
                               wanted);
    *lock_timeout_ms = wanted;
    if (step->program == NULL)
        g_string_append_printf(script, "%s;\n", step->sql);
    else if (strpbrk(step->sql, "\r\n") == NULL)
        g_string_append_printf(script, "\\! %s\n", step->sql);
    else
        g_string_append(script,
                        "-- left out: psql cannot run a program whose arguments have line "
                        "breaks\n");
    if (step->undo != NULL) {
        g_autofree char *undo = one_line(step->undo);
        g_string_append_printf(script, "-- undo: %s;\n", undo);
    }
}

void plan_print(const struct plan *plan, gint64 lock_timeout_ms, const struct window *window,
                struct output *output)
{
    GString *script = g_string_new(NULL);
    gint64 current_ms = lock_timeout_ms;

    g_autofree char *steps = units_format_counted(plan->steps->len, "step");
    g_string_append_printf(script, "-- %s; nothing was changed\n", steps);
    if (plan->stops)
        g_string_append(script, "\\set ON_ERROR_STOP on\n");
    if (plan->steps->len > 0)
        print_settings(script, plan, lock_timeout_ms, window);
    print_environment(script, plan);
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        g_autofree char *object = one_line(step->object);
        g_autofree char *reason = one_line(step->reason);
        g_string_append_printf(script, "\n-- %u. %s: %s", i + 1, object, reason);
        if (step->lock_mode != NULL)
            g_string_append_printf(script, " (%s)", step->lock_mode);
        g_string_append_c(script, '\n');
        print_act(script, step, &current_ms, lock_timeout_ms);
    }
    output_raw(output, script->str);
    g_string_free(script, TRUE);
}
