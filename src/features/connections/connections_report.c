/* `connections report`: who holds the slots, who stands in whose way, and what that comes to. */
#include "backends/backends_enter.h"
#include "connections_pool.h"
#include "connections_private.h"
#include "out/grid.h"
#include "units/units.h"
#include "watch/watch_look.h"

enum { QUERY_SHOWN = 80 };

struct report {
    struct call *call;
    struct backends_entry entry;
    struct connections_policy policy;
    const struct backends *backends;
    const struct connections_diagnosis *diagnosis;
    char **hints;
    struct connections_pooler pooler;
};

/* ---- for people ------------------------------------------------------------------------------ */

static enum output_tone tone_of(const struct connections_diagnosis *diagnosis)
{
    return diagnosis->kind == CONNECTIONS_HEALTHY ? OUTPUT_GOOD : OUTPUT_BAD;
}

static void say_slots(const struct report *report)
{
    const struct backends_slots *slots = &report->backends->slots;
    struct output *output = report->call->output;
    g_autofree char *title = output_paint(output, tone_of(report->diagnosis),
                                          connections_kind_title(report->diagnosis->kind));

    output_say(output, "Diagnosis: %s", title);
    output_say(output, "%s.", report->diagnosis->reason);
    output_say(output,
               "Slots: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
               " ordinary ones used (max_connections %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
               " kept for superusers, %" G_GINT64_FORMAT " reserved).",
               slots->used, slots->ordinary, slots->max, slots->superuser_reserved,
               slots->reserved);
    for (guint i = 0; i < report->backends->limits->len; i++) {
        const struct backends_limit *limit =
            &g_array_index(report->backends->limits, struct backends_limit, i);
        output_say(output,
                   "Limit of %s %s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                   " connections used.",
                   limit->of_role ? "role" : "database", limit->name, limit->used, limit->most);
    }
}

static void show_groups(const struct report *report)
{
    static const struct grid_column columns[] = {
        {"sessions", true},     {"state", false},  {"for up to", true}, {"role", false},
        {"application", false}, {"client", false}, {"database", false}, {NULL, false},
    };
    g_autoptr(GArray) groups = connections_groups(report->backends);
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < groups->len; i++) {
        const struct connections_group *group =
            &g_array_index(groups, struct connections_group, i);
        grid_cellf(grid, OUTPUT_BOLD, "%u", group->count);
        grid_cell(grid, OUTPUT_PLAIN, backend_state_name(group->first->state));
        grid_seconds(grid, OUTPUT_PLAIN, group->oldest_seconds);
        grid_cell(grid, OUTPUT_PLAIN, group->first->role);
        grid_cell(grid, OUTPUT_PLAIN, group->first->application);
        grid_cell(grid, OUTPUT_PLAIN, group->first->client);
        grid_cell(grid, OUTPUT_PLAIN, group->first->database);
    }
    if (groups->len == 0 && output_format(report->call->output) != OUTPUT_CSV)
        return;
    output_say(report->call->output, "%s", "");
    grid_print(grid, report->call->output);
}

static char *shortened(const char *query)
{
    g_autofree char *line = g_strdelimit(g_strdup(query), "\r\n\t", ' ');

    if (g_utf8_strlen(line, -1) <= QUERY_SHOWN)
        return g_steal_pointer(&line);
    *g_utf8_offset_to_pointer(line, QUERY_SHOWN) = '\0';
    return g_strconcat(line, "…", NULL);
}

static void cell_who(struct grid *grid, const struct backend *backend)
{
    grid_cellf(grid, OUTPUT_BOLD, "%" G_GINT64_FORMAT, backend->pid);
    grid_cell(grid, OUTPUT_PLAIN, backend->role);
    grid_cell(grid, OUTPUT_PLAIN, backend->application);
}

static void show_transactions(const struct report *report)
{
    static const struct grid_column columns[] = {
        {"pid", true},    {"role", false},           {"application", false}, {"for", true},
        {"holds", false}, {"last statement", false}, {NULL, false},
    };
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < backends_count(report->backends); i++) {
        const struct backend *backend = backends_at(report->backends, i);
        gint64 age = MAX(backend->xmin_age, backend->xid_age);
        if (!backend_in_transaction(backend))
            continue;
        g_autofree char *transactions = units_format_counted(MAX(age, 0), "transaction");
        cell_who(grid, backend);
        grid_seconds(grid, OUTPUT_PLAIN, backend_seconds(report->backends, backend));
        grid_cellf(grid, OUTPUT_PLAIN, "%s%s", age < 0 ? "no horizon" : "dead rows of ",
                   age < 0 ? "" : transactions);
        grid_take(grid, OUTPUT_DIM, shortened(backend->query));
    }
    if (grid_rows(grid) == 0)
        return;
    output_say(report->call->output, "\nIdle in transaction:");
    grid_print(grid, report->call->output);
}

static void row_root(struct grid *grid, const struct backends *backends,
                     const struct backends_root *root)
{
    if (root->backend != NULL) {
        cell_who(grid, root->backend);
        grid_cell(grid, OUTPUT_PLAIN, backend_state_name(root->backend->state));
    } else {
        grid_cell(grid, OUTPUT_BOLD, "none");
        grid_cell(grid, OUTPUT_PLAIN, NULL);
        grid_cell(grid, OUTPUT_PLAIN, NULL);
        grid_cellf(grid, OUTPUT_PLAIN, "prepared transaction '%s'", root->prepared);
    }
    grid_cellf(grid, OUTPUT_BAD, "%u", root->all);
    grid_seconds(grid, OUTPUT_PLAIN, backends_seconds_since(backends, root->oldest_wait_us));
    grid_take(grid, OUTPUT_DIM, root->backend ? shortened(root->backend->query) : NULL);
}

static void show_blocking(const struct report *report)
{
    static const struct grid_column columns[] = {
        {"root", true},           {"role", false}, {"application", false},    {"state", false},
        {"wait behind it", true}, {"up to", true}, {"last statement", false}, {NULL, false},
    };
    const GArray *roots = report->diagnosis->roots;
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < roots->len; i++)
        row_root(grid, report->backends, &g_array_index(roots, struct backends_root, i));
    if (roots->len == 0)
        return;
    output_say(report->call->output, "\nWho others wait for:");
    grid_print(grid, report->call->output);
}

static void show_waiters(const struct report *report)
{
    static const struct grid_column columns[] = {
        {"waits", true},   {"role", false},      {"application", false}, {"for", true},
        {"behind", false}, {"statement", false}, {NULL, false},
    };
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < backends_count(report->backends); i++) {
        const struct backend *backend = backends_at(report->backends, i);
        if (backend->blocker_count == 0)
            continue;
        cell_who(grid, backend);
        grid_seconds(grid, OUTPUT_PLAIN,
                     backends_seconds_since(report->backends, backend->wait_since_us));
        if (backend->blockers[0] == 0)
            grid_cell(grid, OUTPUT_PLAIN, "a prepared transaction");
        else
            grid_cellf(grid, OUTPUT_PLAIN, "pid %" G_GINT64_FORMAT "%s", backend->blockers[0],
                       backend->blocker_count > 1 ? ", …" : "");
        grid_take(grid, OUTPUT_DIM, shortened(backend->query));
    }
    if (grid_rows(grid) == 0 || output_verbosity(report->call->output) < 1)
        return;
    output_say(report->call->output, "\nWho waits:");
    grid_print(grid, report->call->output);
}

static void say_hints(const struct report *report)
{
    for (guint i = 0; report->hints[i] != NULL; i++)
        output_say(report->call->output, "%s→ %s", i == 0 ? "\n" : "", report->hints[i]);
}

static void show_text(const struct report *report)
{
    say_slots(report);
    show_groups(report);
    /* CSV is one table. */
    if (output_format(report->call->output) == OUTPUT_CSV)
        return;
    show_transactions(report);
    show_blocking(report);
    show_waiters(report);
    connections_pooler_say(&report->pooler, report->call->output);
    say_hints(report);
}

/* ---- the document ---------------------------------------------------------------------------- */

/* Its members, in their order; owned by the caller. */
static json_t *members_of(const struct report *report, bool emergency)
{
    const struct connections_diagnosis *diagnosis = report->diagnosis;
    json_t *members = json_object();
    json_t *goal = json_object();

    json_object_set_new(goal, "until", json_real(report->policy.until));
    json_object_set_new(goal, "slots", json_integer(diagnosis->goal));
    json_object_set_new(goal, "too_many", json_integer(diagnosis->need));
    json_object_set_new(members, "diagnosis",
                        json_string(connections_kind_name(diagnosis->kind)));
    json_object_set_new(members, "reason", document_text(diagnosis->reason));
    json_object_set_new(members, "emergency", json_boolean(emergency));
    json_object_set_new(members, "slots", connections_slots_json(report->backends));
    json_object_set_new(members, "goal", goal);
    json_object_set_new(members, "groups", connections_groups_json(report->backends));
    json_object_set_new(members, "transactions",
                        connections_transactions_json(report->backends, &report->policy.named));
    json_object_set_new(
        members, "blocking",
        connections_blocking_json(report->backends, diagnosis, &report->policy.named));
    json_object_set_new(members, "pgbouncer", connections_pooler_json(&report->pooler));
    json_object_set_new(members, "hints", connections_strings_json(report->hints));
    return members;
}

static void show_document(const struct report *report)
{
    struct session *session = report->entry.session;
    /* Asked only where it is shown: one statement less for everybody else. */
    bool shown = output_format(report->call->output) == OUTPUT_JSON;
    if (!shown)
        return;
    struct document_server server = {
        .version_num = session_version(session),
        .database = session_database(session),
        .system_identifier = session_system_identifier(session),
    };
    struct document *document =
        document_begin(report->call->output, "connections.report/1", &server);
    json_t *members = members_of(report, report->entry.emergency);
    const char *name;
    json_t *value;

    json_object_foreach(members, name, value)
    {
        document_member(document, name, json_incref(value));
    }
    json_decref(members);
    document_end(document);
}

json_t *connections_live(struct watch_look *look)
{
    const struct call *call = look->call;
    struct report report = {.backends = look->backends};
    bool unready = look->triggers & WATCH_UNREADY;

    report.policy = connections_policy(call->settings, unready, false);
    g_autoptr(GArray) apps = connections_apps(call->settings, call->target);
    connections_policy_apps(&report.policy, apps);
    AUTO(connections_diagnosis)
    diagnosis = connections_diagnose(look->backends, &report.policy);
    g_auto(GStrv) hints = connections_hints(diagnosis, &report.policy, true);
    report.diagnosis = diagnosis;
    report.hints = hints;
    json_t *document = watch_document(look, "connections.report/1");
    json_t *members = members_of(&report, look->emergency);
    json_object_update(document, members);
    json_decref(members);
    return document;
}

/* ---- the command ------------------------------------------------------------------------------ */

static bool make_report(gpointer data, GError **error)
{
    struct report *report = data;
    struct call *call = report->call;
    AUTO(backends) backends = backends_read(report->entry.session, error);

    if (backends == NULL || !backends_all_seen(backends, error))
        return false;
    report->policy = connections_policy(call->settings,
                                        option_given(call->options, "service-unready"), false);
    g_autoptr(GArray) apps = connections_apps(call->settings, call->target);
    connections_policy_apps(&report->policy, apps);
    connections_pooler_clear(&report->pooler);
    report->pooler = connections_pooler_ask(call->settings);
    AUTO(connections_diagnosis) diagnosis = connections_diagnose(backends, &report->policy);
    g_auto(GStrv) hints = connections_hints(diagnosis, &report->policy, true);
    report->backends = backends;
    report->diagnosis = diagnosis;
    report->hints = hints;
    show_document(report);
    if (output_format(call->output) != OUTPUT_JSON)
        show_text(report);
    return true;
}

enum runbook_exit connections_report_command(struct call *call, GError **error)
{
    struct report report = {.call = call};
    const struct connections_printer printer = {make_report, &report};
    const char *seconds = option_value(call->options, "watch");
    enum runbook_exit code = RUNBOOK_DONE;

    if (!backends_enter(call, &report.entry, error))
        return RUNBOOK_FAILED;
    if (seconds != NULL)
        code = connections_watch(call, report.entry.session, &printer, seconds, error);
    else if (!make_report(&report, error))
        code = RUNBOOK_FAILED;
    connections_pooler_clear(&report.pooler);
    backends_leave(&report.entry);
    return code;
}
