/*
 * GTimeZone takes more than IANA names: "Foo1" is an offset to it, and a path leads out of the
 * zone database. A name is therefore looked up in the database first.
 */
#include "calendar/schedule.h"
#include "error.h"
#include "units/units.h"

#include <string.h>

static const char *zone_folder(void)
{
    const char *folder = g_getenv("TZDIR");

    return folder != NULL && *folder != '\0' ? folder : "/usr/share/zoneinfo";
}

static bool zone_known(const char *name)
{
    g_autofree char *path = g_build_filename(zone_folder(), name, NULL);
    g_autofree char *content = NULL;
    gsize length = 0;

    /* UTC needs no database; dots would lead out of it. */
    if (strcmp(name, "UTC") == 0)
        return true;
    if (!g_ascii_isalpha(name[0]) || strchr(name, '.') != NULL)
        return false;
    return g_file_get_contents(path, &content, &length, NULL) && length > 4 &&
           memcmp(content, "TZif", 4) == 0;
}

/* The nearest of the names in zone.tab (lines of: country, coordinates, NAME, comments). */
static char *zone_nearest(const char *name)
{
    g_autofree char *path = g_build_filename(zone_folder(), "zone.tab", NULL);
    g_autofree char *content = NULL;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    if (!g_file_get_contents(path, &content, NULL, NULL))
        return NULL;
    g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) cells = g_strsplit(*line, "\t", 4);
        if (**line != '#' && g_strv_length(cells) >= 3)
            g_strv_builder_add(builder, cells[2]);
    }
    g_auto(GStrv) names = g_strv_builder_end(builder);
    return g_strdup(units_nearest(name, (const char *const *) names));
}

GTimeZone *schedule_zone(const char *name, GError **error)
{
    g_autoptr(GTimeZone) zone = zone_known(name) ? g_time_zone_new_identifier(name) : NULL;

    if (zone == NULL) {
        g_autofree char *nearest = zone_nearest(name);
        g_autofree char *hint = nearest != NULL
                                    ? g_strdup_printf("did you mean \"%s\"?", nearest)
                                    : g_strdup("use an IANA name, as in UTC or Europe/Berlin; "
                                               "others than UTC need the package tzdata");
        runbook_error_set(error, RUNBOOK_USAGE, hint, "unknown time zone \"%s\"", name);
    }
    return g_steal_pointer(&zone);
}
