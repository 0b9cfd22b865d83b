/* The WAL of a backup: not yet. */
#include "create.h"

struct create_wal {
    struct call *call;
};

const char *create_wal_source(struct lineage *lineage, const struct create_server *server)
{
    (void) lineage, (void) server;
    return "not stored yet";
}

struct create_wal *create_wal_begin(struct call *call, struct repo *repo, const char *system,
                                    const struct create_server *server, GError **error)
{
    struct create_wal *wal = g_new0(struct create_wal, 1);

    (void) repo, (void) system, (void) server, (void) error;
    wal->call = call;
    return wal;
}

bool create_wal_going(struct create_wal *wal, GError **error)
{
    (void) wal, (void) error;
    return true;
}

bool create_wal_wait(struct create_wal *wal, guint32 timeline, guint64 start_lsn,
                     guint64 stop_lsn, GError **error)
{
    (void) wal, (void) timeline, (void) start_lsn, (void) stop_lsn, (void) error;
    return true;
}

void create_wal_free(struct create_wal *wal)
{
    g_free(wal);
}
