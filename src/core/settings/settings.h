/*
 * Settings: rows in tables say what exists, files and the command line say what it is, and every
 * value knows where it came from.
 *
 * File format: GKeyFile. Sections `[pgrunbook]` (for all targets), `[target NAME]` and those of
 * the tables' own kinds, as `[app NAME]`; `#` comments on lines of their own; `key = value`; units
 * as in postgresql.conf, and as there a value may stand in single quotes ('' is one quote).
 * Backslashes are ordinary. An unknown section, an unknown or a repeated key, or a value out of
 * range is an error with file and line, and the nearest name. The name of a section has letters,
 * digits, `.`, `_` and `-`; of a target "all" is taken.
 *
 * Precedence, lowest first: default, [pgrunbook] of /etc/pgrunbook/pgrunbook.conf, [pgrunbook] of
 * $XDG_CONFIG_HOME/pgrunbook/pgrunbook.conf, [target NAME] of either (same order), command line.
 * `--config FILE` (or PGRUNBOOK_CONFIG) reads that file instead of both.
 */
#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

enum setting_type {
    SETTING_BOOL, /* on, off, true, false, yes, no, 1, 0 */
    SETTING_INT,
    SETTING_SIZE,     /* bytes */
    SETTING_DURATION, /* milliseconds */
    SETTING_FRACTION, /* 0 to 1, "2%" */
    SETTING_STRING,
    SETTING_CHOICE,   /* one of .choices */
    SETTING_LIST,     /* names separated by commas; a name with comma or space in "…" */
    SETTING_SCHEDULE, /* five-field cron, see calendar/schedule.h; or "off": never */
    SETTING_TIMEZONE, /* IANA name */
};

enum setting_flags {
    SETTING_TARGET_ONLY = 1 << 0, /* makes sense in [target NAME] only, e.g. conninfo */
    SETTING_GLOBAL_ONLY = 1 << 1, /* makes sense in [pgrunbook] only, e.g. state */
    SETTING_CONNINFO = 1 << 2, /* a string that is a libpq conninfo or URI, no password; a list
                                   * of those, or of hosts */
};

/* One row. Tables end with a row whose name is NULL. */
struct setting {
    const char *name; /* without its table's prefix: "jobs" */
    enum setting_type type;
    unsigned flags;
    const char *fallback;          /* the default as a file would spell it; NULL: unset */
    const char *minimum, *maximum; /* as a file would spell them; NULL: no bound */
    const char *const *choices;    /* NULL-terminated, for SETTING_CHOICE */
    const char *prose; /* a sentence or two; unit and meaning of extremes included */
};

/* A kind of named section, `[app NAME]`: any number of them, each with values for the same rows.
 * Every kind has one row more, "targets": the targets it is for, all when it is empty. */
struct setting_kind {
    const char *kind;           /* "app"; one word */
    const struct setting *rows; /* "max_open"; a section knows them without a prefix */
    const char *example;        /* a name for the sample */
    const char *prose;          /* what one such section is, for the sample */
};

/* The rows of one owner; full names are "PREFIX.NAME", or "NAME" when prefix is NULL. */
struct setting_table {
    const char *prefix;
    const struct setting *rows;
    const struct setting_kind *kinds; /* ends with a NULL kind; NULL: it has none */
};

/* The program's own settings, without prefix: state, timezone, conninfo (of a target), …
 * Every list of tables begins with {NULL, settings_core}. */
extern const struct setting settings_core[];

struct settings; /* the effective values for one target, or for none */

/* Reads the files. `tables` ends with a row whose .rows is NULL and must outlive the result.
 * `file` is the --config argument or NULL. A missing default file is no error, a missing `file`
 * is. Returns NULL with RUNBOOK_USAGE on any fault, the first one found, with file and line. */
struct settings *settings_load(const struct setting_table *tables, const char *file,
                               GError **error);

/* The files as they were at one moment. A daemon reads them once, and its children what it has read:
 * a file that is being edited, or has become wrong, is no concern of theirs. */
struct settings_files;

/* The same rules as for settings_load(). */
struct settings_files *settings_files_read(const char *file, GError **error);
void settings_files_free(struct settings_files *files);
AUTO_DEFINE(settings_files, settings_files_free)
struct settings *settings_files_load(const struct settings_files *files,
                                     const struct setting_table *tables, GError **error);

/* A descriptor that holds them; -1 with an error. A process that inherits it, and finds its number
 * in the variable SETTINGS_FILES_VARIABLE, reads it whatever file it is told to read. */
#define SETTINGS_FILES_VARIABLE "PGRUNBOOK_CONFIG_FD"
int settings_files_share(const struct settings_files *files, GError **error);

/* The same from text, for tests and fuzzing; `name` stands for the file name in messages. */
struct settings *settings_parse(const struct setting_table *tables, const char *name,
                                const char *text, gsize length, GError **error);

void settings_free(struct settings *settings);
AUTO_DEFINE(settings, settings_free)

/* The same once more. */
struct settings *settings_copy(const struct settings *settings);

/* Names of all [target NAME] sections in file order, NULL-terminated. Borrowed. */
const char *const *settings_targets(const struct settings *settings);

/* A new settings object with [target NAME] applied on top. Unknown target: error with the
 * nearest name. */
struct settings *settings_for_target(const struct settings *settings, const char *target,
                                     GError **error);

/* A named section of the files. */
struct settings_section {
    const char *name; /* "shop" of [app shop] */
    const struct settings
        *settings;      /* its values by the rows' names: settings_int(…, "max_open") */
    const char *origin; /* file and line of its first heading */
};

/* The sections of a kind that are for the target (NULL: no target, those for all), in file order.
 * What several files say of one section adds up, the later file wins. An unknown kind is a
 * programming error and aborts. The array is the caller's, its entries are borrowed. */
GPtrArray *settings_sections(const struct settings *settings, const char *kind,
                             const char *target);

/* Overrides one value, as from the command line; origin e.g. "--jobs". Same checks as a file. A
 * target applied later does not undo it. An unknown name is an error. */
bool settings_override(struct settings *settings, const char *name, const char *text,
                       const char *origin, GError **error);

/* Values by full name ("vacuum.jobs"). Asking for an unknown name or the wrong type is a
 * programming error and aborts. An unset value without default: 0, false or NULL (the empty list
 * for a list). settings_string is for STRING, CHOICE, SCHEDULE and TIMEZONE. */
bool settings_bool(const struct settings *settings, const char *name);
gint64 settings_int(const struct settings *settings,
                    const char *name); /* INT, SIZE, DURATION */
double settings_fraction(const struct settings *settings, const char *name);
const char *settings_string(const struct settings *settings, const char *name); /* the text */
const char *const *settings_list(const struct settings *settings, const char *name);
/* Whether something beyond the default was given; "NAME =", with nothing behind, gives nothing. */
bool settings_is_set(const struct settings *settings, const char *name);

/* Walks all settings in table order, and behind them the named sections that are for the target
 * (NULL: all there are), for `config show`. */
struct setting_view {
    const char *section; /* "app shop"; NULL for a setting of the program or of a target */
    const char *name;    /* full name */
    const struct setting *row;
    const char *text;   /* the effective value as written; NULL when unset */
    const char *origin; /* "default", "/etc/…:12", "--jobs" */
};
void settings_each(const struct settings *settings, const char *target,
                   void (*visit)(const struct setting_view *view, gpointer data),
                   gpointer data);

/* A commented sample file made from the tables: without its '#' before settings it is valid and
 * says what the defaults say. Caller frees. */
char *settings_sample(const struct setting_table *tables);

/* The path of the history file: --state/state setting or $XDG_STATE_HOME/pgrunbook/history.db.
 * Caller frees. */
char *settings_state_path(const struct settings *settings);

/* Refuses what libpq cannot parse and every way to write a password into it, which everybody would see.
 * Never repeats the text of a URI or of a string that mentions a password. RUNBOOK_USAGE. */
bool settings_conninfo_check(const char *text, GError **error);

#endif
