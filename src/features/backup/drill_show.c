#include "backup_plan.h"
#include "drill.h"
#include "out/document.h"
#include "out/grid.h"
#include "units/units.h"

const char *drill_status_name(enum drill_status status)
{
    static const char *const names[] = {"ok", "failed", "skipped"};

    return names[status];
}

static const char *verdict(const struct drill *drill)
{
    return drill_failed(drill) ? "failed" : drill_proves(drill) ? "proven" : "passed";
}

static double recovery_seconds(const struct drill *drill)
{
    return drill->result.files_seconds + drill->result.recovery_seconds;
}

static json_t *check_json(const struct drill_check *check)
{
    return json_pack("{s:o, s:o, s:s, s:I, s:f, s:o}", "name", document_text(check->name),
                     "database", document_text(check->database), "status",
                     drill_status_name(check->status), "count", (json_int_t) check->count,
                     "seconds", check->seconds, "detail", document_text(check->detail));
}

static json_t *checks_json(const struct drill *drill)
{
    json_t *checks = json_array();

    for (guint i = 0; i < drill->checks->len; i++)
        json_array_append_new(checks, check_json(drill->checks->pdata[i]));
    return checks;
}

static json_t *landed_json(const struct drill *drill)
{
    g_autofree char *lsn = drill->result.lsn != 0 ? wal_lsn_format(drill->result.lsn) : NULL;

    if (lsn == NULL)
        return json_null();
    return json_pack(
        "{s:o, s:o, s:o, s:o}", "time", backup_plan_moment(drill->result.time_us), "xid",
        drill->result.xid != 0 ? json_integer(drill->result.xid) : json_null(), "lsn",
        document_text(lsn), "timeline",
        drill->result.timeline != 0 ? json_integer(drill->result.timeline) : json_null());
}

char *drill_summary(const struct drill *drill)
{
    g_autofree char *target = target_text(&drill->plan->target);
    g_autofree char *reserve = drill_reserve(drill);
    json_t *summary =
        json_pack("{s:s, s:o, s:s, s:o, s:f, s:I, s:o}", "verdict", verdict(drill), "reserve",
                  document_text(reserve), "backup", drill->backup->id, "target",
                  document_text(target), "recovery_seconds", recovery_seconds(drill), "seed",
                  (json_int_t) drill->seed, "checks", checks_json(drill));
    char *text = json_dumps(summary, JSON_COMPACT);

    json_decref(summary);
    return text;
}

static void show_document(const struct drill *drill, gint64 run, bool planned)
{
    const struct document_server server = {.version_num = drill->backup->version_num,
                                           .system_identifier = lineage_system(drill->lineage)};
    struct document *document = document_begin(drill->call->output, "backup.drill/1", &server);

    g_autofree char *mark = drill_mark(drill);
    g_autofree char *reserve = drill_reserve(drill);

    if (planned)
        document_member(document, "only", json_pack("[s]", mark));
    backup_plan_members(document, drill->plan);
    document_member(document, "seed", drill->random ? json_integer(drill->seed) : json_null());
    document_member(document, "verdict", planned ? json_null() : json_string(verdict(drill)));
    document_member(document, "reserve", document_text(reserve));
    document_member(document, "recovery_seconds",
                    planned ? json_null() : json_real(recovery_seconds(drill)));
    document_member(document, "landed", planned ? json_null() : landed_json(drill));
    document_member(document, "run", run > 0 ? json_integer(run) : json_null());
    document_array(document, "checks");
    for (guint i = 0; i < drill->checks->len; i++)
        document_item(document, check_json(drill->checks->pdata[i]));
    document_end(document);
}

void drill_show_plan(const struct drill *drill)
{
    struct output *output = drill->call->output;

    if (output_format(output) == OUTPUT_JSON) {
        if (drill->call->dry_run)
            show_document(drill, -1, true);
        return;
    }
    backup_plan_say(output, drill->plan);
    if (drill->random)
        output_say(output, "Chosen by seed  %u", drill->seed);
    output_say(output, "Scratch         %s", drill->scratch.folder);
}

static void show_grid(const struct drill *drill)
{
    static const enum output_tone tones[] = {OUTPUT_GOOD, OUTPUT_BAD, OUTPUT_CAUTION};
    const struct grid_column columns[] = {
        {"check", false}, {"database", false}, {"result", false}, {"looked at", true},
        {"time", true},   {"detail", false},   {NULL, false}};
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < drill->checks->len; i++) {
        const struct drill_check *check = drill->checks->pdata[i];
        grid_cell(grid, OUTPUT_PLAIN, check->name);
        grid_cell(grid, OUTPUT_PLAIN, check->database);
        grid_cell(grid, tones[check->status], drill_status_name(check->status));
        grid_count(grid, OUTPUT_PLAIN, check->count);
        grid_seconds(grid, OUTPUT_PLAIN, check->seconds);
        grid_cell(grid, OUTPUT_PLAIN, check->detail);
    }
    grid_print(grid, drill->call->output);
}

void drill_show(const struct drill *drill, gint64 run)
{
    struct output *output = drill->call->output;
    g_autofree char *took = units_format_duration(recovery_seconds(drill));

    if (output_format(output) == OUTPUT_JSON) {
        show_document(drill, run, false);
        return;
    }
    output_say(output, "%s", "");
    show_grid(drill);
    g_autofree char *word =
        output_paint(output, drill_failed(drill) ? OUTPUT_BAD : OUTPUT_GOOD, verdict(drill));
    g_autofree char *reserve = drill_reserve(drill);
    output_say(output, "\nBackup %s: %s%s. It was back after %s.", drill->backup->id, word,
               reserve != NULL ? ", but not all of it was looked at" : "", took);
    if (reserve != NULL)
        output_warn(output, "not looked at: %s", reserve);
}
