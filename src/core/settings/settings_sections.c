/*
 * Named sections of the tables' own kinds. Each is a settings object of its own over the rows of
 * its kind, so that it is read, checked and shown as all settings are.
 */
#include "error.h"
#include "settings/settings_internal.h"
#include "units/units.h"

#include <string.h>

const struct setting settings_row_targets[] = {
    {.name = "targets",
     .type = SETTING_LIST,
     .prose = "The targets this section is for, by their names. Empty: all of them, and a "
              "server given with connection options."},
    {.name = NULL},
};

static void named_free(gpointer pointer)
{
    struct named *named = pointer;

    settings_free(named->settings);
    g_free(named->name);
    g_free(named->origin);
    g_free(named);
}

static void kind_free(gpointer pointer)
{
    struct kind *kind = pointer;

    g_ptr_array_unref(kind->sections);
    settings_source_release(kind->source);
    g_free(kind);
}

GPtrArray *settings_kinds(const struct setting_table *tables)
{
    GPtrArray *kinds = g_ptr_array_new_with_free_func(kind_free);

    for (; tables->rows != NULL; tables++) {
        const struct setting_kind *row = tables->kinds;
        for (; row != NULL && row->kind != NULL; row++) {
            const struct setting_table own[] = {
                {.rows = row->rows}, {.rows = settings_row_targets}, {.rows = NULL}};
            struct kind *kind = g_new0(struct kind, 1);
            kind->row = row;
            kind->source = settings_source(own);
            kind->sections = g_ptr_array_new_with_free_func(named_free);
            g_ptr_array_add(kinds, kind);
        }
    }
    return kinds;
}

struct kind *settings_kind(const struct source *source, const char *name)
{
    for (guint i = 0; i < source->kinds->len; i++) {
        struct kind *kind = g_ptr_array_index(source->kinds, i);
        if (strcmp(kind->row->kind, name) == 0)
            return kind;
    }
    return NULL;
}

struct settings *settings_section(struct kind *kind, const char *name, const char *origin)
{
    for (guint i = 0; i < kind->sections->len; i++) {
        const struct named *named = g_ptr_array_index(kind->sections, i);
        if (strcmp(named->name, name) == 0)
            return named->settings;
    }
    struct named *named = g_new0(struct named, 1);
    named->name = g_strdup(name);
    named->origin = g_strdup(origin);
    named->settings = settings_of_source(kind->source);
    named->view = (struct settings_section){named->name, named->settings, named->origin};
    g_ptr_array_add(kind->sections, named);
    return named->settings;
}

bool settings_section_concerns(const struct settings *section, const char *target)
{
    const char *const *targets = settings_list(section, "targets");

    return targets[0] == NULL || (target != NULL && g_strv_contains(targets, target));
}

GPtrArray *settings_sections(const struct settings *settings, const char *kind,
                             const char *target)
{
    const struct kind *found = settings_kind(settings->source, kind);
    GPtrArray *sections = g_ptr_array_new();

    if (found == NULL)
        g_error("there is no kind of section \"%s\"", kind);
    for (guint i = 0; i < found->sections->len; i++) {
        struct named *named = g_ptr_array_index(found->sections, i);
        if (settings_section_concerns(named->settings, target))
            g_ptr_array_add(sections, &named->view);
    }
    return sections;
}

static bool targets_exist(const struct settings *settings, const struct settings *section,
                          GError **error)
{
    const char *const *all = settings_targets(settings);
    const char *const *targets = settings_list(section, "targets");

    for (; *targets != NULL; targets++) {
        if (g_strv_contains(all, *targets))
            continue;
        const char *nearest = units_nearest(*targets, all);
        g_autofree char *hint =
            nearest != NULL ? g_strdup_printf("did you mean \"%s\"?", nearest)
                            : g_strdup("there is no section [target NAME] of that name");
        runbook_error_set(error, RUNBOOK_USAGE, hint, "%s: targets: unknown target \"%s\"",
                          settings_origin(section, "targets"), *targets);
        return false;
    }
    return true;
}

bool settings_sections_check(const struct settings *settings, GError **error)
{
    for (guint i = 0; i < settings->source->kinds->len; i++) {
        const struct kind *kind = g_ptr_array_index(settings->source->kinds, i);
        for (guint j = 0; j < kind->sections->len; j++) {
            const struct named *named = g_ptr_array_index(kind->sections, j);
            if (!targets_exist(settings, named->settings, error))
                return false;
        }
    }
    return true;
}
