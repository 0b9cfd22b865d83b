/* A report of the linter as people, programs and GitHub read it. */
#ifndef MIGRATIONS_LINT_SHOW_H
#define MIGRATIONS_LINT_SHOW_H

#include "lint/lint.h"
#include "out/document.h"
#include "out/output.h"

/* Where a finding is, from where we were called: "migrations/0001_init.up.sql". Caller
 * frees. */
char *lint_path(const struct lint_report *report, const struct lint_finding *finding);

/* With the source and a caret; notes and what is ignored only when verbose. */
void lint_show_text(const struct lint_report *report, struct output *output);
/* A row for each finding: CSV and Markdown. */
void lint_show_grid(const struct lint_report *report, struct output *output);
/* Workflow commands that become annotations of a pull request. */
void lint_show_github(const struct lint_report *report, struct output *output);
/* SARIF 2.1.0, without what is ignored. */
void lint_show_sarif(const struct lint_report *report, struct output *output);
void lint_show_json(const struct lint_report *report, struct output *output,
                    const struct document_server *server);

#endif
