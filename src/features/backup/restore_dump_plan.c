/*
 * The steps of a restore. A database is restored under a name of its own, which says what it is
 * should we die, and gets the name that was asked for by one statement, after its rows were
 * counted.
 */
#include "dump.h"
#include "out/paste.h"
#include "restore_dump.h"

#include <string.h>

enum { NAME_BYTES = 63, ENDS_S = 30 };

/* ---- pure -------------------------------------------------------------------------------- */

char *restore_dump_name(const char *database, const char *word, gint64 wall_us)
{
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(wall_us / G_USEC_PER_SEC);
    g_autofree char *time = g_date_time_format(at, "%Y%m%d_%H%M%S");
    gsize room = NAME_BYTES - strlen(word) - strlen(time) - 2;
    gsize length = strlen(database);

    while (length > room || (length < strlen(database) && (database[length] & 0xc0) == 0x80))
        length--;
    return g_strdup_printf("%.*s_%s_%s", (int) length, database, word, time);
}

/* As an identifier, always in quotes. */
static char *quote_name(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "\"", -1);
    g_autofree char *doubled = g_strjoinv("\"\"", parts);

    return g_strdup_printf("\"%s\"", doubled);
}

/* Behind "CREATE DATABASE " stands its old name, quoted or not. */
static const char *behind_name(const char *definition, const char *database)
{
    static const char prefix[] = "CREATE DATABASE ";

    if (definition == NULL || !g_str_has_prefix(definition, prefix))
        return NULL;
    const char *at = definition + strlen(prefix);
    if (*at != '"')
        return g_str_has_prefix(at, database) ? at + strlen(database) : NULL;
    for (at++; *at != '\0'; at++) {
        if (*at != '"')
            continue;
        if (at[1] != '"')
            return at + 1;
        at++;
    }
    return NULL;
}

/* A newer pg_dump says of an older server's database what that server cannot be told. */
static char *without_provider(char *options, int version)
{
    static const char provider[] = " LOCALE_PROVIDER = libc";
    char *found = version < 150000 ? strstr(options, provider) : NULL;

    if (found != NULL)
        memmove(found, found + strlen(provider), strlen(found + strlen(provider)) + 1);
    return options;
}

/* It stands last. */
static char *without_tablespace(char *options)
{
    char *found = g_strrstr(options, " TABLESPACE = ");

    if (found != NULL)
        *found = '\0';
    return options;
}

char *restore_dump_create_sql(const char *definition, const char *database, const char *quoted,
                              int version, bool no_tablespaces)
{
    const char *rest = behind_name(definition, database);

    if (rest == NULL || !g_str_has_prefix(rest, " WITH TEMPLATE = template0"))
        return g_strdup_printf("CREATE DATABASE %s WITH TEMPLATE = template0", quoted);
    g_autofree char *options = without_provider(g_strdup(rest), version);
    gsize length = strlen(g_strchomp(options));
    if (length > 0 && options[length - 1] == ';')
        options[length - 1] = '\0';
    if (no_tablespaces)
        without_tablespace(options);
    return g_strconcat("CREATE DATABASE ", quoted, options, NULL);
}

/* What stands in a dump of the database itself, which pg_restore leaves out where it does not make
 * it. The statements have the name that the database had. */
static bool is_property(const struct archive_entry *entry, const struct restore_dump_wish *wish)
{
    if (entry->definition == NULL || entry->definition[0] == '\0' || entry->kind == NULL)
        return false;
    if (strcmp(entry->kind, "ACL") == 0)
        return !wish->no_privileges && entry->name != NULL &&
               g_str_has_prefix(entry->name, "DATABASE ");
    return strcmp(entry->kind, "DATABASE PROPERTIES") == 0 ||
           (strcmp(entry->kind, "COMMENT") == 0 &&
            g_str_has_prefix(entry->definition, "COMMENT ON DATABASE "));
}

char *restore_dump_block(const char *body)
{
    g_autofree char *tag = g_strdup("$swap$");

    for (guint i = 1; strstr(body, tag) != NULL; i++) {
        g_free(tag);
        tag = g_strdup_printf("$swap%u$", i);
    }
    return g_strdup_printf("DO %s\n%s %s", tag, body, tag);
}

char *restore_dump_rename_sql(const struct archive *archive,
                              const struct restore_dump_wish *wish, const char *restoring,
                              const char *into)
{
    g_autoptr(GString) sql = g_string_new(NULL);

    /* Our mark goes with the name: killed before, it is still known for what it is. */
    g_string_append_printf(
        sql, "BEGIN\nCOMMENT ON DATABASE %s IS NULL;\nALTER DATABASE %s RENAME TO %s;\n",
        restoring, restoring, into);
    for (guint i = 0; archive != NULL && i < archive->entries->len; i++) {
        const struct archive_entry *entry = archive->entries->pdata[i];
        if (g_strcmp0(entry->kind, "DATABASE") == 0 && !wish->no_owner &&
            entry->owner != NULL && entry->owner[0] != '\0') {
            g_autofree char *owner = quote_name(entry->owner);
            g_string_append_printf(sql, "ALTER DATABASE %s OWNER TO %s;\n", into, owner);
        }
        if (is_property(entry, wish))
            g_string_append(sql, entry->definition);
    }
    g_string_append(sql, "END");
    return restore_dump_block(sql->str);
}

static void add(GPtrArray *words, bool given, const char *word)
{
    if (given)
        g_ptr_array_add(words, g_strdup(word));
}

char **restore_dump_arguments(const struct restore_dump *restore, const char *file)
{
    const struct restore_dump_wish *wish = &restore->wish;
    GPtrArray *words = g_ptr_array_new();

    add(words, true, restore->program);
    add(words, true, "--exit-on-error");
    add(words, true, "--no-password");
    add(words, wish->clean, "--clean");
    add(words, wish->clean, "--if-exists");
    /* What is replaced in place is so in one piece, or not at all. */
    add(words, wish->clean, "--single-transaction");
    add(words, wish->no_owner, "--no-owner");
    add(words, wish->no_privileges, "--no-privileges");
    add(words, wish->no_tablespaces, "--no-tablespaces");
    if (wish->jobs > 1)
        g_ptr_array_add(words, g_strdup_printf("--jobs=%d", wish->jobs));
    g_ptr_array_add(words, dump_dbname_argument("--dbname=", restore->restoring));
    add(words, file != NULL, file);
    g_ptr_array_add(words, NULL);
    return (char **) g_ptr_array_free(words, FALSE);
}

/* ---- statements -------------------------------------------------------------------------- */

static char *quote(const struct restore_dump *restore, const char *name)
{
    return session_quote(restore->session, NULL, name);
}

static const char IS_TEMPLATE[] = " IS_TEMPLATE true";

/* What a database may have only with its name: a comment stands where our mark does, and a template
 * cannot be dropped should the rest fail. */
static bool is_late(const char *property)
{
    return g_str_has_prefix(property, "COMMENT ON DATABASE ") ||
           g_str_has_suffix(property, IS_TEMPLATE);
}

/* Takes our mark away, and gives what is late. Caller frees. */
static char *late_sql(const struct restore_dump *restore, const char *quoted)
{
    const GPtrArray *properties = restore->place.properties;
    GString *sql = g_string_new(NULL);

    g_string_append_printf(sql, "    COMMENT ON DATABASE %s IS NULL;\n", quoted);
    for (guint i = 0; i < properties->len; i++)
        if (is_late(properties->pdata[i]))
            g_string_append_printf(sql, "    %s;\n", (char *) properties->pdata[i]);
    return g_string_free(sql, FALSE);
}

/*
 * Both names change in one transaction: at no moment is there no database of that name. RENAME
 * holds off new connections while it waits (5 s) for those that were ended; one that slipped in
 * between makes it fail, and it is tried again.
 */
static char *swap_sql(const struct restore_dump *restore)
{
    g_autofree char *into = quote(restore, restore->into);
    g_autofree char *before = quote(restore, restore->before);
    g_autofree char *restoring = quote(restore, restore->restoring);
    g_autofree char *name = session_literal(restore->session, restore->into);
    g_autofree char *kept = session_literal(restore->session, restore->before);
    g_autofree char *late = late_sql(restore, restoring);
    const char *any = restore->wish.drop_old ? "true" : "false";

    g_autofree char *body = g_strdup_printf(
        "DECLARE\n"
        "    until timestamptz := pg_catalog.clock_timestamp() + interval '%d s';\n"
        "BEGIN\n"
        "    LOOP\n"
        "        PERFORM pg_catalog.pg_terminate_backend(a.pid)\n"
        "           FROM pg_catalog.pg_stat_activity AS a WHERE a.datname = %s;\n"
        "        BEGIN\n"
        "            ALTER DATABASE %s RENAME TO %s;\n"
        "            EXIT;\n"
        "        EXCEPTION WHEN object_in_use THEN\n"
        "            IF pg_catalog.clock_timestamp() > until THEN RAISE; END IF;\n"
        "        END;\n"
        "    END LOOP;\n"
        "    IF EXISTS (SELECT FROM pg_catalog.pg_replication_slots AS s\n"
        "                WHERE s.database = %s AND NOT s.temporary)\n"
        "       OR EXISTS (SELECT FROM pg_catalog.pg_subscription AS u\n"
        "                  JOIN pg_catalog.pg_database AS d ON d.oid = u.subdbid\n"
        "                 WHERE d.datname = %s AND (u.subenabled OR %s)) THEN\n"
        "        RAISE 'logical slots or subscriptions have come into it meanwhile'\n"
        "            USING ERRCODE = 'object_not_in_prerequisite_state';\n"
        "    END IF;\n"
        "%s"
        "    ALTER DATABASE %s RENAME TO %s;\n"
        "END",
        ENDS_S, name, into, before, kept, kept, any, late, restoring, into);
    return restore_dump_block(body);
}

static struct step *add_step(struct restore_dump *restore, unsigned phase, char *sql,
                             const char *reason)
{
    struct step *step = plan_add(restore->plan);

    step->phase = phase;
    step->object = g_strdup(restore->into);
    step->sql = sql;
    step->reason = g_strdup(reason);
    return step;
}

static void drop(struct restore_dump *restore, unsigned phase, const char *database,
                 const char *reason)
{
    g_autofree char *quoted = quote(restore, database);
    struct step *step =
        add_step(restore, phase, g_strdup_printf("DROP DATABASE %s", quoted), reason);

    g_free(step->object);
    step->object = g_strdup(database);
}

/* ---- the plan ---------------------------------------------------------------------------- */

enum {
    PHASE_CLEAR,
    PHASE_CREATE,
    PHASE_MARK,
    PHASE_RESTORE,
    PHASE_LIKE,
    PHASE_SWAP,
    PHASE_UNMARK,
    PHASE_DROP
};

static void add_create(struct restore_dump *restore)
{
    const struct archive_entry *entry = archive_find(restore->archive, "DATABASE");
    g_autofree char *quoted = quote(restore, restore->restoring);

    add_step(restore, PHASE_CREATE,
             restore_dump_create_sql(entry ? entry->definition : NULL, entry ? entry->name : "",
                                     quoted, session_version(restore->session),
                                     restore->wish.no_tablespaces),
             "under a name of its own until it is complete");
    add_step(restore, PHASE_MARK,
             g_strdup_printf("COMMENT ON DATABASE %s IS '" RESTORE_DUMP_COMMENT "'", quoted),
             "should this run die, the next one knows what it is");
    add_step(restore, PHASE_MARK,
             g_strdup_printf("REVOKE CONNECT ON DATABASE %s FROM PUBLIC", quoted),
             "nobody has business in it before it is complete");
}

static void add_program(struct restore_dump *restore)
{
    g_auto(GStrv) shown =
        restore_dump_arguments(restore, restore->compressed ? NULL : restore->path);
    g_autofree char *line = paste_shell_words(shown);
    g_autofree char *file = g_shell_quote(restore->path);
    char *sql =
        restore->compressed ? g_strdup_printf("zstd -dc %s | %s", file, line) : g_strdup(line);

    restore->step = add_step(restore, PHASE_RESTORE, sql, "pg_restore reads the dump");
    restore->step->program = restore_dump_arguments(restore, restore->path);
    restore->step->program_options = "-c default_transaction_read_only=off";
}

static void add_properties(struct restore_dump *restore)
{
    for (guint i = 0; i < restore->place.properties->len; i++) {
        const char *property = restore->place.properties->pdata[i];
        if (!is_late(property))
            add_step(restore, PHASE_LIKE, g_strdup(property),
                     "as the database that it replaces");
    }
}

static void add_drop_old(struct restore_dump *restore)
{
    const GPtrArray *properties = restore->place.properties;
    g_autofree char *before = quote(restore, restore->before);

    for (guint i = 0; i < properties->len; i++)
        if (g_str_has_suffix(properties->pdata[i], IS_TEMPLATE))
            add_step(restore, PHASE_UNMARK,
                     g_strdup_printf("ALTER DATABASE %s IS_TEMPLATE false", before),
                     "a template cannot be dropped");
    drop(restore, PHASE_DROP, restore->before, "--drop-old");
}

static void add_swap(struct restore_dump *restore)
{
    g_autofree char *quoted = quote(restore, restore->restoring);
    g_autofree char *into = quote(restore, restore->into);

    add_properties(restore);
    if (restore->before == NULL) {
        add_step(restore, PHASE_LIKE,
                 g_strdup_printf("GRANT CONNECT ON DATABASE %s TO PUBLIC", quoted),
                 "as every database is made");
        bool itself = g_strcmp0(restore->into, restore->archive->database) == 0;
        add_step(restore, PHASE_SWAP,
                 restore_dump_rename_sql(itself ? restore->archive : NULL, &restore->wish,
                                         quoted, into),
                 itself ? "its name, and what the dump has of it: owner, settings, privileges"
                        : "the name that was asked for");
        return;
    }
    g_autofree char *reason =
        g_strdup_printf("ends %" G_GINT64_FORMAT " sessions; the old one is kept as %s",
                        restore->place.sessions, restore->before);
    add_step(restore, PHASE_SWAP, swap_sql(restore), reason);
    restore->first_of_drop = restore->plan->steps->len;
    if (restore->wish.drop_old)
        add_drop_old(restore);
}

bool restore_dump_plan(struct restore_dump *restore, GError **error)
{
    g_autofree char *quoted = quote(restore, restore->into);

    if (quoted == NULL || strlen(restore->into) > NAME_BYTES || restore->into[0] == '\0') {
        runbook_error_set(error, RUNBOOK_USAGE, "--into says how it is to be called",
                          "\"%s\" cannot be a database's name", restore->into);
        return false;
    }
    restore->plan = plan_new();
    plan_set(restore->plan, "default_transaction_read_only",
             "off"); /* whatever the role's is */
    for (guint i = 0; i < restore->place.leftovers->len; i++)
        drop(restore, PHASE_CLEAR, restore->place.leftovers->pdata[i],
             "left by a restore that was killed");
    if (!restore->wish.clean)
        add_create(restore);
    add_program(restore);
    restore->first_of_swap = restore->plan->steps->len;
    restore->first_of_drop = G_MAXUINT;
    if (restore->wish.clean)
        return true;
    add_swap(restore);
    return true;
}
