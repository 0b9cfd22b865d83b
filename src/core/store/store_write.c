/*
 * Writers never fail for their caller: what cannot be written becomes the store's trouble, and
 * the next write is tried all the same (a disk may have room again, an end is worth recording).
 */
#include "store/statement.h"
#include "store/store_internal.h"
#include "store_queries.h"

#include <unistd.h>

bool store_write(struct store *store, struct statement *statement)
{
    statement_next(statement);
    if (statement_code(statement) == SQLITE_OK)
        return true;
    store_failed(store, "write to", statement_code(statement));
    return false;
}

static void command(struct store *store, const char *sql)
{
    const int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        store_failed(store, "write to", code);
}

/* Immediate, because a transaction that starts as a reader cannot always become a writer. */
void store_begin(struct store *store)
{
    command(store, "BEGIN IMMEDIATE");
}

void store_commit(struct store *store)
{
    /* A full disk may have ended the transaction already, or it never began. */
    if (sqlite3_get_autocommit(store->db) != 0)
        return;
    command(store, "COMMIT");
    if (sqlite3_get_autocommit(store->db) == 0)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

bool store_begin_all(struct store *store)
{
    store_begin(store);
    return sqlite3_get_autocommit(store->db) == 0;
}

void store_end_all(struct store *store, bool ok)
{
    if (ok)
        store_commit(store);
    else if (sqlite3_get_autocommit(store->db) == 0)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

void store_set_actor(struct store *store, const char *actor, const char *reason)
{
    g_free(store->actor);
    g_free(store->reason);
    store->actor = g_strdup(actor);
    store->reason = g_strdup(reason);
}

gint64 store_run_begin(struct store *store, const struct store_run *run)
{
    g_autofree char *boot = store_boot();
    AUTO(statement) statement = statement_open(store, &query_store_run_begin);
    statement_bind_text(statement, 1, run->section);
    statement_bind_text(statement, 2, run->verb);
    statement_bind_text(statement, 3, run->target);
    statement_bind_text(statement, 4, run->host);
    statement_bind_text(statement, 5, run->dbname);
    statement_bind_text(statement, 6, run->role);
    statement_bind_text(statement, 7, run->system_identifier);
    statement_bind_int(statement, 8, run->version_num);
    statement_bind_text(statement, 9, run->command_line);
    statement_bind_int(statement, 10, run->deadline_us);
    statement_bind_int(statement, 11, g_get_real_time());
    statement_bind_text(statement, 12, g_get_user_name());
    statement_bind_text(statement, 13, g_get_host_name());
    statement_bind_text(statement, 14, boot);
    statement_bind_int(statement, 15, getpid());
    statement_bind_int(statement, 16, store_process_started(getpid()));
    if (run->undoes > 0)
        statement_bind_int(statement, 17, run->undoes);
    statement_bind_text(statement, 18,
                        store->actor ? store->actor : g_getenv(STORE_ACTOR_VARIABLE));
    statement_bind_text(statement, 19,
                        store->actor ? store->reason : g_getenv(STORE_REASON_VARIABLE));
    return store_write(store, statement) ? sqlite3_last_insert_rowid(store->db) : -1;
}

void store_run_end(struct store *store, gint64 run, const char *outcome, int exit_code,
                   const char *error, const char *summary)
{
    if (run < 0)
        return;
    AUTO(statement) statement = statement_open(store, &query_store_run_end);
    statement_bind_int(statement, 1, run);
    statement_bind_int(statement, 2, g_get_real_time());
    statement_bind_text(statement, 3, outcome);
    statement_bind_int(statement, 4, exit_code);
    statement_bind_text(statement, 5, error);
    statement_bind_text(statement, 6, summary);
    store_write(store, statement);
}

static void step_planned(struct store *store, gint64 run, const struct store_step *step)
{
    AUTO(statement) statement = statement_open(store, &query_store_step_planned);
    statement_bind_int(statement, 1, run);
    statement_bind_int(statement, 2, step->number);
    statement_bind_text(statement, 3, step->object);
    statement_bind_text(statement, 4, step->sql);
    statement_bind_text(statement, 5, step->reason);
    statement_bind_text(statement, 6, step->lock_mode);
    statement_bind_text(statement, 7, step->undo);
    store_write(store, statement);
}

void store_steps_planned(struct store *store, gint64 run, const struct store_step *steps,
                         guint count)
{
    const bool alone = sqlite3_get_autocommit(store->db) != 0;
    if (run < 0)
        return;
    if (alone)
        store_begin(store);
    for (guint i = 0; i < count; i++)
        step_planned(store, run, &steps[i]);
    if (alone)
        store_commit(store);
}

void store_step_begin(struct store *store, gint64 run, int number, const char *sql)
{
    if (run < 0)
        return;
    AUTO(statement) statement = statement_open(store, &query_store_step_begin);
    statement_bind_int(statement, 1, run);
    statement_bind_int(statement, 2, number);
    statement_bind_int(statement, 3, g_get_real_time());
    statement_bind_text(statement, 4, sql);
    store_write(store, statement);
}

void store_step_end(struct store *store, gint64 run, int number, const char *outcome,
                    const char *detail)
{
    if (run < 0)
        return;
    AUTO(statement) statement = statement_open(store, &query_store_step_end);
    statement_bind_int(statement, 1, run);
    statement_bind_int(statement, 2, number);
    statement_bind_int(statement, 3, g_get_real_time());
    statement_bind_text(statement, 4, outcome);
    statement_bind_text(statement, 5, detail);
    store_write(store, statement);
}

void store_object(struct store *store, gint64 run, const struct store_object *object)
{
    if (run < 0)
        return;
    AUTO(statement) statement = statement_open(store, &query_store_object_put);
    statement_bind_int(statement, 1, run);
    statement_bind_text(statement, 2, object->schema != NULL ? object->schema : "");
    statement_bind_text(statement, 3, object->name);
    statement_bind_int(statement, 4, object->step);
    statement_bind_text(statement, 5, object->outcome);
    statement_bind_text(statement, 6, object->reason);
    statement_bind_real(statement, 7, object->seconds);
    statement_bind_int(statement, 8, object->bytes);
    statement_bind_text(statement, 9, object->before);
    statement_bind_text(statement, 10, object->after);
    store_write(store, statement);
}
