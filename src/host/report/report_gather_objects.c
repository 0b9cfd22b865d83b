/* What runs did to tables and indexes. */
#include "cli/history_undo.h"
#include "error.h"
#include "report/report.h"
#include "store/store.h"

#include <jansson.h>
#include <string.h>

struct objects {
    struct report *report;
    struct report_run *run;
    const struct undo
        *undo;          /* of the run whose objects these are; NULL: nothing took it back */
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

static struct report_win win_of(const struct objects *objects,
                                const struct store_object *object)
{
    return (struct report_win){
        .run = objects->run->id,
        .at_us = objects->run->started_us,
        .before = member(object->before, "size_bytes"),
        .after = member(object->after, "size_bytes"),
        .target = objects->run->target,
        .name = name_of(objects->report, object),
        .what = what_of(objects, object),
    };
}

static void mark_undone(struct report_win *win, const struct undo *undo,
                        const struct store_object *object, gint64 until_us)
{
    const struct undo_done *last = undo_last_of(undo, object->step, until_us);

    if (last == NULL)
        return;
    win->undone = undo_extent_of(undo, object->step) == UNDO_WHOLLY ? REPORT_UNDONE
                                                                    : REPORT_UNDONE_PARTLY;
    win->undo_run = last->run;
    win->undone_us = last->at_us;
}

static void take_win(const struct objects *objects, const struct store_object *object)
{
    struct report_win win = win_of(objects, object);

    if (objects->undo != NULL)
        mark_undone(&win, objects->undo, object, G_MAXINT64);
    g_array_append_val(objects->report->wins, win);
}

/* ---- what earlier months had won ------------------------------------------------------------ */

/* Of two runs of the month that took it back bit by bit the last one tells. */
static void take_returned(const struct store_object *object, gpointer data)
{
    const struct objects *objects = data;
    struct report_win win = win_of(objects, object);

    if (strcmp(object->outcome, "done") != 0 || win.before < 0)
        return;
    win.run = objects->undo->run;
    win.at_us = objects->undo->started_us;
    mark_undone(&win, objects->undo, object, objects->report->month.until_us);
    if (win.undo_run == objects->run->id)
        g_array_append_val(objects->report->returned, win);
}

static bool is_of_month(const struct report *report, gint64 run)
{
    for (guint i = 0; i < report->runs->len; i++)
        if (g_array_index(report->runs, struct report_run, i).id == run)
            return true;
    return false;
}

/* A run that the history has forgotten tells nothing any more. */
static bool gather_returned(struct objects *objects, struct store *store, GError **error)
{
    g_autoptr(GError) failed = NULL;
    const gint64 run = objects->run->undoes;

    if (run <= 0 || is_of_month(objects->report, run))
        return true;
    AUTO(undo) undo = undo_read(store, run, &failed);
    if (g_error_matches(failed, RUNBOOK_ERROR, RUNBOOK_USAGE))
        return true;
    if (undo == NULL) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    objects->undo = undo;
    const bool read = store_each_object(store, run, take_returned, objects, error);
    objects->undo = NULL;
    return read;
}

/* ---- sessions ------------------------------------------------------------------------------- */

static void take_session(const struct objects *objects, const struct store_object *object)
{
    json_t *after = object->after != NULL ? json_loads(object->after, 0, NULL) : NULL;
    const char *result = json_string_value(json_object_get(after, "result"));

    objects->run->ended += g_strcmp0(result, "terminated") == 0;
    objects->run->cancelled += g_strcmp0(result, "cancelled") == 0;
    json_decref(after);
}

/* ---- all ------------------------------------------------------------------------------------ */

/* What an object of a run is tells what was kept of it: rows that are dead, a size. Sessions, which
 * are in no schema, are counted for the incidents. */
static void take(const struct store_object *object, gpointer data)
{
    struct objects *objects = data;
    const bool done = strcmp(object->outcome, "done") == 0;

    if (object->schema == NULL || object->schema[0] == '\0')
        take_session(objects, object);
    else if (done && member(object->before, "dead_rows") >= 0)
        take_vacuumed(objects, object);
    else if (done && member(object->before, "size_bytes") >= 0)
        take_win(objects, object);
    else if (!done)
        report_add_left(objects->report, objects->run, object->outcome, object->reason,
                        name_of(objects->report, object));
}

static gint64 won(const struct report_win *win)
{
    return win->undone == REPORT_STANDS && win->before >= 0 && win->after >= 0
               ? win->before - win->after
               : G_MININT64;
}

static int by_won(const void *left, const void *right)
{
    const gint64 a = won(left), b = won(right);

    return (a < b) - (a > b);
}

static int by_before(const void *left, const void *right)
{
    const gint64 a = ((const struct report_win *) left)->before;
    const gint64 b = ((const struct report_win *) right)->before;

    return (a < b) - (a > b);
}

static int by_times(const void *left, const void *right)
{
    const guint a = ((const struct report_left *) left)->times;
    const guint b = ((const struct report_left *) right)->times;

    return (a < b) - (a > b);
}

static bool gather_run(struct objects *objects, struct store *store, GError **error)
{
    AUTO(undo) undo = NULL;

    if (objects->run->undo_run > 0)
        undo = undo_read(store, objects->run->id, error);
    if (objects->run->undo_run > 0 && undo == NULL)
        return false;
    objects->undo = undo;
    const bool read = store_each_object(store, objects->run->id, take, objects, error);
    objects->undo = NULL;
    return read && gather_returned(objects, store, error);
}

bool report_gather_objects(struct report *report, struct store *store, GError **error)
{
    g_autoptr(GHashTable) tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < report->runs->len; i++) {
        struct objects objects = {
            .report = report,
            .run = &g_array_index(report->runs, struct report_run, i),
            .tables = tables,
        };
        if (!gather_run(&objects, store, error))
            return false;
    }
    g_array_sort(report->wins, by_won);
    g_array_sort(report->returned, by_before);
    g_array_sort(report->left, by_times);
    return true;
}
