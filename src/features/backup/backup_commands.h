/* The commands of the section, each in a file of its own name; backup.c has their rows. */
#ifndef BACKUP_COMMANDS_H
#define BACKUP_COMMANDS_H

#include "feature.h"

/* -- logical -- */
enum runbook_exit backup_dump_command(struct call *call, GError **error);
enum runbook_exit backup_restore_dump_command(struct call *call, GError **error);

/* -- physical -- */
enum runbook_exit backup_create_command(struct call *call, GError **error);

/* -- wal -- */
enum runbook_exit wal_receive_command(struct call *call, GError **error);
enum runbook_exit wal_push_command(struct call *call, GError **error);
enum runbook_exit wal_fetch_command(struct call *call, GError **error);

/* -- repository -- */
enum runbook_exit backup_list_command(struct call *call, GError **error);
enum runbook_exit backup_show_command(struct call *call, GError **error);
enum runbook_exit backup_verify_command(struct call *call, GError **error);
enum runbook_exit backup_expire_command(struct call *call, GError **error);

/* -- restore -- */
enum runbook_exit backup_restore_command(struct call *call, GError **error);

/* -- drill -- */
enum runbook_exit backup_drill_command(struct call *call, GError **error);

#endif
