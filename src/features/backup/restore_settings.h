/*
 * The settings of a recovery in postgresql.auto.conf, which stands above postgresql.conf: exactly
 * one target, the others emptied wherever else they may be set. Pure.
 */
#ifndef BACKUP_RESTORE_SETTINGS_H
#define BACKUP_RESTORE_SETTINGS_H

#include "restore.h"

/* The text with ours in it. Stale targets are taken out; commands of the cluster's own recovery are
 * put aside until restore_settings_cleaned(). text: NULL or what the file holds. Caller frees. */
char *restore_settings_text(const char *text, const struct restore_plan *plan,
                            const char *restore_command, enum restore_action action);

/* The same for a standby: no target, the newest timeline, no slot. primary: its primary_conninfo, NULL:
 * none, whatever the cluster has set. Caller frees. */
char *restore_settings_standby(const char *text, const char *restore_command,
                               const char *primary);

/* As it was, but for stale targets. Caller frees. */
char *restore_settings_cleaned(const char *text);

/* The same for the private server, which heeds nothing but ours: what the cluster has set may keep a
 * server on another machine from starting. All of it comes back by restore_settings_cleaned().
 * Caller frees. */
char *restore_settings_alone(const char *text);

/* The setting of a line, in lower case, "" for none, and its value. Caller frees both. */
char *restore_settings_line(const char *line, char **ret_value);

/* Target, timeline and action in words: whether an interrupted recovery is the one that is asked
 * for. Caller frees. */
char *restore_settings_goal(const struct target *target, enum restore_action action);

/* "recovery_target_time = '2026-11-26 02:23:00.000000+00'", NULL for the latest. Caller frees. */
char *restore_settings_target(const struct target *target);

#endif
