/* What runs did to tables and indexes. */
#include "report/report.h"
#include "store/store.h"

#include <jansson.h>
#include <string.h>

struct objects {
    struct report *report;
    const struct report_run *run;
    GHashTable *tables; /* "TARGET\nSCHEMA.NAME" of those that were vacuumed */
};

static gint64 member(const char *text, const char *name)
{
    json_t *value = text != NULL ? json_loads(text, 0, NULL) : NULL;
    const json_t *number = json_object_get(value, name);
    gint64 found = json_is_integer(number) ? json_integer_value(number) : -1;

    json_decref(value);
    return found;
}

static const char *name_of(struct report *report, const struct store_object *object)
{
    return object->schema != NULL && object->schema[0] != '\0'
               ? report_textf(report, "%s.%s", object->schema, object->name)
               : report_text(report, object->name);
}

/* ---- VACUUM --------------------------------------------------------------------------------- */

static struct report_vacuum *cleaned_of(struct report *report, const char *target)
{
    for (guint i = 0; i < report->vacuums->len; i++) {
        struct report_vacuum *vacuum = &g_array_index(report->vacuums, struct report_vacuum, i);
        if (strcmp(vacuum->target, target) == 0)
            return vacuum;
    }
    const struct report_vacuum vacuum = {.target = target};
    g_array_append_val(report->vacuums, vacuum);
    return &g_array_index(report->vacuums, struct report_vacuum, report->vacuums->len - 1);
}

static void take_vacuumed(struct objects *objects, const struct store_object *object)
{
    struct report_vacuum *vacuum = cleaned_of(objects->report, objects->run->target);
    const gint64 before = member(object->before, "dead_rows");
    const gint64 after = member(object->after, "dead_rows");

    vacuum->times++;
    if (before >= 0 && after >= 0)
        vacuum->removed += MAX(before - after, 0);
    else
        vacuum->some = true;
    vacuum->tables += (guint) g_hash_table_add(
        objects->tables,
        g_strconcat(objects->run->target, "\n", object->schema, ".", object->name, NULL));
}

/* ---- space ---------------------------------------------------------------------------------- */

/* What was done to it, as far as what was kept of it tells. */
static const char *what_of(const struct objects *objects, const struct store_object *object)
{
    json_t *before = object->before != NULL ? json_loads(object->before, 0, NULL) : NULL;
    const char *means = json_string_value(json_object_get(before, "means"));
    const char *what = means != NULL ? report_text(objects->report, means)
                       : member(object->after, "size_bytes") == 0 ? "dropped"
                                                                  : "rebuilt";

    json_decref(before);
    return what;
}

static void take_win(struct objects *objects, const struct store_object *object)
{
    const struct report_win win = {
        .run = objects->run->id,
        .at_us = objects->run->started_us,
        .before = member(object->before, "size_bytes"),
        .after = member(object->after, "size_bytes"),
        .target = objects->run->target,
        .name = name_of(objects->report, object),
        .what = what_of(objects, object),
    };

    g_array_append_val(objects->report->wins, win);
}

/* ---- all ------------------------------------------------------------------------------------ */

/* What an object of a run is tells what was kept of it: rows that are dead, a size. Sessions, which
 * are in no schema, are the incidents' business. */
static void take(const struct store_object *object, gpointer data)
{
    struct objects *objects = data;
    const bool done = strcmp(object->outcome, "done") == 0;

    if (object->schema == NULL || object->schema[0] == '\0')
        return;
    if (done && member(object->before, "dead_rows") >= 0)
        take_vacuumed(objects, object);
    else if (done && member(object->before, "size_bytes") >= 0)
        take_win(objects, object);
    else if (!done)
        report_add_left(objects->report, objects->run, object->outcome, object->reason,
                        name_of(objects->report, object));
}

static gint64 won(const struct report_win *win)
{
    return win->before >= 0 && win->after >= 0 ? win->before - win->after : G_MININT64;
}

static int by_won(const void *left, const void *right)
{
    const gint64 a = won(left), b = won(right);

    return (a < b) - (a > b);
}

static int by_times(const void *left, const void *right)
{
    const guint a = ((const struct report_left *) left)->times;
    const guint b = ((const struct report_left *) right)->times;

    return (a < b) - (a > b);
}

bool report_gather_objects(struct report *report, struct store *store, GError **error)
{
    g_autoptr(GHashTable) tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < report->runs->len; i++) {
        const struct report_run *run = &g_array_index(report->runs, struct report_run, i);
        struct objects objects = {report, run, tables};
        if (!store_each_object(store, run->id, take, &objects, error))
            return false;
    }
    g_array_sort(report->wins, by_won);
    g_array_sort(report->left, by_times);
    return true;
}
