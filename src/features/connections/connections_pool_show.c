/* The answer of `connections pool`, as table and as document. */
#include "connections_pool.h"
#include "out/document.h"
#include "out/grid.h"
#include "units/units.h"

static const struct connections_app_state *state_at(const struct connections_pool *pool,
                                                    guint position)
{
    return &g_array_index(pool->apps, struct connections_app_state, position);
}

/* ---- document ------------------------------------------------------------------------------ */

static json_t *findings_of(const struct connections_app_state *state)
{
    json_t *findings = json_array();

    for (guint i = CONNECTIONS_APP_FINDINGS - 1; i > CONNECTIONS_APP_OK; i--) {
        enum connections_app_finding finding = (enum connections_app_finding) i;
        if ((state->found >> i & 1) == 0)
            continue;
        g_autofree char *words = connections_app_words(state, finding);
        json_array_append_new(findings, json_pack("{ss so}", "finding",
                                                  connections_app_finding_name(finding),
                                                  "message", document_text(words)));
    }
    return findings;
}

static json_t *app_item(const struct connections_app_state *state)
{
    const struct connections_app *app = state->app;
    json_t *roles = json_array();

    for (guint i = 0; i < state->roles->len; i++)
        json_array_append_new(roles, document_text(g_ptr_array_index(state->roles, i)));
    return json_pack(
        "{so ss so sI sI sI sf sI sI sI sI sI sf sI so so}", "name", document_text(app->name),
        "finding", connections_app_finding_name(connections_app_gravest(state)), "findings",
        findings_of(state), "instances", (json_int_t) app->instances, "max_open",
        (json_int_t) app->max_open, "max_idle", (json_int_t) app->max_idle,
        "max_lifetime_seconds", (double) app->max_lifetime_ms / 1000, "sessions",
        (json_int_t) state->sessions, "allowed_sessions", (json_int_t) state->allowed, "idle",
        (json_int_t) state->idle, "allowed_idle", (json_int_t) state->allowed_idle, "overdue",
        (json_int_t) state->overdue, "oldest_seconds", state->oldest_seconds,
        "instances_that_fit", (json_int_t) state->fitting, "roles", roles, "configured_in",
        document_text(app->origin));
}

static json_t *source_of(const struct connections_pool_report *report)
{
    json_t *calls = json_array();

    if (report->source == NULL) {
        json_decref(calls);
        return json_null();
    }
    for (guint i = 0; i < report->source->len; i++) {
        const struct connections_source_row *row =
            &g_array_index(report->source, struct connections_source_row, i);
        const struct connections_pool_found *found = row->found;
        bool lifetime = row->call == CONNECTIONS_POOL_LIFETIME;
        double scale = lifetime ? 1e9 : 1;
        json_array_append_new(
            calls,
            json_pack("{ss ss so so so so so}", "call", connections_pool_call_name(row->call),
                      "finding", connections_source_finding_name(row->finding), "line",
                      found == NULL ? json_null() : json_integer(found->line), "argument",
                      document_text(found == NULL ? NULL : found->text),
                      lifetime ? "value_seconds" : "value",
                      found == NULL || !found->known ? json_null()
                                                     : json_real((double) found->value / scale),
                      lifetime ? "wanted_seconds" : "wanted",
                      json_real((double) row->wanted / scale), "message",
                      document_text(row->words)));
    }
    return json_pack("{so so so}", "file", document_text(report->file), "application",
                     document_text(report->source_app->name), "calls", calls);
}

static void write_document(struct call *call, struct session *session,
                           const struct connections_pool_report *report)
{
    const struct connections_pool *pool = report->pool;
    const struct document_server server = {session_version(session), session_database(session),
                                           session_system_identifier(session)};
    struct document *document = document_begin(call->output, "connections.pool/1", &server);

    document_member(document, "slots",
                    json_pack("{sI sI sI sI sI}", "max", (json_int_t) pool->slots.max,
                              "ordinary", (json_int_t) pool->slots.ordinary, "used",
                              (json_int_t) pool->slots.used, "claimed",
                              (json_int_t) pool->claimed, "others", (json_int_t) pool->others));
    document_member(document, "fits", json_boolean(pool->claimed <= pool->slots.ordinary));
    document_array(document, "applications");
    for (guint i = 0; i < pool->apps->len; i++)
        document_item(document, app_item(state_at(pool, i)));
    document_array_end(document);
    document_member(document, "source", source_of(report));
    document_member(document, "pgbouncer", connections_pooler_json(report->pooler));
    document_array(document, "role_settings");
    for (guint i = 0; i < report->roles->len; i++) {
        const struct connections_role_setting *setting =
            &g_array_index(report->roles, struct connections_role_setting, i);
        document_item(document, json_pack("{so so so}", "role", document_text(setting->role),
                                          "sql", document_text(setting->sql), "reason",
                                          document_text(setting->reason)));
    }
    document_array_end(document);
    document_end(document);
}

/* ---- table --------------------------------------------------------------------------------- */

static void say_slots(struct call *call, const struct connections_pool *pool)
{
    const struct backends_slots *slots = &pool->slots;

    output_say(call->output, "%" G_GINT64_FORMAT " ordinary slots, %" G_GINT64_FORMAT " used.",
               slots->ordinary, slots->used);
    if (pool->apps->len == 0) {
        output_say(call->output, "No application is configured: add a section [app NAME] with "
                                 "instances, max_open, max_idle and max_lifetime "
                                 "(\"pgrunbook config sample\" shows one).");
        return;
    }
    g_autofree char *text = g_strdup_printf(
        "The applications may open %" G_GINT64_FORMAT " connections: %s.", pool->claimed,
        pool->claimed <= slots->ordinary ? "they fit" : "more than there are slots");
    g_autofree char *painted = output_paint(
        call->output, pool->claimed <= slots->ordinary ? OUTPUT_GOOD : OUTPUT_BAD, text);
    output_say(call->output, "%s", painted);
}

static void print_apps(struct call *call, const struct connections_pool *pool)
{
    static const struct grid_column columns[] = {
        {"Application", false}, {"Instances", true}, {"Fit", true},      {"Sessions", true},
        {"Idle", true},         {"Oldest", true},    {"Finding", false}, {NULL, false}};
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < pool->apps->len; i++) {
        const struct connections_app_state *state = state_at(pool, i);
        enum connections_app_finding gravest = connections_app_gravest(state);
        g_autoptr(GString) words = g_string_new(NULL);
        for (guint finding = CONNECTIONS_APP_FINDINGS - 1; finding > 0; finding--) {
            if ((state->found >> finding & 1) == 0)
                continue;
            g_autofree char *one =
                connections_app_words(state, (enum connections_app_finding) finding);
            g_string_append_printf(words, "%s%s", words->len > 0 ? "; " : "", one);
        }
        grid_cell(grid, OUTPUT_BOLD, state->app->name);
        grid_cellf(grid, OUTPUT_PLAIN, "%" G_GINT64_FORMAT, state->app->instances);
        grid_cellf(grid, state->fitting < state->app->instances ? OUTPUT_BAD : OUTPUT_PLAIN,
                   "%" G_GINT64_FORMAT, state->fitting);
        grid_cellf(grid, OUTPUT_PLAIN, "%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
                   state->sessions, state->allowed);
        grid_cellf(grid, OUTPUT_PLAIN, "%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, state->idle,
                   state->allowed_idle);
        grid_seconds(grid, OUTPUT_PLAIN, state->oldest_seconds);
        grid_cell(grid,
                  gravest == CONNECTIONS_APP_OK       ? OUTPUT_GOOD
                  : gravest == CONNECTIONS_APP_ABSENT ? OUTPUT_DIM
                                                      : OUTPUT_CAUTION,
                  words->len > 0 ? words->str : "ok");
    }
    if (grid_rows(grid) > 0 || output_format(call->output) == OUTPUT_CSV)
        grid_print(grid, call->output);
}

static void say_source(struct call *call, const struct connections_pool_report *report)
{
    if (report->source == NULL)
        return;
    output_say(call->output, "\n%s, for application \"%s\":", report->file,
               report->source_app->name);
    for (guint i = 0; i < report->source->len; i++) {
        const struct connections_source_row *row =
            &g_array_index(report->source, struct connections_source_row, i);
        g_autofree char *place =
            row->found == NULL
                ? g_strdup("")
                : g_strdup_printf("line %u (%s): ", row->found->line, row->found->text);
        enum output_tone tone =
            row->finding == CONNECTIONS_SOURCE_OK ? OUTPUT_GOOD : OUTPUT_CAUTION;
        g_autofree char *painted =
            output_paint(call->output, tone, connections_source_finding_name(row->finding));
        output_say(call->output, "  %s: %s%s", painted, place, row->words);
    }
}

static void say_roles(struct call *call, const GArray *roles)
{
    if (roles->len > 0)
        output_say(call->output, "\nWhat makes it durable:");
    for (guint i = 0; i < roles->len; i++) {
        const struct connections_role_setting *setting =
            &g_array_index(roles, struct connections_role_setting, i);
        output_say(call->output, "  -- %s\n  %s;", setting->reason, setting->sql);
    }
}

void connections_pool_show(struct call *call, struct session *session,
                           const struct connections_pool_report *report)
{
    if (output_format(call->output) == OUTPUT_JSON) {
        write_document(call, session, report);
        return;
    }
    say_slots(call, report->pool);
    print_apps(call, report->pool);
    /* CSV is one table. */
    if (output_format(call->output) == OUTPUT_CSV)
        return;
    say_source(call, report);
    connections_pooler_say(report->pooler, call->output);
    say_roles(call, report->roles);
}
