#include "restore_show.h"

#include "backup_plan.h"
#include "units/units.h"

/* ---- documents ----------------------------------------------------------------------------- */

static json_t *lsn_value(guint64 lsn)
{
    g_autofree char *text = wal_lsn_format(lsn);

    return lsn == 0 ? json_null() : json_string(text);
}

static json_t *number_or_null(guint64 number)
{
    return number == 0 ? json_null() : json_integer((json_int_t) number);
}

static json_t *landed_value(const struct restore_result *result, bool started)
{
    if (!started)
        return json_null();
    json_t *landed = json_object();
    json_object_set_new(landed, "time", backup_plan_moment(result->time_us));
    json_object_set_new(landed, "xid", number_or_null(result->xid));
    json_object_set_new(landed, "lsn", lsn_value(result->lsn));
    json_object_set_new(landed, "timeline", number_or_null(result->timeline));
    json_object_set_new(landed, "as_planned", json_boolean(result->elsewhere == NULL));
    json_object_set_new(landed, "difference", document_text(result->elsewhere));
    return landed;
}

static json_t *done_value(const struct restore_request *request,
                          const struct restore_result *result)
{
    json_t *done = json_object();

    json_object_set_new(done, "folder", document_text(request->folder));
    json_object_set_new(done, "files", json_integer((json_int_t) result->files));
    json_object_set_new(done, "written_bytes",
                        json_integer((json_int_t) result->written_bytes));
    json_object_set_new(done, "kept_files", json_integer((json_int_t) result->kept_files));
    json_object_set_new(done, "removed_files", json_integer(result->removed));
    json_object_set_new(done, "resumed", json_boolean(result->resumed));
    json_object_set_new(done, "saved_wal", document_text(result->saved_wal));
    json_object_set_new(done, "files_seconds", json_real(result->files_seconds));
    json_object_set_new(done, "recovery_seconds", json_real(result->recovery_seconds));
    json_object_set_new(done, "enabled_subscriptions", json_integer(result->subscriptions));
    json_object_set_new(done, "prepared_transactions", json_integer(result->prepared));
    json_object_set_new(done, "promoted", json_boolean(result->promoted));
    json_object_set_new(done, "new_timeline", number_or_null(result->new_timeline));
    return done;
}

static struct document *begin(struct call *call, const char *schema,
                              const struct restore_plan *plan)
{
    const struct document_server server = {
        .version_num = plan->backup ? plan->backup->version_num : 0,
        .system_identifier = plan->backup ? plan->backup->system : NULL,
    };
    struct document *document =
        document_begin(call->output, schema, plan->backup ? &server : NULL);

    backup_plan_members(document, plan);
    return document;
}

char *restore_summary(const struct restore_request *request,
                      const struct restore_result *result, bool started)
{
    json_t *summary = json_object();

    json_object_set_new(summary, "backup", json_string(request->plan->backup->id));
    json_object_set_new(summary, "restored", done_value(request, result));
    json_object_set_new(summary, "landed", landed_value(result, started));
    char *dumped = json_dumps(summary, JSON_COMPACT);
    char *text = g_strdup(dumped);
    free(dumped);
    json_decref(summary);
    return text;
}

void restore_show_plan(struct call *call, const struct restore_plan *plan)
{
    struct document *document = begin(call, "backup.restore_plan/1", plan);

    document_end(document);
    backup_plan_say(call->output, plan);
}

/* ---- words --------------------------------------------------------------------------------- */

static void say_files(struct output *output, const struct restore_request *request,
                      const struct restore_result *result)
{
    g_autofree char *files = units_format_counted((gint64) result->files, "file");
    g_autofree char *bytes = units_format_size((gint64) result->written_bytes);
    g_autofree char *seconds = units_format_duration(result->files_seconds);
    g_autofree char *kept = units_format_count((gint64) result->kept_files);

    output_say(output, "%s backup %s into %s: %s written, %s, in %s.",
               result->resumed ? "Went on with the restore of" : "Restored",
               request->plan->backup->id, request->folder, files, bytes, seconds);
    if (result->kept_files > 0 || result->removed > 0)
        output_say(output,
                   "%s were there as they should be, %u did not belong there and are gone.",
                   kept, result->removed);
    if (result->saved_wal != NULL)
        output_say(output,
                   "The old pg_wal is now %s: what of it was never archived is nowhere else "
                   "(pgrunbook backup wal push %s/SEGMENT).",
                   result->saved_wal, result->saved_wal);
}

static void say_landing(struct output *output, const struct restore_request *request,
                        const struct restore_result *result)
{
    const char *zone = request->plan->backup->time_zone;
    g_autofree char *lsn = wal_lsn_format(result->lsn);
    g_autofree char *utc = target_time_format(result->time_us, NULL);
    g_autofree char *local = target_time_format(result->time_us, zone);
    g_autofree char *seconds = units_format_duration(result->recovery_seconds);
    g_autofree char *last = result->time_us == 0 ? g_strdup("no transaction was replayed")
                            : g_str_equal(utc, local)
                                ? g_strdup_printf("last transaction of %s", utc)
                                : g_strdup_printf("last transaction of %s (%s)", utc, local);

    output_say(output, "Landed at %s on timeline %u, %s; %s. Recovery took %s.", lsn,
               result->timeline, last, result->elsewhere ? "NOT as planned" : "as planned",
               seconds);
}

/* Before somebody starts it. */
static void say_subscriptions(struct output *output, const struct restore_result *result)
{
    if (result->subscriptions == 0)
        return;
    g_autofree char *count = units_format_counted(result->subscriptions, "subscription");
    output_say(output,
               "It has %s enabled. If the old subscriber is to go on, start this copy with "
               "max_logical_replication_workers = 0 and drop them (ALTER SUBSCRIPTION ... "
               "DISABLE, SET (slot_name = NONE), DROP SUBSCRIPTION): two on one slot take each "
               "other's changes.",
               count);
}

static void say_prepared(struct output *output, const struct restore_result *result)
{
    if (result->prepared == 0)
        return;
    g_autofree char *count = units_format_counted(result->prepared, "prepared transaction");
    output_say(output,
               "It has %s (SELECT * FROM pg_prepared_xacts), whose locks are held until COMMIT "
               "PREPARED or ROLLBACK PREPARED in its database.",
               count);
}

static void say_what_is_left(struct output *output, const struct restore_request *request,
                             const struct restore_result *result, bool started)
{
    if (request->action == RESTORE_STANDBY)
        output_say(
            output,
            "No server was started. Start it as usual: it follows %sthe repository, along "
            "timelines, and takes no writes until it is promoted.%s",
            request->primary != NULL ? "its primary and " : "",
            request->primary != NULL ? " It has no slot there: primary_slot_name is empty."
                                     : "");
    else if (!started)
        output_say(output,
                   "No server was started. The first one on the folder replays to the "
                   "target%s.",
                   request->action == RESTORE_PROMOTE ? " and then takes writes"
                   : request->action == RESTORE_PAUSE ? " and waits there"
                                                      : " and shuts down");
    else if (result->promoted)
        output_say(output,
                   "Promoted to timeline %u and stopped cleanly: start it as usual. Its WAL is "
                   "archived again from there on.",
                   result->new_timeline);
    else
        output_say(output,
                   "Stopped in recovery: the next server on the folder replays to the "
                   "same place%s.",
                   request->action == RESTORE_SHUTDOWN ? " and shuts down"
                                                       : " and waits there");
    if (!result->configured)
        output_say(
            output,
            "The backup has no postgresql.conf (Debian keeps it in /etc/postgresql): put "
            "that of the cluster back, with its data_directory set to %s, before a start.",
            request->folder);
}

void restore_show(struct call *call, const struct restore_request *request,
                  const struct restore_result *result, bool started, gint64 run)
{
    struct document *document = begin(call, "backup.restore/1", request->plan);

    document_member(document, "restored", done_value(request, result));
    document_member(document, "landed", landed_value(result, started));
    document_member(document, "configured", json_boolean(result->configured));
    document_member(document, "run_id", run < 0 ? json_null() : json_integer(run));
    document_end(document);
    say_files(call->output, request, result);
    if (started)
        say_landing(call->output, request, result);
    say_what_is_left(call->output, request, result, started);
    say_subscriptions(call->output, result);
    say_prepared(call->output, result);
    if (result->other_folder != NULL)
        output_warn(
            call->output,
            "the configuration sets data_directory = '%s': a server started with -D %s would "
            "work on that other folder; change the line before the start",
            result->other_folder, request->folder);
    if (result->outside != NULL)
        output_warn(call->output,
                    "the configuration leads out of %s, perhaps to the original's files: %s; "
                    "change these lines before the start",
                    request->folder, result->outside);
}
