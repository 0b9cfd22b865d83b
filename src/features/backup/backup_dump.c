/* `backup dump`: one database into a file, by pg_dump. */
#include "backup_commands.h"
#include "backup_queries.h"
#include "dump.h"
#include "dump_file.h"
#include "plan/plan_gate.h"
#include "programs/programs.h"
#include "units/units.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static const char *suffix(const struct dump *dump)
{
    return dump->format == DUMP_CUSTOM ? ".dump.zst" : ".dir";
}

/* ---- what it is about -------------------------------------------------------------------- */

static bool read_options(struct dump *dump, GError **error)
{
    const struct call *call = dump->call;
    const char *format = settings_string(call->settings, "backup.dump_format");
    const char *jobs = option_value(call->options, "jobs");
    guint64 number = 1;

    dump->folder = settings_string(call->settings, "backup.dump_folder");
    dump->level = (int) settings_int(call->settings, "backup.dump_compress");
    dump->globals = settings_bool(call->settings, "backup.dump_globals");
    if (dump->folder == NULL || dump->folder[0] == '\0') {
        runbook_error_set(error, RUNBOOK_USAGE,
                          "--to DIR says where, or the setting backup.dump_folder",
                          "it is not known where the dump is to go");
        return false;
    }
    dump->format = strcmp(format, "directory") == 0 ? DUMP_DIRECTORY : DUMP_CUSTOM;
    if (jobs != NULL && !g_ascii_string_to_unsigned(jobs, 10, 1, 64, &number, NULL)) {
        runbook_error_set(error, RUNBOOK_USAGE, "it is a number from 1 to 64",
                          "invalid value for --jobs: \"%s\"", jobs);
        return false;
    }
    if (jobs != NULL && dump->format == DUMP_CUSTOM) {
        runbook_error_set(error, RUNBOOK_USAGE,
                          "a file has one stream, which is compressed by all processors; "
                          "--format=directory dumps several tables at the same time",
                          "--jobs goes with --format=directory");
        return false;
    }
    dump->jobs = (int) number;
    return true;
}

static bool find_programs(struct dump *dump, GError **error)
{
    const char *bindir = settings_string(dump->call->settings, "backup.bindir");
    int server = session_version(dump->session) / 10000;

    dump->program = dump_program("pg_dump", server, server, bindir, &dump->major, error);
    if (dump->program == NULL)
        return false;
    if (dump->globals)
        dump->program_all = programs_find("pg_dumpall", server, 0, bindir, NULL, error);
    return !dump->globals || dump->program_all != NULL;
}

static bool observe(struct dump *dump, GError **error)
{
    AUTO(rows) rows = session_query(dump->session, &query_backup_dump_database, NULL, error);

    if (rows == NULL)
        return false;
    dump->table_bytes = rows_int(rows, 0, BACKUP_DUMP_DATABASE_BYTES);
    dump->tables = rows_int(rows, 0, BACKUP_DUMP_DATABASE_TABLES);
    g_autofree char *stem = dump_stem(session_database(dump->session), g_get_real_time());
    dump->name = g_strconcat(stem, suffix(dump), NULL);
    dump->globals_name = dump->globals ? g_strconcat(stem, ".globals.sql", NULL) : NULL;
    return true;
}

/* ---- room -------------------------------------------------------------------------------- */

static gint64 last_stored(const struct dump *dump)
{
    g_autoptr(GDir) folder = g_dir_open(dump->folder, 0, NULL);
    g_autofree char *last = NULL;
    const char *name;
    struct stat status;

    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL)
        if (dump_is_of(name, session_database(dump->session), ".dump.zst") &&
            g_strcmp0(name, last) > 0) {
            g_free(last);
            last = g_strdup(name);
        }
    if (last == NULL)
        return 0;
    g_autofree char *path = g_build_filename(dump->folder, last, NULL);
    return stat(path, &status) == 0 ? (gint64) status.st_size : 0;
}

static bool make_folder(const struct dump *dump, GError **error)
{
    if (g_mkdir_with_parents(dump->folder, 0700) == 0)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot make the folder \"%s\": %s",
                      dump->folder, g_strerror(errno));
    return false;
}

bool dump_check_room(const struct dump *dump, GError **error)
{
    gint64 needed = dump_room(dump->table_bytes, last_stored(dump));
    struct statvfs file_system;

    if (option_given(dump->call->options, "no-space-check") ||
        statvfs(dump->folder, &file_system) != 0)
        return true;
    gint64 free_bytes = (gint64) (file_system.f_bavail * file_system.f_frsize);
    if (free_bytes >= needed)
        return true;
    g_autofree char *has = units_format_size(free_bytes);
    g_autofree char *wants = units_format_size(needed);
    runbook_error_set(error, RUNBOOK_REFUSED,
                      "make room, choose another folder by --to, or try all the same with "
                      "--no-space-check",
                      "\"%s\" has %s left, and the dump needs about %s", dump->folder, has,
                      wants);
    return false;
}

/* ---- the run ----------------------------------------------------------------------------- */

static bool work(struct dump *dump, GError **error)
{
    gint64 start = g_get_monotonic_time();

    if (dump->globals && !dump_read_globals(dump, error))
        return false;
    if (!(dump->format == DUMP_CUSTOM ? dump_stream(dump, error) : dump_directory(dump, error)))
        return false;
    dump->seconds = (double) (g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    return !dump->globals ||
           dump_file_write_secret(dump->folder, dump->globals_name, dump->globals_text->str,
                                  dump->globals_text->len, error);
}

static enum runbook_exit record_and_work(struct dump *dump, GError **error)
{
    struct call *call = dump->call;
    const struct window window = window_open(0);
    g_autoptr(GError) broken = NULL;
    gint64 id = gate_record_begin(call, dump->session, &window);
    bool done = work(dump, &broken);
    g_autofree char *summary = done ? dump_summary(dump) : NULL;
    enum runbook_exit code = gate_record_end(call, id, RUNBOOK_DONE, broken, summary);

    const char *hint =
        done || strstr(broken->message, "\nhint: ") ? NULL : dump_hint(broken->message);
    if (hint != NULL)
        runbook_error_set(error, runbook_error_exit(broken), hint, "%s", broken->message);
    else if (!done)
        g_propagate_error(error, g_steal_pointer(&broken));
    if (!done)
        return code;
    dump_show(dump, store_trouble(call->store) ? -1 : id);
    return code;
}

static enum runbook_exit plan_and_work(struct dump *dump, GError **error)
{
    if (!find_programs(dump, error) || !observe(dump, error))
        return runbook_error_exit(*error);
    if (dump->call->dry_run) {
        dump_show_plan(dump);
        return RUNBOOK_DONE;
    }
    if (!make_folder(dump, error))
        return runbook_error_exit(*error);
    /* Before the room is looked at, which they take. */
    dump_clear_leftovers(dump);
    if (!dump_check_room(dump, error))
        return runbook_error_exit(*error);
    return record_and_work(dump, error);
}

static void dump_clear(struct dump *dump)
{
    g_free(dump->program);
    g_free(dump->program_all);
    g_free(dump->name);
    g_free(dump->globals_name);
    g_free(dump->sha256);
    if (dump->globals_text != NULL)
        g_string_free(dump->globals_text, TRUE);
}

enum runbook_exit backup_dump_command(struct call *call, GError **error)
{
    struct dump dump = {.call = call, .rows = -1};

    if (!read_options(&dump, error))
        return runbook_error_exit(*error);
    AUTO(session) session = call_connect(call, error);
    if (session == NULL)
        return runbook_error_exit(*error);
    dump.session = session;
    enum runbook_exit code = plan_and_work(&dump, error);
    dump_clear(&dump);
    return code;
}
