/* Roles and schema of the target, made again on the shadow. */
#include "error.h"
#include "interrupt.h"
#include "migrations_queries.h"
#include "programs/programs.h"
#include "programs/programs_pipe.h"
#include "reading.h"
#include "rehearse/shadow.h"
#include "rehearse/trace_send.h"
#include "sql/sql_script.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* ---- roles --------------------------------------------------------------------------------- */

static char *role_statement(struct session *admin, const struct rows *rows, int row)
{
    g_autofree char *name =
        session_quote(admin, NULL, rows_text(rows, row, MIGRATIONS_SHADOW_ROLES_NAME));

    return g_strdup_printf(
        "CREATE ROLE %s%s%s%s%s%s", name,
        rows_bool(rows, row, MIGRATIONS_SHADOW_ROLES_SUPERUSER) ? " SUPERUSER" : "",
        rows_bool(rows, row, MIGRATIONS_SHADOW_ROLES_INHERITS) ? "" : " NOINHERIT",
        rows_bool(rows, row, MIGRATIONS_SHADOW_ROLES_BYPASSES) ? " BYPASSRLS" : "",
        rows_bool(rows, row, MIGRATIONS_SHADOW_ROLES_CREATES_ROLES) ? " CREATEROLE" : "",
        rows_bool(rows, row, MIGRATIONS_SHADOW_ROLES_CREATES_DATABASES) ? " CREATEDB" : "");
}

bool shadow_fill_roles(struct shadow *shadow, struct session *admin, struct session *target,
                       GError **error)
{
    AUTO(rows) roles = session_query(target, &query_migrations_shadow_roles, NULL, error);
    if (roles == NULL)
        return false;
    for (int i = 0; i < rows_count(roles); i++) {
        g_autofree char *sql = role_statement(admin, roles, i);
        if (!shadow_try(shadow, admin, sql, "a role is missing", error))
            return false;
    }
    AUTO(rows) members = session_query(target, &query_migrations_shadow_members, NULL, error);
    for (int i = 0; members != NULL && i < rows_count(members); i++) {
        g_autofree char *role =
            session_quote(admin, NULL, rows_text(members, i, MIGRATIONS_SHADOW_MEMBERS_ROLE));
        g_autofree char *member =
            session_quote(admin, NULL, rows_text(members, i, MIGRATIONS_SHADOW_MEMBERS_MEMBER));
        g_autofree char *sql = g_strdup_printf("GRANT %s TO %s", role, member);
        if (!shadow_try(shadow, admin, sql, "a membership is missing", error))
            return false;
    }
    return members != NULL;
}

/* ---- pg_dump ------------------------------------------------------------------------------- */

static bool read_some(struct programs_pipe *pipe, GString *text, bool *ret_ended,
                      GError **error)
{
    static char chunk[1 << 16];
    struct pollfd watched[] = {{.fd = programs_pipe_output(pipe), .events = POLLIN},
                               {.fd = programs_pipe_errors(pipe), .events = POLLIN},
                               {.fd = interrupt_fd(), .events = POLLIN}};

    poll(watched, G_N_ELEMENTS(watched), 1000);
    programs_pipe_listen(pipe);
    if (interrupt_pending()) {
        runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
        return false;
    }
    if (watched[0].revents == 0)
        return true;
    ssize_t got = read(programs_pipe_output(pipe), chunk, sizeof chunk);
    if (got > 0)
        g_string_append_len(text, chunk, got);
    *ret_ended = got == 0 || (got < 0 && errno != EINTR);
    return true;
}

struct dumping {
    const char *program;
    char *text;
};

static bool dump_schema(struct session *target, gpointer data, GError **error)
{
    struct dumping *dumping = data;
    g_autofree char *patience = g_strdup_printf("--lock-wait-timeout=%d", READING_LOCK_MS);
    char *words[] = {(char *) (gsize) dumping->program,
                     (char[]){"--schema-only"},
                     (char[]){"--no-subscriptions"},
                     (char[]){"--no-tablespaces"},
                     (char[]){"--no-password"},
                     patience,
                     NULL};
    const struct programs_pipe_plan pipe_plan = {.arguments = words,
                                                 .connection = session_handle(target)};
    g_autoptr(GString) text = g_string_new(NULL);
    bool ended = false;

    AUTO(programs_pipe) pipe = programs_pipe_start(&pipe_plan, error);
    if (pipe == NULL)
        return false;
    while (!ended)
        if (!read_some(pipe, text, &ended, error))
            return false;
    if (!programs_pipe_finish(pipe, "the target's schema cannot be read", error))
        return false;
    dumping->text = g_strdup(text->str);
    return true;
}

/* psql's own words are none of the server's. (A random word stands behind them.) */
static void blank_restrictions(char *text)
{
    for (char *line = text; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (g_str_has_prefix(line, "\\restrict ") || g_str_has_prefix(line, "\\unrestrict "))
            memset(line, ' ', end != NULL ? (gsize) (end - line) : strlen(line));
        line = end != NULL ? end + 1 : NULL;
    }
}

/* ---- the schema ---------------------------------------------------------------------------- */

static bool is_there_already(const struct trace_answer *answer)
{
    return g_str_equal(answer->sqlstate, "42P06"); /* schema public */
}

static bool run_schema(struct shadow *shadow, struct session *session, const char *text,
                       GError **error)
{
    AUTO(sql_script) script = sql_script_new(text, strlen(text));
    guint failed = 0;

    for (guint i = 0; i < script->statements->len; i++) {
        g_autofree char *sql = sql_statement_text(
            script, &g_array_index(script->statements, struct sql_statement, i));
        struct trace_answer answer;
        if (!trace_send(session, sql, NULL, &answer, error))
            return false;
        if (answer.error != NULL && !is_there_already(&answer) && failed++ == 0)
            g_ptr_array_add(
                shadow->troubles,
                g_strdup_printf("the schema could not be made in full: %s", answer.error));
        trace_answer_clear(&answer);
    }
    if (failed > 1)
        g_ptr_array_add(shadow->troubles,
                        g_strdup_printf("%u statements of the schema failed", failed));
    return true;
}

/* On a connection of its own: the dump sets what it likes. */
bool shadow_fill_schema(struct shadow *shadow, struct session *observer,
                        const struct shadow_plan *plan, GError **error)
{
    int major = session_version(plan->target) / 10000;
    g_autoptr(GError) missing = NULL;
    g_autofree char *program = programs_find("pg_dump", major, 0, plan->bindir, NULL, &missing);

    if (program == NULL) {
        runbook_error_set(error, (enum runbook_exit) missing->code,
                          "or rehearse on a copy of a staging database: --shadow CONNINFO",
                          "%s", missing->message);
        return false;
    }
    struct dumping dumping = {program, NULL};
    if (!reading_patient(plan->target, dump_schema, &dumping, error))
        return false;
    g_autofree char *text = dumping.text;
    blank_restrictions(text);
    AUTO(session) session = session_twin(observer, error);
    return session != NULL &&
           trace_command(session, "SET statement_timeout = 0", "cannot prepare", error) &&
           run_schema(shadow, session, text, error);
}
