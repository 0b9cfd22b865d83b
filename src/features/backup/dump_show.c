/* What `backup dump` says: of its plan, and of what came of it. */
#include "dump.h"
#include "out/document.h"
#include "out/paste.h"
#include "units/units.h"

#include <string.h>

static const char *const FORMATS[] = {[DUMP_CUSTOM] = "custom", [DUMP_DIRECTORY] = "directory"};

static json_t *path_json(const struct dump *dump, const char *name)
{
    g_autofree char *path = name ? g_build_filename(dump->folder, name, NULL) : NULL;

    return document_text(path);
}

static json_t *count_json(gint64 count)
{
    return count < 0 ? json_null() : json_integer(count);
}

static void write_document(const struct dump *dump, gint64 run, const char *outcome)
{
    const struct document_server server = {session_version(dump->session),
                                           session_database(dump->session),
                                           session_system_identifier(dump->session)};
    struct document *document = document_begin(dump->call->output, "backup.dump/1", &server);
    bool done = strcmp(outcome, "done") == 0;

    document_member(document, "run_id", run < 0 ? json_null() : json_integer(run));
    document_member(document, "outcome", json_string(outcome));
    document_member(document, "file", path_json(dump, dump->name));
    document_member(document, "format", json_string(FORMATS[dump->format]));
    document_member(document, "sha256", document_text(dump->sha256));
    document_member(document, "globals", path_json(dump, dump->globals_name));
    document_member(document, "tables", json_integer(dump->tables));
    document_member(document, "rows", count_json(done ? dump->rows : -1));
    document_member(document, "bytes", count_json(done && dump->bytes > 0 ? dump->bytes : -1));
    document_member(document, "stored_bytes", count_json(done ? dump->stored_bytes : -1));
    document_member(document, "seconds", done ? json_real(dump->seconds) : json_null());
    document_member(document, "program", document_text(dump->program));
    document_member(document, "program_version", json_integer(dump->major));
    document_member(document, "evidence_lost", document_text(store_trouble(dump->call->store)));
    document_end(document);
}

static void print_done(const struct dump *dump)
{
    struct output *output = dump->call->output;
    g_autofree char *tables = units_format_counted(dump->tables, "table");
    g_autofree char *rows = dump->rows < 0 ? NULL : units_format_counted(dump->rows, "row");
    g_autofree char *bytes = units_format_size(dump->bytes);
    g_autofree char *stored = units_format_size(dump->stored_bytes);
    g_autofree char *took = units_format_duration(dump->seconds);
    g_autofree char *name = output_paint(output, OUTPUT_BOLD, dump->name);

    if (dump->bytes > 0)
        output_say(output, "%s: %s, %s; %s as %s, in %s", session_database(dump->session),
                   tables, rows ? rows : "rows not counted", bytes, stored, took);
    else
        output_say(output, "%s: %s; %s, in %s", session_database(dump->session), tables, stored,
                   took);
    output_say(output, "  %s/%s", dump->folder, name);
    if (dump->globals_name != NULL)
        output_say(output, "  %s/%s", dump->folder, dump->globals_name);
    if (dump->format == DUMP_CUSTOM)
        output_say(output, "back: pgrunbook backup restore-dump FILE, or without us: "
                           "zstd -dc FILE | pg_restore -d NEWDB");
    else
        output_say(output, "back: pgrunbook backup restore-dump FOLDER, or without us: "
                           "pg_restore -j N -d NEWDB FOLDER");
}

/* A script for a shell; nothing in it that psql would understand. */
static void print_plan(const struct dump *dump)
{
    g_autofree char *line = dump_shell_line(dump);
    g_autofree char *script = NULL;

    if (dump->globals) {
        g_auto(GStrv) words = dump_globals_arguments(dump);
        g_autofree char *globals = paste_shell_words(words);
        g_autofree char *path = g_build_filename(dump->folder, dump->globals_name, NULL);
        g_autofree char *quoted = g_shell_quote(path);
        script = g_strdup_printf("%s > %s\n", globals, quoted);
    }
    g_autofree char *text =
        g_strdup_printf("# %s; nothing was written\nexport PGDATABASE=%s\n%s%s\n",
                        session_database(dump->session), session_database(dump->session),
                        script ? script : "", line);
    output_raw(dump->call->output, text);
}

char *dump_summary(const struct dump *dump)
{
    json_t *summary = json_object();

    json_object_set_new(summary, "file", path_json(dump, dump->name));
    json_object_set_new(summary, "sha256", document_text(dump->sha256));
    json_object_set_new(summary, "tables", json_integer(dump->tables));
    json_object_set_new(summary, "rows", count_json(dump->rows));
    json_object_set_new(summary, "stored_bytes", json_integer(dump->stored_bytes));
    char *text = json_dumps(summary, JSON_COMPACT);
    char *copy = g_strdup(text);
    free(text);
    json_decref(summary);
    return copy;
}

void dump_show(const struct dump *dump, gint64 run)
{
    if (output_format(dump->call->output) == OUTPUT_JSON)
        write_document(dump, run, "done");
    else
        print_done(dump);
}

void dump_show_plan(const struct dump *dump)
{
    if (output_format(dump->call->output) == OUTPUT_JSON)
        write_document(dump, -1, "planned");
    else
        print_plan(dump);
}
