/* Connecting, with nobody or somebody odd on the other side. */
#include "pg/session.h"

#include "error.h"
#include "interrupt.h"
#include "pg/session_private.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The environment of whoever runs the tests must not count. */
static void forget_environment(void)
{
    static const char *const names[] = {"PGHOST",     "PGHOSTADDR",    "PGPORT",
                                        "PGDATABASE", "PGUSER",        "PGPASSWORD",
                                        "PGSERVICE",  "PGSERVICEFILE", "PGCONNECT_TIMEOUT",
                                        "PGSSLMODE",  "PGOPTIONS",     "PGTARGETSESSIONATTRS"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        g_unsetenv(names[i]);
    g_setenv("PGPASSFILE", "/nonexistent", TRUE);
}

/* Opens, expects that it fails with this code, and returns the message. Caller frees. */
static char *refused(struct session_params params, enum runbook_exit code)
{
    g_autoptr(GError) error = NULL;
    gint64 begin = g_get_monotonic_time();

    params.password = SESSION_PASSWORD_NEVER;
    g_assert_null(session_open(&params, "test", &error));
    g_assert_error(error, RUNBOOK_ERROR, (int) code);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 30 * G_USEC_PER_SEC);
    return g_strdup(error->message);
}

/* ---- nobody there ---------------------------------------------------------------------------------- */

static void test_nobody(void)
{
    g_autofree char *port =
        refused((struct session_params){.host = "127.0.0.1", .port = "1"}, RUNBOOK_CONNECT);
    g_assert_true(g_str_has_prefix(port, "cannot connect: "));
    g_assert_nonnull(strstr(port, "port 1 failed"));
    g_assert_nonnull(strstr(port, "\nhint: is the server running there?"));

    g_autofree char *host =
        refused((struct session_params){.host = "name.invalid"}, RUNBOOK_CONNECT);
    g_assert_nonnull(strstr(host, "name.invalid"));

    g_autofree char *nonsense =
        refused((struct session_params){.dbname = "host='open"}, RUNBOOK_USAGE);
    g_assert_true(g_str_has_prefix(nonsense, "invalid connection string: "));
    g_autofree char *unknown =
        refused((struct session_params){.dbname = "hots=x"}, RUNBOOK_USAGE);
    g_assert_nonnull(strstr(unknown, "hots"));
}

/* What the user says wins over the conninfo, which wins over the environment. */
static void test_precedence(void)
{
    static const struct {
        const char *env_host, *env_port, *dbname, *host, *port, *socket;
    } cases[] = {
        {NULL, NULL, NULL, "/none/option", "1", "/none/option/.s.PGSQL.1"},
        {"/none/env", "2", NULL, NULL, NULL, "/none/env/.s.PGSQL.2"},
        {"/none/env", "2", "shop", NULL, NULL, "/none/env/.s.PGSQL.2"},
        {"/none/env", "2", "host=/none/info port=3", NULL, NULL, "/none/info/.s.PGSQL.3"},
        {"/none/env", "2", "host=/none/info", NULL, NULL, "/none/info/.s.PGSQL.2"},
        {NULL, NULL, "postgresql:///shop?host=/none/uri&port=4", NULL, NULL,
         "/none/uri/.s.PGSQL.4"},
        {"/none/env", "2", "host=/none/info port=3", "/none/option", NULL,
         "/none/option/.s.PGSQL.3"},
        {"/none/env", "2", "postgresql:///shop?host=/none/uri&port=4", NULL, "1",
         "/none/uri/.s.PGSQL.1"},
        {"/none/env", "2", "", "/none/option", "1", "/none/option/.s.PGSQL.1"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        forget_environment();
        if (cases[i].env_host != NULL)
            g_setenv("PGHOST", cases[i].env_host, TRUE);
        if (cases[i].env_port != NULL)
            g_setenv("PGPORT", cases[i].env_port, TRUE);
        g_autofree char *message = refused((struct session_params){.host = cases[i].host,
                                                                   .port = cases[i].port,
                                                                   .dbname = cases[i].dbname},
                                           RUNBOOK_CONNECT);
        if (strstr(message, cases[i].socket) == NULL)
            g_test_fail_printf("%s: %s", cases[i].socket, message);
    }
    forget_environment();
}

/* ---- somebody odd ------------------------------------------------------------------------------------ */

/* A server on a socket in a folder of its own: it takes connections, and answers each with
 * `answer`, or with nothing at all. */
struct server {
    char *folder, *path;
    int listener;
    const char *answer;
    gsize answer_size;
    GThread *thread;
};

static gpointer serve(gpointer data)
{
    const struct server *server = data;
    char startup[4096];
    int client;

    while ((client = accept(server->listener, NULL, NULL)) >= 0) {
        ssize_t got = read(client, startup, sizeof startup);
        if (got > 0 && write(client, server->answer, server->answer_size) < 0)
            g_test_message("the client is gone");
        close(client);
    }
    return NULL;
}

static void server_open(struct server *server, const char *answer, gsize size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autoptr(GError) error = NULL;

    *server = (struct server){.answer = answer, .answer_size = size};
    server->folder = g_dir_make_tmp("pgrunbook-pg-XXXXXX", &error);
    g_assert_no_error(error);
    server->path = g_build_filename(server->folder, ".s.PGSQL.1", NULL);
    g_assert_cmpuint(g_strlcpy(address.sun_path, server->path, sizeof address.sun_path), <,
                     sizeof address.sun_path);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(server->listener, (struct sockaddr *) &address, sizeof address), ==,
                    0);
    g_assert_cmpint(listen(server->listener, 8), ==, 0);
    if (answer != NULL)
        server->thread = g_thread_new("server", serve, server);
}

static void server_close(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    if (server->thread != NULL)
        g_thread_join(server->thread);
    close(server->listener);
    g_assert_cmpint(g_unlink(server->path), ==, 0);
    g_assert_cmpint(g_rmdir(server->folder), ==, 0);
    g_free(server->path);
    g_free(server->folder);
}

/* An ErrorResponse of the protocol. */
static GByteArray *error_packet(const char *sqlstate, const char *message)
{
    g_autofree char *code = g_strconcat("C", sqlstate, NULL);
    g_autofree char *text = g_strconcat("M", message, NULL);
    const char *const fields[] = {"SFATAL", "VFATAL", code, text, "Fauth.c", "L1", "Rauth"};
    GByteArray *packet = g_byte_array_new();
    guint8 header[5] = {'E'};

    g_byte_array_append(packet, header, sizeof header);
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        g_byte_array_append(packet, (const guint8 *) fields[i], (guint) strlen(fields[i]) + 1);
    g_byte_array_append(packet, (const guint8 *) "", 1);
    guint32 length = GUINT32_TO_BE(packet->len - 1);
    memcpy(packet->data + 1, &length, sizeof length);
    return packet;
}

static void test_refusals(void)
{
    static const struct {
        const char *sqlstate, *said, *shown, *hint;
    } cases[] = {
        {"53300", "sorry, too many clients already", "FATAL:  sorry, too many clients already",
         "every slot an ordinary role may use is taken"},
        {"3D000", "database \"shop\" does not exist", "database \"shop\" does not exist",
         "psql -l lists"},
        {"28000", "no pg_hba.conf entry", "no pg_hba.conf entry", "server's pg_hba.conf"},
        {"28P01", "password authentication failed", "password authentication failed",
         "put the password into"},
        {"42501", "permission denied for database", "permission denied", "CONNECT privilege"},
        {"57P03", "the database system is starting up", "starting up", "in a moment"},
        {"XX000", "no idea", "FATAL:  no idea", "is the server running there?"},
        /* Not UTF-8: the role's name as it was typed, a message in another encoding. */
        {"28000", "role \"\xe4nne\" does not exist", "role \"\xef\xbf\xbdnne\" does not exist",
         "server's pg_hba.conf"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct server server;
        g_autoptr(GByteArray) packet = error_packet(cases[i].sqlstate, cases[i].said);
        server_open(&server, (const char *) packet->data, packet->len);
        g_autofree char *message = refused(
            (struct session_params){.host = server.folder, .port = "1"}, RUNBOOK_CONNECT);
        if (strstr(message, cases[i].shown) == NULL || strstr(message, cases[i].hint) == NULL ||
            strstr(message, "LOCATION") != NULL)
            g_test_fail_printf("%s: %s", cases[i].sqlstate, message);
        server_close(&server);
    }
}

static void test_replication_refusals(void)
{
    static const struct {
        const char *sqlstate, *hint;
    } cases[] = {
        {"28000", "host replication ROLE"},
        {"42501", "ALTER ROLE"},
        {"53300", "max_wal_senders"},
        {"28P01", "put the password into"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct server server;
        g_autoptr(GByteArray) packet = error_packet(cases[i].sqlstate, "no");
        g_autoptr(GError) error = NULL;
        server_open(&server, (const char *) packet->data, packet->len);
        struct session_params params = {
            .host = server.folder, .port = "1", .password = SESSION_PASSWORD_NEVER};
        g_assert_null(session_open_replication(&params, "test", &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_CONNECT);
        g_assert_true(g_str_has_prefix(error->message, "cannot connect for replication: "));
        g_assert_nonnull(strstr(error->message, cases[i].hint));
        server_close(&server);
    }
}

static void test_nonsense(void)
{
    static const char *const answers[] = {"", "x", "HTTP/1.1 400 Bad Request\r\n\r\n",
                                          "E\xff\xff\xff\xff", "R\0\0\0"};
    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
        struct server server;
        server_open(&server, answers[i], strlen(answers[i]));
        g_autofree char *message = refused(
            (struct session_params){.host = server.folder, .port = "1"}, RUNBOOK_CONNECT);
        g_assert_true(g_str_has_prefix(message, "cannot connect: "));
        server_close(&server);
    }
}

static void test_silence(void)
{
    struct server server;
    server_open(&server, NULL, 0);
    g_autofree char *message = refused((struct session_params){.host = server.folder,
                                                               .port = "1",
                                                               .dbname = "connect_timeout=1"},
                                       RUNBOOK_CONNECT);
    g_assert_true(g_str_has_prefix(message, "cannot connect: no answer in time from host"));
    g_assert_nonnull(strstr(message, "\nhint: a firewall"));
    server_close(&server);
}

/* A first host that does not answer leaves the second its own time, and what a server said counts
 * for more than silence. */
static void test_several(void)
{
    struct server silent, full;
    g_autoptr(GByteArray) packet = error_packet("53300", "sorry, too many clients already");
    struct session_params params = {.dbname = "connect_timeout=2", .port = "1"};

    server_open(&silent, NULL, 0);
    server_open(&full, (const char *) packet->data, packet->len);
    g_autofree char *hosts = g_strdup_printf("%s,/none,%s", silent.folder, full.folder);
    g_autoptr(GError) error = NULL;
    params.host = hosts;
    g_assert_null(session_open(&params, "test", &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_CONNECT);
    g_assert_true(g_str_has_prefix(error->message,
                                   "cannot connect: none of 3 hosts takes a connection\n"));
    g_assert_nonnull(strstr(error->message, "no answer in time"));
    g_assert_nonnull(strstr(error->message, "too many clients"));
    g_assert_nonnull(strstr(error->message, "\nhint: every slot an ordinary role may use"));
    g_assert_cmpstr(params.refusal, ==, "53300");
    server_close(&full);
    server_close(&silent);
}

static void test_interrupted(void)
{
    if (g_test_subprocess()) {
        struct server server;
        interrupt_install();
        raise(SIGINT);
        server_open(&server, NULL, 0);
        char *message = refused((struct session_params){.host = server.folder, .port = "1"},
                                RUNBOOK_INTERRUPTED);
        g_free(message);
        server_close(&server);
        return;
    }
    g_test_trap_subprocess(NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

/* ---- what a refusal said ------------------------------------------------------------------------------ */

static void test_refusal_texts(void)
{
    static const struct {
        const char *raw, *sqlstate, *text;
    } cases[] = {
        {"connection to server on socket \"/s\" failed: FATAL:  28P01: no\nLOCATION:  f, "
         "a.c:1\n",
         "28P01", "connection to server on socket \"/s\" failed: FATAL:  no"},
        {"connection to server at \"::1\", port 1 failed: Connection refused\n\tIs it?\n",
         "08001",
         "connection to server at \"::1\", port 1 failed: Connection refused\n\tIs it?"},
        {"FATAL:  57P03: up\nLOCATION:  x\nFATAL:  53300: full\nLOCATION:  y\n", "57P03",
         "FATAL:  up\nFATAL:  full"},
        {"fe_sendauth: no password supplied\n", "08001", "fe_sendauth: no password supplied"},
        {"FATAL:  28000: \xff\xfe", "28000", "FATAL:  \xef\xbf\xbd\xef\xbf\xbd"},
        {"", "08001", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct session session = {.connection = NULL};
        g_autofree char *text = session_refusal(&session, cases[i].raw);
        g_assert_cmpstr(text, ==, cases[i].text);
        g_assert_cmpstr(session_sqlstate(&session), ==, cases[i].sqlstate);
    }
    g_assert_nonnull(strstr(session_refusal_hint("08001", "no password supplied"), ".pgpass"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    forget_environment();
    signal(SIGPIPE, SIG_IGN);
    g_test_add_func("/pg/session/nobody", test_nobody);
    g_test_add_func("/pg/session/precedence", test_precedence);
    g_test_add_func("/pg/session/refusals", test_refusals);
    g_test_add_func("/pg/session/replication-refusals", test_replication_refusals);
    g_test_add_func("/pg/session/nonsense", test_nonsense);
    g_test_add_func("/pg/session/silence", test_silence);
    g_test_add_func("/pg/session/several", test_several);
    g_test_add_func("/pg/session/interrupted", test_interrupted);
    g_test_add_func("/pg/session/refusal-texts", test_refusal_texts);
    return g_test_run();
}
