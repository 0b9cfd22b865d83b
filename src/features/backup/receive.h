/* What the files of `backup wal receive` share. */
#ifndef BACKUP_RECEIVE_H
#define BACKUP_RECEIVE_H

#include "feature.h"
#include "replication/wal_stream.h"

/* ---- receive.c --------------------------------------------------------------------------- */

/* Whether a failure ends it; refused_us: so long was nothing but refused. Who has received already
 * is patient: an address may lead to the wrong server for a while, and a standby may follow to a
 * timeline later than another server's archiver. Pure. */
bool receive_is_final(enum runbook_exit code, bool begun, bool busy, gint64 refused_us);

/* ---- receive_slot.c: the slot, over an ordinary session ------------------------------------ */

enum receive_danger { RECEIVE_SLOT_FINE, RECEIVE_SLOT_NEAR, RECEIVE_SLOT_UNRESERVED };

struct receive_slot {
    bool exists, lost, busy;
    bool made; /* just now, by us */
    guint64 restart_lsn;
    enum receive_danger danger;
    gint64 safe_bytes; /* until WAL is lost; negative: no bound */
};

bool receive_slot_look(struct session *session, const char *name, struct receive_slot *ret_slot,
                       GError **error);
bool receive_slot_make(struct session *session, const char *name, GError **error);
bool receive_slot_drop(struct session *session, const char *name, GError **error);

/* Whether the server sees any WAL in its pg_wal, as it does unless that is out of its reach (not
 * mounted, say); true where it does not tell our role. False with an error. */
bool receive_wal_in_reach(struct session *session, GError **error);

/* How near a slot is to losing WAL: from pg_replication_slots.wal_status, safe_wal_size (negative:
 * null) and max_slot_wal_keep_size in MB (-1: no bound). Pure. */
enum receive_danger receive_slot_danger(const char *wal_status, gint64 safe_bytes,
                                        gint64 keep_mb);

/* ---- receive_full.c: a new full backup after a loss ---------------------------------------- */

struct receive_full;

struct receive_full *receive_full_new(struct call *call);
void receive_full_free(struct receive_full *full);

/* WAL was lost just now. */
void receive_full_wake(struct receive_full *full);

/* Looks whether WAL was lost behind the newest backup, starts `backup create` then, as a process of
 * its own, and says how it ended. To be called now and then. */
void receive_full_tend(struct receive_full *full, struct lineage *lineage);

/* Whether WAL was lost on the path of timelines (broken: where, for each of its stretches; 0:
 * nowhere) and no backup begins behind it. Pure. */
bool receive_full_needed(const GArray *path, const guint64 *broken, const GPtrArray *backups);

#endif
