/* The section's tables: what it offers on every surface. */
#include "backup.h"

#include "backup_commands.h"
#include "backup_queries.h"

static const struct setting settings[] = {
    {"repo", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "The folder of the repository: backups and WAL of any number of clusters, each under its "
     "system identifier. A file system of its own, on another machine, is the best place for "
     "it."},
    {"key_file", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "A file with the key of an encrypted repository (AES-256-GCM): 32 bytes, or 64 "
     "hexadecimal "
     "digits, or base64. Without the key nothing in it can be read: keep a copy elsewhere."},
    {"key_command", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "A shell command that prints the key, in the place of backup.key_file."},
    {"compress", SETTING_INT, 0, "1", "1", "19", NULL,
     "Zstandard level. On heap pages 1 is faster than 3, and smaller."},
    {"max_rate", SETTING_SIZE, 0, "0", "0", NULL, NULL,
     "The most bytes a second that a backup may take from the server; 0: no bound."},
    {"bindir", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "Where PostgreSQL's own programs are (pg_dump, postgres, …), when not in PATH or in the "
     "distribution's place."},
    /* -- logical -- */

    /* -- physical -- */

    /* -- wal -- */

    /* -- repository -- */

    /* -- restore -- */

    /* -- drill -- */

    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

static const struct command commands[] = {
    /* -- logical -- */

    /* -- physical -- */

    /* -- wal -- */

    /* -- repository -- */

    /* -- restore -- */

    /* -- drill -- */

    {.verb = NULL},
};

const struct feature feature_backup = {
    .name = "backup",
    .title = "Backup, restore and point-in-time recovery",
    .runbook = backup_readme,
    .settings = settings,
    .commands = commands,
};
