/*
 * The monthly report: what a month brought, read from the history alone. Gathered into one struct
 * (report_gather.c), judged without a clock or a file (report_decide.c, report_short.c), and shown
 * as a document, as text or as a page.
 *
 * What is not known is said: a number that nobody has is not zero. Every text within belongs to the
 * report and lives as long as it does.
 */
#ifndef HOST_REPORT_H
#define HOST_REPORT_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

/* ---- the month ------------------------------------------------------------------------------ */

struct report_month {
    int year, month;
    gint64 from_us, until_us; /* wall clock; until is the next month's beginning */
    GArray *days; /* of gint64: the beginning of each day, and until_us behind them */
};

/* "2026-10". False with RUNBOOK_USAGE. */
bool report_month_parse(const char *text, int *ret_year, int *ret_month, GError **error);
/* The last one that is over at that time. */
void report_month_last(GTimeZone *zone, gint64 now_us, int *ret_year, int *ret_month);
void report_month_set(struct report_month *month, GTimeZone *zone, int year, int number);
/* "October 2026". Caller frees. */
char *report_month_name(const struct report_month *month);

/* ---- what is in it -------------------------------------------------------------------------- */

enum report_outcome {
    REPORT_DONE,
    REPORT_PARTLY,
    REPORT_FAILED,
    REPORT_REFUSED,
    REPORT_INTERRUPTED,
    REPORT_UNFINISHED, /* it still runs, or its process died */
    REPORT_OUTCOMES
};

/* One run of the month. */
struct report_run {
    gint64 id, started_us, ended_us;
    const char *target, *section, *verb, *by, *error, *summary;
    const char *reason; /* that was given for it; NULL: none */
    enum report_outcome outcome;
    const char *own;         /* the target that it was told; NULL: none */
    gint64 undoes, undo_run; /* the run it takes back; the newest that took it back: 0: none */
    guint ended, cancelled;  /* sessions it ended, queries it cancelled */
};

/* All runs of one command on one target. */
struct report_tally {
    const char *target, *section, *verb;
    guint runs, outcomes[REPORT_OUTCOMES];
    double seconds;
    gint64 last_us, last_run;
};

/* What vacuum runs did on a target. */
struct report_vacuum {
    const char *target;
    guint tables; /* different ones that were vacuumed or analyzed */
    guint times;
    gint64 removed; /* dead rows */
    bool some;      /* of some it is not known how many */
};

/* Objects that a section left alone, or did not get done, for one reason. */
struct report_left {
    const char *target, *section, *outcome, *reason;
    const char *key; /* the reason with its numbers taken out */
    guint times;
    bool varies; /* reason is one of several that differ in their numbers only */
    const char *example;
};

/* Whether an act was taken back (`history undo`), by the time the report was made. */
enum report_undone { REPORT_STANDS, REPORT_UNDONE_PARTLY, REPORT_UNDONE };

/* Space that an act on one object won. Bytes below 0: not known. */
struct report_win {
    gint64 run, at_us, before, after;
    const char *target, *name, *what;
    enum report_undone undone;
    gint64 undo_run, undone_us; /* the last run that took of it back; 0: none */
};

struct report_incident {
    gint64 id, opened_us, closed_us; /* closed 0: still open */
    const char *target, *name, *severity, *message, *closing;
    GArray *acts; /* of guint: positions of runs that were meant for it */
    /* A run that helped the same server and is none of the report's: of another target, or of the
     * month before; 0: none. */
    gint64 elsewhere;
};

/* A run that ended sessions or queries, of whatever target and month. */
struct report_relief {
    gint64 run, started_us;
    const char *cluster;
};

struct report_day {
    gint64 from_us;
    gint64 samples, missed;
    int ordinary, used_max, in_transaction_max, waiting_max;
    double average;
    double query_seconds_max;
};

struct report_connections {
    const char *target;
    GArray *days; /* of struct report_day, one for each of the month that has begun */
    gint64 samples, missed;
    gint64 kept_us; /* since then what was seen is kept: the month's beginning, or later */
    gint64 due;     /* seconds of it that are over since: as many looks there could be */
    int used_max, ordinary; /* at the highest share */
    double average;
    gint64 peak_us; /* 0: nothing is known */
};

struct report_backups {
    const char *target;
    guint made, failed, dumps, dumps_failed;
    guint other[REPORT_OUTCOMES]; /* backups and dumps that were neither made nor failed */
    guint proven, disproven;
    guint unjudged;                                 /* drills that came to no verdict */
    gint64 stored_bytes, newest_us, newest_dump_us; /* newest ever before the month's end */
    gint64 drilled_us;                              /* the last drill that went well; 0: none */
    double recovery_seconds;                        /* of that; below 0: not known */
};

struct report_drill {
    gint64 run, at_us;
    const char *target, *verdict, *backup;
    double recovery_seconds; /* below 0: not known */
    bool proven, disproven;  /* neither: it came to no verdict */
};

struct report_migration {
    gint64 run, at_us;
    const char *database, *version, *name, *direction, *outcome, *forced;
    double longest_hold_ms;
};

struct report_finding {
    const char *schema, *name, *relation, *what, *reason, *command;
    gint64 bytes;
};

struct report_indexes {
    const char *database;
    gint64 first_us, last_us, samples; /* of their use */
    guint known, quiet;                /* quiet: without a scan for 30 days and more */
    gint64 found_us;                   /* of the findings; 0: none are kept */
    GArray *findings;                  /* of struct report_finding */
};

struct report_point {
    gint64 at_us;
    double bytes;
};

/* A straight line through points, by least squares. */
enum report_fit_verdict { REPORT_FIT_GOOD, REPORT_FIT_FEW, REPORT_FIT_SHORT };
struct report_fit {
    enum report_fit_verdict verdict;
    guint count;
    double mean_day, mean, per_day; /* the line: mean + per_day * (day - mean_day) */
    double spread;                  /* standard error of a single value around the line */
    double squares;                 /* sum of (day - mean_day) squared */
    double quantile;                /* of Student's t for 95 % */
    gint64 first_us, last_us;
};

struct report_relation {
    guint oid;
    const char *name, *kind; /* NULL: not known */
    gint64 bytes,
        before; /* at the end and the beginning; before -1: it was not there, or not known */
};

struct report_growth {
    const char *database;
    GArray *points;       /* of struct report_point, one a week */
    GArray *relations;    /* of struct report_relation, the largest first */
    guint relation_count; /* all there are */
    struct report_fit fit;
    gint64 before_us; /* of relations' before */
    bool unnamed;     /* some of the relations shown have no name */
};

struct report_turn {
    gint64 at_us;
    const char *target, *job, *outcome, *reason;
};

enum report_tone { REPORT_PLAIN, REPORT_GOOD, REPORT_CAUTION, REPORT_BAD };

struct report_line {
    enum report_tone tone;
    const char *text;
};

struct report {
    struct report_month month;
    GTimeZone *zone;
    const char *zone_name;
    const char *target;            /* NULL: all */
    const char *const *configured; /* targets that there are now; borrowed, NULL: not known */
    gint64 made_us;
    gint64 known_us;   /* the history's beginning; 0: it is empty */
    gint64 minutes_us; /* what was seen before may be kept no longer; 0: all is kept */
    GStringChunk *texts;
    GArray *runs;         /* of struct report_run, oldest first */
    GArray *safeguards;   /* the same: backups, dumps and drills, for each target of theirs */
    GArray *tallies;      /* of struct report_tally, by target, section and verb */
    GArray *vacuums;      /* of struct report_vacuum */
    GArray *left;         /* of struct report_left, the most frequent first */
    GArray *wins;         /* of struct report_win, the largest first */
    GArray *returned;     /* the same, of earlier months: what this one took back */
    GArray *incidents;    /* of struct report_incident, oldest first */
    GArray *connections;  /* of struct report_connections */
    GArray *backups;      /* of struct report_backups */
    GArray *drills;       /* of struct report_drill */
    GArray *migrations;   /* of struct report_migration */
    GArray *indexes;      /* of struct report_indexes */
    GArray *growths;      /* of struct report_growth */
    GArray *turns;        /* of struct report_turn: those that were missed */
    guint turns_all;      /* turns of the month */
    bool findings_later;  /* only what was found long after the month is kept */
    GArray *reliefs;      /* of struct report_relief */
    GHashTable *clusters; /* of which server a target is */
    GPtrArray *names;     /* of const char *: the targets that the history knows */
    GArray *lines;        /* of struct report_line: the month in short */
    GArray *gaps;         /* of const char *: what is not known */
};

struct report *report_new(const char *zone_name, GTimeZone *zone);
void report_free(struct report *report);
AUTO_DEFINE(report, report_free)

/* A copy that belongs to the report; NULL for NULL. */
const char *report_text(struct report *report, const char *text);
const char *report_textf(struct report *report, const char *format, ...) G_GNUC_PRINTF(2, 3);
void report_gap(struct report *report, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Whether the month is over at the time the report was made. */
bool report_is_whole(const struct report *report);

/* The time up to which the report tells: the month's end, or when it was made. */
gint64 report_end_us(const struct report *report);

/* Whether anything of the month could have been recorded: else its counts of zero mean nothing. */
bool report_is_recorded(const struct report *report);

/* ---- gathering ------------------------------------------------------------------------------ */

struct store;

/* Everything of the month, of one target or of all (NULL). False with an error when the history
 * cannot be read. */
bool report_gather(struct report *report, struct store *store, GError **error);

/* Its parts; databases: "SYSTEM/DBNAME" → name of the target. */
bool report_gather_objects(struct report *report, struct store *store, GError **error);
void report_gather_backups(struct report *report);
bool report_gather_watched(struct report *report, struct store *store, GError **error);
bool report_gather_sizes(struct report *report, struct store *store, GHashTable *databases,
                         GError **error);
bool report_gather_indexes(struct report *report, struct store *store, GHashTable *databases,
                           GError **error);
bool report_gather_migrations(struct report *report, struct store *store, GHashTable *databases,
                              GError **error);

/* What the report calls that database; NULL when it does not tell of it. */
const char *report_database(struct report *report, GHashTable *databases, const char *system,
                            const char *dbname);

/* ---- deciding: pure ------------------------------------------------------------------------- */

enum report_outcome report_outcome_of(const char *word);
const char *report_outcome_word(enum report_outcome outcome);

/* Counts the runs by target and command. */
void report_tally_runs(struct report *report);

/* The reason with every number as "#": what a hundred tables share. Caller frees. */
char *report_reason_key(const char *reason);
void report_add_left(struct report *report, const struct report_run *run, const char *outcome,
                     const char *reason, const char *name);

/* Peak, average and samples of the month from its days. */
void report_add_up_days(struct report_connections *connections);

/* Where the days begin of which it is known whether somebody watched: of those before, at the
 * month's beginning, nothing is kept any more, be it that somebody did. Pure. */
gint64 report_kept_us(const struct report *report,
                      const struct report_connections *connections);

/* Why nothing is known of connections: "nobody watched", or that it is kept no longer. */
const char *report_unwatched(const struct report *report);

/* For which part of the month somebody watched, 0 to 1: minutes without a record count. */
double report_watched(const struct report_connections *connections);

/* What the runs that were meant for it did, added up. */
void report_count_acts(const struct report *report, const struct report_incident *incident,
                       guint *ret_ended, guint *ret_cancelled);
/* Whether it is over, and nothing is recorded that can have ended it. Not of what the daemon says
 * of itself and of its jobs: how those end, their last words tell. */
bool report_ended_by_itself(const struct report *report,
                            const struct report_incident *incident);

/* "41 of 97 connections"; what is taken beyond those that ordinary roles may have is of the
 * reserved ones: "97 of 97 connections and 2 reserved ones". Caller frees. */
char *report_used(int used, int ordinary);
/* Of those that ordinary roles may have, 0 to 1. */
double report_used_share(int used, int ordinary);

/* Whether a command with that verb ends sessions or queries. */
bool report_ends_sessions(const char *verb);
/* Slots are the whole server's: who ends sessions by way of another target helps this one, and one
 * that began in the month before may have been helped there. Sets incident->elsewhere. */
void report_find_elsewhere(const struct report *report, struct report_incident *incident);

/* Which runs were meant for an incident: the one it names, and those of `connections` and `queries`
 * that ended something on its target while it was open. */
void report_find_acts(const struct report *report, struct report_incident *incident,
                      gint64 own_run);

/* Backups and dumps that were refused, interrupted, or have no end. */
guint report_backups_other(const struct report_backups *backups);

/* Weekly points in order of time. It takes four of them, and three weeks between the first and the
 * last. */
struct report_fit report_fit(const struct report_point *points, guint count);
/* At that time: the line, and the bounds that 95 of 100 values are between if growth goes on as it
 * was. False for a time as far behind the last point as the first is before it, or farther. */
bool report_forecast(const struct report_fit *fit, gint64 at_us, double *ret_low,
                     double *ret_middle, double *ret_high);

/* Sums over all wins whose numbers are known, and how many objects they are of: one may be handled
 * several times, and counts once, from what it was before the first time to what it was after the
 * last. What was taken back, in this month or later, is no win; of what was taken back in part
 * nobody knows how much stayed won. */
struct report_space {
    gint64 before, after, won;
    gint64 grown; /* between one time and the next; below 0: they shrank by themselves */
    guint known, unknown;
    guint undone, partly;
    gint64 undone_bytes; /* what those that were taken back had been, as far as known */
};
struct report_space report_space(const struct report *report);
/* How large that was which earlier months won, and this one took back, as far as known. */
gint64 report_returned(const struct report *report);

/* The month in short: report->lines, the worst first. */
void report_judge(struct report *report);

#endif
