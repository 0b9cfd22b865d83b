/* The commands of the section, each in a file of its own name; migrations.c has their rows. */
#ifndef MIGRATIONS_COMMANDS_H
#define MIGRATIONS_COMMANDS_H

#include "feature.h"

/* -- folder -- */
enum runbook_exit migrations_status_command(struct call *call, GError **error);

/* -- ddl -- */

/* -- lint -- */
enum runbook_exit migrations_lint_command(struct call *call, GError **error);
enum runbook_exit migrations_rules_command(struct call *call, GError **error);

/* -- rehearse -- */
enum runbook_exit migrations_rehearse_command(struct call *call, GError **error);

/* -- apply -- */
enum runbook_exit migrations_apply_command(struct call *call, GError **error);
enum runbook_exit migrations_revert_command(struct call *call, GError **error);

/* -- checklist -- */
enum runbook_exit migrations_trace_command(struct call *call, GError **error);
enum runbook_exit migrations_capture_command(struct call *call, GError **error);
enum runbook_exit migrations_checklist_command(struct call *call, GError **error);

#endif
