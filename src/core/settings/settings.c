#include "settings/settings_internal.h"

#include "error.h"
#include "units/units.h"

#include <string.h>

/* ---- the tables, made searchable ------------------------------------------------------- */

static void entry_clear(gpointer entry)
{
    g_free(((struct entry *) entry)->name);
}

static void catalog_init(struct catalog *catalog, const struct setting_table *tables)
{
    catalog->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
    g_array_set_clear_func(catalog->entries, entry_clear);
    catalog->index = g_hash_table_new(g_str_hash, g_str_equal);
    catalog->names = g_ptr_array_new();
    for (; tables->rows != NULL; tables++) {
        for (const struct setting *row = tables->rows; row->name != NULL; row++) {
            struct entry entry = {
                .name = tables->prefix == NULL
                            ? g_strdup(row->name)
                            : g_strconcat(tables->prefix, ".", row->name, NULL),
                .row = row,
            };
            g_array_append_val(catalog->entries, entry);
            g_ptr_array_add(catalog->names, entry.name);
            if (!g_hash_table_insert(catalog->index, entry.name,
                                     GUINT_TO_POINTER(catalog->entries->len)))
                g_error("setting \"%s\" is there twice", entry.name);
        }
    }
    g_ptr_array_add(catalog->names, NULL);
}

const struct entry *settings_entry(const struct catalog *catalog, guint position)
{
    return &g_array_index(catalog->entries, struct entry, position);
}

/* "jobs" for "vacuum.jobs" is no slip of the finger, but plausible. */
static const char *nearest_setting(const struct catalog *catalog, const char *name)
{
    const char *const *names = (const char *const *) catalog->names->pdata;
    g_autofree char *suffix = g_strconcat(".", name, NULL);
    const char *nearest = units_nearest(name, names);

    for (; nearest == NULL && *names != NULL; names++) {
        if (g_str_has_suffix(*names, suffix))
            nearest = *names;
    }
    return nearest;
}

int settings_position(const struct catalog *catalog, const char *name, GError **error)
{
    guint position = GPOINTER_TO_UINT(g_hash_table_lookup(catalog->index, name));

    if (position == 0) {
        const char *nearest = nearest_setting(catalog, name);
        g_autofree char *hint = nearest != NULL
                                    ? g_strdup_printf("did you mean \"%s\"?", nearest)
                                    : g_strdup("pgrunbook config sample lists all settings");
        runbook_error_set(error, RUNBOOK_USAGE, hint, "unknown setting \"%s\"", name);
    }
    return (int) position - 1;
}

/* ---- targets --------------------------------------------------------------------------- */

static void assignment_clear(gpointer pointer)
{
    struct assignment *assignment = pointer;

    g_free(assignment->text);
    g_free(assignment->origin);
}

static void target_free(gpointer pointer)
{
    struct target *target = pointer;

    g_free(target->name);
    g_array_unref(target->assignments);
    g_free(target);
}

static struct target *find_target(const struct source *source, const char *name)
{
    for (guint i = 0; i < source->targets->len; i++) {
        struct target *target = g_ptr_array_index(source->targets, i);
        if (strcmp(target->name, name) == 0)
            return target;
    }
    return NULL;
}

struct target *settings_target(struct source *source, const char *name)
{
    struct target *target = find_target(source, name);

    if (target == NULL) {
        target = g_new0(struct target, 1);
        target->name = g_strdup(name);
        target->assignments = g_array_new(FALSE, FALSE, sizeof(struct assignment));
        g_array_set_clear_func(target->assignments, assignment_clear);
        g_ptr_array_add(source->targets, target);
        g_ptr_array_insert(source->target_names, (gint) source->target_names->len - 1,
                           target->name);
    }
    return target;
}

const char *const *settings_targets(const struct settings *settings)
{
    return (const char *const *) settings->source->target_names->pdata;
}

/* ---- life ------------------------------------------------------------------------------ */

static void source_clear(gpointer pointer)
{
    struct source *source = pointer;

    g_ptr_array_unref(source->kinds);
    g_ptr_array_unref(source->target_names);
    g_ptr_array_unref(source->targets);
    g_ptr_array_unref(source->catalog.names);
    g_hash_table_unref(source->catalog.index);
    g_array_unref(source->catalog.entries);
}

static struct settings *settings_over(struct source *source)
{
    struct settings *settings = g_new0(struct settings, 1);

    settings->source = source;
    settings->values = g_new0(struct value, source->catalog.entries->len);
    return settings;
}

struct source *settings_source(const struct setting_table *tables)
{
    struct source *source = g_rc_box_new0(struct source);

    catalog_init(&source->catalog, tables);
    source->kinds = g_ptr_array_new();
    source->targets = g_ptr_array_new_with_free_func(target_free);
    source->target_names = g_ptr_array_new();
    g_ptr_array_add(source->target_names, NULL);
    return source;
}

void settings_source_release(struct source *source)
{
    g_rc_box_release_full(source, source_clear);
}

struct settings *settings_of_source(struct source *source)
{
    struct settings *settings = settings_over(g_rc_box_acquire(source));

    for (guint i = 0; i < source->catalog.entries->len; i++) {
        const struct entry *entry = settings_entry(&source->catalog, i);
        g_autoptr(GError) error = NULL;
        if (entry->row->fallback != NULL &&
            !settings_set(settings, i, entry->row->fallback, NULL, RANK_DEFAULT, &error))
            g_error("default of %s", error->message);
    }
    return settings;
}

struct settings *settings_new(const struct setting_table *tables)
{
    struct source *source = settings_source(tables);
    struct settings *settings = settings_of_source(source);

    g_ptr_array_unref(source->kinds);
    source->kinds = settings_kinds(tables);
    settings_source_release(source);
    return settings;
}

void settings_free(struct settings *settings)
{
    for (guint i = 0; i < settings->source->catalog.entries->len; i++)
        settings_value_clear(&settings->values[i]);
    g_free(settings->values);
    settings_source_release(settings->source);
    g_free(settings);
}

bool settings_set(struct settings *settings, guint position, const char *text,
                  const char *origin, enum rank rank, GError **error)
{
    const struct entry *entry = settings_entry(&settings->source->catalog, position);
    struct value *old = &settings->values[position];
    struct value value;

    if (!settings_value_parse(entry->row, text, &value, error)) {
        g_prefix_error(error, "%s: ", entry->name);
        return false;
    }
    value.origin = g_strdup(origin);
    value.rank = rank;
    if (rank >= old->rank) {
        struct value swapped = *old;
        *old = value;
        value = swapped;
    }
    settings_value_clear(&value);
    return true;
}

bool settings_override(struct settings *settings, const char *name, const char *text,
                       const char *origin, GError **error)
{
    int position = settings_position(&settings->source->catalog, name, error);

    if (position < 0 ||
        !settings_set(settings, (guint) position, text, origin, RANK_COMMAND, error)) {
        g_prefix_error(error, "%s: ", origin);
        return false;
    }
    return true;
}

struct settings *settings_copy(const struct settings *settings)
{
    struct settings *copy = settings_over(g_rc_box_acquire(settings->source));

    for (guint i = 0; i < settings->source->catalog.entries->len; i++) {
        const struct value *value = &settings->values[i];
        copy->values[i] = *value;
        copy->values[i].text = g_strdup(value->text);
        copy->values[i].origin = g_strdup(value->origin);
        copy->values[i].list = g_strdupv(value->list);
    }
    return copy;
}

static void report_unknown_target(const struct settings *settings, const char *name,
                                  GError **error)
{
    const char *nearest = units_nearest(name, settings_targets(settings));
    g_autofree char *all = g_strjoinv(", ", (char **) settings->source->target_names->pdata);
    g_autofree char *hint = NULL;

    if (nearest != NULL)
        hint = g_strdup_printf("did you mean \"%s\"?", nearest);
    else if (*all != '\0')
        hint = g_strdup_printf("the configuration has %s", all);
    else
        hint = g_strdup("the configuration has no section [target NAME]");
    runbook_error_set(error, RUNBOOK_USAGE, hint, "unknown target \"%s\"", name);
}

struct settings *settings_for_target(const struct settings *settings, const char *target,
                                     GError **error)
{
    const struct target *found = find_target(settings->source, target);

    if (found == NULL) {
        report_unknown_target(settings, target, error);
        return NULL;
    }
    AUTO(settings) result = settings_copy(settings);
    for (guint i = 0; i < found->assignments->len; i++) {
        const struct assignment *assignment =
            &g_array_index(found->assignments, struct assignment, i);
        if (!settings_set(result, assignment->position, assignment->text, assignment->origin,
                          RANK_TARGET, error))
            return NULL;
    }
    return g_steal_pointer(&result);
}

/* ---- values ---------------------------------------------------------------------------- */

static const struct value *value_of(const struct settings *settings, const char *name,
                                    guint types)
{
    int position = settings_position(&settings->source->catalog, name, NULL);

    if (position < 0)
        g_error("there is no setting \"%s\"", name);
    const struct entry *entry = settings_entry(&settings->source->catalog, (guint) position);
    if ((types >> entry->row->type & 1) == 0)
        g_error("setting \"%s\" is of another type", name);
    return &settings->values[position];
}

bool settings_bool(const struct settings *settings, const char *name)
{
    return value_of(settings, name, 1 << SETTING_BOOL)->number != 0;
}

gint64 settings_int(const struct settings *settings, const char *name)
{
    const guint types = 1 << SETTING_INT | 1 << SETTING_SIZE | 1 << SETTING_DURATION;

    return value_of(settings, name, types)->number;
}

double settings_fraction(const struct settings *settings, const char *name)
{
    return value_of(settings, name, 1 << SETTING_FRACTION)->fraction;
}

const char *settings_string(const struct settings *settings, const char *name)
{
    const guint types = 1 << SETTING_STRING | 1 << SETTING_CHOICE | 1 << SETTING_SCHEDULE |
                        1 << SETTING_TIMEZONE;

    return value_of(settings, name, types)->text;
}

const char *const *settings_list(const struct settings *settings, const char *name)
{
    static const char *const none[] = {NULL};
    char *const *list = value_of(settings, name, 1 << SETTING_LIST)->list;

    return list != NULL ? (const char *const *) list : none;
}

bool settings_is_set(const struct settings *settings, const char *name)
{
    const struct value *value = value_of(settings, name, ~0U);

    return value->rank > RANK_DEFAULT && value->text != NULL && value->text[0] != '\0';
}

const char *settings_origin(const struct settings *settings, const char *name)
{
    return value_of(settings, name, ~0U)->origin;
}

static void each_of(const struct settings *settings, const char *section,
                    void (*visit)(const struct setting_view *view, gpointer data),
                    gpointer data)
{
    const struct catalog *catalog = &settings->source->catalog;

    for (guint i = 0; i < catalog->entries->len; i++) {
        const struct value *value = &settings->values[i];
        const struct setting_view view = {
            .section = section,
            .name = settings_entry(catalog, i)->name,
            .row = settings_entry(catalog, i)->row,
            .text = value->text,
            .origin = value->origin != NULL ? value->origin : "default",
        };
        visit(&view, data);
    }
}

void settings_each(const struct settings *settings, const char *target,
                   void (*visit)(const struct setting_view *view, gpointer data), gpointer data)
{
    each_of(settings, NULL, visit, data);
    for (guint i = 0; i < settings->source->kinds->len; i++) {
        const struct kind *kind = g_ptr_array_index(settings->source->kinds, i);
        for (guint j = 0; j < kind->sections->len; j++) {
            const struct named *named = g_ptr_array_index(kind->sections, j);
            g_autofree char *section = g_strdup_printf("%s %s", kind->row->kind, named->name);
            if (target == NULL || settings_section_concerns(named->settings, target))
                each_of(named->settings, section, visit, data);
        }
    }
}
