/*
 * One text against one row. Messages name the text and what is wrong with it; who asked puts the
 * setting's name and the place in front.
 */
#include "calendar/schedule.h"
#include "error.h"
#include "settings/settings_internal.h"
#include "units/units.h"

#include <string.h>

static bool parse_bool(const char *text, gint64 *ret, GError **error)
{
    static const char *const words[] = {"off", "on", "false", "true", "no", "yes", "0", "1"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(text, words[i]) == 0) {
            *ret = i % 2;
            return true;
        }
    }
    runbook_error_set(error, RUNBOOK_USAGE, NULL, "\"%s\" is neither on nor off", text);
    return false;
}

static bool parse_int(const char *text, gint64 *ret, GError **error)
{
    g_autoptr(GError) reason = NULL;
    const char *unit = text + strspn(text, "-0123456789 ");

    if (g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, ret, &reason))
        return true;
    if (g_error_matches(reason, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS))
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "%s is out of range", text);
    else
        runbook_error_set(error, RUNBOOK_USAGE,
                          unit > text && g_ascii_isalpha(*unit) ? "this setting takes no unit"
                                                                : NULL,
                          "\"%s\" is not a whole number", text);
    return false;
}

char *settings_choices(const struct setting *row)
{
    g_autoptr(GString) all = g_string_new(row->choices[0]);

    for (const char *const *choice = row->choices + 1; *choice != NULL; choice++)
        g_string_append_printf(all, ", %s", *choice);
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static bool parse_choice(const struct setting *row, const char *text, GError **error)
{
    if (g_strv_contains(row->choices, text))
        return true;
    g_autofree char *all = settings_choices(row);
    const char *nearest = units_nearest(text, row->choices);
    g_autofree char *hint =
        nearest == NULL ? NULL : g_strdup_printf("did you mean \"%s\"?", nearest);
    runbook_error_set(error, RUNBOOK_USAGE, hint, "\"%s\" is none of %s", text, all);
    return false;
}

/* Takes one name off a list, up to the comma or the end behind it. */
static char *take_name(const char **cursor)
{
    g_autoptr(GString) name = g_string_new(NULL);
    const char *at = *cursor + strspn(*cursor, " \t");
    bool quoted = *at == '"';

    if (!quoted) {
        gsize length = strcspn(at, " \t,\"");
        g_string_append_len(name, at, (gssize) length);
        at += length;
    } else {
        for (at++; *at != '\0' && (*at != '"' || at[1] == '"'); at++) {
            g_string_append_c(name, *at);
            at += *at == '"';
        }
        if (*at++ != '"')
            return NULL;
    }
    at += strspn(at, " \t");
    if (name->len == 0 || (*at != ',' && *at != '\0'))
        return NULL;
    *cursor = at;
    return g_string_free(g_steal_pointer(&name), FALSE);
}

static bool parse_list(const char *text, char ***ret, GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    const char *at = text;
    bool more = *text != '\0';

    while (more) {
        g_autofree char *name = take_name(&at);
        if (name == NULL) {
            runbook_error_set(error, RUNBOOK_USAGE,
                              "names are separated by commas; one with a comma, a blank or a "
                              "quote stands in double quotes as a whole, as in \"my table\"",
                              "\"%s\" is not a list of names", text);
            return false;
        }
        g_strv_builder_add(builder, name);
        more = *at == ',';
        at += more;
    }
    *ret = g_strv_builder_end(builder);
    return true;
}

/* A word alone is a host. */
static bool check_conninfos(char *const *list, GError **error)
{
    for (gsize i = 0; list[i] != NULL; i++)
        if ((strchr(list[i], '=') != NULL || strstr(list[i], "://") != NULL) &&
            !settings_conninfo_check(list[i], error))
            return false;
    return true;
}

static bool check_schedule(const char *text, GError **error)
{
    if (strcmp(text, "off") == 0)
        return true;
    AUTO(schedule) schedule = schedule_parse(text, error);
    return schedule != NULL;
}

static bool check_timezone(const char *text, GError **error)
{
    g_autoptr(GTimeZone) zone = schedule_zone(text, error);
    return zone != NULL;
}

static bool parse_text(const struct setting *row, const char *text, struct value *value,
                       GError **error)
{
    switch (row->type) {
    case SETTING_BOOL:
        return parse_bool(text, &value->number, error);
    case SETTING_INT:
        return parse_int(text, &value->number, error);
    case SETTING_SIZE:
        return units_parse_size(text, &value->number, error);
    case SETTING_DURATION:
        return units_parse_duration(text, &value->number, error);
    case SETTING_FRACTION:
        return units_parse_fraction(text, &value->fraction, error);
    case SETTING_STRING:
        return (row->flags & SETTING_CONNINFO) == 0 || settings_conninfo_check(text, error);
    case SETTING_CHOICE:
        return parse_choice(row, text, error);
    case SETTING_LIST:
        return parse_list(text, &value->list, error) &&
               ((row->flags & SETTING_CONNINFO) == 0 || check_conninfos(value->list, error));
    case SETTING_SCHEDULE:
        return check_schedule(text, error);
    case SETTING_TIMEZONE:
        return check_timezone(text, error);
    }
    g_error("setting \"%s\" has no type", row->name);
}

/* -1, 0 or 1: how a value compares with a bound as the table spells it. */
static int compare_bound(const struct setting *row, const struct value *value,
                         const char *bound_text)
{
    struct value bound = {0};
    g_autoptr(GError) error = NULL;

    if (!parse_text(row, bound_text, &bound, &error))
        g_error("bound of \"%s\": %s", row->name, error->message);
    if (row->type == SETTING_FRACTION)
        return (value->fraction > bound.fraction) - (value->fraction < bound.fraction);
    return (value->number > bound.number) - (value->number < bound.number);
}

static bool check_range(const struct setting *row, const char *text, const struct value *value,
                        GError **error)
{
    bool low = row->minimum != NULL && compare_bound(row, value, row->minimum) < 0;
    bool high = row->maximum != NULL && compare_bound(row, value, row->maximum) > 0;

    if (low)
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "%s is below the minimum of %s", text,
                          row->minimum);
    else if (high)
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "%s is above the maximum of %s", text,
                          row->maximum);
    return !low && !high;
}

bool settings_value_parse(const struct setting *row, const char *text, struct value *ret,
                          GError **error)
{
    *ret = (struct value){0};
    if (*text == '\0' && row->type != SETTING_STRING && row->type != SETTING_LIST) {
        runbook_error_set(error, RUNBOOK_USAGE, "leave the setting out to get its default",
                          "the value is empty");
        return false;
    }
    if (!parse_text(row, text, ret, error) || !check_range(row, text, ret, error)) {
        settings_value_clear(ret);
        return false;
    }
    ret->text = g_strdup(text);
    return true;
}

void settings_value_clear(struct value *value)
{
    g_free(value->text);
    g_free(value->origin);
    g_strfreev(value->list);
    *value = (struct value){0};
}
