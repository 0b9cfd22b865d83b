/* What `backup restore-dump` says: of its plan, and of what came of it. */
#include "out/document.h"
#include "restore_dump.h"
#include "units/units.h"

static json_t *count_json(gint64 count)
{
    return count < 0 ? json_null() : json_integer(count);
}

static json_t *dump_json(const struct restore_dump *restore)
{
    const struct archive *archive = restore->archive;
    json_t *dump = json_object();

    json_object_set_new(dump, "file", document_text(restore->path));
    json_object_set_new(dump, "format", json_string(restore->folder ? "directory" : "custom"));
    json_object_set_new(dump, "sha256_checked", json_boolean(restore->summed));
    json_object_set_new(dump, "database", document_text(archive->database));
    json_object_set_new(dump, "server_version", document_text(archive->server));
    json_object_set_new(dump, "pg_dump_version", document_text(archive->dumper));
    json_object_set_new(dump, "tables", json_integer(archive->tables));
    json_object_set_new(dump, "rows", count_json(archive_rows(archive)));
    json_object_set_new(dump, "bytes", count_json(restore->bytes > 0 ? restore->bytes : -1));
    return dump;
}

static void write_steps(const struct restore_dump *restore, struct document *document)
{
    document_array(document, "steps");
    for (guint i = 0; i < restore->plan->steps->len; i++) {
        const struct step *step = restore->plan->steps->pdata[i];
        json_t *item = json_object();
        json_object_set_new(item, "object", document_text(step->object));
        json_object_set_new(item, "sql", document_text(step->sql));
        json_object_set_new(item, "reason", document_text(step->reason));
        json_object_set_new(item, "outcome", json_string(step_outcome_name(step->outcome)));
        json_object_set_new(item, "detail",
                            document_text(step->outcome == STEP_DONE ? NULL : step->detail));
        document_item(document, item);
    }
    document_array_end(document);
}

static json_t *verified_json(const struct restore_dump *restore)
{
    json_t *verified = json_object();

    json_object_set_new(verified, "tables", json_integer(restore->tables));
    json_object_set_new(verified, "rows", count_json(restore->rows));
    json_object_set_new(verified, "tables_not_counted", json_integer(restore->hidden));
    json_object_set_new(verified, "relations", json_integer(restore->relations));
    return verified;
}

static void write_document(const struct restore_dump *restore, gint64 run, const char *outcome)
{
    struct session *session = restore->session;
    const struct document_server server = {session_version(session), session_database(session),
                                           session_system_identifier(session)};
    struct document *document =
        document_begin(restore->call->output, "backup.restore-dump/1", &server);
    const char *kept = restore->swapped && !restore->wish.drop_old ? restore->before : NULL;

    document_member(document, "run_id", run < 0 ? json_null() : json_integer(run));
    document_member(document, "outcome", outcome == NULL ? json_null() : json_string(outcome));
    document_member(document, "dump", dump_json(restore));
    document_member(document, "database", document_text(restore->into));
    document_member(document, "replaced", json_boolean(restore->swapped));
    document_member(document, "kept_as", document_text(kept));
    document_member(document, "verified", verified_json(restore));
    document_member(document, "seconds",
                    outcome == NULL ? json_null() : json_real(restore->seconds));
    write_steps(restore, document);
    document_member(document, "evidence_lost",
                    document_text(store_trouble(restore->call->store)));
    document_end(document);
}

/* ---- for people -------------------------------------------------------------------------- */

static void print_dump(const struct restore_dump *restore)
{
    const struct archive *archive = restore->archive;
    g_autofree char *tables = units_format_counted(archive->tables, "table");
    gint64 count = archive_rows(archive);
    g_autofree char *rows = count < 0 ? NULL : units_format_counted(count, "row");
    g_autofree char *bytes = restore->bytes > 0 ? units_format_size(restore->bytes) : NULL;

    output_say(restore->call->output, "%s: %s%s%s%s%s, PostgreSQL %s; %s",
               archive->database ? archive->database : "?", tables, rows ? ", " : "",
               rows ? rows : "", bytes ? ", " : "", bytes ? bytes : "",
               archive->server ? archive->server : "?",
               restore->summed ? "its SHA-256 agrees" : "there is no SHA-256 beside it");
}

/* DROP DATABASE refuses as long as there are any. */
static void print_disabled(const struct restore_dump *restore)
{
    if (restore->before != NULL && !restore->wish.drop_old &&
        restore->place.disabled_away != NULL)
        output_say(restore->call->output,
                   "  the old one has disabled subscriptions; before it is dropped, in it: %s",
                   restore->place.disabled_away);
}

static void print_plan(const struct restore_dump *restore)
{
    struct output *output = restore->call->output;
    const GPtrArray *steps = restore->plan->steps;

    print_dump(restore);
    for (guint i = 0; i < steps->len; i++) {
        const struct step *step = steps->pdata[i];
        g_auto(GStrv) lines = g_strsplit(step->sql, "\n", 2);
        if (i == restore->first_of_swap)
            output_say(output, "      (the rows of every table are counted, and every relation "
                               "looked for)");
        output_say(output, "  %2u. %s%s  (%s)", i + 1, lines[0], lines[1] ? " …" : "",
                   step->reason);
    }
    if (restore->before != NULL)
        output_say(output,
                   "\"%s\" is used by %" G_GINT64_FORMAT " sessions just now; they are ended "
                   "when the names change, and the old database is %s.",
                   restore->into, restore->place.sessions,
                   restore->wish.drop_old ? "dropped" : "kept");
    print_disabled(restore);
    if (restore->wish.clean)
        output_say(output,
                   "What \"%s\" holds of the dump's objects is dropped and made anew, "
                   "in one transaction.",
                   restore->into);
}

static const char *uncounted(const struct restore_dump *restore)
{
    if (restore->hidden > 0)
        return "";
    return restore->archive->tables == 0
               ? "; there are no rows"
               : "; the dump was compressed by pg_dump, so that its rows could not be counted";
}

static void print_kept(const struct restore_dump *restore)
{
    if (!restore->swapped || restore->wish.drop_old)
        return;
    g_autofree char *quoted = session_quote(restore->session, NULL, restore->before);
    output_say(restore->call->output,
               "  the old one is %s; when nobody misses it: DROP DATABASE %s", restore->before,
               quoted);
}

static void print_done(const struct restore_dump *restore)
{
    struct output *output = restore->call->output;
    g_autofree char *took = units_format_duration(restore->seconds);
    g_autofree char *tables = units_format_counted(restore->tables, "table");
    g_autofree char *rows = units_format_counted(MAX(restore->rows, 0), "row");
    g_autofree char *relations = units_format_counted(restore->relations, "relation");

    output_say(output, "restored into %s in %s", restore->into, took);
    if (restore->rows >= 0)
        output_say(output, "  verified: %s with %s as in the dump, %s found", tables, rows,
                   relations);
    else if (!restore->wish.clean)
        output_say(output, "  verified: %s found%s", relations, uncounted(restore));
    if (restore->hidden > 0) {
        g_autofree char *hidden = units_format_counted(restore->hidden, "table");
        output_say(output,
                   "  not counted: %s, whose rows row security hides from this role (one with "
                   "BYPASSRLS sees them)",
                   hidden);
    }
    print_kept(restore);
    print_disabled(restore);
}

void restore_dump_show_plan(gpointer data)
{
    const struct restore_dump *restore = data;

    if (output_format(restore->call->output) == OUTPUT_JSON)
        write_document(restore, -1, NULL);
    else
        print_plan(restore);
}

void restore_dump_show(const struct restore_dump *restore, gint64 run, const char *outcome)
{
    if (output_format(restore->call->output) == OUTPUT_JSON)
        write_document(restore, run, outcome);
    else
        print_done(restore);
}

char *restore_dump_summary(const struct restore_dump *restore)
{
    json_t *summary = json_object();

    json_object_set_new(summary, "file", document_text(restore->path));
    json_object_set_new(summary, "database", document_text(restore->into));
    json_object_set_new(summary, "tables", json_integer(restore->tables));
    json_object_set_new(summary, "rows", count_json(restore->rows));
    if (restore->swapped)
        json_object_set_new(summary, "kept_as", document_text(restore->before));
    char *text = json_dumps(summary, JSON_COMPACT);
    char *copy = g_strdup(text);
    free(text);
    json_decref(summary);
    return copy;
}
