/* `bloat report`: objects as a table for people and as a document for programs. */
#include "bloat.h"
#include "bloat_private.h"
#include "out/document.h"
#include "out/grid.h"
#include "relations/chosen.h"
#include "units/units.h"

#include <math.h>
#include <string.h>

enum { ROWS_SHOWN = 25 };

static const struct bloat_object *object_at(const struct bloat_case *state, guint position)
{
    return &g_array_index(state->objects, struct bloat_object, position);
}

/* ---- what is asked for --------------------------------------------------------------------- */

static enum bloat_method method_of(const struct call *call)
{
    const char *name = settings_string(call->settings, "bloat.method");
    enum bloat_method method = BLOAT_ESTIMATE;

    while (method < BLOAT_EXACT && strcmp(bloat_method_name(method), name) != 0)
        method++;
    return method;
}

/* Objects of other tables leave the case, so that a budget is not spent on them. */
static void keep_wanted(const struct call *call, struct bloat_case *state)
{
    guint kept = 0;

    for (guint i = 0; i < state->objects->len; i++) {
        struct bloat_object *object = &g_array_index(state->objects, struct bloat_object, i);
        if (!chosen_table(call, state->relations,
                          relations_find_table(state->relations, object->table_oid))) {
            g_clear_pointer(&object->detail, g_free);
            continue;
        }
        struct bloat_object *place = &g_array_index(state->objects, struct bloat_object, kept);
        if (place != object) {
            *place = *object;
            object->detail = NULL;
        }
        kept++;
    }
    g_array_set_size(state->objects, kept);
}

/* --budget is the budget of the method that was chosen. */
static bool budget_of(const struct call *call, enum bloat_method method, gint64 *ret_bytes,
                      GError **error)
{
    const char *typed = option_value(call->options, "budget");

    *ret_bytes = settings_int(call->settings, method == BLOAT_SAMPLE ? "bloat.sample_budget"
                                                                     : "bloat.exact_budget");
    if (typed == NULL || units_parse_size(typed, ret_bytes, error))
        return true;
    g_prefix_error(error, "invalid value for --budget: ");
    return false;
}

static bool measure(struct call *call, struct session *session, struct bloat_case *state,
                    GError **error)
{
    gint64 budget;

    state->method = method_of(call);
    if (!budget_of(call, state->method, &budget, error))
        return false;
    if (state->method == BLOAT_SAMPLE)
        return bloat_sample(session, state, budget, error);
    if (state->method == BLOAT_EXACT)
        return bloat_exact(session, state, (guint) settings_int(call->settings, "bloat.worst"),
                           budget, error);
    return true;
}

/* ---- the document -------------------------------------------------------------------------- */

static void put_real(struct json_text *item, const char *name, bool known, double number)
{
    if (known)
        json_text_real(item, name, number);
    else
        json_text_null(item, name);
}

/* The course of its size, the oldest first. */
static void put_sizes(struct json_text *item, const struct bloat_object *object)
{
    json_text_list(item, "past_bytes");
    for (guint week = BLOAT_WEEKS; week > 0; week--)
        if (object->past_bytes[week - 1] > 0) {
            json_text_object(item, NULL);
            json_text_int(item, "weeks_ago", week);
            json_text_int(item, "bytes", object->past_bytes[week - 1]);
            json_text_close(item);
        }
    json_text_close(item);
}

static void put_object(struct document *document, const struct bloat_object *object)
{
    bool known = object->reclaimable_bytes >= 0;
    g_autofree char *reason = bloat_reason(object);
    struct json_text *item = document_item_begin(document);

    json_text_object(item, NULL);
    json_text_string(item, "schema", object->schema);
    json_text_string(item, "name", object->name);
    json_text_string(item, "kind", bloat_kind_name(object->kind));
    json_text_string(item, "table", object->table);
    json_text_int(item, "size_bytes", object->size_bytes);
    json_text_int(item, "dead_rows", object->dead);
    json_text_int(item, "live_rows", object->live);
    json_text_time(item, "last_vacuum", object->last_vacuum * G_USEC_PER_SEC);
    json_text_time(item, "last_autovacuum", object->last_autovacuum * G_USEC_PER_SEC);
    if (known)
        json_text_int(item, "reclaimable_bytes", object->reclaimable_bytes);
    else
        json_text_null(item, "reclaimable_bytes");
    put_real(item, "reclaimable_pct", known, object->reclaimable_pct);
    put_real(item, "margin_pct", known, object->margin_pct);
    put_real(item, "growth_bytes_per_week", object->growth_known, object->growth_bytes);
    put_sizes(item, object);
    json_text_string(item, "method", bloat_method_name(object->method));
    json_text_string(item, "reason", reason);
    json_text_close(item);
    document_item_end(document);
}

static void left_out_member(struct document *document, const struct call *call,
                            const struct bloat_case *state)
{
    document_array(document, "left_out");
    for (guint i = 0; i < state->left_out->len; i++) {
        const struct relation_table *table = g_ptr_array_index(state->left_out, i);
        if (!chosen_table(call, state->relations, table))
            continue;
        json_t *item = json_object();
        json_object_set_new(item, "schema", document_text(table->schema));
        json_object_set_new(item, "table", document_text(table->name));
        json_object_set_new(item, "reason", document_text(table->locked));
        document_item(document, item);
    }
    document_array_end(document);
}

static void show_document(struct call *call, struct session *session,
                          const struct bloat_case *state)
{
    struct document_server server = {
        .version_num = session_version(session),
        .database = session_database(session),
        .system_identifier = session_system_identifier(session),
    };
    struct document *document = document_begin(call->output, "bloat.report/1", &server);

    document_array(document, "objects");
    for (guint i = 0; i < state->objects->len; i++)
        put_object(document, object_at(state, i));
    document_array_end(document);
    document_member(document, "not_visible", json_integer(state->not_visible));
    left_out_member(document, call, state);
    document_end(document);
}

/* ---- the table ----------------------------------------------------------------------------- */

/* What would win most first; what is not known behind it, the larger first. */
static gint by_gain(gconstpointer left, gconstpointer right)
{
    const struct bloat_object *a = *(const struct bloat_object *const *) left;
    const struct bloat_object *b = *(const struct bloat_object *const *) right;

    if (a->reclaimable_bytes != b->reclaimable_bytes)
        return a->reclaimable_bytes > b->reclaimable_bytes ? -1 : 1;
    if (a->size_bytes != b->size_bytes)
        return a->size_bytes > b->size_bytes ? -1 : 1;
    return a < b ? -1 : a > b;
}

static char *day_of(gint64 seconds)
{
    if (seconds == 0)
        return NULL;
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    return g_date_time_format(time, "%Y-%m-%d %H:%M");
}

static char *growth_of(const struct bloat_object *object)
{
    if (!object->growth_known)
        return NULL;
    bool less = object->growth_bytes < 0;
    g_autofree char *size =
        units_format_size((gint64) (less ? -object->growth_bytes : object->growth_bytes));
    return g_strdup_printf("%s%s", less ? "-" : "+", size);
}

static void add_row(struct grid *grid, const struct bloat_object *object)
{
    bool known = object->reclaimable_bytes >= 0;
    enum output_tone tone = known ? OUTPUT_PLAIN : OUTPUT_DIM;
    gint64 rows = object->live + object->dead;

    grid_cellf(grid, tone, "%s.%s", object->schema, object->name);
    grid_cell(grid, tone, bloat_kind_name(object->kind));
    grid_size(grid, tone, object->size_bytes);
    grid_count(grid, tone, object->live);
    grid_count(grid, tone, object->dead);
    grid_cellf(grid, tone, "%.0f%%",
               rows == 0 ? 0 : 100 * (double) object->dead / (double) rows);
    grid_take(grid, tone, day_of(object->last_vacuum));
    grid_take(grid, tone, day_of(object->last_autovacuum));
    if (known) {
        grid_size(grid, tone, object->reclaimable_bytes);
        grid_cellf(grid, tone, "%.0f%% ±%.0f", object->reclaimable_pct,
                   ceil(object->margin_pct));
    } else {
        grid_cell(grid, tone, "unknown");
        grid_cell(grid, tone, NULL);
    }
    grid_take(grid, tone, growth_of(object));
    grid_take(grid, tone, bloat_reason(object));
}

static void say_not_visible(const struct call *call, struct session *session,
                            const struct bloat_case *state)
{
    if (state->not_visible == 0)
        return;
    g_autofree char *role = session_quote(session, NULL, session_user(session));
    g_autofree char *tables = units_format_counted(state->not_visible, "table");
    output_say(call->output,
               "Of %s this role may not read the statistics. In this database, as a superuser: "
               "GRANT SELECT ON pg_catalog.pg_statistic TO %s;",
               tables, role);
}

/* A line of its own, whatever the names are made of. */
static void say_one_left_out(const struct call *call, const struct relation_table *table)
{
    g_autofree char *text = relations_left_out(table);

    output_say(call->output, "Left out: %s.", text);
}

static void say_left_out(const struct call *call, const struct bloat_case *state)
{
    bool all = output_verbosity(call->output) > 0;
    guint count = 0;

    for (guint i = 0; i < state->left_out->len; i++) {
        const struct relation_table *table = g_ptr_array_index(state->left_out, i);
        if (chosen_table(call, state->relations, table) && (++count <= ROWS_SHOWN || all))
            say_one_left_out(call, table);
    }
    if (count > ROWS_SHOWN && !all) {
        g_autofree char *more = units_format_counted(count - ROWS_SHOWN, "more table");
        output_say(call->output, "… and %s left out (-v names all).", more);
    }
}

static void say_summary(const struct call *call, const struct bloat_case *state, guint hidden)
{
    gint64 size = 0, gain = 0;
    guint unknown = 0;

    for (guint i = 0; i < state->objects->len; i++) {
        const struct bloat_object *object = object_at(state, i);
        size += object->size_bytes;
        gain += MAX(object->reclaimable_bytes, 0);
        unknown += object->reclaimable_bytes < 0;
    }
    if (hidden > 0) {
        g_autofree char *more = units_format_counted(hidden, "more object");
        output_say(call->output, "… and %s (-v shows all)", more);
    }
    g_autofree char *shown_size = units_format_size(size);
    g_autofree char *shown_gain = units_format_size(gain);
    g_autofree char *objects = units_format_counted(state->objects->len, "object");
    output_say(call->output, "%s, %s; %s reclaimable, of %u not known.", objects, shown_size,
               shown_gain, unknown);
}

static void show_table(struct call *call, struct session *session,
                       const struct bloat_case *state)
{
    static const struct grid_column columns[] = {
        {"object", false},      {"kind", false},
        {"size", true},         {"live", true},
        {"dead", true},         {"dead %", true},
        {"last vacuum", false}, {"last autovacuum", false},
        {"reclaimable", true},  {"%", true},
        {"a week", true},       {"rests on", false},
        {NULL, false},
    };
    bool all = output_verbosity(call->output) > 0 || output_format(call->output) == OUTPUT_CSV;
    g_autoptr(GPtrArray) list = g_ptr_array_sized_new(state->objects->len);
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < state->objects->len; i++)
        g_ptr_array_add(list, &g_array_index(state->objects, struct bloat_object, i));
    g_ptr_array_sort(list, by_gain);
    guint shown = all ? list->len : MIN(list->len, ROWS_SHOWN);
    for (guint i = 0; i < shown; i++)
        add_row(grid, g_ptr_array_index(list, i));
    if (shown > 0)
        grid_print(grid, call->output);
    say_summary(call, state, list->len - shown);
    say_not_visible(call, session, state);
    say_left_out(call, state);
}

/* ---- the command --------------------------------------------------------------------------- */

enum runbook_exit bloat_report_command(struct call *call, GError **error)
{
    AUTO(session) session = call_connect(call, error);
    if (session == NULL)
        return RUNBOOK_FAILED;
    bool system = option_given(call->options, "system");
    AUTO(bloat_case) state = bloat_observe(session, system, error);
    if (state == NULL || !chosen_check(call, state->relations, error))
        return RUNBOOK_FAILED;
    guint all = state->objects->len;
    keep_wanted(call, state);
    if (!measure(call, session, state, error))
        return RUNBOOK_FAILED;
    bloat_remember(call, session, state, all == state->objects->len && !system);
    if (output_format(call->output) == OUTPUT_JSON) {
        bloat_recall(call, session, state);
        show_document(call, session, state);
    } else {
        show_table(call, session, state);
    }
    return RUNBOOK_DONE;
}
