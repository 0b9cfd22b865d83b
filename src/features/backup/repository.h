/* What the commands about a repository share: `backup list`, `show`, `verify`, `expire`. */
#ifndef BACKUP_REPOSITORY_H
#define BACKUP_REPOSITORY_H

#include "feature.h"
#include "out/document.h"
#include "repo/repo_wal.h"

/* A cluster's part of the repository of a call, and the backups in it. */
struct repository {
    struct repo *repo;
    struct lineage *lineage;
    GPtrArray *backups; /* of struct repo_backup */
};

/* The one of the settings and of --system. */
bool repository_open(const struct call *call, struct repository *repository, GError **error);
void repository_clear(struct repository *repository);

/* Reads the backups once more. */
bool repository_read(struct repository *repository, GError **error);

/* The backup of that id, or of a beginning that only one has; RUNBOOK_USAGE. Borrowed. */
struct repo_backup *repository_backup(const GPtrArray *backups, const char *id, GError **error);

/* Begins a document about it, with the members repository, system and encrypted. */
struct document *repository_document(const struct call *call, const char *schema,
                                     const struct repository *repository);

/* A backup as documents have it. */
json_t *repository_backup_json(const struct repo_backup *backup);

/* What it counts as: a backup with a trouble is a damaged one, whatever was proved before. */
enum repo_proof repository_proof(const struct repo_backup *backup);
enum output_tone repository_tone(enum repo_proof proof);

/* A segment of the list (as lineage_segments() has it); NULL: it is not there. */
const struct repo_segment *repository_segment(const GArray *segments, guint32 timeline,
                                              guint64 number);

/* Whether a segment is missing, or has not yet all of it, that the backup cannot do without; which
 * one. The segments have been measured. */
bool repository_lacks_wal(const GArray *segments, const struct repo_backup *backup,
                          guint64 *ret_number);

/* "2026-11-26 02:23:00+00"; NULL for 0. Caller frees. */
char *repository_time(gint64 us);

#endif
