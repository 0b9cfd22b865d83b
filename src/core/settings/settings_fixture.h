/* Settings to test with: a table of every type, and two kinds of named sections. */
#ifndef CORE_SETTINGS_FIXTURE_H
#define CORE_SETTINGS_FIXTURE_H

#include "error.h"
#include "settings/settings.h"

#include <string.h>

static const char *const modes[] = {"auto", "careful", "fast", NULL};

static const struct setting sample_rows[] = {
    {.name = "jobs",
     .type = SETTING_INT,
     .fallback = "2",
     .minimum = "1",
     .maximum = "64",
     .prose = "Lanes."},
    {.name = "memory",
     .type = SETTING_SIZE,
     .fallback = "256MB",
     .minimum = "1MB",
     .prose = "Memory budget."},
    {.name = "window",
     .type = SETTING_DURATION,
     .fallback = "2h",
     .maximum = "1d",
     .prose = "Length of the window."},
    {.name = "dead",
     .type = SETTING_FRACTION,
     .fallback = "2%",
     .maximum = "50%",
     .prose = "Dead rows."},
    {.name = "truncate", .type = SETTING_BOOL, .prose = "Whether."},
    {.name = "mode",
     .type = SETTING_CHOICE,
     .fallback = "auto",
     .choices = modes,
     .prose = "How."},
    {.name = "exclude", .type = SETTING_LIST, .prose = "Which not."},
    {.name = "schedule", .type = SETTING_SCHEDULE, .fallback = "0 2 * * Sun", .prose = "When."},
    {.name = "note", .type = SETTING_STRING, .fallback = " it's ", .prose = "Why."},
    {.name = NULL},
};

static const struct setting app_rows[] = {
    {.name = "max_open",
     .type = SETTING_INT,
     .fallback = "25",
     .minimum = "1",
     .prose = "Pool size."},
    {.name = "role", .type = SETTING_LIST, .prose = "Whose."},
    {.name = NULL},
};

static const struct setting rule_rows[] = {
    {.name = "action",
     .type = SETTING_CHOICE,
     .fallback = "auto",
     .choices = modes,
     .prose = "What."},
    {.name = NULL},
};

static const struct setting_kind kinds[] = {{"app", app_rows, "shop", "An application."},
                                            {"rule", rule_rows, "slow", "A rule."},
                                            {NULL, NULL, NULL, NULL}};

static const struct setting_table tables[] = {
    {NULL, settings_core, NULL},
    {"vacuum", sample_rows, kinds},
    {NULL, NULL, NULL},
};

G_GNUC_UNUSED static struct settings *parsed(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct settings *settings = settings_parse(tables, "t.conf", text, strlen(text), &error);

    g_assert_no_error(error);
    g_assert_nonnull(settings);
    return settings;
}

G_GNUC_UNUSED static void refused(const char *text, const char *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(settings_parse(tables, "t.conf", text, strlen(text), &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_assert_cmpstr(error->message, ==, message);
}

#endif
