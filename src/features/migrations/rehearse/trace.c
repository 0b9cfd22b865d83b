/*
 * The script's way through the server. Between two statements the session itself is asked for what
 * only it can see (files and counters of its own transaction), the observer for the rest; the time
 * that takes is in no measurement.
 */
#include "rehearse/trace.h"

#include "error.h"
#include "rehearse/trace_private.h"

struct run {
    struct session *session;
    const struct folder_script *script;
    const struct trace_options *options;
    struct trace *trace;
    struct trace_measure measure;
    guint block; /* number of the transaction that runs */
    guint first; /* the first statement of the transaction that runs */
    guint ended; /* transactions that were committed */
};

/* ---- the result ---------------------------------------------------------------------------- */

static void lock_free(gpointer data)
{
    struct trace_lock *lock = data;

    g_free(lock->schema);
    g_free(lock->relation);
    g_free(lock);
}

struct trace_statement *trace_statement_new(guint number)
{
    struct trace_statement *statement = g_new0(struct trace_statement, 1);

    statement->number = number;
    statement->locks = g_ptr_array_new_with_free_func(lock_free);
    return statement;
}

static void statement_free(gpointer data)
{
    struct trace_statement *statement = data;

    g_ptr_array_unref(statement->locks);
    g_free(statement->error);
    g_free(statement);
}

void trace_free(struct trace *trace)
{
    g_ptr_array_unref(trace->statements);
    g_free(trace);
}

const struct trace_statement *trace_failure(const struct trace *trace)
{
    for (guint i = 0; i < trace->statements->len; i++) {
        const struct trace_statement *statement = trace->statements->pdata[i];
        if (statement->error != NULL)
            return statement;
    }
    return NULL;
}

/* ---- one statement ------------------------------------------------------------------------- */

static bool in_block(const struct run *run)
{
    PGconn *connection = session_handle(run->session);

    return connection != NULL && PQtransactionStatus(connection) == PQTRANS_INTRANS;
}

static bool is_idle(const struct run *run)
{
    PGconn *connection = session_handle(run->session);

    return connection == NULL || PQtransactionStatus(connection) == PQTRANS_IDLE;
}

struct looker {
    struct run *run;
    struct trace_statement *statement;
};

static void look(gpointer data)
{
    const struct looker *looker = data;
    double waited_ms = trace_measure_waited(&looker->run->measure);

    looker->statement->waited_ms = MAX(looker->statement->waited_ms, waited_ms);
}

static void take_answer(struct trace_statement *statement, struct trace_answer *answer)
{
    const char *count = answer->result != NULL ? PQcmdTuples(answer->result) : "";

    statement->seconds = answer->seconds;
    statement->rows = g_ascii_strtoll(count, NULL, 10);
    g_free(statement->error);
    statement->error = g_steal_pointer(&answer->error);
    g_strlcpy(statement->sqlstate, answer->sqlstate, sizeof statement->sqlstate);
    trace_answer_clear(answer);
}

/* Sends it, with the WAL's end before and after. */
static bool send_one(struct run *run, struct trace_statement *statement, const char *sql,
                     GError **error)
{
    struct looker looker = {run, statement};
    const struct trace_idle idle = {look, &looker};
    struct trace_answer answer;
    gint64 before = 0, after = 0;

    if (!trace_measure_position(&run->measure, &before, error) ||
        !trace_send(run->session, sql, &idle, &answer, error))
        return false;
    take_answer(statement, &answer);
    if (!trace_measure_position(&run->measure, &after, error))
        return false;
    statement->wal_bytes = after - before;
    return true;
}

/* Words of ours: BEGIN, COMMIT, ROLLBACK. */
static bool send_word(struct run *run, const char *word, struct trace_answer *ret_answer,
                      GError **error)
{
    return trace_send(run->session, word, NULL, ret_answer, error);
}

static bool roll_back(struct run *run, GError **error)
{
    struct trace_answer answer;

    if (session_handle(run->session) == NULL)
        return true;
    if (!send_word(run, "ROLLBACK", &answer, error))
        return false;
    trace_answer_clear(&answer);
    return true;
}

/* In a transaction that goes on afterwards. What comes before the first query of a transaction (SET
 * TRANSACTION) must not find one of ours before it. */
static bool measured(struct run *run, struct trace_statement *statement, const char *sql,
                     GError **error)
{
    bool other = trace_word_of(sql) == TRACE_WORD_OTHER;

    if (other && in_block(run) && !trace_measure_begin(&run->measure, error))
        return false;
    if (!send_one(run, statement, sql, error))
        return false;
    if (statement->error != NULL || !other || !in_block(run))
        return true;
    return trace_measure_end(&run->measure, statement, error);
}

/* ---- transactions -------------------------------------------------------------------------- */

static void over(struct run *run, double seconds, bool committed)
{
    double held_ms = trace_hold(run->trace->statements, run->first, seconds);

    run->trace->longest_hold_ms = MAX(run->trace->longest_hold_ms, held_ms);
    run->trace->seconds += seconds;
    run->first = run->trace->statements->len;
    run->block++;
    run->ended += committed;
    trace_measure_over(&run->measure);
}

/* The end of a transaction of ours. A COMMIT can fail: what is deferred is checked by it. */
static bool end_block(struct run *run, GError **error)
{
    bool keep = !run->options->rollback;
    struct trace_answer answer;

    if (!send_word(run, keep ? "COMMIT" : "ROLLBACK", &answer, error))
        return false;
    double seconds = answer.seconds;
    guint count = run->trace->statements->len;
    if (answer.error != NULL && count > 0) {
        struct trace_statement *last = run->trace->statements->pdata[count - 1];
        last->error = g_strdup_printf("at COMMIT: %s", answer.error);
        g_strlcpy(last->sqlstate, answer.sqlstate, sizeof last->sqlstate);
    }
    bool fine = answer.error == NULL;
    trace_answer_clear(&answer);
    over(run, seconds, keep && fine);
    return true;
}

static bool begin_block(struct run *run, GError **error)
{
    return trace_command(run->session, "BEGIN", "cannot begin a transaction", error);
}

/* What the server takes in no transaction, or ends one itself. */
static bool wants_to_be_alone(const struct trace_statement *statement)
{
    return statement->error != NULL && (g_str_equal(statement->sqlstate, "25001") ||
                                        g_str_equal(statement->sqlstate, "2D000"));
}

/* A script without a transaction of its own: each statement in one of ours, so that it can be
 * measured; where the server refuses that, by itself. */
static bool run_loose(struct run *run, struct trace_statement *statement, const char *sql,
                      GError **error)
{
    if (trace_word_of(sql) != TRACE_WORD_OTHER)
        return send_one(run, statement, sql, error);
    if (!begin_block(run, error) || !measured(run, statement, sql, error))
        return false;
    if (statement->error == NULL)
        return is_idle(run) || end_block(run, error);
    if (!roll_back(run, error))
        return false;
    trace_measure_over(&run->measure);
    if (!wants_to_be_alone(statement) || run->options->rollback)
        return true;
    statement->alone = true;
    g_clear_pointer(&statement->error, g_free);
    statement->sqlstate[0] = '\0';
    if (!send_one(run, statement, sql, error))
        return false;
    run->first = run->trace->statements->len;
    run->block++;
    run->ended += statement->error == NULL;
    return true;
}

static bool run_statement(struct run *run, guint number, GError **error)
{
    const struct sql_script *script = run->script->script;
    g_autofree char *sql = sql_statement_text(
        script, &g_array_index(script->statements, struct sql_statement, number));
    struct trace_statement *statement = trace_statement_new(number);
    bool one = run->script->transaction == FOLDER_ONE_TRANSACTION;

    statement->block = run->block;
    g_ptr_array_add(run->trace->statements, statement);
    if (run->options->tick != NULL)
        run->options->tick(number, run->options->data);
    if (!one && is_idle(run)) {
        bool fine = run_loose(run, statement, sql, error);
        run->trace->seconds += statement->seconds;
        return fine;
    }
    bool fine = measured(run, statement, sql, error);
    run->trace->seconds += statement->seconds;
    if (fine && statement->error == NULL && is_idle(run))
        over(run, 0, trace_word_of(sql) == TRACE_WORD_END);
    return fine;
}

/* ---- the script ---------------------------------------------------------------------------- */

static bool prepare(struct run *run, GError **error)
{
    g_autofree char *lock =
        g_strdup_printf("SET lock_timeout = %" G_GINT64_FORMAT, run->options->lock_timeout_ms);
    g_autofree char *statement = g_strdup_printf("SET statement_timeout = %" G_GINT64_FORMAT,
                                                 run->options->statement_timeout_ms);
    const char *const commands[] = {"RESET ALL", "SET client_min_messages = error",
                                    /* What works for nobody any more ends. */
                                    "SET client_connection_check_interval = '5s'", lock,
                                    statement};

    for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
        if (!trace_command(run->session, commands[i], "cannot prepare the session", error))
            return false;
    return true;
}

static bool run_all(struct run *run, GError **error)
{
    guint count = run->script->script->statements->len;

    for (guint i = 0; i < count; i++) {
        if (!run_statement(run, i, error))
            return false;
        const struct trace_statement *last = run->trace->statements->pdata[i];
        if (last->error != NULL)
            break;
    }
    return true;
}

/* What the script has left open is no work of a tool's: it would be gone with its connection. */
static bool finish(struct run *run, GError **error)
{
    bool one = run->script->transaction == FOLDER_ONE_TRANSACTION;
    guint count = run->trace->statements->len;
    bool failed = trace_failure(run->trace) != NULL;

    if (one && !failed && in_block(run)) {
        if (!end_block(run, error))
            return false;
    } else if (!is_idle(run)) {
        if (!failed && count > 0) {
            struct trace_statement *last = run->trace->statements->pdata[count - 1];
            last->error = g_strdup("the script leaves a transaction open");
        }
        if (!roll_back(run, error))
            return false;
        over(run, 0, false);
    }
    run->trace->committed = trace_failure(run->trace) == NULL && !run->options->rollback;
    run->trace->partly = !run->trace->committed && run->ended > 0;
    return true;
}

static bool run_script(struct run *run, GError **error)
{
    bool one = run->script->transaction == FOLDER_ONE_TRANSACTION;

    return prepare(run, error) && (!one || begin_block(run, error)) && run_all(run, error) &&
           finish(run, error);
}

struct trace *trace_run(struct session *session, struct session *observer,
                        const struct folder_script *script, const struct trace_options *options,
                        GError **error)
{
    AUTO(trace) trace = g_new0(struct trace, 1);
    struct run run = {.session = session, .script = script, .options = options, .trace = trace};

    trace->statements = g_ptr_array_new_with_free_func(statement_free);
    bool fine =
        trace_measure_open(&run.measure, session, observer, options->unmeasured, error) &&
        run_script(&run, error);
    trace_measure_close(&run.measure);
    if (!fine && !is_idle(&run))
        roll_back(&run, NULL);
    return fine ? g_steal_pointer(&trace) : NULL;
}
