/*
 * Pools of applications: what they may take by their settings, what the server sees of them, what
 * their source says, and what a PgBouncer in front knows. All of it pure but for the command.
 */
#ifndef CONNECTIONS_POOL_H
#define CONNECTIONS_POOL_H

#include "connections_private.h"
#include "feature.h"
#include "out/document.h"

/* ---- applications, [app NAME] -------------------------------------------------------------- */

extern const struct setting_kind connections_kinds[];

/* One application; texts and lists belong to the settings. */
struct connections_app {
    const char *name, *origin;
    gint64 instances, max_open, max_idle, max_lifetime_ms;
    const char *const *applications, *const *roles, *const *clients; /* empty: any */
};

/* Those of the target, in file order: the first that matches a session has it. */
GArray *connections_apps(const struct settings *settings, const char *target);

/* The position of the application a session is of; -1: it is of none. */
int connections_app_of(const GArray *apps, const struct backend *backend);

/* How many idle sessions all instances together may keep; never more than they may open. */
gint64 connections_app_idle(const struct connections_app *app);

/* Lets the policy know what each application may keep. apps must outlive it. */
void connections_policy_apps(struct connections_policy *policy, const GArray *apps);

/* ---- arithmetic ---------------------------------------------------------------------------- */

enum connections_app_finding {
    CONNECTIONS_APP_OK,
    CONNECTIONS_APP_ABSENT, /* the server sees no session of it */
    CONNECTIONS_APP_OLD,    /* sessions older than max_lifetime are still used */
    CONNECTIONS_APP_IDLE,   /* more are idle than max_idle × instances */
    CONNECTIONS_APP_OPEN,   /* more than max_open × instances */
    CONNECTIONS_APP_FINDINGS,
};

/* "ok", "absent", "too_old", … */
const char *connections_app_finding_name(enum connections_app_finding finding);

struct connections_app_state {
    const struct connections_app *app;
    gint64 sessions, idle;
    gint64 overdue; /* past max_lifetime, and idle or taken up again since */
    double oldest_seconds;
    gint64 allowed, allowed_idle;
    gint64 fitting;   /* instances that fit beside the other applications */
    unsigned found;   /* bits of enum connections_app_finding */
    GPtrArray *roles; /* of its sessions, borrowed names, each once */
};

struct connections_pool {
    struct backends_slots slots;
    gint64 claimed; /* instances × max_open of all applications */
    gint64 others;  /* sessions of none of them */
    GArray *apps;   /* of struct connections_app_state */
};

struct connections_pool *connections_pool_weigh(const GArray *apps,
                                                const struct backends *backends);
void connections_pool_free(struct connections_pool *pool);
AUTO_DEFINE(connections_pool, connections_pool_free)

/* The gravest of what was found. */
enum connections_app_finding connections_app_gravest(const struct connections_app_state *state);

/* What a finding means, one sentence. Caller frees. */
char *connections_app_words(const struct connections_app_state *state,
                            enum connections_app_finding finding);

/* ---- Go source ----------------------------------------------------------------------------- */

enum connections_pool_call {
    CONNECTIONS_POOL_OPEN,
    CONNECTIONS_POOL_IDLE,
    CONNECTIONS_POOL_LIFETIME,
    CONNECTIONS_POOL_CALLS,
};
const char *connections_pool_call_name(enum connections_pool_call call); /* "SetMaxOpenConns" */

struct connections_pool_found {
    enum connections_pool_call call;
    guint line;
    char *text;   /* the argument as written */
    bool known;   /* its value is certain */
    gint64 value; /* connections; nanoseconds of a lifetime */
};

/* Every call of the three in a Go file, in its order. Never fails. */
GArray *connections_pool_read_source(const char *text, gsize length);

enum connections_source_finding {
    CONNECTIONS_SOURCE_OK,
    CONNECTIONS_SOURCE_DIFFERENT,
    CONNECTIONS_SOURCE_MISSING,
    CONNECTIONS_SOURCE_UNKNOWN, /* the value cannot be told from the file */
};
const char *connections_source_finding_name(enum connections_source_finding finding);

/* A call as it is, or one that is missing, beside what the settings say. */
struct connections_source_row {
    enum connections_pool_call call;
    enum connections_source_finding finding;
    const struct connections_pool_found *found; /* NULL: missing */
    gint64 wanted;                              /* as found->value counts */
    char *words;                                /* one sentence */
};

/* The calls against the application's settings; rows borrow from calls. */
GArray *connections_source_compare(const GArray *calls, const struct connections_app *app);

/* ---- PgBouncer ----------------------------------------------------------------------------- */

/* One pool, a row of SHOW POOLS. */
struct connections_pooler_row {
    char *database, *user, *mode; /* mode NULL: an old version does not say */
    gint64 client_active, client_waiting, server_active, server_idle;
    gint64 longest_us; /* how long the first of those who wait has waited */
};

/* Reads SHOW POOLS, whose columns differ by version: their names, and count rows of as many cells,
 * one after the other; a NULL cell is a null. The console's own pool is left out. NULL with an
 * error when it is no such answer. */
GArray *connections_pooler_read(const char *const *names, const char *const *cells, guint count,
                                GError **error);

/* What the PgBouncer of the settings says. */
struct connections_pooler {
    GArray *
        pools; /* of struct connections_pooler_row; NULL: there is none, or it was not reached */
    char *trouble; /* why it was not; NULL: it was, or there is none */
};

/* Asks it: one that does not answer is one more line of a report, not its end. */
struct connections_pooler connections_pooler_ask(const struct settings *settings);
void connections_pooler_clear(struct connections_pooler *pooler);

/* Whether there is one to speak of. */
bool connections_pooler_known(const struct connections_pooler *pooler);

/* For a document; null when there is none. */
json_t *connections_pooler_json(const struct connections_pooler *pooler);

/* Sum of those who wait, and the longest wait of all. */
gint64 connections_pooler_waiting(const GArray *pools, gint64 *ret_longest_us);

/* "3 clients wait for a connection of PgBouncer, the first for 2 s; …" Caller frees. */
char *connections_pooler_words(const GArray *pools);

/* The same as a line of a report, in colour. */
void connections_pooler_say(const struct connections_pooler *pooler, struct output *output);

/* ---- roles --------------------------------------------------------------------------------- */

/* A statement that makes a role's limits durable. */
struct connections_role_setting {
    char *role, *sql, *reason;
};

/* What the applications' roles lack. pooled: PgBouncer holds the sessions. NULL with an error. */
GArray *connections_role_settings(struct session *session, const struct connections_pool *pool,
                                  bool pooled, GError **error);

/* ---- the command --------------------------------------------------------------------------- */

struct connections_pool_report {
    const struct connections_pool *pool;
    const GArray *roles;
    const char *file; /* NULL: no source was named */
    const GArray *source;
    const struct connections_app *source_app;
    const struct connections_pooler *pooler;
};
void connections_pool_show(struct call *call, struct session *session,
                           const struct connections_pool_report *report);

extern const struct option connections_pool_options[];
enum runbook_exit connections_pool_command(struct call *call, GError **error);

#endif
