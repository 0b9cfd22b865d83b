#include "error.h"
#include "pg/libpq_library.h"
#include "settings/settings_internal.h"

#include <libpq-fe.h>
#include <string.h>

const struct setting settings_core[] = {
    {
        .name = "state",
        .type = SETTING_STRING,
        .flags = SETTING_GLOBAL_ONLY,
        .prose = "File that keeps the history of all runs, as an absolute path. Unset: "
                 "$XDG_STATE_HOME/pgrunbook/history.db, which is "
                 "~/.local/state/pgrunbook/history.db as a rule.",
    },
    {
        .name = "timezone",
        .type = SETTING_TIMEZONE,
        .fallback = "UTC",
        .prose = "Time zone of all schedules, an IANA name as in Europe/Berlin. A turn that a "
                 "change to summer time skips runs right after it, one that comes twice in "
                 "autumn runs once.",
    },
    {
        .name = "jobs_at_once",
        .type = SETTING_INT,
        .flags = SETTING_GLOBAL_ONLY,
        .fallback = "2",
        .minimum = "1",
        .maximum = "64",
        .prose = "How many scheduled jobs `serve` runs at once, on all targets together. Those "
                 "of one target run one after another in any case.",
    },
    {
        .name = "http.listen",
        .type = SETTING_STRING,
        .flags = SETTING_GLOBAL_ONLY,
        .fallback = "127.0.0.1:8432",
        .prose =
            "Where `serve` answers HTTP, as ADDRESS:PORT; an IPv6 address in brackets. off: "
            "nowhere. An address that the network reaches needs TLS (http.tls_certificate, "
            "http.tls_key) and a token.",
    },
    {
        .name = "http.view",
        .type = SETTING_CHOICE,
        .flags = SETTING_GLOBAL_ONLY,
        .fallback = "open",
        .choices = (const char *const[]){"open", "token", NULL},
        .prose =
            "Who may look at the page, the API and the metrics. open: whoever reaches them "
            "on this machine, but for what reads whole tables; token: whoever has a token. "
            "Where the network reaches them it "
            "is token in any case, and where http.names says that a proxy does, unless open "
            "is written here.",
    },
    {
        .name = "http.actions",
        .type = SETTING_BOOL,
        .flags = SETTING_GLOBAL_ONLY,
        .fallback = "off",
        .prose =
            "Whether operators may act over HTTP: cancel and terminate, relieve, run what is "
            "scheduled. An operator is who has a token of that role: \"pgrunbook token add "
            "NAME --role operator\".",
    },
    {
        .name = "http.tokens",
        .type = SETTING_STRING,
        .flags = SETTING_GLOBAL_ONLY,
        .prose =
            "File of the tokens, as an absolute path; \"pgrunbook token\" writes it. Unset: "
            "\"tokens\" in the folder of the history.",
    },
    {
        .name = "http.names",
        .type = SETTING_LIST,
        .flags = SETTING_GLOBAL_ONLY,
        .prose =
            "Names under which browsers may ask for the page, as in runbook.example.com: "
            "those of this machine, or of a proxy in front of it. Addresses and localhost are "
            "answered in any case, other names never.",
    },
    {
        .name = "http.tls_certificate",
        .type = SETTING_STRING,
        .flags = SETTING_GLOBAL_ONLY,
        .prose =
            "File with the certificate, and those between it and its root, in PEM: HTTP is "
            "spoken with TLS only, 1.2 or 1.3. Read again on SIGHUP.",
    },
    {
        .name = "http.tls_key",
        .type = SETTING_STRING,
        .flags = SETTING_GLOBAL_ONLY,
        .prose =
            "File with the private key of http.tls_certificate in PEM, without a passphrase.",
    },
    {
        .name = "metrics.top",
        .type = SETTING_INT,
        .fallback = "20",
        .minimum = "0",
        .maximum = "1000",
        .prose = "So many tables and indexes of each kind `/metrics` names, the largest; the "
                 "rest are summed as \"(other)\".",
    },
    {
        .name = "http.gather",
        .type = SETTING_DURATION,
        .flags = SETTING_GLOBAL_ONLY,
        .fallback = "5min",
        .minimum = "0",
        .maximum = "1d",
        .prose =
            "How often `serve` asks each target for what `check` says and for its metrics, "
            "by one connection that is closed again. 0: never.",
    },
    {
        .name = "conninfo",
        .type = SETTING_STRING,
        .flags = SETTING_TARGET_ONLY | SETTING_CONNINFO,
        .prose = "How to reach the target: a libpq connection string or URI, as in "
                 "'host=db1 dbname=app user=pgrunbook'. Passwords belong in ~/.pgpass "
                 "(PGPASSFILE) or a service file, never here.",
    },
    {
        .name = "replicas",
        .type = SETTING_LIST,
        .flags = SETTING_TARGET_ONLY | SETTING_CONNINFO,
        .prose = "The target's standbys that serve reads, each as HOST, HOST:PORT or a "
                 "connection string in double quotes: whether an index is used is counted on "
                 "every node apart.",
    },
    {
        .name = "emergency_conninfo",
        .type = SETTING_STRING,
        .flags = SETTING_CONNINFO,
        .prose = "How to get in when every slot of an ordinary role is taken: a connection "
                 "string of a role with pg_use_reserved_connections (from 16) or of a "
                 "superuser, as in 'host=db1 dbname=app user=rescue'. Used when the server "
                 "refuses the usual one for want of a slot; and by the watch, when it has lost "
                 "its connection and the usual one has failed for half a minute otherwise. One "
                 "connection at a time, and never without saying so.",
    },
    {
        .name = "health_url",
        .type = SETTING_STRING,
        .flags = SETTING_TARGET_ONLY,
        .prose =
            "The application's readiness, as in http://app1:8080/api/health/ready. The watch "
            "asks for it; 503, or no answer, is taken for a sign that it gets no connection.",
    },
    {
        .name = "log_file",
        .type = SETTING_STRING,
        .flags = SETTING_TARGET_ONLY,
        .prose =
            "A log of the application or of the server, as an absolute path. The watch reads "
            "what is appended, through rotation too, and heeds lines that say \"too many "
            "connections\", \"connection pool exhausted\" or \"remaining connection slots\".",
    },
    {
        .name = "pgbouncer",
        .type = SETTING_STRING,
        .flags = SETTING_CONNINFO,
        .prose = "The admin console of the PgBouncer in front of the server, as in "
                 "'host=db1 port=6432 dbname=pgbouncer user=stats'; the user stands in its "
                 "stats_users or admin_users. Its waiting clients join the reports on "
                 "connections.",
    },
    {
        .name = "protected_roles",
        .type = SETTING_LIST,
        .prose = "Roles whose sessions are never cancelled or terminated.",
    },
    {
        .name = "protected_applications",
        .type = SETTING_LIST,
        .fallback = "pg_dump, pg_dumpall, pg_restore, pg_basebackup, pgbackrest, barman, "
                    "pgbouncer, patroni",
        .prose = "Programs whose sessions are never cancelled or terminated, by "
                 "application_name: the whole name in any case, or its beginning where "
                 "something other than a letter follows, as in \"pgBackRest [backup]\".",
    },
    {.name = NULL},
};

static const char password_hint[] = "keep passwords in ~/.pgpass (or the file PGPASSFILE "
                                    "names) or in a service file (service=)";

/* Before libpq sees the text: its messages may repeat a piece of it. */
static bool mentions_password(const char *text)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);

    for (const char *at = strstr(lower, "password"); at != NULL; at = strstr(at, "password")) {
        at += strlen("password");
        if (at[strspn(at, " \t")] == '=')
            return true;
    }
    return false;
}

static bool carries_password(const PQconninfoOption *options)
{
    for (; options->keyword != NULL; options++) {
        if (options->val != NULL && g_str_has_suffix(options->keyword, "password"))
            return true;
    }
    return false;
}

static void report_syntax(const char *text, const char *message, GError **error)
{
    bool uri = strstr(text, "://") != NULL;
    g_autofree char *reason = g_strchomp(g_strdup(message));

    if (uri)
        runbook_error_set(error, RUNBOOK_USAGE, "as in postgresql://user@host:5432/dbname",
                          "not a valid connection URI");
    else
        runbook_error_set(error, RUNBOOK_USAGE, "as in \"host=db1 dbname=app\", or a URI",
                          "not a connection string: %s", reason);
}

bool settings_conninfo_check(const char *text, GError **error)
{
    if (!libpq_library_load(error))
        return false;
    char *message = NULL;
    bool password = mentions_password(text);
    PQconninfoOption *options = password ? NULL : PQconninfoParse(text, &message);

    if (!password && options == NULL)
        report_syntax(text, message != NULL ? message : "out of memory", error);
    password = password || (options != NULL && carries_password(options));
    if (password)
        runbook_error_set(error, RUNBOOK_USAGE, password_hint,
                          "a connection string must not carry a password");
    bool accepted = options != NULL && !password;
    PQconninfoFree(options);
    PQfreemem(message);
    return accepted;
}

char *settings_state_path(const struct settings *settings)
{
    const char *path = settings_string(settings, "state");

    if (path != NULL && *path != '\0')
        return g_strdup(path);
    return g_build_filename(g_get_user_state_dir(), "pgrunbook", "history.db", NULL);
}
