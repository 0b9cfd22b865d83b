/* Several hosts: how their lists are read. */
#include "pg/session_private.h"

#include <glib/gstdio.h>
#include <unistd.h>

static char *spelt(const GPtrArray *places)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < places->len; i++) {
        const struct session_place *place = g_ptr_array_index(places, i);
        g_string_append_printf(
            text, "%s%s/%s/%s", i > 0 ? " " : "", place->host ? place->host : "",
            place->address ? place->address : "", place->port ? place->port : "");
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_lists(void)
{
    static const struct {
        const char *host, *address, *port, *places;
    } cases[] = {
        {NULL, NULL, NULL, ""},
        {"db1", NULL, "5432", ""}, /* one host is libpq's matter */
        {"db1,db2", NULL, "5432", "db1//5432 db2//5432"},
        {"db1,db2", NULL, "5432,5433", "db1//5432 db2//5433"},
        {"db1,db2", NULL, NULL, "db1// db2//"},
        {"db1,db2", "10.0.0.1,10.0.0.2", "1", "db1/10.0.0.1/1 db2/10.0.0.2/1"},
        {NULL, "10.0.0.1,10.0.0.2", "1", "/10.0.0.1/1 /10.0.0.2/1"},
        {"/run/a,db2,db3", NULL, "1,2,3", "/run/a//1 db2//2 db3//3"},
        {"db1,db2", NULL, "1,2,3", ""}, /* what does not fit together libpq complains of */
        {"db1,db2", "10.0.0.1", "1", ""},
        {"db1,", NULL, "1", ""},
        {",", NULL, "1", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) places =
            session_places(cases[i].host, cases[i].address, cases[i].port);
        g_autofree char *text = spelt(places);
        g_assert_cmpstr(text, ==, cases[i].places);
    }
}

/* What the session asks for, from options, conninfo and environment together. */
static void test_primary(void)
{
    static const struct {
        const char *dbname, *environment, *places;
        bool primary, wants;
    } cases[] = {
        {"host=a,b port=1", NULL, "a//1 b//1", true, true},
        {"host=a,b port=1", NULL, "a//1 b//1", false, false},
        {"host=a port=1", NULL, "", true, false},
        {"postgresql://a:1,b:2/shop", NULL, "a//1 b//2", true, true},
        {"host=a,b port=1 target_session_attrs=any", NULL, "a//1 b//1", true, false},
        {"host=a,b port=1 target_session_attrs=standby", NULL, "a//1 b//1", true, false},
        {"host=a,b port=1 target_session_attrs=prefer-standby", NULL, "", true, false},
        {"port=1", "x,y", "x//1 y//1", true, true},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct session_params params = {.dbname = cases[i].dbname, .primary = cases[i].primary};
        char application[] = "test";
        struct session session = {.params = &params, .application = application};
        g_unsetenv("PGTARGETSESSIONATTRS");
        g_unsetenv("PGHOST");
        g_unsetenv("PGPORT");
        if (cases[i].environment != NULL)
            g_setenv("PGHOST", cases[i].environment, TRUE);
        g_autoptr(GPtrArray) places = session_places_of(&session);
        g_autofree char *text = spelt(places);
        g_assert_cmpstr(text, ==, cases[i].places);
        g_assert_cmpint(session_wants_primary(&session), ==, cases[i].wants);
    }
}

/* A service file says it as well as a conninfo does. */
static void test_service(void)
{
    char application[] = "test";
    struct session_params params = {.dbname = "service=pair", .primary = true};
    struct session session = {.params = &params, .application = application};
    g_autofree char *file = NULL;
    int fd = g_file_open_tmp("service-XXXXXX", &file, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_unsetenv("PGHOST");
    g_setenv("PGSERVICEFILE", file, TRUE);
    g_assert_true(g_file_set_contents(file, "[pair]\nhost=a,b\n", -1, NULL));
    g_autoptr(GPtrArray) unsaid = session_places_of(&session);
    g_assert_cmpuint(unsaid->len, ==, 2);
    g_assert_true(session_wants_primary(&session));
    g_assert_true(g_file_set_contents(file, "[pair]\nhost=a,b\ntarget_session_attrs=standby\n",
                                      -1, NULL));
    g_autoptr(GPtrArray) said = session_places_of(&session);
    g_assert_cmpuint(said->len, ==, 2);
    g_assert_false(session_wants_primary(&session));
    g_assert_cmpuint(session_hosts(&params), ==, 2);
    g_unsetenv("PGSERVICEFILE");
    g_unlink(file);
}

/* For how long an attempt goes on, of what the conninfo says and what the caller bears. */
static void test_seconds(void)
{
    static const struct {
        gint64 asked_s, patience_ms, seconds;
        bool others;
    } cases[] = {
        {0, 0, 10, false},    {0, 0, 10, true},    {25, 0, 25, false}, {1, 0, 2, false},
        {0, 5000, 5, false},  {0, 5000, 2, true},  {3, 5000, 3, true}, {2, 5000, 2, false},
        {25, 5000, 5, false}, {25, 3000, 3, true}, {1, 500, 2, false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(
            session_connect_seconds(cases[i].asked_s, cases[i].patience_ms, cases[i].others),
            ==, cases[i].seconds);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pg/hosts/lists", test_lists);
    g_test_add_func("/pg/hosts/primary", test_primary);
    g_test_add_func("/pg/hosts/service", test_service);
    g_test_add_func("/pg/hosts/seconds", test_seconds);
    return g_test_run();
}
