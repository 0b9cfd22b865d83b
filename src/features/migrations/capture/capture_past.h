/* The past, asked of the target: nothing has happened there yet. */
#ifndef MIGRATIONS_CAPTURE_PAST_H
#define MIGRATIONS_CAPTURE_PAST_H

#include "capture/capture_down.h"
#include "pg/session.h"

struct past_server {
    struct session *session;
    char *path;    /* the role's own search_path, as an array */
    GError *error; /* of the first question that was not answered; nothing is asked after it */
};

bool past_server_open(struct past_server *past, struct session *session, GError **error);
void past_server_close(struct past_server *past);

/* Borrows it. Look at past->error when all is said. */
struct capture_past past_server_ask(struct past_server *past);

#endif
