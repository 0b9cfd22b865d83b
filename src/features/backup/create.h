/* What the files of `backup create` share. */
#ifndef BACKUP_CREATE_H
#define BACKUP_CREATE_H

#include "feature.h"
#include "replication/base_backup.h"
#include "repo/repo.h"
#include "repo/repo_seek.h"
#include "repo/repo_wal.h"

/* ---- create_server.c: the server, as SHOW tells it on the replication connection ----------- */

struct create_server {
    bool checksums, in_recovery;
    guint32 wal_segment_bytes;
    char *time_zone;
    int max_connections, max_worker_processes, max_wal_senders, max_prepared_transactions,
        max_locks_per_transaction;
    bool pushes; /* archive_command is `backup wal push` of this program */
};

void create_server_clear(struct create_server *server);
bool create_server_ask(struct session *session, struct create_server *server, GError **error);

/* False with RUNBOOK_REFUSED when the server's own base backup would be without some tablespace: until
 * 16 it leaves out those in place, and says nothing. Asked by an ordinary connection; where there is
 * none for this role nothing is known, and true. */
bool create_server_sends_all(struct call *call, int version_num, GError **error);

/* Its clock, microseconds since 1970, by an ordinary connection; 0 where there is none. */
gint64 create_server_clock(struct call *call);

/* ---- create_files.c: what the server sends, into the files of a backup -------------------- */

struct create_files;

/* Writes into the folder of backup, whose files, tablespaces and sizes are filled in. All of it is
 * borrowed. */
struct create_files *create_files_new(struct repo_backup *backup, const struct repo_key *key,
                                      int level, guint threads);
void create_files_free(struct create_files *files);
AUTO_DEFINE(create_files, create_files_free)

bool create_files_archive(struct create_files *files, guint32 oid, const char *path,
                          GError **error);
bool create_files_manifest(struct create_files *files, GError **error);
bool create_files_bytes(struct create_files *files, const void *bytes, gsize length,
                        GError **error);

/* The last file is complete, all are durable under their names. */
bool create_files_end(struct create_files *files, GError **error);

guint64 create_files_taken(const struct create_files *files);   /* bytes of archives so far */
const char *create_files_now(const struct create_files *files); /* "base.tar.zst" */

/* What backup_label said; false with an error when there was none. */
bool create_files_label(const struct create_files *files, struct base_backup_label *ret_label,
                        GError **error);

/* The server's clock now, by the time it gave to backup_label when it wrote that: up to a second
 * late, never early. 0: there was none. */
gint64 create_files_clock(const struct create_files *files);

/* A line of members.zst: archive, offset, size and name of a member, with tabs between them and
 * C escapes for tab, line feed and backslash in the name. Pure. */
void create_member_line(GString *text, const char *archive, guint64 offset, guint64 size,
                        const char *name);

/* ---- create_room.c: whether it fits ------------------------------------------------------- */

/* Bytes free for us in that file system; the nearest folder that exists counts. */
bool create_room_free(const char *path, guint64 *ret_free, GError **error);

/* False with RUNBOOK_REFUSED when path lies in a cluster's data directory or tablespace: backups
 * would hold each other, and die with what they are of. */
bool create_room_apart(const char *path, GError **error);

/* What a backup of that size will need: by the newest one (NULL: none) that is whole. Pure. */
guint64 create_room_needed(guint64 size, const GPtrArray *backups);

/* RUNBOOK_REFUSED when there is less room than will be needed. */
bool create_room_check(const char *path, guint64 size, const GPtrArray *backups,
                       GError **error);

/* ---- create_wal.c: the WAL from the beginning to the end of the backup -------------------- */

struct create_wal;

/* Where it will come from, one sentence without a period: "by the receiver that is running". */
const char *create_wal_source(struct call *call, struct lineage *lineage,
                              const struct create_server *server);

/* Whether what a server archived last (a segment, or a backup's history) has come into the
 * repository. Segments of the time of a backup prove nothing: those before them are looked at. Pure.
 */
bool create_wal_archived(const char *name, const GArray *segments, const GPtrArray *backups,
                         guint32 segment_bytes);

/* Before the backup: makes sure that somebody stores WAL from now on. */
struct create_wal *create_wal_begin(struct call *call, struct repo *repo, const char *system,
                                    const struct create_server *server, GError **error);

/* The server has told where the backup begins. */
bool create_wal_from(struct create_wal *wal, guint32 timeline, guint64 start_lsn,
                     GError **error);

/* In between: false with an error once that has come to an end. */
bool create_wal_going(struct create_wal *wal, GError **error);

/* After it: waits until all of it from start to stop is durable in the repository. */
bool create_wal_wait(struct create_wal *wal, guint32 timeline, guint64 start_lsn,
                     guint64 stop_lsn, GError **error);

void create_wal_free(struct create_wal *wal);
AUTO_DEFINE(create_wal, create_wal_free)

/* ---- create_damage.c: bad pages ----------------------------------------------------------- */

/* One sentence for each bad page, the relation by its name where that can be told: "block 7 of
 * index public.orders_pkey in database shop (base/16384/16391)". At most 20; then how many more.
 * Caller frees. */
char *create_damage_text(struct call *call, const struct base_backup *taken);

/* True with RUNBOOK_REFUSED when the server leaves out what a cluster cannot be without. */
bool create_damage_left_out(const struct base_backup *taken, GError **error);

/* ---- create_show.c ------------------------------------------------------------------------ */

struct create_result {
    const struct repo_backup *backup;
    const struct create_server *server;
    int version_num;
    const char *folder; /* of the cluster in the repository */
    double seconds;
    gint64 run; /* in the history; negative: none */
};

void create_show(struct call *call, const struct create_result *result);
char *create_summary(const struct create_result *result); /* JSON for the history */

/* What a run would do. */
struct create_outlook {
    const char *system, *repo, *wal;
    const struct create_server *server;
    int version_num;
    bool encrypted;
    int level;
    guint threads;
    guint64 size;   /* 0: not known */
    guint64 needed; /* 0: not known */
    guint64 free;
};

void create_show_outlook(struct call *call, const struct create_outlook *outlook);

#endif
