/* The report as pgrunbook.report/1. */
#include "out/document.h"
#include "report/report_show.h"

#include <math.h>

/* Numbers that are below 0 when they are not known. */
static json_t *known(gint64 number)
{
    return number < 0 ? json_null() : json_integer(number);
}

static json_t *known_real(double number)
{
    return number < 0 ? json_null() : json_real(number);
}

static void add_lines(struct document *document, const struct report *report)
{
    static const char *const tones[] = {"plain", "good", "caution", "bad"};

    document_array(document, "in_short");
    for (guint i = 0; i < report->lines->len; i++) {
        const struct report_line *line = &g_array_index(report->lines, struct report_line, i);
        document_item(document, json_pack("{ss so}", "tone", tones[line->tone], "text",
                                          document_text(line->text)));
    }
}

static void add_tallies(struct document *document, const struct report *report)
{
    document_array(document, "runs");
    for (guint i = 0; i < report->tallies->len; i++) {
        const struct report_tally *one =
            &g_array_index(report->tallies, struct report_tally, i);
        json_t *item =
            json_pack("{so so so si sf so sI}", "target", document_text(one->target), "section",
                      document_text(one->section), "verb", document_text(one->verb), "runs",
                      (int) one->runs, "seconds", one->seconds, "last_at",
                      document_time(one->last_us), "last_run", (json_int_t) one->last_run);
        for (int at = 0; at < REPORT_OUTCOMES; at++)
            json_object_set_new(item, report_outcome_word((enum report_outcome) at),
                                json_integer(one->outcomes[at]));
        document_item(document, item);
    }
    document_array(document, "not_done");
    for (guint i = 0; i < report->runs->len; i++) {
        const struct report_run *run = &g_array_index(report->runs, struct report_run, i);
        if (run->outcome != REPORT_DONE)
            document_item(
                document,
                json_pack(
                    "{sI so so so so ss so so so}", "run", (json_int_t) run->id, "at",
                    document_time(run->started_us), "target", document_text(run->target),
                    "section", document_text(run->section), "verb", document_text(run->verb),
                    "outcome", report_outcome_word(run->outcome), "by", document_text(run->by),
                    "reason", document_text(run->reason), "error", document_text(run->error)));
    }
}

static void add_wins(struct document *document, const char *name, const GArray *wins)
{
    static const char *const undone[] = {"no", "partly", "yes"};

    document_array(document, name);
    for (guint i = 0; i < wins->len; i++) {
        const struct report_win *win = &g_array_index(wins, struct report_win, i);
        document_item(document,
                      json_pack("{so so so so so sI so ss so so}", "target",
                                document_text(win->target), "name", document_text(win->name),
                                "what", document_text(win->what), "before_bytes",
                                known(win->before), "after_bytes", known(win->after), "run",
                                (json_int_t) win->run, "at", document_time(win->at_us),
                                "undone", undone[win->undone], "undo_run",
                                win->undo_run > 0 ? json_integer(win->undo_run) : json_null(),
                                "undone_at", document_time(win->undone_us)));
    }
}

static void add_maintenance(struct document *document, const struct report *report)
{
    document_array(document, "vacuumed");
    for (guint i = 0; i < report->vacuums->len; i++) {
        const struct report_vacuum *one =
            &g_array_index(report->vacuums, struct report_vacuum, i);
        document_item(document,
                      json_pack("{so si si sI sb}", "target", document_text(one->target),
                                "tables", (int) one->tables, "times", (int) one->times,
                                "dead_rows_removed", (json_int_t) one->removed, "at_least",
                                (int) one->some));
    }
    document_array(document, "left_out");
    for (guint i = 0; i < report->left->len; i++) {
        const struct report_left *one = &g_array_index(report->left, struct report_left, i);
        document_item(document,
                      json_pack("{so so so so si so}", "target", document_text(one->target),
                                "section", document_text(one->section), "outcome",
                                document_text(one->outcome), "reason",
                                document_text(one->reason), "times", (int) one->times,
                                "example", document_text(one->example)));
    }
    add_wins(document, "space", report->wins);
    add_wins(document, "space_returned", report->returned);
}

static json_t *acts_json(const struct report *report, const struct report_incident *incident)
{
    json_t *acts = json_array();

    for (guint i = 0; i < incident->acts->len; i++)
        json_array_append_new(
            acts, json_integer(g_array_index(report->runs, struct report_run,
                                             g_array_index(incident->acts, guint, i))
                                   .id));
    return acts;
}

static json_t *incident_json(const struct report *report, const struct report_incident *one)
{
    guint ended, cancelled;

    report_count_acts(report, one, &ended, &cancelled);
    return json_pack(
        "{sI so so so so so so so so so si si sb}", "event", (json_int_t) one->id, "target",
        one->target[0] != '\0' ? document_text(one->target) : json_null(), "name",
        document_text(one->name), "severity", document_text(one->severity), "opened_at",
        document_time(one->opened_us), "closed_at", document_time(one->closed_us), "seconds",
        one->closed_us == 0
            ? json_null()
            : json_real((double) (one->closed_us - one->opened_us) / G_USEC_PER_SEC),
        "message", document_text(one->message), "closing", document_text(one->closing), "runs",
        acts_json(report, one), "sessions_ended", (int) ended, "queries_cancelled",
        (int) cancelled, "ended_by_itself", (int) report_ended_by_itself(report, one));
}

static void add_incidents(struct document *document, const struct report *report)
{
    document_array(document, "incidents");
    for (guint i = 0; i < report->incidents->len; i++)
        document_item(document,
                      incident_json(report, &g_array_index(report->incidents,
                                                           struct report_incident, i)));
}

static json_t *days_json(const struct report_connections *one)
{
    json_t *days = json_array();

    for (guint i = 0; i < one->days->len; i++) {
        const struct report_day *day = &g_array_index(one->days, struct report_day, i);
        const bool seen = day->samples > 0;
        json_array_append_new(
            days, json_pack("{so sI sI so so so}", "at", document_time(day->from_us), "samples",
                            (json_int_t) day->samples, "missed", (json_int_t) day->missed,
                            "ordinary", known(seen ? day->ordinary : -1), "used_max",
                            known(seen ? day->used_max : -1), "used_average",
                            known_real(seen ? day->average : -1)));
    }
    return days;
}

static void add_connections(struct document *document, const struct report *report)
{
    document_array(document, "slots");
    for (guint i = 0; i < report->connections->len; i++) {
        const struct report_connections *one =
            &g_array_index(report->connections, struct report_connections, i);
        document_item(document, json_pack("{so si si so sf sI sI so sI so}", "target",
                                          document_text(one->target), "used_max", one->used_max,
                                          "ordinary", one->ordinary, "peak_at",
                                          document_time(one->peak_us), "used_average",
                                          one->average, "samples", (json_int_t) one->samples,
                                          "missed", (json_int_t) one->missed, "kept_since",
                                          document_time(one->kept_us), "due",
                                          (json_int_t) one->due, "days", days_json(one)));
    }
}

static void add_backups(struct document *document, const struct report *report)
{
    document_array(document, "backups");
    for (guint i = 0; i < report->backups->len; i++) {
        const struct report_backups *one =
            &g_array_index(report->backups, struct report_backups, i);
        document_item(document,
                      json_pack("{so si si si sI so si si si so si si so}", "target",
                                document_text(one->target), "made", (int) one->made, "failed",
                                (int) one->failed, "other", (int) report_backups_other(one),
                                "stored_bytes", (json_int_t) one->stored_bytes, "newest_at",
                                document_time(one->newest_us), "proven", (int) one->proven,
                                "disproven", (int) one->disproven, "unjudged",
                                (int) one->unjudged, "recovery_seconds",
                                known_real(one->recovery_seconds), "dumps", (int) one->dumps,
                                "dumps_failed", (int) one->dumps_failed, "newest_dump_at",
                                document_time(one->newest_dump_us)));
    }
    document_array(document, "drills");
    for (guint i = 0; i < report->drills->len; i++) {
        const struct report_drill *one = &g_array_index(report->drills, struct report_drill, i);
        document_item(document,
                      json_pack("{sI so so so so sb sb so}", "run", (json_int_t) one->run, "at",
                                document_time(one->at_us), "target", document_text(one->target),
                                "verdict", document_text(one->verdict), "backup_id",
                                document_text(one->backup), "proven", (int) one->proven,
                                "judged", (int) (one->proven || one->disproven),
                                "recovery_seconds", known_real(one->recovery_seconds)));
    }
}

static void add_migrations(struct document *document, const struct report *report)
{
    document_array(document, "migrated");
    for (guint i = 0; i < report->migrations->len; i++) {
        const struct report_migration *one =
            &g_array_index(report->migrations, struct report_migration, i);
        document_item(document,
                      json_pack("{so so so so so so so so so}", "at", document_time(one->at_us),
                                "database", document_text(one->database), "version",
                                document_text(one->version), "name", document_text(one->name),
                                "direction", document_text(one->direction), "outcome",
                                document_text(one->outcome), "longest_hold_ms",
                                known_real(one->longest_hold_ms), "forced",
                                document_text(one->forced), "run",
                                one->run > 0 ? json_integer(one->run) : json_null()));
    }
}

static json_t *findings_json(const struct report_indexes *one)
{
    json_t *findings = json_array();

    for (guint i = 0; i < one->findings->len; i++) {
        const struct report_finding *finding =
            &g_array_index(one->findings, struct report_finding, i);
        json_array_append_new(
            findings,
            json_pack(
                "{so so so so so sI so}", "schema", document_text(finding->schema), "name",
                finding->name[0] != '\0' ? document_text(finding->name) : json_null(), "table",
                document_text(finding->relation), "what", document_text(finding->what),
                "reason", document_text(finding->reason), "size_bytes",
                (json_int_t) finding->bytes, "command", document_text(finding->command)));
    }
    return findings;
}

static void add_indexes(struct document *document, const struct report *report)
{
    document_array(document, "index_use");
    for (guint i = 0; i < report->indexes->len; i++) {
        const struct report_indexes *one =
            &g_array_index(report->indexes, struct report_indexes, i);
        document_item(
            document,
            json_pack("{so so so sI si si so so}", "database", document_text(one->database),
                      "observed_since", document_time(one->first_us), "observed_at",
                      document_time(one->last_us), "samples", (json_int_t) one->samples,
                      "known", (int) one->known, "quiet", (int) one->quiet, "found_at",
                      document_time(one->found_us), "findings", findings_json(one)));
    }
}

/* ---- growth --------------------------------------------------------------------------------- */

static json_t *points_json(const struct report_growth *one)
{
    json_t *points = json_array();

    for (guint i = 0; i < one->points->len; i++) {
        const struct report_point *point = &g_array_index(one->points, struct report_point, i);
        json_array_append_new(points, json_pack("{so sI}", "at", document_time(point->at_us),
                                                "bytes", (json_int_t) llround(point->bytes)));
    }
    return points;
}

static json_t *relations_json(const struct report_growth *one)
{
    json_t *relations = json_array();

    for (guint i = 0; i < one->relations->len; i++) {
        const struct report_relation *relation =
            &g_array_index(one->relations, struct report_relation, i);
        json_array_append_new(relations,
                              json_pack("{sI so so sI so}", "oid", (json_int_t) relation->oid,
                                        "name", document_text(relation->name), "kind",
                                        document_text(relation->kind), "size_bytes",
                                        (json_int_t) relation->bytes, "before_bytes",
                                        known(relation->before)));
    }
    return relations;
}

/* Thirty days behind the last point. */
static json_t *forecast_json(const struct report_fit *fit)
{
    const gint64 at_us = fit->last_us + (gint64) 30 * G_TIME_SPAN_DAY;
    double low, middle, high;

    if (!report_forecast(fit, at_us, &low, &middle, &high))
        return json_null();
    return json_pack("{so sI sI sI sI}", "at", document_time(at_us), "low_bytes",
                     (json_int_t) llround(low), "bytes", (json_int_t) llround(middle),
                     "high_bytes", (json_int_t) llround(high), "bytes_per_day",
                     (json_int_t) llround(fit->per_day));
}

static void add_growth(struct document *document, const struct report *report)
{
    static const char *const refusals[] = {NULL, "fewer than four weeks were sampled",
                                           "the samples span less than three weeks"};

    document_array(document, "growth");
    for (guint i = 0; i < report->growths->len; i++) {
        const struct report_growth *one =
            &g_array_index(report->growths, struct report_growth, i);
        document_item(
            document,
            json_pack("{so so so so so si so}", "database", document_text(one->database),
                      "points", points_json(one), "forecast", forecast_json(&one->fit),
                      "no_forecast", document_text(refusals[one->fit.verdict]), "relations",
                      relations_json(one), "relation_count", (int) one->relation_count,
                      "before_at", document_time(one->before_us)));
    }
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void add_rest(struct document *document, const struct report *report)
{
    document_array(document, "turns_missed");
    for (guint i = 0; i < report->turns->len; i++) {
        const struct report_turn *one = &g_array_index(report->turns, struct report_turn, i);
        document_item(document,
                      json_pack("{so so so so}", "at", document_time(one->at_us), "target",
                                document_text(one->target), "job", document_text(one->job),
                                "reason", document_text(one->reason)));
    }
    document_array_end(document);
    document_member(document, "turns", json_integer(report->turns_all));
    document_array(document, "not_known");
    for (guint i = 0; i < report->gaps->len; i++)
        document_item(document, document_text(g_array_index(report->gaps, const char *, i)));
    document_array_end(document);
}

void report_document(const struct report *report, struct output *output)
{
    struct document *document = document_begin(output, "report/1", NULL);
    g_autofree char *month =
        g_strdup_printf("%04d-%02d", report->month.year, report->month.month);

    document_member(document, "month", json_string(month));
    document_member(document, "from", document_time(report->month.from_us));
    document_member(document, "until", document_time(report->month.until_us));
    document_member(document, "timezone", document_text(report->zone_name));
    document_member(document, "target", document_text(report->target));
    document_member(document, "complete", json_boolean(report_is_whole(report)));
    document_member(document, "known_since", document_time(report->known_us));
    add_lines(document, report);
    add_tallies(document, report);
    add_maintenance(document, report);
    add_incidents(document, report);
    add_connections(document, report);
    add_backups(document, report);
    add_migrations(document, report);
    add_indexes(document, report);
    add_growth(document, report);
    add_rest(document, report);
    document_end(document);
}
