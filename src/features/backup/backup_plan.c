#include "backup_plan.h"

#include "backup_target.h"
#include "error.h"
#include "units/units.h"

#include <string.h>

/* ---- for people --------------------------------------------------------------------------- */

/* A moment in UTC, and by the server's own clock where that differs. */
static char *both_clocks(gint64 us, const char *zone)
{
    g_autofree char *utc = target_time_format(us, NULL);
    g_autofree char *local = target_time_format(us, zone);

    if (zone == NULL || strcmp(utc, local) == 0)
        return g_strdup_printf("%s (UTC)", utc);
    return g_strdup_printf("%s (UTC), %s (%s)", utc, local, zone);
}

static const char *zone_of(const struct restore_plan *plan)
{
    return plan->backup != NULL ? plan->backup->time_zone : NULL;
}

static void say_landmark(struct output *output, const struct restore_plan *plan,
                         const char *title, const struct landmark *landmark, const char *none)
{
    if (!landmark->known) {
        output_say(output, "%s%s", title, none);
        return;
    }
    g_autofree char *when = both_clocks(landmark->time_us, zone_of(plan));
    g_autofree char *lsn = wal_lsn_format(landmark->lsn);
    output_say(output, "%stransaction %u, LSN %s, %s", title, landmark->xid, lsn, when);
}

static void say_target(struct output *output, const struct restore_plan *plan)
{
    g_autofree char *what = plan->target.kind == TARGET_TIME
                                ? both_clocks(plan->target.time_us, zone_of(plan))
                                : target_text(&plan->target);

    output_say(output, "Target          %s, along timeline %u", what, plan->target.timeline);
}

static void say_backup(struct output *output, const struct restore_plan *plan)
{
    g_autofree char *when = both_clocks(plan->backup->stopped_us, zone_of(plan));
    g_autofree char *size = units_format_size((gint64) plan->backup->size);

    output_say(output, "Backup          %s, ended %s, %s, %s", plan->backup->id, when, size,
               repo_proof_name(plan->backup->proof));
}

static void say_wal(struct output *output, const struct restore_plan *plan, guint32 bytes)
{
    char first[WAL_NAME_BYTES], last[WAL_NAME_BYTES];

    if (plan->needed->len == 0)
        return;
    const struct repo_segment *begin = &g_array_index(plan->needed, struct repo_segment, 0);
    const struct repo_segment *end =
        &g_array_index(plan->needed, struct repo_segment, plan->needed->len - 1);
    wal_segment_name(begin->timeline, begin->segment, bytes, first);
    wal_segment_name(end->timeline, end->segment, bytes, last);
    g_autofree char *count = units_format_counted(plan->needed->len, "segment");
    output_say(output, "WAL             %s, %s to %s, all there", count, first, last);
}

static void say_path(struct output *output, const struct restore_plan *plan)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (plan->path->len < 2)
        return;
    for (guint i = 0; i < plan->path->len; i++) {
        const struct wal_stretch *stretch = &g_array_index(plan->path, struct wal_stretch, i);
        g_autofree char *end = wal_lsn_format(stretch->end);
        g_string_append_printf(text, "%s%u", i > 0 ? ", then " : "", stretch->timeline);
        if (stretch->end != 0)
            g_string_append_printf(text, " up to %s", end);
    }
    output_say(output, "Timelines       %s", text->str);
}

static void say_effort(struct output *output, const struct restore_plan *plan)
{
    g_autofree char *written = units_format_size((gint64) plan->bytes);
    g_autofree char *stored = units_format_size((gint64) plan->stored);
    g_autofree char *seconds = units_format_duration(plan->seconds);

    output_say(output, "To write        %s, from %s in the repository", written, stored);
    if (plan->seconds >= 0)
        output_say(output, "Expected time   %s", seconds);
}

void backup_plan_say(struct output *output, const struct restore_plan *plan)
{
    say_target(output, plan);
    if (plan->backup == NULL) {
        for (guint i = 0; i < plan->missing->len && i < 10; i++)
            output_say(output, "Missing         %s", (char *) plan->missing->pdata[i]);
        if (plan->missing->len > 10)
            output_say(output, "Missing         … %u in all", plan->missing->len);
        return;
    }
    say_backup(output, plan);
    say_landmark(output, plan, "Last commit     ", &plan->before,
                 "older than the WAL that is there");
    say_landmark(output, plan, "First left out  ", &plan->after, "none that is there");
    say_path(output, plan);
    say_wal(output, plan, plan->backup->wal_segment_bytes);
    say_effort(output, plan);
    if (plan->note != NULL)
        output_say(output, "Note            %s", plan->note);
}

bool backup_plan_check(const struct restore_plan *plan, GError **error)
{
    if (plan->refusal == NULL)
        return true;
    g_autofree char *hint =
        plan->nearest != NULL
            ? g_strdup_printf("the nearest that can be reached: %s", plan->nearest)
            : NULL;
    runbook_error_set(error, RUNBOOK_REFUSED, hint, "%s", plan->refusal);
    return false;
}

/* ---- for scripts -------------------------------------------------------------------------- */

static json_t *lsn_json(guint64 lsn)
{
    g_autofree char *text = lsn != 0 ? wal_lsn_format(lsn) : NULL;

    return document_text(text);
}

json_t *backup_plan_moment(gint64 us)
{
    g_autofree char *text = us != 0 ? target_time_format(us, NULL) : NULL;

    if (text == NULL)
        return json_null();
    text[10] = 'T';
    char *offset = strrchr(text, '+');
    if (offset != NULL)
        memcpy(offset, "Z", 2);
    return document_text(text);
}

static json_t *landmark_json(const struct landmark *landmark)
{
    if (!landmark->known)
        return json_null();
    return json_pack("{s:o, s:I, s:o}", "time", backup_plan_moment(landmark->time_us), "xid",
                     (json_int_t) landmark->xid, "lsn", lsn_json(landmark->lsn));
}

static json_t *target_json(const struct restore_plan *plan)
{
    const struct target *target = &plan->target;
    bool by_time = target->kind == TARGET_TIME;

    return json_pack("{s:s, s:o, s:o, s:o, s:i, s:b, s:o, s:o, s:o, s:o, s:o}", "kind",
                     target_kind_name(target->kind), "value", document_text(target->value),
                     "time", by_time ? backup_plan_moment(target->time_us) : json_null(),
                     "time_zone", document_text(zone_of(plan)), "timeline",
                     (int) target->timeline, "reachable", plan->refusal == NULL, "refusal",
                     document_text(plan->refusal), "nearest", document_text(plan->nearest),
                     "note", document_text(plan->note), "before", landmark_json(&plan->before),
                     "after", landmark_json(&plan->after));
}

static json_t *segment_json(const struct restore_plan *plan, guint place)
{
    char name[WAL_NAME_BYTES];

    if (plan->backup == NULL || plan->needed->len == 0)
        return json_null();
    const struct repo_segment *segment =
        &g_array_index(plan->needed, struct repo_segment, place);
    wal_segment_name(segment->timeline, segment->segment, plan->backup->wal_segment_bytes,
                     name);
    return document_text(name);
}

static json_t *wal_json(const struct restore_plan *plan)
{
    json_t *missing = json_array(), *path = json_array();

    for (guint i = 0; i < plan->missing->len; i++)
        json_array_append_new(missing, document_text(plan->missing->pdata[i]));
    for (guint i = 0; i < plan->path->len; i++) {
        const struct wal_stretch *stretch = &g_array_index(plan->path, struct wal_stretch, i);
        json_array_append_new(
            path, json_pack("{s:i, s:o, s:o}", "timeline", (int) stretch->timeline, "begin",
                            lsn_json(stretch->begin), "end", lsn_json(stretch->end)));
    }
    return json_pack("{s:o, s:o, s:i, s:o, s:o}", "first", segment_json(plan, 0), "last",
                     segment_json(plan, MAX(plan->needed->len, 1) - 1), "segments",
                     (int) plan->needed->len, "missing", missing, "path", path);
}

void backup_plan_members(struct document *document, const struct restore_plan *plan)
{
    document_member(document, "backup",
                    document_text(plan->backup != NULL ? plan->backup->id : NULL));
    document_member(document, "target", target_json(plan));
    document_member(document, "wal", wal_json(plan));
    document_member(document, "bytes", json_integer((json_int_t) plan->bytes));
    document_member(document, "stored_bytes", json_integer((json_int_t) plan->stored));
    document_member(document, "seconds",
                    plan->seconds >= 0 ? json_real(plan->seconds) : json_null());
}
