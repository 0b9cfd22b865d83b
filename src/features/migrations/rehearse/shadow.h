/*
 * A database to try migrations on, which nobody else uses: in a throw-away server with the target's
 * schema and generated rows, in a restored backup, or as a copy beside a given staging database. It
 * is gone when it is freed.
 */
#ifndef MIGRATIONS_SHADOW_H
#define MIGRATIONS_SHADOW_H

#include "auto.h"
#include "feature.h"
#include "server/server.h"
#include "server/server_scratch.h"

enum shadow_kind { SHADOW_FRESH, SHADOW_GIVEN, SHADOW_BACKUP };
const char *shadow_kind_name(enum shadow_kind kind); /* "throw-away", "given", "backup" */

/* What is to be known of the target for one: read while there is a connection to it. */
struct shadow_plan {
    enum shadow_kind kind;
    const char *conninfo; /* GIVEN: of the staging database */
    const char *bindir;   /* of PostgreSQL's programs; NULL: looked for */
    const char *scratch;  /* folder for files; NULL: that for temporary files */
    gint64 rows;          /* FRESH: in each table */
    bool
        no_nulls; /* in columns of which the target's statistics do not say whether it has some */
    const char *const *settings; /* FRESH: more of the server's, "name=value"; NULL: none */
    struct call *call;
    struct session *target; /* GIVEN: NULL, it may be what is copied */
    const char *system;     /* the target's identifier; NULL: not known */
    const char *database;   /* its name */
};

struct shadow {
    enum shadow_kind kind;
    int version;
    char *database;
    /* For scripts: the target's role where there is one of that name, with the settings its clients
     * have. And for looking on, as a role that may see all, with search_path nailed down. */
    struct session *session, *observer;
    gint64 tables, rows; /* that have rows, and how many; -1: not counted */
    GPtrArray *troubles; /* of char *: what is not as on the target, sentences */

    char *source;          /* the database that `database` is a copy of; NULL: it is none */
    char *role;            /* scripts run as, on a server of ours */
    struct session *admin; /* on another database of the server: makes copies and drops them */
    struct session_params admin_params, params, observer_params;
    char *text; /* what they point to */
    struct server_scratch *scratch;
    struct server *server;
};

/* As it was at the beginning: a new copy of where it comes from. *ret_done false: there is no such
 * (a restored backup), and it is as it was before the call. */
bool shadow_again(struct shadow *shadow, bool *ret_done, GError **error);

/* NULL with an error: RUNBOOK_REFUSED where this machine has not what it takes, or the staging
 * database cannot be copied. */
struct shadow *shadow_open(const struct shadow_plan *plan, GError **error);
void shadow_free(struct shadow *shadow);
AUTO_DEFINE(shadow, shadow_free)

/* ---- what it is made of ------------------------------------------------------------------- */

bool shadow_open_given(struct shadow *shadow, const struct shadow_plan *plan, GError **error);
bool shadow_open_fresh(struct shadow *shadow, const struct shadow_plan *plan, GError **error);
bool shadow_open_backup(struct shadow *shadow, const struct shadow_plan *plan, GError **error);

/* Starts a server on scratch->data and waits until it answers. */
bool shadow_start(struct shadow *shadow, const struct shadow_plan *plan, GError **error);

/* Sessions to the shadow's database; on a server of ours one of them as the target's role. */
bool shadow_enter(struct shadow *shadow, GError **error);
void shadow_leave(struct shadow *shadow);

/* Makes `database` a copy of `source`, with its owner and settings, and enters it. */
bool shadow_copy(struct shadow *shadow, GError **error);

/* Roles, schema and rows of the target, in an empty server. */
bool shadow_fill_roles(struct shadow *shadow, struct session *admin, struct session *target,
                       GError **error);
bool shadow_fill_schema(struct shadow *shadow, struct session *observer,
                        const struct shadow_plan *plan, GError **error);
bool shadow_fill_rows(struct shadow *shadow, struct session *session,
                      const struct shadow_plan *plan, GError **error);
/* What is in the materialized views that have rows on the target. */
bool shadow_fill_views(struct shadow *shadow, struct session *session, struct session *target,
                       GError **error);

/* Runs a statement that may fail: then it is one of the troubles. False only when interrupted. */
bool shadow_try(struct shadow *shadow, struct session *session, const char *sql,
                const char *what, GError **error);

#endif
