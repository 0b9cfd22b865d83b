/*
 * A place for a throw-away data directory, and a fresh one in it. The place is named after its
 * process: what a killed one has left is removed by the next.
 */
#ifndef CORE_SERVER_SCRATCH_H
#define CORE_SERVER_SCRATCH_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

struct server_scratch {
    char *place; /* ours: removed at the end, with all that is in it */
    char *data;  /* in it; not made yet */
};

/* parent NULL: the folder for temporary files. It belongs to the account the server is to run as:
 * the parent's owner; of root's, when we are root, to postgres or nobody. */
struct server_scratch *server_scratch_new(const char *parent, GError **error);
void server_scratch_free(struct server_scratch *scratch);
AUTO_DEFINE(server_scratch, server_scratch_free)

/* Runs initdb of that major version for scratch->data: encoding UTF-8, locale C, nothing synced to
 * disk. role: the name of its superuser. */
bool server_scratch_init(const struct server_scratch *scratch, int major, const char *bindir,
                         const char *role, GError **error);

#endif
