/* `migrations lint`: what is linted, for which server, and in which form it is shown. */
#include "lint/lint.h"
#include "lint/lint_show.h"
#include "migrations_commands.h"
#include "reading.h"

#include <string.h>

/* When neither a server nor anybody says which. */
enum { USUAL_VERSION = 15, VERSION_PARTS = 10000 };

/* ---- the server -------------------------------------------------------------------------- */

/* A server is asked only where one is named: PGHOST alone is no reason for a linter to
 * connect. */
static bool names_server(const struct call *call)
{
    const struct session_params *server = call->server;

    return call->target != NULL || server->dbname != NULL || server->host != NULL ||
           server->port != NULL || server->user != NULL;
}

/* What stands for a version: the option, the server, or the usual one. */
static int version_of(const struct call *call, const struct session *session)
{
    gint64 wanted = settings_int(call->settings, "migrations.server_version");

    if (wanted != 0)
        return (int) wanted * VERSION_PARTS;
    return session != NULL ? session_version(session) : USUAL_VERSION * VERSION_PARTS;
}

/* ---- the form ---------------------------------------------------------------------------- */

static bool is_form(const struct call *call, const char *name)
{
    return strcmp(settings_string(call->settings, "migrations.report"), name) == 0;
}

/* In a workflow, where nobody has said otherwise, findings become annotations. */
static bool in_workflow(const struct call *call)
{
    const char *github = g_getenv("GITHUB_ACTIONS");

    return github != NULL && strcmp(github, "true") == 0 &&
           !settings_is_set(call->settings, "migrations.report") &&
           !option_given(call->options, "format");
}

static void show(const struct call *call, const struct lint_report *report,
                 struct session *session)
{
    struct document_server server = {0};

    if (session != NULL) {
        server.version_num = session_version(session);
        server.database = session_database(session);
        server.system_identifier = session_system_identifier(session);
    }
    if (output_format(call->output) == OUTPUT_JSON)
        lint_show_json(report, call->output, session != NULL ? &server : NULL);
    else if (output_format(call->output) != OUTPUT_TABLE)
        lint_show_grid(report, call->output);
    else if (is_form(call, "sarif"))
        lint_show_sarif(report, call->output);
    else if (is_form(call, "github") || in_workflow(call))
        lint_show_github(report, call->output);
    else
        lint_show_text(report, call->output);
}

/* ---- the command ------------------------------------------------------------------------- */

static gint64 today(void)
{
    const gint64 day = G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC;

    return g_get_real_time() / day;
}

static struct lint_report *lint(const struct call *call, const struct folder *folder,
                                struct session *session, GError **error)
{
    AUTO(ddl_schema)
    schema = session != NULL ? reading_schema(session, error) : ddl_schema_new();

    if (schema == NULL)
        return NULL;
    AUTO(version_table) applied = NULL;
    if (session != NULL && (applied = version_table_read(session, folder, error)) == NULL)
        return NULL;
    struct lint_options options = {
        .server_version = version_of(call, session),
        .schema = schema,
        .applied = applied,
        .today = today(),
    };
    return lint_folder(folder, &options);
}

enum runbook_exit migrations_lint_command(struct call *call, GError **error)
{
    AUTO(folder) folder = folder_of_call(call, error);
    AUTO(session) session = NULL;

    if (folder == NULL || (names_server(call) && (session = call_connect(call, error)) == NULL))
        return RUNBOOK_FAILED;
    AUTO(lint_report) report = lint(call, folder, session, error);
    if (report == NULL)
        return RUNBOOK_FAILED;
    show(call, report, session);
    return report->errors + report->warnings > 0 ? RUNBOOK_FAILED : RUNBOOK_DONE;
}
