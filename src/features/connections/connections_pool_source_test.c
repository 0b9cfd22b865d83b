#include "connections_pool.h"

#include <string.h>

/* "LINE NAME VALUE|unknown (ARGUMENT)\n" for each call found. */
static void found(const char *source, const char *expected)
{
    g_autoptr(GArray) calls = connections_pool_read_source(source, strlen(source));
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < calls->len; i++) {
        const struct connections_pool_found *call =
            &g_array_index(calls, struct connections_pool_found, i);
        g_string_append_printf(text, "%u %s ", call->line,
                               connections_pool_call_name(call->call));
        if (call->known)
            g_string_append_printf(text, "%" G_GINT64_FORMAT "\n", call->value);
        else
            g_string_append_printf(text, "unknown (%s)\n", call->text);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void lifetime(const char *argument, const char *expected)
{
    g_autofree char *source = g_strdup_printf("package a\nimport \"time\"\nfunc f(db *DB) {\n"
                                              "db.SetConnMaxLifetime(%s)\n}\n",
                                              argument);
    g_autofree char *line = g_strdup_printf("4 SetConnMaxLifetime %s\n", expected);
    found(source, line);
}

static void test_usual(void)
{
    found("package database\n\nimport (\n\t\"time\"\n\n\t\"gorm.io/gorm\"\n)\n\n"
          "func Connect(dsn string) (*gorm.DB, error) {\n"
          "\tdb, err := gorm.Open(postgres.Open(dsn), &gorm.Config{})\n"
          "\tsqlDB, err := db.DB()\n"
          "\tsqlDB.SetMaxOpenConns(25)\n"
          "\tsqlDB.SetMaxIdleConns(10)\n"
          "\tsqlDB.SetConnMaxLifetime(5 * time.Minute)\n"
          "\treturn db, nil\n}\n",
          "12 SetMaxOpenConns 25\n13 SetMaxIdleConns 10\n14 SetConnMaxLifetime 300000000000\n");
}

static void test_not_fooled(void)
{
    found("// db.SetMaxOpenConns(1)\n/* db.SetMaxOpenConns(2)\n db.SetMaxOpenConns(3) */\n"
          "var a = \"db.SetMaxOpenConns(4) \\\" db.SetMaxOpenConns(5)\"\n"
          "var b = `db.SetMaxOpenConns(6)\n\" db.SetMaxOpenConns(7)`\n"
          "var c = '\"'; var d = '\\''\n"
          "func (p *Pool) SetMaxOpenConns(n int) {}\n"
          "type setter interface {\n\tSetMaxOpenConns(n int)\n}\n"
          "db.SetMaxOpenConnsTotal(8)\n"
          "db./* in between */SetMaxOpenConns( // the pool\n\t/* of each */ 25, // fits\n)\n",
          "13 SetMaxOpenConns 25\n");
    found("db.DB().SetMaxOpenConns(pools[\"a\"].size(3))",
          "1 SetMaxOpenConns unknown (pools[\"a\"].size(3))\n");
    found("f := db.SetMaxIdleConns\nf(3)", "1 SetMaxIdleConns unknown ()\n");
    found("db.SetMaxOpenConns()\ndb.SetMaxOpenConns(1, 2)\ndb.SetMaxOpenConns(1",
          "1 SetMaxOpenConns unknown ()\n2 SetMaxOpenConns unknown (1, 2)\n"
          "3 SetMaxOpenConns unknown ()\n");
    found("", "");
}

static void test_arithmetic(void)
{
    lifetime("time.Duration(300) * time.Second", "300000000000");
    lifetime("time.Second * time.Duration(int64(60*5))", "300000000000");
    lifetime("2*time.Minute +\n\t3*time.Minute", "300000000000");
    lifetime("(time.Hour - 55*time.Minute)", "300000000000");
    lifetime("2*time.Minute\n\t+ 3*time.Minute", "unknown (2*time.Minute + 3*time.Minute)");
    lifetime("300", "300");
    lifetime("-1", "-1");
    lifetime("1_000", "1000");
    lifetime("0x10 + 0b11 + 0o17 + 017", "49");
    lifetime("7 / 2 * 3 % 5 << 2", "16");
    lifetime("time.Hour / 0", "unknown (time.Hour / 0)");
    lifetime("9223372036854775807 + 1", "unknown (9223372036854775807 + 1)");
    lifetime("time.Hour * time.Hour", "unknown (time.Hour * time.Hour)");
    lifetime("1.5 * time.Minute", "unknown (1.5 * time.Minute)");
    lifetime("1e3", "unknown (1e3)");
    lifetime("cfg.Lifetime", "unknown (cfg.Lifetime)");
    lifetime("time.Until(x)", "unknown (time.Until(x))");
    lifetime("time.Minutes", "unknown (time.Minutes)");
    lifetime("5 * time.Minute // five", "unknown ()");
    lifetime("durations...", "unknown (durations...)");
    lifetime("5 *", "unknown (5 *)");
}

static void test_constants(void)
{
    found("package a\nimport t \"time\"\nconst open = 5 * idle\nconst (\n\tidle, _ = 5, \"x\"\n"
          "\tlife t.Duration = 5 * t.Minute\n)\n"
          "func f() { db.SetMaxOpenConns(open); db.SetMaxIdleConns(idle)\n"
          "db.SetConnMaxLifetime(life); db.SetConnMaxLifetime(5 * time.Minute) }",
          "8 SetMaxOpenConns 25\n8 SetMaxIdleConns 5\n9 SetConnMaxLifetime 300000000000\n"
          "9 SetConnMaxLifetime unknown (5 * time.Minute)\n");
    found("const a = b\nconst b = a\ndb.SetMaxOpenConns(a)", "3 SetMaxOpenConns unknown (a)\n");
    found("const (\n\ta = iota\n\tb\n)\ndb.SetMaxOpenConns(b)",
          "5 SetMaxOpenConns unknown (b)\n");
    found("func f() {\n\tconst n = 3\n\tdb.SetMaxOpenConns(n)\n}\n"
          "func g() { db.SetMaxOpenConns(n) }",
          "3 SetMaxOpenConns 3\n5 SetMaxOpenConns unknown (n)\n");
    found("var n = 3\ndb.SetMaxOpenConns(n)", "2 SetMaxOpenConns unknown (n)\n");
}

/* A name that may mean something else where it stands is not taken for the constant. */
static void test_shadows(void)
{
    static const char *const shadows[] = {"func g(db *DB, n int) {",
                                          "func g(n, m int) {",
                                          "func g() { n := 4;",
                                          "func g() { m, n := 4, 5;",
                                          "func g() { var n = 4;",
                                          "func g() { var (\n n = 4\n);",
                                          "func g() { const n = 4;",
                                          "func g() (n int) {",
                                          "var h = func(n int) {",
                                          "func g() { for n := range x {",
                                          "import n \"other\"\nfunc g() {"};
    for (gsize i = 0; i < G_N_ELEMENTS(shadows); i++) {
        g_autofree char *source =
            g_strdup_printf("const n = 3\n%s\ndb.SetMaxOpenConns(n)", shadows[i]);
        g_autoptr(GArray) calls = connections_pool_read_source(source, strlen(source));
        g_assert_cmpuint(calls->len, ==, 1);
        g_assert_false(g_array_index(calls, struct connections_pool_found, 0).known);
    }
    found("package a\nimport \"time\"\nfunc f(time clock) { db.SetConnMaxLifetime(time.Hour) }",
          "3 SetConnMaxLifetime unknown (time.Hour)\n");
    found("package a\nimport \"fmt\"\nfunc f() { db.SetConnMaxLifetime(time.Hour) }",
          "3 SetConnMaxLifetime unknown (time.Hour)\n");
    found("package a\nfunc f() { db.SetConnMaxLifetime(time.Hour) }",
          "2 SetConnMaxLifetime 3600000000000\n");
}

static void test_compare(void)
{
    static const char source[] = "db.SetMaxOpenConns(100)\ndb.SetConnMaxLifetime(300)\n"
                                 "db.SetConnMaxLifetime(lifetime())\n";
    static const char *const none[] = {NULL};
    const struct connections_app app = {.name = "shop",
                                        .instances = 1,
                                        .max_open = 100,
                                        .max_idle = 10,
                                        .max_lifetime_ms = 300000,
                                        .applications = none,
                                        .roles = none,
                                        .clients = none};
    static const char expected[] =
        "ok: SetMaxOpenConns is as the settings say\n"
        "missing: SetMaxIdleConns is not called: without it a pool keeps 2 idle connections, "
        "and "
        "opens and closes the others again\n"
        "different: SetConnMaxLifetime is 300 ns (a number without a unit is nanoseconds), the "
        "settings say 5 min\n"
        "unknown: the value of SetConnMaxLifetime cannot be told from this file\n";

    g_autoptr(GArray) calls = connections_pool_read_source(source, strlen(source));
    g_autoptr(GArray) rows = connections_source_compare(calls, &app);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < rows->len; i++) {
        const struct connections_source_row *row =
            &g_array_index(rows, struct connections_source_row, i);
        g_string_append_printf(text, "%s: %s\n", connections_source_finding_name(row->finding),
                               row->words);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

/* Constants that name each other twice are 2^60 operands; that is not worth a wait. */
static void test_budget(void)
{
    g_autoptr(GString) source = g_string_new("const c0 = 1\n");

    for (int i = 1; i < 60; i++)
        g_string_append_printf(source, "const c%d = c%d + c%d\n", i, i - 1, i - 1);
    g_string_append(source, "db.SetMaxOpenConns(c59)\ndb.SetMaxIdleConns(c3)\n");
    found(source->str, "61 SetMaxOpenConns unknown (c59)\n62 SetMaxIdleConns 8\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool/source/usual", test_usual);
    g_test_add_func("/pool/source/not_fooled", test_not_fooled);
    g_test_add_func("/pool/source/arithmetic", test_arithmetic);
    g_test_add_func("/pool/source/constants", test_constants);
    g_test_add_func("/pool/source/shadows", test_shadows);
    g_test_add_func("/pool/source/compare", test_compare);
    g_test_add_func("/pool/source/budget", test_budget);
    return g_test_run();
}
