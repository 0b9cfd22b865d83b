/*
 * The contract: what a section of the runbook offers. Hosts know features through this table
 * only; every surface (command line, help, man page, completion, reference, sample file) is made
 * from these rows, so none can drift.
 *
 * To add a section: a folder under src/features with a `const struct feature feature_NAME`, one
 * line in src/features.c and one in src/features/meson.build.
 */
#ifndef CORE_FEATURE_H
#define CORE_FEATURE_H

#include "error.h"
#include "metrics/metrics.h"
#include "out/output.h"
#include "pg/session.h"
#include "settings/settings.h"
#include "store/store.h"

#include <stdbool.h>

enum option_flags {
    OPTION_ONCE = 0,
    OPTION_REPEATS = 1 << 0, /* may be given several times */
    /* Names a file, a program or a server, or needs a terminal: not to be had over HTTP. */
    OPTION_LOCAL = 1 << 1,
    /* With it a command that otherwise changes something only looks: so it may be asked over HTTP. */
    OPTION_LOOKS = 1 << 2,
    /* May have the command read whole tables: over HTTP not without a token. */
    OPTION_HEAVY = 1 << 3,
};

/* One option of a command. Tables end with a NULL name. An option with a setting overrides that
 * setting (and takes its type, default and range from there). */
struct option {
    const char *name;     /* "window" for --window */
    char letter;          /* 'j' for -j, 0 for none */
    const char *argument; /* "DURATION"; NULL: a switch */
    const char *setting;  /* full name, "vacuum.window"; NULL: none */
    unsigned flags;
    const char *prose;
};

enum command_flags {
    COMMAND_NEEDS_SERVER = 1 << 0, /* takes connection options, --target and [DBNAME] */
    COMMAND_WRITES = 1 << 1,       /* takes --dry-run, --yes; is recorded */
    COMMAND_HIDDEN = 1 << 2,       /* not in help and completion */
    /* Changes no database, but keeps samples in the history: the store is opened for writing.
     * Where the file cannot be written the command works all the same, reads what it can of it,
     * and the host says so once. */
    COMMAND_RECORDS = 1 << 3,
    /* Has the option "watch", and with it may act: the store is opened as for COMMAND_RECORDS. */
    COMMAND_WATCHES = 1 << 4,
    /* Takes --target for its settings, and opens no connection of its own accord. Not together with
     * COMMAND_NEEDS_SERVER. */
    COMMAND_TAKES_TARGET = 1 << 5,
    /* Ends with 0, with 1 where run() says so without an error, and with 126 for everything else:
     * PostgreSQL takes a restore_command's 1 to 125 for "there is no such file". */
    COMMAND_RESTORES = 1 << 6,
    /* Is started by the server again and again, and in a hurry: it gets no history. */
    COMMAND_HASTENS = 1 << 7,
    /* Not to be had over HTTP: it works on files or programs of this machine that are named to it, has
     * no end, or sends and prints what is nobody's business there. */
    COMMAND_LOCAL = 1 << 8,
    /* Over HTTP it is to be had without arguments, which would name files of this machine. */
    COMMAND_LOCAL_WORDS = 1 << 9,
    /* Asked for over HTTP when every slot is taken, it works on the connection of the target's watch
     * (call->guard): it is what makes room again. */
    COMMAND_TAKES_GUARD = 1 << 10,
};

struct call;
struct options; /* parsed options, made by the host */

struct command {
    const char *verb; /* "run"; NULL: the section's own command (`check`) */
    /* Beyond [DBNAME]: "ID", "[SECTION]"; "-- PROGRAM...": a program and its words, behind "--".
     * NULL: none. */
    const char *arguments;
    /* Switches that take the place of the arguments: beside one of them there are none. Ends with
     * NULL; NULL: there are no such. */
    const char *const *instead;
    const char *summary;  /* one line, imperative, no period */
    const char *prose;    /* a paragraph or more for --help and the man page */
    const char *examples; /* command lines, one a line */
    const struct option *options;
    unsigned flags;
    /* Whether options and arguments are what they have to be beyond what the tables say, asked
     * before anything is opened: RUNBOOK_USAGE. Pure. NULL: the tables say it all. */
    bool (*accepts)(const struct options *options, const char *const *arguments,
                    GError **error);
    /* Returns the exit code; on RUNBOOK_FAILED and the like with *error set, or unset when all
     * there is to say was said. */
    enum runbook_exit (*run)(struct call *call, GError **error);
};

/* Whether a switch was given; the value of an option (last one given), NULL when not; all values
 * of a repeating one, NULL-terminated, never NULL. Names are those of the tables. */
bool option_given(const struct options *options, const char *name);
const char *option_value(const struct options *options, const char *name);
const char *const *option_values(const struct options *options, const char *name);

/* The alias of a call, in the environment of serve's children. */
#define CALL_ALIAS_VARIABLE "PGRUNBOOK_TARGET_ALIAS"
/* Set: a child of serve's that answers a request; see call.looks. */
#define CALL_LOOKS_VARIABLE "PGRUNBOOK_LOOKS"

/* One call of a command. Everything is borrowed from the host. */
struct call {
    const struct feature *feature; /* never NULL: the hosts' own sections are rows as well */
    const struct command *command;
    const struct options *options;
    const char *const *arguments; /* positional, without DBNAME; NULL-terminated */
    struct settings *settings;    /* effective, overrides applied */
    struct session_params *server;
    const char *target; /* name from the configuration; NULL: connection options were used */
    /* What serve calls the database of its connection options, for the record; NULL: nothing. */
    const char *alias;
    /* The watch's connection, to be worked on instead of one of its own: when every slot is taken
     * there is no other. NULL: connect. */
    struct session *guard;
    struct output *output;
    struct store *store;
    const char *command_line; /* as typed, for the record; passwords removed */
    bool dry_run, yes, echo;
    /* Somebody looks at a page of the daemon's: that is no run, whatever the command line records
     * when it is typed. */
    bool looks;
};

/* Opens the call's session, echo wired. NULL with an error. */
struct session *call_connect(struct call *call, GError **error);

/* ---- pgrunbook check ---------------------------------------------------------------------- */

enum verdict_status { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL, VERDICT_UNKNOWN };

/* One line of `check`. */
struct verdict {
    const char *name; /* "transaction_age" */
    enum verdict_status status;
    double value;        /* the number the verdict rests on */
    const char *message; /* number and consequence, one sentence */
    const char *next;    /* the next command to type; NULL when there is nothing to do */
};

struct check; /* collects; made by the host */

struct session *check_session(struct check *check);
const struct settings *check_settings(const struct check *check);

/* The words that take another command to the same place: "--target shop", "-h db1 shop". */
const char *check_where(const struct check *check);

/* Copies the verdict. */
void check_add(struct check *check, const struct verdict *verdict);
/* What does at once, in psql, what can be done about the first that the last verdict names; nothing
 * where that one is ok. NULL: there is none. Copied. */
void check_sql(struct check *check, const char *sql);

/* What could not be read, and the SQL that would allow it ("GRANT pg_monitor TO …"). The same
 * pair is listed once. */
void check_unreadable(struct check *check, const char *what, const char *remedy);

/* Hands what check() has observed to measure() of the same section, which is called next where
 * figures are wanted; else it is freed. */
void check_hand_over(struct check *check, gpointer observed, GDestroyNotify free_observed);

/* ---- pgrunbook setup ---------------------------------------------------------------------- */

/* A role membership a section needs, for servers from `since` to before `until` (0: no end).
 * Tables end with a NULL role. */
struct right {
    int since, until;
    /* "pg_monitor"; "@owner": the owners of the tables; "@schemas": USAGE on theirs;
     * "@statistics": SELECT on pg_statistic. */
    const char *role;
    const char *why;
};

/* ---- pgrunbook serve ---------------------------------------------------------------------- */

/* What runs by itself, at the turns of a setting and in the window SECTION.window: the command line
 * `pgrunbook SECTION VERB --target NAME`, with --yes where the command changes something and
 * --window where it has one. A table of them ends with a NULL schedule. */
struct job {
    /* The setting that says when, "schedule" or "drill_schedule": its name also tells the jobs of a
     * section apart in the history, so that it does not change. */
    const char *schedule;
    /* NULL: the value of the setting SECTION.job is the verb, one of its choices. */
    const char *verb;
    /* The switch that stands for the arguments, where the verb has any: "bloated". */
    const char *instead;
    /* For `schedule`: "VACUUM and ANALYZE the tables that need it". NULL: the command's summary. */
    const char *what;
    /* A setting without which there is no such job: "repo"; "folder|to": one of them is enough.
     * NULL: none. */
    const char *needs;
};

/* What serve keeps running for a target beside its watch: `pgrunbook SECTION VERB --target NAME`,
 * started again when it ends. A table of them ends with a NULL verb. */
struct service {
    const char *verb;    /* "wal receive" */
    const char *setting; /* that turns it on: "receive" */
    const char *needs;   /* a setting without which it cannot be: "repo"; NULL: none */
};

struct watch_look; /* one look of the watch at a server; see core/watch/watch_look.h */

/* ------------------------------------------------------------------------------------------- */

struct feature {
    const char *name;                   /* "vacuum": command, settings prefix, folder */
    const char *title;                  /* "Weekly VACUUM ANALYZE" */
    const char *runbook;                /* embedded README.md */
    const struct setting *settings;     /* NULL: none */
    const struct setting_kind *kinds;   /* its named sections, [KIND NAME]; NULL: none */
    const struct command *commands;     /* ends with a NULL run; NULL: none */
    const struct right *rights;         /* NULL: none */
    const struct query *const *queries; /* all of its queries, NULL-terminated */
    /* Adds verdict lines. False with an error only when nothing could be said at all. */
    bool (*check)(struct check *check, GError **error);
    const struct job *jobs;         /* NULL: nothing runs by itself */
    const struct service *services; /* NULL: nothing is kept running */
    /* Judges what the watch has just seen, once a second, and acts where the settings want it.
     * NULL: it does not care. */
    void (*watch)(struct watch_look *look);
    /* The document of the section's `report` made from what the watch has just seen, without a query
     * of its own; for the page. NULL: it has none. */
    json_t *(*live)(struct watch_look *look);
    const struct metric *metrics; /* NULL: none */
    /* Brings their values: right after check(), where the section has one and it did not fail, from
     * what that handed over. False with an error only when nothing could be said at all. */
    bool (*measure)(struct measure *measure, GError **error);
    const char *needs; /* the setting without which there is nothing to show: "repo"; or NULL */
};

/* All sections in runbook order, NULL-terminated; defined in src/features.c. */
extern const struct feature *const features[];

#endif
