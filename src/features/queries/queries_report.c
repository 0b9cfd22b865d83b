/* `queries report`. */
#include "backends/backends_enter.h"
#include "interrupt.h"
#include "out/display.h"
#include "out/grid.h"
#include "queries_private.h"
#include "units/units.h"
#include "watch/watch_look.h"

enum { QUERY_COLUMNS = 120 };

struct queries_policy queries_policy(const struct call *call, const GArray *rules)
{
    return queries_policy_by(call->settings, rules, option_given(call->options, "rules"),
                             option_given(call->options, "superusers"));
}

struct queries_policy queries_policy_by(const struct settings *settings, const GArray *rules,
                                        bool by_rules, bool superusers)
{
    struct queries_policy policy = {
        .longer_than_us = settings_int(settings, "queries.longer_than") * 1000,
        .by_rules = by_rules,
        .rules = rules,
        .protection = backends_policy(settings, "queries.superusers"),
    };

    policy.protection.superusers |= superusers;
    return policy;
}

struct backends *queries_snapshot(struct session *session, GError **error)
{
    AUTO(backends) backends = backends_read(session, error);

    if (backends == NULL || !backends_all_seen(backends, error))
        return NULL;
    return g_steal_pointer(&backends);
}

char *queries_line(const char *query, int columns)
{
    g_autofree char *clean = display_clean(query, DISPLAY_KEEP_LINES);
    g_autoptr(GString) line = g_string_new(NULL);

    for (const char *at = clean; *at != '\0'; at++) {
        if (!g_ascii_isspace(*at))
            g_string_append_c(line, *at);
        else if (line->len > 0 && line->str[line->len - 1] != ' ')
            g_string_append_c(line, ' ');
    }
    if (display_columns(line->str) <= columns)
        return g_string_free(g_steal_pointer(&line), FALSE);
    g_autofree char *cut = display_cut(line->str, columns - 1);
    return g_strconcat(cut, "…", NULL);
}

/* ---- document ------------------------------------------------------------------------------ */

static json_t *pids_of(const GArray *pids)
{
    json_t *list = json_array();

    for (guint i = 0; i < pids->len; i++)
        json_array_append_new(list, json_integer(g_array_index(pids, gint64, i)));
    return list;
}

static json_t *wait_of(const struct backend *backend)
{
    if (backend->wait_type == NULL)
        return json_null();
    g_autofree char *wait = g_strdup_printf("%s: %s", backend->wait_type,
                                            backend->wait == NULL ? "" : backend->wait);
    return document_text(wait);
}

static json_t *item_of(const struct queries_row *row)
{
    const struct backend *backend = row->backend;
    const struct queries_rule *rule = row->rule;

    return json_pack(
        "{sI so so so so so sf ss so so sb so so so ss so so sI so}", "pid",
        (json_int_t) backend->pid, "type", document_text(backend->type), "role",
        document_text(backend->role), "application", document_text(backend->application),
        "client", document_text(backend->client), "database", document_text(backend->database),
        "duration_seconds", row->seconds, "state", backend_state_name(backend->state), "wait",
        wait_of(backend), "blocks", pids_of(row->blocks), "protected",
        (int) (row->protected != NULL), "reason", document_text(row->reason), "left_alone",
        document_text(row->left_alone), "rule", document_text(rule == NULL ? NULL : rule->name),
        "action",
        queries_action_name(rule == NULL || row->protected ? QUERIES_REPORT : rule->action),
        "command", document_text(backend->command), "progress_pct",
        backend->progress_pct < 0 ? json_null() : json_real(backend->progress_pct), "workers",
        (json_int_t) backend->workers, "query", document_text(backend->query));
}

static json_t *items_json(const GArray *rows, json_t *list)
{
    for (guint i = 0; i < rows->len; i++)
        json_array_append_new(list, item_of(queries_at(rows, i)));
    return list;
}

json_t *queries_live(struct watch_look *look)
{
    const struct call *call = look->call;
    g_autoptr(GArray) rules = queries_rules(call->settings, call->target);
    const struct queries_policy policy = queries_policy_by(call->settings, rules, false, false);
    AUTO(queries_view) view = queries_look(look->backends, &policy);
    json_t *document = watch_document(look, "queries.report/1");

    json_object_set_new(document, "longer_than_seconds",
                        json_real((double) policy.longer_than_us / G_USEC_PER_SEC));
    json_object_set_new(document, "queries",
                        items_json(view->apart, items_json(view->queries, json_array())));
    json_object_set_new(document, "transactions", items_json(view->transactions, json_array()));
    return document;
}

static void write_items(struct document *document, const GArray *rows)
{
    for (guint i = 0; i < rows->len; i++)
        document_item(document, item_of(queries_at(rows, i)));
}

static void write_document(struct call *call, struct session *session,
                           const struct queries_view *view, const struct queries_policy *policy)
{
    const struct document_server server = {session_version(session), session_database(session),
                                           session_system_identifier(session)};
    struct document *document = document_begin(call->output, "queries.report/1", &server);

    document_member(document, "longer_than_seconds",
                    json_real((double) policy->longer_than_us / G_USEC_PER_SEC));
    document_array(document, "queries");
    write_items(document, view->queries);
    write_items(document, view->apart);
    document_array_end(document);
    document_array(document, "transactions");
    write_items(document, view->transactions);
    document_array_end(document);
    document_end(document);
}

/* ---- table --------------------------------------------------------------------------------- */

const struct grid_column queries_columns[] = {
    {"PID", true},       {"For", true},   {"Role", false},  {"Application", false},
    {"Database", false}, {"Wait", false}, {"Blocks", true}, {"Progress", false},
    {"Query", false},    {NULL, false}};

static char *progress_of(const struct backend *backend)
{
    if (backend->progress_pct < 0)
        return backend->command == NULL ? NULL : g_strdup(backend->command);
    return g_strdup_printf("%s %.0f%%", backend->command, backend->progress_pct);
}

void queries_add_cells(struct grid *grid, const struct queries_row *row)
{
    const struct backend *backend = row->backend;
    bool client = backend_is_client(backend);

    grid_cellf(grid, OUTPUT_BOLD, "%" G_GINT64_FORMAT, backend->pid);
    grid_seconds(grid, row->protected ? OUTPUT_DIM : OUTPUT_CAUTION, row->seconds);
    grid_cell(grid, OUTPUT_PLAIN, client ? backend->role : backend->type);
    grid_cell(grid, OUTPUT_PLAIN, backend->application);
    grid_cell(grid, OUTPUT_PLAIN, backend->database);
    grid_cell(grid, backend->lock != NULL ? OUTPUT_BAD : OUTPUT_PLAIN, backend->wait);
    if (row->blocks->len > 0)
        grid_cellf(grid, OUTPUT_BAD, "%u", row->blocks->len);
    else
        grid_cell(grid, OUTPUT_PLAIN, NULL);
    grid_take(grid, OUTPUT_PLAIN, progress_of(backend));
}

static void print_rows(struct call *call, const char *title, const GArray *rows, bool apart)
{
    static const struct grid_column apart_columns[] = {
        {"PID", true},          {"For", true},       {"Role", false},
        {"Application", false}, {"Database", false}, {"Wait", false},
        {"Blocks", true},       {"Progress", false}, {"Left alone because", false},
        {NULL, false}};
    AUTO(grid) grid = grid_new(apart ? apart_columns : queries_columns);

    if (rows->len == 0 && title != NULL)
        return;
    if (title != NULL)
        output_say(call->output, "%s", title);
    for (guint i = 0; i < rows->len; i++) {
        const struct queries_row *row = queries_at(rows, i);
        queries_add_cells(grid, row);
        if (apart)
            grid_cell(grid, OUTPUT_DIM, row->reason);
        else
            grid_take(grid, OUTPUT_PLAIN, queries_line(row->backend->query, QUERY_COLUMNS));
    }
    grid_print(grid, call->output);
}

/* The longest of those that may be ended. */
static void say_next(struct call *call, const struct queries_view *view)
{
    if (view->queries->len > 0)
        output_say(call->output,
                   "\nTo stop one: pgrunbook queries cancel %" G_GINT64_FORMAT
                   "; if that does not help: pgrunbook queries terminate %" G_GINT64_FORMAT,
                   queries_at(view->queries, 0)->backend->pid,
                   queries_at(view->queries, 0)->backend->pid);
}

static void show_report(struct call *call, struct session *session,
                        const struct queries_view *view, const struct queries_policy *policy)
{
    g_autofree char *time =
        units_format_duration((double) policy->longer_than_us / G_USEC_PER_SEC);

    if (output_format(call->output) == OUTPUT_JSON) {
        write_document(call, session, view, policy);
        return;
    }
    if (output_format(call->output) == OUTPUT_CSV) { /* one table */
        print_rows(call, NULL, view->queries, false);
        return;
    }
    if (view->queries->len == 0)
        output_say(call->output, "No query has run for longer than %s.", time);
    print_rows(call, "Queries, longest first:", view->queries, false);
    print_rows(call,
               "\nIdle in transaction; a cancel does nothing to these:", view->transactions,
               false);
    print_rows(call, "\nLeft alone, always:", view->apart, true);
    say_next(call, view);
}

bool queries_report(struct call *call, struct session *session,
                    const struct queries_policy *policy, GError **error)
{
    AUTO(backends) backends = queries_snapshot(session, error);

    if (backends == NULL)
        return false;
    AUTO(queries_view) view = queries_look(backends, policy);
    show_report(call, session, view, policy);
    return true;
}

static enum runbook_exit report_once_or_again(struct call *call, struct session *session,
                                              GError **error)
{
    const char *seconds = option_value(call->options, "watch");
    g_autoptr(GArray) rules = queries_rules(call->settings, call->target);
    const struct queries_policy policy = queries_policy(call, rules);

    if (seconds != NULL)
        return queries_watch(call, session, &policy, seconds, error);
    return queries_report(call, session, &policy, error) ? RUNBOOK_DONE
                                                         : runbook_error_exit(*error);
}

enum runbook_exit queries_report_command(struct call *call, GError **error)
{
    struct backends_entry entry;

    if (!backends_enter(call, &entry, error))
        return runbook_error_exit(*error);
    enum runbook_exit code = report_once_or_again(call, entry.session, error);
    backends_leave(&entry);
    return code;
}
