/*
 * What happens around each statement: the recheck right before it, the server's notices while it
 * runs, and what became of each of its tables.
 */
#include "out/progress.h"
#include "relations/relations.h"
#include "vacuum.h"
#include "vacuum_queries.h"

#include <string.h>

enum { PATIENCE = 4 }; /* looks at a locked table before it is skipped */

/* reason may be the choice's own. */
static void note_reason(struct vacuum_choice *choice, const char *reason)
{
    char *copy = g_strdup(reason);

    g_free(choice->reason);
    choice->reason = copy;
}

static void end_choice(struct vacuum_choice *choice, enum step_outcome outcome,
                       const char *reason)
{
    choice->outcome = outcome;
    note_reason(choice, reason);
}

/* ---- before ------------------------------------------------------------------------------- */

static struct rows *recheck(const struct vacuum_batch *batch, struct session *session)
{
    g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < batch->choices->len; i++) {
        const struct vacuum_choice *choice = g_ptr_array_index(batch->choices, i);
        if (choice->outcome == STEP_PLANNED)
            g_array_append_val(oids, choice->table->oid);
    }
    g_autofree char *list =
        relations_oid_list(oids->len > 0 ? &g_array_index(oids, guint, 0) : NULL, oids->len);
    return session_query(session, &query_vacuum_recheck, (const char *const[]){list}, NULL);
}

/* Either text may be NULL. */
static void replace(char **text, const char *with)
{
    char *copy = g_strdup(with);

    g_free(*text);
    *text = copy;
}

/* A renamed table is still the one that was planned. Returns whether it can be worked on now. */
static bool admit(struct vacuum_choice *choice, const struct rows *rows, int row,
                  bool *ret_autovacuum)
{
    const char *holder = rows_text(rows, row, VACUUM_RECHECK_HOLDER);

    replace(&choice->table->schema, rows_text(rows, row, VACUUM_RECHECK_SCHEMA));
    replace(&choice->table->name, rows_text(rows, row, VACUUM_RECHECK_NAME));
    if (holder == NULL) {
        note_reason(choice, NULL);
        return true;
    }
    *ret_autovacuum = rows_bool(rows, row, VACUUM_RECHECK_AUTOVACUUM);
    g_autofree char *why = *ret_autovacuum
                               ? g_strdup_printf("autovacuum is at work on it: %s", holder)
                               : g_strdup_printf("locked: %s", holder);
    note_reason(choice, why);
    return false;
}

struct admission {
    guint free, busy;
    bool autovacuum; /* has the last busy one */
    const char *why; /* of that; borrowed from its choice */
};

static struct admission admit_all(struct vacuum_batch *batch, const struct rows *rows)
{
    g_autoptr(GHashTable) by_oid = g_hash_table_new(NULL, NULL);
    struct admission admission = {0};

    for (int i = 0; i < rows_count(rows); i++)
        g_hash_table_insert(by_oid,
                            GUINT_TO_POINTER((guint) rows_int(rows, i, VACUUM_RECHECK_OID)),
                            GINT_TO_POINTER(i + 1));
    for (guint i = 0; i < batch->choices->len; i++) {
        struct vacuum_choice *choice = g_ptr_array_index(batch->choices, i);
        if (choice->outcome != STEP_PLANNED)
            continue;
        int row =
            GPOINTER_TO_INT(g_hash_table_lookup(by_oid, GUINT_TO_POINTER(choice->table->oid)));
        if (row == 0) {
            end_choice(choice, STEP_SKIPPED, "dropped since it was planned");
        } else if (admit(choice, rows, row - 1, &admission.autovacuum)) {
            admission.free++;
        } else {
            admission.busy++;
            admission.why = choice->reason;
        }
    }
    return admission;
}

static enum step_go before(struct step *step, struct session *session, char **ret_why,
                           gpointer data)
{
    const struct vacuum_run *run = data;
    struct vacuum_batch *batch = step->subject;

    if (batch == NULL)
        return STEP_GO;
    AUTO(rows) rows = recheck(batch, session);
    if (rows == NULL) {
        *ret_why = g_strdup("it could not be rechecked");
        return STEP_LATER;
    }
    struct admission admission = admit_all(batch, rows);
    if (admission.free + admission.busy == 0) {
        *ret_why = g_strdup("dropped since it was planned");
        return STEP_DROP;
    }
    /* A table alone waits lock_timeout for its lock, but first lets the others pass; never does
     * it make autovacuum give way, which has done part of the same work. */
    if (admission.free == 0 && (!batch->alone || step->attempts == 0 || admission.autovacuum)) {
        *ret_why = g_strdup(admission.why);
        return STEP_LATER;
    }
    g_free(step->sql);
    step->sql = vacuum_statement(run->state, batch, session);
    batch->cursor = 0;
    batch->current = batch->begun = NULL;
    g_clear_pointer(&batch->warning, g_free);
    return STEP_GO;
}

/* ---- during ------------------------------------------------------------------------------- */

/* VACUUM takes the tables in the order they were named, so the next one is near the last. */
static struct vacuum_choice *find_named(struct vacuum_batch *batch, const char *message,
                                        const char *database)
{
    if (strstr(message, "\"pg_toast.") != NULL || strstr(message, ".pg_toast.") != NULL)
        return NULL;
    for (guint i = 0; i < batch->choices->len; i++) {
        guint at = (batch->cursor + i) % batch->choices->len;
        struct vacuum_choice *choice = g_ptr_array_index(batch->choices, at);
        if (vacuum_verbose_names(message, database, choice->table)) {
            batch->cursor = at;
            return choice;
        }
    }
    return NULL;
}

/* Each table is a transaction of its own: when the next one is named, the one before is done. A
 * server that goes away takes its counters with it, not what it has said. */
static void move_on(struct vacuum_batch *batch)
{
    if (batch->current == NULL || batch->current == batch->begun)
        return;
    if (batch->begun != NULL && batch->begun->outcome == STEP_PLANNED)
        end_choice(batch->begun, STEP_DONE, NULL);
    batch->begun = batch->current;
}

static void notice(struct step *step, const PGresult *result, gpointer data)
{
    const struct vacuum_run *run = data;
    struct vacuum_batch *batch = step->subject;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (batch == NULL || severity == NULL || message == NULL)
        return;
    if (strcmp(severity, "WARNING") == 0) {
        g_free(batch->warning);
        batch->warning = g_strdup(message);
        batch->begun = NULL;
        return;
    }
    /* "vacuuming "…"", "finished vacuuming "…"", "analyzing "…"", aggressively or not. */
    if (strstr(message, "ing \"") != NULL) {
        batch->current = find_named(batch, message, session_database(run->control));
        if (batch->current != NULL) {
            batch->current->vacuum_began |= strstr(message, "vacuuming \"") != NULL;
            batch->current->analyze_began |= strstr(message, "analyzing \"") != NULL;
        }
        move_on(batch);
    }
    gint64 stayed = vacuum_verbose_not_removable(
        message, PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
    if (stayed >= 0 && batch->current != NULL)
        batch->current->not_removable = stayed;
}

/* ---- after -------------------------------------------------------------------------------- */

static struct vacuum_choice *first_undone(const struct vacuum_batch *batch)
{
    for (guint i = 0; i < batch->choices->len; i++) {
        struct vacuum_choice *choice = g_ptr_array_index(batch->choices, i);
        if (choice->outcome == STEP_PLANNED)
            return choice;
    }
    return NULL;
}

static void end_undone(const struct vacuum_batch *batch, enum step_outcome outcome,
                       const char *reason)
{
    for (guint i = 0; i < batch->choices->len; i++) {
        struct vacuum_choice *choice = g_ptr_array_index(batch->choices, i);
        if (choice->outcome == STEP_PLANNED)
            end_choice(choice, outcome,
                       outcome == STEP_SKIPPED && choice->reason ? choice->reason : reason);
    }
}

/* The statement succeeded: without a warning it did all it was sent for, else what it said it had
 * begun. */
static void end_sent(const struct vacuum_batch *batch)
{
    for (guint i = 0; i < batch->choices->len; i++) {
        struct vacuum_choice *choice = g_ptr_array_index(batch->choices, i);
        bool began = (!choice->vacuum || choice->vacuum_began) &&
                     (!choice->analyze || choice->analyze_began);
        if (choice->outcome == STEP_PLANNED && choice->sent &&
            (batch->warning == NULL || began))
            end_choice(choice, STEP_DONE, NULL);
    }
}

/* A batch ends at the first table that fails: that one is out, the rest go again. All names are
 * resolved before the first table is touched, so a failure there may be any table's: then they go
 * one by one. */
static enum step_after leave_out(struct vacuum_batch *batch, const char *sqlstate,
                                 const struct step *step)
{
    struct vacuum_choice *culprit = batch->current;

    /* Somebody was dropped: the recheck finds who. */
    if (strcmp(sqlstate, "42P01") == 0 && culprit == NULL && step->attempts < PATIENCE)
        return STEP_AGAIN_LATER;
    if (culprit == NULL || culprit->outcome != STEP_PLANNED) {
        if (!batch->single && batch->choices->len > 1) {
            batch->single = true;
            return STEP_AGAIN;
        }
        culprit = first_undone(batch);
    }
    end_choice(culprit, STEP_FAILED, step->detail);
    return first_undone(batch) == NULL ? STEP_ENDED : STEP_AGAIN;
}

/* The statement named one table: if it was left out, that is its end. */
static enum step_after next_single(struct vacuum_batch *batch)
{
    struct vacuum_choice *first = first_undone(batch);

    if (first->sent) {
        g_autofree char *reason = g_strdup(first->reason ? first->reason : batch->warning);
        end_choice(first, STEP_SKIPPED, reason);
    }
    return first_undone(batch) == NULL ? STEP_ENDED : STEP_AGAIN;
}

static enum step_after judge_undone(struct vacuum_batch *batch, const char *sqlstate,
                                    const struct step *step)
{
    switch (step->outcome) {
    case STEP_DONE: /* and yet some are not: SKIP_LOCKED, or a right that was taken away */
        if (batch->single)
            return next_single(batch);
        if (step->attempts < PATIENCE && !batch->alone)
            return STEP_AGAIN_LATER;
        end_undone(batch, STEP_SKIPPED, batch->warning);
        return STEP_ENDED;
    case STEP_FAILED:
        return leave_out(batch, sqlstate, step);
    case STEP_SKIPPED:
    case STEP_NOT_REACHED:
        end_undone(batch, step->outcome, step->detail);
        return STEP_ENDED;
    case STEP_PLANNED:
        return STEP_ENDED;
    }
    return STEP_ENDED;
}

/* A statement's time is shared out by what was predicted for each of its tables. */
static void share_time(const struct vacuum_batch *batch, const struct step *step)
{
    double seconds = (double) (g_get_real_time() - step->started_us) / G_USEC_PER_SEC;
    double total = 0;

    for (guint i = 0; i < batch->choices->len; i++) {
        const struct vacuum_choice *choice = g_ptr_array_index(batch->choices, i);
        if (choice->outcome == STEP_DONE && choice->seconds == 0)
            total += choice->predicted_seconds;
    }
    for (guint i = 0; i < batch->choices->len; i++) {
        struct vacuum_choice *choice = g_ptr_array_index(batch->choices, i);
        if (choice->outcome == STEP_DONE && choice->seconds == 0)
            choice->seconds = seconds * choice->predicted_seconds / total;
    }
}

static enum step_after after(struct step *step, const char *sqlstate, struct session *session,
                             gpointer data)
{
    const struct vacuum_run *run = data;
    struct vacuum_batch *batch = step->subject;

    if (batch == NULL)
        return STEP_ENDED;
    if (sqlstate[0] == '\0')
        end_sent(batch);
    if (session != NULL && first_undone(batch) != NULL && !batch->single)
        vacuum_settle(run->state, batch->choices, session, false);
    share_time(batch, step);
    if (first_undone(batch) == NULL) {
        if (step->outcome == STEP_PLANNED)
            step->outcome = STEP_DONE;
        return STEP_ENDED;
    }
    enum step_after again = judge_undone(batch, sqlstate, step);
    if (step->outcome == STEP_SKIPPED && batch->alone)
        replace(&step->detail, ((struct vacuum_choice *) batch->choices->pdata[0])->reason);
    return again;
}

/* ---- progress ----------------------------------------------------------------------------- */

static void add_up(const struct vacuum_run *run, struct progress_state *progress)
{
    const GArray *choices = run->state->choices;

    for (guint i = 0; i < choices->len; i++) {
        const struct vacuum_choice *choice = &g_array_index(choices, struct vacuum_choice, i);
        if (choice->order == 0)
            continue;
        gint64 bytes = vacuum_bytes(&run->state->server, choice->table);
        progress->total++;
        progress->total_bytes += bytes;
        if (choice->outcome != STEP_PLANNED) {
            progress->done++;
            progress->bytes += bytes;
        }
    }
}

static char *describe(const struct vacuum_run *run, const struct rows *rows,
                      struct progress_state *progress)
{
    GString *text = g_string_new(NULL);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        guint oid = (guint) rows_int(rows, i, VACUUM_PROGRESS_RELATION);
        double fraction = rows_real(rows, i, VACUUM_PROGRESS_FRACTION);
        for (guint t = 0; t < run->state->choices->len; t++) {
            const struct vacuum_choice *choice =
                &g_array_index(run->state->choices, struct vacuum_choice, t);
            if (choice->table->oid != oid || choice->order == 0)
                continue;
            gint64 bytes = vacuum_bytes(&run->state->server, choice->table);
            progress->bytes += (gint64) ((double) bytes * fraction);
            g_string_append_printf(text, "%s%s.%s: %s %.0f%%", text->len > 0 ? ", " : "",
                                   choice->table->schema, choice->table->name,
                                   rows_text(rows, i, VACUUM_PROGRESS_PHASE), 100 * fraction);
        }
    }
    return g_string_free(text, FALSE);
}

static void tick(struct session *session, struct step *const *running, const int *pids,
                 guint count, gpointer data)
{
    const struct vacuum_run *run = data;
    struct progress_state progress = {.seconds_left = -1};
    GString *list = g_string_new("{");

    (void) running;
    if (!progress_wanted(run->call->output)) {
        g_string_free(list, TRUE);
        return;
    }
    for (guint i = 0; i < count; i++)
        g_string_append_printf(list, "%s%d", i > 0 ? "," : "", pids[i]);
    g_string_append_c(list, '}');
    AUTO(rows)
    rows =
        session_query(session, &query_vacuum_progress, (const char *const[]){list->str}, NULL);
    g_string_free(list, TRUE);
    add_up(run, &progress);
    g_autofree char *now = describe(run, rows, &progress);
    progress.now = now;
    double elapsed = (double) (g_get_monotonic_time() - run->started_us) / G_USEC_PER_SEC;
    if (progress.bytes > 0)
        progress.seconds_left = elapsed * (double) (progress.total_bytes - progress.bytes) /
                                (double) progress.bytes;
    progress_show(run->call->output, &progress);
}

struct plan_hooks vacuum_hooks(struct vacuum_run *run)
{
    return (struct plan_hooks){
        .before = before, .notice = notice, .after = after, .tick = tick, .data = run};
}
