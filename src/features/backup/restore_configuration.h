/* Where the configuration of a restored folder leads out of it. It was written for the original. */
#ifndef BACKUP_RESTORE_CONFIGURATION_H
#define BACKUP_RESTORE_CONFIGURATION_H

#include <glib.h>

/* Reads postgresql.conf with what it includes, and postgresql.auto.conf. *ret_data: the data_directory
 * that is set last, where it is not this folder: a server that is started here would work on the other
 * one. *ret_outside: other files outside of the folder that the server would read, or write, as "hba_file
 * = '/etc/…', include '/…'". NULL: none; caller frees both. */
void restore_configuration_look(const char *folder, char **ret_data, char **ret_outside);

#endif
