/* What a server said of where it landed, against the plan. Pure. */
#ifndef BACKUP_RESTORE_LANDING_H
#define BACKUP_RESTORE_LANDING_H

#include "backup_target.h"

/* What became of a transaction. */
enum landing_status { LANDING_UNKNOWN, LANDING_THERE, LANDING_NOT_THERE };

struct landing {
    guint64 lsn;                       /* behind the last record that was replayed */
    gint64 time_us;                    /* of the last commit or abort that was; 0: none was */
    enum landing_status before, after; /* the plan's commits */
};

/* How it differs from the plan, one sentence; NULL: it does not. Caller frees. */
char *landing_judge(const struct landing *landing, const struct restore_plan *plan);

/* The number with its epoch of a transaction that is older than xmax; 0: it is not older, so it
 * cannot be there. */
guint64 landing_full_xid(guint32 xid, guint64 xmax);

/* Settings that a standby must have at least as large as its primary had them, from the server's
 * complaint: "name=value" each, NULL-terminated; empty where it does not complain. Caller frees. */
char **landing_settings_wanted(const char *log);

#endif
