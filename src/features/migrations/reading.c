/* Patience in small portions. */
#include "reading.h"

#include "ddl/ddl_schema.h"
#include "error.h"
#include "interrupt.h"
#include "migrations_queries.h"

#include <poll.h>
#include <string.h>

enum {
    TRIES = 8,
    PAUSE_MS = 500,
    USUAL_LOCK_MS = 2000, /* prepare_session.sql */
};

static bool set_timeout(struct session *session, int ms, GError **error)
{
    g_autofree char *sql = g_strdup_printf("SET lock_timeout = %d", ms);

    return session_command(session, sql, error);
}

/* ret_sqlstate: of the failure; "" where it was none of the session's. */
static bool attempt(struct session *session,
                    bool (*read)(struct session *session, gpointer data, GError **error),
                    gpointer data, char ret_sqlstate[6], GError **error)
{
    bool done = set_timeout(session, READING_LOCK_MS, error) && read(session, data, error);

    g_strlcpy(ret_sqlstate, session_sqlstate(session), 6);
    if (session_alive(session))
        set_timeout(session, USUAL_LOCK_MS, NULL);
    return done;
}

/* "public.orders, by pid 12 (…)"; NULL: nobody keeps a table from its readers. */
static char *locked(struct session *session)
{
    AUTO(rows) rows = session_query(session, &query_migrations_reading_locked, NULL, NULL);

    return rows == NULL || rows_count(rows) == 0
               ? NULL
               : g_strdup(rows_text(rows, 0, MIGRATIONS_READING_LOCKED_SENTENCE));
}

/* Who was waited for; NULL: it failed for another reason. */
static char *waited_for(struct session *session, const char *sqlstate, const GError *broken)
{
    bool timed_out = strcmp(sqlstate, "55P03") == 0;

    if (!timed_out && (sqlstate[0] != '\0' || broken->code != RUNBOOK_FAILED))
        return NULL;
    char *who = locked(session);
    return who != NULL || !timed_out ? who : g_strdup("by somebody who has let it go by now");
}

static void rest(void)
{
    struct pollfd descriptor = {.fd = interrupt_fd(), .events = POLLIN};

    poll(&descriptor, 1, PAUSE_MS);
}

void reading_forbidden(const struct session *session, const char *words, GError **error)
{
    g_autofree char *hint = g_strdup_printf(
        "GRANT it to role \"%s\", or run it as the role that owns it", session_user(session));
    const char *end = strchr(words, '\n');

    runbook_error_set(error, RUNBOOK_REFUSED, hint, "a right is missing: %.*s",
                      end != NULL ? (int) (end - words) : (int) strlen(words), words);
}

bool reading_patient(struct session *session,
                     bool (*read)(struct session *session, gpointer data, GError **error),
                     gpointer data, GError **error)
{
    for (int i = 1;; i++) {
        g_autoptr(GError) broken = NULL;
        char sqlstate[6];
        if (attempt(session, read, data, sqlstate, &broken))
            return true;
        if (strcmp(sqlstate, "42501") == 0) {
            reading_forbidden(session, broken->message, error);
            return false;
        }
        g_autofree char *who = waited_for(session, sqlstate, broken);
        if (who == NULL) {
            g_propagate_error(error, g_steal_pointer(&broken));
            return false;
        }
        if (i == TRIES) {
            runbook_error_set(error, RUNBOOK_REFUSED, "try again when that is over",
                              "a table is locked: %s", who);
            return false;
        }
        rest();
    }
}

/* ---- what is read that way ----------------------------------------------------------------- */

struct asking {
    const struct query *query;
    const char *const *values;
    struct rows *rows;
};

static bool ask(struct session *session, gpointer data, GError **error)
{
    struct asking *asking = data;

    asking->rows = session_query(session, asking->query, asking->values, error);
    return asking->rows != NULL;
}

struct rows *reading_query(struct session *session, const struct query *query,
                           const char *const *values, GError **error)
{
    struct asking asking = {query, values, NULL};

    reading_patient(session, ask, &asking, error);
    return asking.rows;
}

static bool read_schema(struct session *session, gpointer data, GError **error)
{
    struct ddl_schema **schema = data;

    *schema = ddl_schema_read(session, error);
    return *schema != NULL;
}

struct ddl_schema *reading_schema(struct session *session, GError **error)
{
    struct ddl_schema *schema = NULL;

    reading_patient(session, read_schema, &schema, error);
    return schema;
}
