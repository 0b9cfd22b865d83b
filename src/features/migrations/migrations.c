/* The section's tables: what it offers on every surface. */
#include "migrations.h"

#include "migrations_commands.h"
#include "migrations_queries.h"

static const char *const formats[] = {
    "auto", "golang-migrate", "goose", "dbmate", "sql-migrate", "flyway", "plain", NULL,
};

static const struct setting settings[] = {
    /* -- folder -- */
    {"dir", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "The folder of the migrations, where the command line names none."},
    {"format", SETTING_CHOICE, 0, "auto", NULL, NULL, formats,
     "Whose folder it is. auto finds out by file names and by the marks in the files."},
    {"table", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "The table that says what was applied, \"name\" or \"schema.name\". Unset: the tool's own "
     "default, schema_migrations, goose_db_version, gorp_migrations, flyway_schema_history; "
     "for "
     "plain files pgrunbook_migrations."},

    /* -- ddl -- */

    /* -- lint -- */

    /* -- rehearse -- */

    /* -- apply -- */

    /* -- checklist -- */

    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

/* -- options: folder -- */

/* -- options: ddl -- */

/* -- options: lint -- */

/* -- options: rehearse -- */

/* -- options: apply -- */

/* -- options: checklist -- */

static const struct command commands[] = {
    /* -- folder -- */

    /* -- lint -- */

    /* -- rehearse -- */

    /* -- apply -- */

    /* -- checklist -- */

    {.verb = NULL},
};

const struct feature feature_migrations = {
    .name = "migrations",
    .title = "Migrations: lint, rehearse, apply",
    .runbook = migrations_readme,
    .settings = settings,
    .commands = commands,
    .queries = migrations_queries,
};
