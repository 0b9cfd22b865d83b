/*
 * `pgrunbook setup`: SQL for psql, made from the rights the sections declare. Only printed, never
 * run: who may log in with which rights is for a person to decide.
 */
#include "cli/commands.h"
#include "cli/grammar.h"
#include "cli/wrap.h"
#include "host_embedded.h"
#include "out/document.h"

#include <string.h>

/* The script that is being written; all borrowed. */
struct script {
    GString *sql;
    struct session *session;
    const char *role; /* as given */
    char *quoted;     /* as identifier */
};

/* ---- pieces of SQL ------------------------------------------------------------------------ */

/* Comment lines. Text from a database may hold line breaks, which would end the comment. */
static void comment(struct script *script, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void comment(struct script *script, const char *format, ...)
{
    va_list arguments;
    g_autoptr(GString) wrapped = g_string_new(NULL);

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    for (char *c = text; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    cli_wrap(wrapped, g_strstrip(text), 3, 0);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(wrapped->str), "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++)
        g_string_append_printf(script->sql, "-- %s\n", g_strstrip(lines[i]));
}

static void grant_role(struct script *script, const char *role)
{
    g_autofree char *quoted = session_quote(script->session, NULL, role);

    g_string_append_printf(script->sql, "GRANT %s TO %s;\n", quoted, script->quoted);
}

/* A dollar quote that the body does not contain. */
static char *dollar_tag(const char *body)
{
    char *tag = g_strdup("$setup$");

    for (guint i = 1; strstr(body, tag) != NULL; i++) {
        g_free(tag);
        tag = g_strdup_printf("$setup%u$", i);
    }
    return tag;
}

static void create_role(struct script *script)
{
    g_autofree char *literal = session_literal(script->session, script->role);
    g_autofree char *body =
        g_strdup_printf("BEGIN\n"
                        "    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles\n"
                        "                    WHERE rolname OPERATOR(pg_catalog.=) %s) THEN\n"
                        "        CREATE ROLE %s LOGIN;\n"
                        "    END IF;\n"
                        "END\n",
                        literal, script->quoted);
    g_autofree char *tag = dollar_tag(body);

    g_string_append_c(script->sql, '\n');
    comment(script, "The role. It has no password yet: \\password in psql sets one, or let "
                    "pg_hba.conf admit it by peer or certificate.");
    g_string_append_printf(script->sql, "DO %s\n%s%s;\n", tag, body, tag);
}

static void grant_connect(struct script *script)
{
    g_autofree char *database =
        session_quote(script->session, NULL, session_database(script->session));

    g_string_append_c(script->sql, '\n');
    comment(script, "To work on this database. Run this script in every database it shall "
                    "look after.");
    g_string_append_printf(script->sql, "GRANT CONNECT ON DATABASE %s TO %s;\n", database,
                           script->quoted);
}

/* ---- ownership, before 17 ----------------------------------------------------------------- */

static void leave_out(struct script *script, const struct rows *rows, int row)
{
    g_autofree char *database =
        session_quote(script->session, NULL, session_database(script->session));
    gint64 count = rows_int(rows, row, HOST_OWNERS_TABLES);

    if (count == 0)
        return;
    comment(script,
            "Left out: %" G_GINT64_FORMAT " table%s of %s, whose role is never granted: %s%s.",
            count, count == 1 ? "" : "s", rows_text(rows, row, HOST_OWNERS_OWNER),
            rows_text(rows, row, HOST_OWNERS_EXAMPLES), count > 3 ? ", …" : "");
    comment(script, "To change that, give them, or the database, to a role that is no "
                    "superuser, and run setup again:");
    comment(script, "ALTER TABLE … OWNER TO app_owner;");
    comment(script, "ALTER DATABASE %s OWNER TO app_owner;", database);
}

/* Membership in the database's owner covers all its tables. Where that is a superuser, the
 * owners of the tables do for theirs. */
static bool grant_owners(struct script *script, GError **error)
{
    AUTO(rows) rows = session_query(script->session, &query_host_owners, NULL, error);

    if (rows == NULL)
        return false;
    bool covered = rows_count(rows) > 0 && rows_bool(rows, 0, HOST_OWNERS_OWNS_DATABASE) &&
                   rows_bool(rows, 0, HOST_OWNERS_GRANTABLE);
    int count = covered ? 1 : rows_count(rows);
    if (covered)
        comment(script, "The database's owner may maintain all tables of the database.");
    for (int i = 0; i < count; i++) {
        const char *owner = rows_text(rows, i, HOST_OWNERS_OWNER);
        if (!rows_bool(rows, i, HOST_OWNERS_GRANTABLE))
            leave_out(script, rows, i);
        else if (strcmp(owner, script->role) != 0)
            grant_role(script, owner);
    }
    return true;
}

/* ---- schemas ------------------------------------------------------------------------------ */

static bool grant_schemas(struct script *script, GError **error)
{
    AUTO(rows) rows = session_query(script->session, &query_host_schemas, NULL, error);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        g_autofree char *schema =
            session_quote(script->session, NULL, rows_text(rows, i, HOST_SCHEMAS_SCHEMA));
        g_string_append_printf(script->sql, "GRANT USAGE ON SCHEMA %s TO %s;\n", schema,
                               script->quoted);
    }
    return rows != NULL;
}

/* ---- the rights of the sections ----------------------------------------------------------- */

static bool applies(const struct right *right, int version)
{
    return version >= right->since && (right->until == 0 || version < right->until);
}

/* Calls visit for every right of every section on this version. */
static void each_right(int version,
                       void (*visit)(const struct feature *section, const struct right *right,
                                     gpointer data),
                       gpointer data)
{
    for (guint i = 0; features[i] != NULL; i++)
        for (const struct right *right = features[i]->rights; right && right->role; right++)
            if (applies(right, version))
                visit(features[i], right, data);
}

static void collect_role(const struct feature *section, const struct right *right,
                         gpointer data)
{
    GPtrArray *roles = data;

    (void) section;
    for (guint i = 0; i < roles->len; i++)
        if (strcmp(roles->pdata[i], right->role) == 0)
            return;
    g_ptr_array_add(roles, g_strdup(right->role));
}

struct reasons {
    struct script *script;
    const char *role;
};

static void explain_role(const struct feature *section, const struct right *right,
                         gpointer data)
{
    const struct reasons *reasons = data;

    if (strcmp(right->role, reasons->role) == 0)
        comment(reasons->script, "%s: %s", section->name, right->why);
}

static bool write_rights(struct script *script, GError **error)
{
    int version = session_version(script->session);
    g_autoptr(GPtrArray) roles = g_ptr_array_new_with_free_func(g_free);

    each_right(version, collect_role, roles);
    for (guint i = 0; i < roles->len; i++) {
        struct reasons reasons = {script, roles->pdata[i]};
        g_string_append_c(script->sql, '\n');
        each_right(version, explain_role, &reasons);
        if (strcmp(reasons.role, "@schemas") == 0) {
            if (!grant_schemas(script, error))
                return false;
        } else if (strcmp(reasons.role, "@statistics") == 0) {
            g_string_append_printf(script->sql,
                                   "GRANT SELECT ON pg_catalog.pg_statistic TO %s;\n",
                                   script->quoted);
        } else if (strcmp(reasons.role, "@owner") != 0)
            grant_role(script, reasons.role);
        else if (!grant_owners(script, error))
            return false;
    }
    return true;
}

/* ---- the command -------------------------------------------------------------------------- */

enum { NAMEDATALEN = 64 }; /* of a server as it is usually built */

static bool check_role(const char *role, GError **error)
{
    bool reserved = g_str_has_prefix(role, "pg_") || strcmp(role, "public") == 0 ||
                    strcmp(role, "none") == 0;

    if (strlen(role) >= NAMEDATALEN) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL,
                          "invalid role name: PostgreSQL cuts names at %d bytes",
                          NAMEDATALEN - 1);
        return false;
    }
    if (role[0] != '\0' && !reserved)
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, "PostgreSQL reserves pg_…, public and none",
                      "invalid role name \"%s\"", role);
    return false;
}

static void print_script(const struct script *script, struct output *output)
{
    const struct document_server server = {
        .version_num = session_version(script->session),
        .database = session_database(script->session),
        .system_identifier = session_system_identifier(script->session),
    };

    if (output_format(output) != OUTPUT_JSON) {
        output_raw(output, script->sql->str);
        return;
    }
    struct document *document = document_begin(output, "setup/1", &server);
    document_member(document, "role", document_text(script->role));
    document_member(document, "sql", document_text(script->sql->str));
    document_end(document);
}

static enum runbook_exit run_setup(struct call *call, GError **error)
{
    const char *role = option_value(call->options, "role");

    role = role != NULL ? role : "pgrunbook";
    if (!check_role(role, error))
        return RUNBOOK_USAGE;
    AUTO(session) session = call_connect(call, error);
    if (session == NULL)
        return runbook_error_exit(*error);
    g_autofree char *quoted = session_quote(session, NULL, role);
    g_autoptr(GString) sql = g_string_new(NULL);
    struct script script = {sql, session, role, quoted};
    int version = session_version(session);

    if (quoted == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "the role's name is not valid text");
        return RUNBOOK_USAGE;
    }
    comment(
        &script,
        "The least-privileged role for pgrunbook on PostgreSQL %d, database %s. Nothing was "
        "changed: read it, then let psql run it as a superuser, or as a role that may grant "
        "these memberships.",
        version / 10000, session_database(session));
    create_role(&script);
    grant_connect(&script);
    if (!write_rights(&script, error))
        return runbook_error_exit(*error);
    print_script(&script, call->output);
    return RUNBOOK_DONE;
}

static const struct option setup_options[] = {
    {.name = "role", .argument = "NAME", .prose = "Name of the role (default pgrunbook)"},
    {.name = NULL},
};

const struct command cli_setup_commands[] = {
    {
        .summary = "Print the SQL of the least-privileged role",
        .prose = "Each grant says which section needs it and why. Nothing is changed, no "
                 "superuser role is ever granted, and the script may be run again.\n\n"
                 "VACUUM takes membership in pg_maintain from PostgreSQL 17 on; before, it "
                 "takes ownership, so the owners of database and tables are looked up. Tables "
                 "that belong to superusers are named with what would change that.",
        .examples = "pgrunbook setup shop\n"
                    "pgrunbook setup --role ops shop | psql shop",
        .options = setup_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_LOCAL,
        .run = run_setup,
    },
    {.run = NULL},
};
