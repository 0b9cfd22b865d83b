/*
 * What the bad pages are that the server has met: relation, database, block. Names are asked for on
 * connections of their own, and what cannot be asked is told by its file.
 */
#include "backup_queries.h"
#include "create.h"
#include "error.h"

#include <string.h>

enum { MOST_LINES = 20 };

/* One database at a time: bad pages of a file come together. */
struct inquiry {
    struct call *call;
    struct session *usual; /* NULL: none to be had */
    guint32 database;      /* of there */
    struct session_params params;
    struct session *there;
    char *conninfo, *name;
};

static void leave(struct inquiry *inquiry)
{
    g_clear_pointer(&inquiry->there, session_close);
    g_clear_pointer(&inquiry->conninfo, g_free);
    g_clear_pointer(&inquiry->name, g_free);
    inquiry->database = 0;
}

/* The words that led to the usual session, with another database. Caller frees. */
static char *conninfo_of(struct session *session, const char *database)
{
    PQconninfoOption *options = PQconninfo(session_handle(session));
    GString *text = g_string_new("");

    for (PQconninfoOption *option = options; option && option->keyword; option++) {
        bool named = strcmp(option->keyword, "dbname") == 0;
        const char *value = named ? database : option->val;
        if (value == NULL || *value == '\0')
            continue;
        g_string_append_printf(text, "%s='", option->keyword);
        for (; *value != '\0'; value++) {
            if (*value == '\'' || *value == '\\')
                g_string_append_c(text, '\\');
            g_string_append_c(text, *value);
        }
        g_string_append(text, "' ");
    }
    PQconninfoFree(options);
    return g_string_free(text, FALSE);
}

/* What is shared can be asked for anywhere. */
static struct session *enter(struct inquiry *inquiry, guint32 database)
{
    g_autofree char *oid = g_strdup_printf("%u", database);

    if (database == 0 || inquiry->usual == NULL)
        return inquiry->usual;
    if (inquiry->database == database)
        return inquiry->there;
    leave(inquiry);
    inquiry->database = database;
    AUTO(rows)
    rows = session_query(inquiry->usual, &query_backup_database_name,
                         (const char *const[]){oid}, NULL);
    if (rows == NULL || rows_count(rows) == 0)
        return NULL;
    inquiry->name = g_strdup(rows_text(rows, 0, BACKUP_DATABASE_NAME_NAME));
    inquiry->conninfo = conninfo_of(inquiry->usual, inquiry->name);
    inquiry->params = (struct session_params){
        .dbname = inquiry->conninfo,
        .password = SESSION_PASSWORD_NEVER,
        .patience_ms = inquiry->call->server->patience_ms,
    };
    inquiry->there = session_open(&inquiry->params, inquiry->call->feature->name, NULL);
    return inquiry->there;
}

/* "index public.orders_pkey in database shop"; NULL: cannot be told. Caller frees. */
static char *name_of(struct inquiry *inquiry, const struct base_backup_relation *relation)
{
    struct session *session = enter(inquiry, relation->database);
    g_autofree char *tablespace = g_strdup_printf("%u", relation->tablespace);
    g_autofree char *filenode = g_strdup_printf("%u", relation->filenode);

    if (session == NULL)
        return NULL;
    AUTO(rows)
    rows = session_query(session, &query_backup_filenode_relation,
                         (const char *const[]){tablespace, filenode}, NULL);
    if (rows == NULL || rows_count(rows) == 0)
        return NULL;
    GString *text = g_string_new("");
    g_string_append_printf(text, "%s %s", rows_text(rows, 0, BACKUP_FILENODE_RELATION_KIND),
                           rows_text(rows, 0, BACKUP_FILENODE_RELATION_NAME));
    const char *owner = rows_text(rows, 0, BACKUP_FILENODE_RELATION_OWNER);
    if (owner != NULL)
        g_string_append_printf(text, " of table %s", owner);
    if (relation->database != 0)
        g_string_append_printf(text, " in database %s", inquiry->name);
    return g_string_free(text, FALSE);
}

static void tell(struct inquiry *inquiry, const struct base_backup_bad *bad, GString *text)
{
    struct base_backup_relation relation = {0};
    g_autofree char *name =
        base_backup_relation_parse(bad->file, &relation) ? name_of(inquiry, &relation) : NULL;

    if (bad->block >= 0)
        g_string_append_printf(text, "block %" G_GINT64_FORMAT " of ", bad->block);
    else
        g_string_append_printf(text, "%u blocks in all of ", bad->file_bad);
    if (name == NULL)
        g_string_append_printf(text, "file %s", bad->file);
    else if (g_str_equal(relation.fork, "main"))
        g_string_append_printf(text, "%s (%s)", name, bad->file);
    else
        g_string_append_printf(text, "%s, %s fork (%s)", name, relation.fork, bad->file);
    g_string_append_c(text, '\n');
}

bool create_damage_left_out(const struct base_backup *taken, GError **error)
{
    g_autoptr(GString) rest = g_string_new(NULL);

    if (taken->left_out->len == 0)
        return false;
    for (guint i = 1; i < MIN(taken->left_out->len, (guint) MOST_LINES); i++)
        g_string_append_printf(rest, ", %s", (const char *) taken->left_out->pdata[i]);
    if (taken->left_out->len > MOST_LINES)
        g_string_append_printf(rest, " and %u more", taken->left_out->len - MOST_LINES);
    runbook_error_set(error, RUNBOOK_REFUSED,
                      "what the link leads to belongs in its place: stop the server, move it "
                      "there, start it; "
                      "for another disk there are tablespaces (CREATE TABLESPACE, and ALTER "
                      "DATABASE or TABLE … "
                      "SET TABLESPACE)",
                      "no backup: PostgreSQL leaves out of its base backups what is neither "
                      "file nor folder, a "
                      "symbolic link for one, and what it holds would be missing: %s%s",
                      (const char *) taken->left_out->pdata[0], rest->str);
    return true;
}

char *create_damage_text(struct call *call, const struct base_backup *taken)
{
    struct inquiry inquiry = {.call = call, .usual = call_connect(call, NULL)};
    GString *text = g_string_new("");
    guint shown = MIN(taken->bad->len, (guint) MOST_LINES);

    for (guint i = 0; i < shown; i++)
        tell(&inquiry, &g_array_index(taken->bad, struct base_backup_bad, i), text);
    if (shown < taken->bad->len)
        g_string_append_printf(text, "and %u more lines like these in the server's log\n",
                               taken->bad->len - shown);
    if (taken->bad->len == 0)
        g_string_append(text, "the server does not say which; its log does\n");
    g_string_truncate(text, text->len - 1);
    leave(&inquiry);
    g_clear_pointer(&inquiry.usual, session_close);
    return g_string_free(text, FALSE);
}
