/*
 * A file is refused with a message that names it, or accepted; then all values in force, written
 * into a new file, mean the same, and every target can be had.
 */
#include "settings/settings.h"

#include "error.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const modes[] = {"auto", "fast", NULL};

static const struct setting rows[] = {
    {.name = "jobs", .type = SETTING_INT, .fallback = "2", .minimum = "1", .maximum = "64"},
    {.name = "memory", .type = SETTING_SIZE, .fallback = "256MB", .minimum = "1MB"},
    {.name = "window", .type = SETTING_DURATION, .maximum = "1d"},
    {.name = "dead", .type = SETTING_FRACTION, .fallback = "2%"},
    {.name = "truncate", .type = SETTING_BOOL},
    {.name = "mode", .type = SETTING_CHOICE, .fallback = "auto", .choices = modes},
    {.name = "exclude", .type = SETTING_LIST},
    {.name = "schedule", .type = SETTING_SCHEDULE},
    {.name = "note", .type = SETTING_STRING},
    {.name = NULL},
};

static const struct setting app_rows[] = {
    {.name = "instances", .type = SETTING_INT, .fallback = "1", .minimum = "1"},
    {.name = "roles", .type = SETTING_LIST},
    {.name = NULL},
};

static const struct setting_kind kinds[] = {{"app", app_rows, "shop", "An application."},
                                            {NULL, NULL, NULL, NULL}};

static const struct setting_table tables[] = {
    {NULL, settings_core, NULL},
    {"vacuum", rows, kinds},
    {NULL, NULL, NULL},
};

struct writer {
    GString *text;
    char *section; /* the one begun last; NULL: [pgrunbook] */
};

static void write_line(const struct setting_view *view, gpointer data)
{
    struct writer *writer = data;
    g_autoptr(GString) quoted = g_string_new(view->text);

    /* The targets are not written, so neither is what names them. */
    if (view->text == NULL || (view->row->flags & SETTING_TARGET_ONLY) != 0 ||
        strcmp(view->name, "targets") == 0)
        return;
    if (view->section != NULL && g_strcmp0(view->section, writer->section) != 0) {
        g_free(writer->section);
        writer->section = g_strdup(view->section);
        g_string_append_printf(writer->text, "[%s]\n", view->section);
    }
    g_string_replace(quoted, "'", "''", 0);
    g_string_append_printf(writer->text, "%s = '%s'\n", view->name, quoted->str);
}

static char *rewritten(const struct settings *settings)
{
    struct writer writer = {g_string_new("[pgrunbook]\n"), NULL};

    settings_each(settings, NULL, write_line, &writer);
    g_free(writer.section);
    return g_string_free(writer.text, FALSE);
}

static void check_rewritten(const struct settings *settings)
{
    g_autofree char *once = rewritten(settings);
    AUTO(settings) copy = settings_parse(tables, "copy.conf", once, strlen(once), NULL);

    g_assert(copy != NULL);
    g_autofree char *twice = rewritten(copy);
    g_assert(strcmp(once, twice) == 0);
    g_assert(settings_int(settings, "vacuum.jobs") == settings_int(copy, "vacuum.jobs"));
    g_assert(settings_int(settings, "vacuum.window") == settings_int(copy, "vacuum.window"));
    g_assert(g_strv_equal(settings_list(settings, "vacuum.exclude"),
                          settings_list(copy, "vacuum.exclude")));
}

static void check_values(const struct settings *settings)
{
    gint64 jobs = settings_int(settings, "vacuum.jobs");

    g_assert(jobs >= 1 && jobs <= 64);
    g_assert(settings_int(settings, "vacuum.memory") >= 1 << 20);
    g_assert(settings_int(settings, "vacuum.window") <= 86400000);
    g_autoptr(GPtrArray) apps = settings_sections(settings, "app", NULL);
    for (guint i = 0; i < apps->len; i++) {
        const struct settings_section *app = g_ptr_array_index(apps, i);
        g_assert(settings_int(app->settings, "instances") >= 1);
        g_assert(g_str_has_prefix(app->origin, "f.conf:"));
    }
    check_rewritten(settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    AUTO(settings)
    settings = settings_parse(tables, "f.conf", (const char *) data, size, &error);

    g_assert((settings == NULL) == (error != NULL));
    if (settings == NULL) {
        g_assert(g_error_matches(error, RUNBOOK_ERROR, RUNBOOK_USAGE));
        g_assert(g_str_has_prefix(error->message, "f.conf:"));
        g_assert(g_utf8_validate(error->message, -1, NULL));
        return 0;
    }
    check_values(settings);
    const char *const *targets = settings_targets(settings);
    for (; *targets != NULL; targets++) {
        AUTO(settings) target = settings_for_target(settings, *targets, NULL);
        g_assert(target != NULL);
        check_values(target);
    }
    return 0;
}
