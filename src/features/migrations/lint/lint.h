/*
 * The linter: what each statement of a folder would lock and do, and what to write instead.
 * Pure: from the scripts, the schema they are played on and the server's version.
 */
#ifndef MIGRATIONS_LINT_H
#define MIGRATIONS_LINT_H

#include "auto.h"
#include "ddl/ddl.h"
#include "folder/folder.h"
#include "folder/version_table.h"
#include "lint/lint_rules.h"

#include <glib.h>
#include <stdbool.h>

struct lint_finding {
    const struct lint_rule *rule;
    enum lint_severity severity;
    char *message;
    char *safe_rewrite; /* SQL; NULL: there is none */
    char *assumption;   /* what was assumed, as the schema is not known; NULL: nothing */
    const char *file;   /* path below the folder; borrowed */
    guint line, column; /* of the file, from 1; column 0: the whole line */
    char *reason;       /* of the comment by which it is ignored; NULL: it is not */
};

struct lint_statement {
    guint line;                            /* of the file */
    gsize start, length;                   /* in the script */
    const struct ddl_judgement *judgement; /* the file's */
    bool analysed;
    char *trouble;       /* why it was not analysed, in the parser's words; NULL */
    GPtrArray *findings; /* of struct lint_finding; NULL: none */
};

/* One direction of one migration. */
struct lint_file {
    const struct folder_migration *migration; /* borrowed, as the script is */
    const struct folder_script *script;
    bool down;
    bool applied;          /* it has run: listed, not judged */
    GArray *statements;    /* of struct lint_statement */
    GPtrArray *judgements; /* of struct ddl_judgement; several statements may have one */
    GPtrArray *findings;   /* those about the file rather than a statement */
};

struct lint_report {
    const struct folder *folder; /* borrowed */
    char *base;                  /* where its files are; "": here */
    int server_version;
    bool schema_known;
    GPtrArray *files;    /* of struct lint_file, in the order of the folder, up before down */
    GPtrArray *findings; /* about the folder, or files that are no migration */
    /* Over all files; what is ignored counts there alone. */
    guint statements, errors, warnings, notes, ignored, not_analysed;
};

struct lint_options {
    int server_version;        /* server_version_num */
    struct ddl_schema *schema; /* is played upon */
    const char *time_zone;     /* of the sessions that will run the scripts; NULL: not known */
    const struct version_table *applied; /* NULL: nothing is */
    gint64 today;                        /* days since 1970, for comments that expire */
};

struct lint_report *lint_folder(const struct folder *folder,
                                const struct lint_options *options);
void lint_report_free(struct lint_report *report);
AUTO_DEFINE(lint_report, lint_report_free)

/* Calls visit for each finding, in the order of the files. */
void lint_each(const struct lint_report *report,
               void (*visit)(const struct lint_finding *finding, const struct lint_file *file,
                             const struct lint_statement *statement, gpointer data),
               gpointer data);

#endif
