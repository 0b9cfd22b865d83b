/* Is all of it there? Rows are counted table by table, relations are looked for by name. */
#include "backup_queries.h"
#include "out/progress.h"
#include "restore_dump.h"

#include <string.h>

enum { TABLES_A_STEP = 50 };

struct proof {
    struct restore_dump *restore;
    struct session *session; /* to the new database */
    GHashTable *entries;     /* of struct archive_entry, by id: those that are counted */
    GHashTable *own;         /* names of tables that the archive makes, as "schema.name" */
    GHashTable *hidden;      /* of those that have rows our role does not see; the same */
    char *difference;        /* the first that was found; NULL: none */
};

static char *key_of(const struct archive_entry *entry)
{
    return g_strdup_printf("%s.%s", entry->schema ? entry->schema : "", entry->name);
}

/* ---- rows -------------------------------------------------------------------------------- */

/* A table that an extension makes has rows of its own beside those of the dump. */
static bool agrees(const struct proof *proof, const struct archive_entry *entry, gint64 rows)
{
    g_autofree char *key = key_of(entry);

    return g_hash_table_contains(proof->own, key) ? rows == entry->rows : rows >= entry->rows;
}

static void on_answer(struct step *step, const PGresult *rows, gpointer data)
{
    struct proof *proof = data;

    (void) step;
    for (int row = 0; row < PQntuples(rows); row++) {
        int id = (int) g_ascii_strtoll(PQgetvalue(rows, row, 0), NULL, 10);
        gint64 has = g_ascii_strtoll(PQgetvalue(rows, row, 1), NULL, 10);
        const struct archive_entry *entry =
            g_hash_table_lookup(proof->entries, GINT_TO_POINTER(id));
        if (entry == NULL)
            continue;
        proof->restore->tables++;
        proof->restore->rows += has;
        if (proof->difference == NULL && !agrees(proof, entry, has))
            proof->difference =
                g_strdup_printf("%s.%s has %" G_GINT64_FORMAT " rows, in the dump it has "
                                "%" G_GINT64_FORMAT,
                                entry->schema, entry->name, has, entry->rows);
    }
}

static void add_count(struct proof *proof, GString *sql, const struct archive_entry *entry)
{
    g_autofree char *quoted = session_quote(proof->session, entry->schema, entry->name);

    if (quoted == NULL)
        return;
    g_string_append_printf(sql, "%sSELECT %d, pg_catalog.count(*) FROM ONLY %s",
                           sql->len > 0 ? " UNION ALL " : "", entry->id, quoted);
}

static void add_step(struct plan *plan, GString *sql, guint tables)
{
    struct step *step = plan_add(plan);

    step->object = g_strdup_printf("%u %s", tables, tables == 1 ? "table" : "tables");
    step->sql = g_strdup(sql->str);
    step->reason = g_strdup("as many rows as in the dump?");
    step->lock_mode = "AccessShareLock";
    g_string_truncate(sql, 0);
}

/* An owner may restore what he does not see: FORCE ROW LEVEL SECURITY. */
static bool look_for_hidden(struct proof *proof, GError **error)
{
    AUTO(rows)
    rows = session_query(proof->session, &query_backup_restore_dump_hidden, NULL, error);

    for (int row = 0; rows != NULL && row < rows_count(rows); row++)
        g_hash_table_add(
            proof->hidden,
            g_strdup_printf("%s.%s", rows_text(rows, row, BACKUP_RESTORE_DUMP_HIDDEN_SCHEMA),
                            rows_text(rows, row, BACKUP_RESTORE_DUMP_HIDDEN_NAME)));
    return rows != NULL;
}

static bool is_hidden(const struct proof *proof, const struct archive_entry *entry)
{
    g_autofree char *key = key_of(entry);

    return g_hash_table_contains(proof->hidden, key);
}

static struct plan *count_plan(struct proof *proof)
{
    const GPtrArray *entries = proof->restore->archive->entries;
    struct plan *plan = plan_new();
    g_autoptr(GString) sql = g_string_new(NULL);
    guint tables = 0;

    /* Should a policy have come meanwhile: an error, not a wrong number. */
    plan_set(plan, "row_security", "off");
    for (guint i = 0; i < entries->len; i++) {
        struct archive_entry *entry = entries->pdata[i];
        if (entry->rows < 0)
            continue;
        if (is_hidden(proof, entry)) {
            proof->restore->hidden++;
            continue;
        }
        g_hash_table_insert(proof->entries, GINT_TO_POINTER(entry->id), entry);
        add_count(proof, sql, entry);
        if (++tables % TABLES_A_STEP == 0)
            add_step(plan, sql, TABLES_A_STEP);
    }
    if (sql->len > 0)
        add_step(plan, sql, tables % TABLES_A_STEP);
    return plan;
}

static const char *first_failure(const struct plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = plan->steps->pdata[i];
        if (step->outcome != STEP_DONE)
            return step->detail != NULL ? step->detail : "it was not reached";
    }
    return NULL;
}

static bool count_rows(struct proof *proof, struct session_params *server, gint64 id,
                       int first_step, GError **error)
{
    struct restore_dump *restore = proof->restore;
    const struct window window = window_open(0);
    AUTO(plan) plan = count_plan(proof);
    struct plan_run run = gate_plan_run(restore->call, restore->session, &window, id);

    if (plan->steps->len == 0)
        return true;
    restore->rows = 0;
    gate_record_steps(restore->call, id, plan, first_step);
    run.server = server;
    run.first_step = first_step;
    run.limits.lanes = (unsigned) MAX(restore->wish.jobs, 1);
    run.hooks.answer = on_answer;
    run.hooks.data = proof;
    if (!plan_run(plan, &run, error))
        return false;
    const char *failure = first_failure(plan);
    if (failure == NULL)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "the rows could not be counted: %s",
                      failure);
    return false;
}

/* ---- relations --------------------------------------------------------------------------- */

static void append_element(GString *list, const char *text)
{
    g_string_append(list, list->len > 1 ? ",\"" : "\"");
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            g_string_append_c(list, '\\');
        g_string_append_c(list, *at);
    }
    g_string_append_c(list, '"');
}

static bool is_relation(const struct archive_entry *entry)
{
    static const char *const kinds[] = {
        "TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE", "FOREIGN TABLE", "INDEX", NULL};

    return g_strv_contains(kinds, entry->kind) && entry->schema != NULL;
}

static bool look_for_relations(struct proof *proof, GError **error)
{
    const GPtrArray *entries = proof->restore->archive->entries;
    g_autoptr(GString) schemas = g_string_new("{"), names = g_string_new("{");

    for (guint i = 0; i < entries->len; i++) {
        const struct archive_entry *entry = entries->pdata[i];
        if (!is_relation(entry))
            continue;
        append_element(schemas, entry->schema);
        append_element(names, entry->name);
        g_hash_table_add(proof->own, key_of(entry));
        proof->restore->relations++;
    }
    g_string_append_c(schemas, '}');
    g_string_append_c(names, '}');
    const char *values[] = {schemas->str, names->str};
    AUTO(rows)
    rows = session_query(proof->session, &query_backup_restore_dump_missing, values, error);
    if (rows == NULL)
        return false;
    if (rows_count(rows) > 0)
        proof->difference = g_strdup_printf(
            "%s.%s is not there", rows_text(rows, 0, BACKUP_RESTORE_DUMP_MISSING_SCHEMA),
            rows_text(rows, 0, BACKUP_RESTORE_DUMP_MISSING_NAME));
    return true;
}

bool restore_dump_verify(struct restore_dump *restore, gint64 run, int first_step,
                         GError **error)
{
    struct session_params server = restore->server;
    struct proof proof = {.restore = restore};

    server.database = restore->restoring;
    server.encoding = NULL;
    AUTO(session) session = session_open(&server, restore->call->feature->name, error);
    if (session == NULL)
        return false;
    proof.session = session;
    proof.entries = g_hash_table_new(NULL, NULL);
    proof.own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    proof.hidden = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool looked = look_for_relations(&proof, error) && look_for_hidden(&proof, error) &&
                  count_rows(&proof, &server, run, first_step, error);
    if (looked && proof.difference != NULL)
        runbook_error_set(error, RUNBOOK_FAILED,
                          "the new database was dropped; nothing else was touched",
                          "what was restored is not what was dumped: %s", proof.difference);
    looked = looked && proof.difference == NULL;
    g_hash_table_unref(proof.entries);
    g_hash_table_unref(proof.own);
    g_hash_table_unref(proof.hidden);
    g_free(proof.difference);
    return looked;
}
