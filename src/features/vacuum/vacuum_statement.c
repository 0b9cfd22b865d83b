/* Batches as SQL. */
#include "units/units.h"
#include "vacuum.h"

enum { MIN_BUFFER_LIMIT = 128 << 10, MIN_WORK_MEM = 1 << 20, BUFFER_SHARE = 8 };
static const gint64 WORK_MEM_CAP = (gint64) G_MAXINT32 * 1024; /* no setting takes more */
static const gint64 WORK_MEM_CAP_16 = (gint64) 1 << 30; /* before 17 VACUUM uses no more */
static const gint64 BUFFER_LIMIT_CAP = (gint64) 16 << 30;

static void add(GString *text, const char *word)
{
    g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", word);
}

/* The server caps the ring at an eighth of shared_buffers itself; asking for more only misleads
 * a reader of the plan. */
static void buffer_limit(GString *text, const struct vacuum_case *state)
{
    gint64 limit = MIN(state->rules.buffer_usage_limit,
                       MIN(state->server.shared_buffers / BUFFER_SHARE, BUFFER_LIMIT_CAP));

    if (state->server.version < 160000 || state->rules.buffer_usage_limit == 0)
        return;
    g_autofree char *word = g_strdup_printf("BUFFER_USAGE_LIMIT '%" G_GINT64_FORMAT "kB'",
                                            MAX(limit, MIN_BUFFER_LIMIT) / 1024);
    add(text, word);
}

/* A truncated table takes AccessExclusiveLock on the standbys too and cancels their queries,
 * hot_standby_feedback or not: not while one is attached. */
char *vacuum_statement_options(const struct vacuum_case *state,
                               const struct vacuum_batch *batch)
{
    GString *text = g_string_new("VERBOSE");

    if (batch->vacuum && batch->analyze)
        add(text, "ANALYZE");
    if (batch->vacuum && batch->freeze)
        add(text, "FREEZE");
    if (!batch->alone)
        add(text, "SKIP_LOCKED");
    if (batch->vacuum && state->server.standbys > 0)
        add(text, "TRUNCATE false");
    if (batch->vacuum)
        g_string_append_printf(text, ", PARALLEL %d", batch->workers);
    if (batch->vacuum && state->server.version >= 160000)
        add(text, "SKIP_DATABASE_STATS");
    buffer_limit(text, state);
    return g_string_free(text, FALSE);
}

char *vacuum_statement(const struct vacuum_case *state, struct vacuum_batch *batch,
                       struct session *session)
{
    g_autofree char *words = vacuum_statement_options(state, batch);
    GString *sql = g_string_new(batch->vacuum ? "VACUUM (" : "ANALYZE (");
    const char *separator = batch->parent && state->server.version >= 180000 ? ") ONLY " : ") ";

    g_string_append(sql, words);
    for (guint i = 0; i < batch->choices->len; i++) {
        struct vacuum_choice *choice = g_ptr_array_index(batch->choices, i);
        bool full = batch->single && separator[0] == ',';
        choice->sent = choice->outcome == STEP_PLANNED && !full;
        choice->vacuum_began = choice->analyze_began = false;
        if (!choice->sent)
            continue;
        g_autofree char *name =
            session_quote(session, choice->table->schema, choice->table->name);
        g_string_append_printf(sql, "%s%s", separator, name);
        separator = ", ";
    }
    if (separator[0] == ')') {
        g_string_free(sql, TRUE);
        return NULL;
    }
    return g_string_free(sql, FALSE);
}

static char *object_of(const struct vacuum_batch *batch)
{
    const struct vacuum_choice *first = g_ptr_array_index(batch->choices, 0);

    if (batch->choices->len == 1)
        return g_strdup_printf("%s.%s", first->table->schema, first->table->name);
    return g_strdup_printf("%u tables, first %s.%s", batch->choices->len, first->table->schema,
                           first->table->name);
}

static char *reason_of(const struct vacuum_case *state, const struct vacuum_batch *batch)
{
    char *first = vacuum_reason(state, g_ptr_array_index(batch->choices, 0));

    if (batch->choices->len == 1)
        return first;
    char *text = g_strconcat("each its own; the first: ", first, NULL);
    g_free(first);
    return text;
}

static void lane_settings(const struct vacuum_case *state, struct plan *plan)
{
    gint64 memory = state->rules.memory / state->rules.lanes;
    memory = MIN(memory, state->server.version < 170000 ? WORK_MEM_CAP_16 : WORK_MEM_CAP);
    g_autofree char *work_mem =
        g_strdup_printf("%" G_GINT64_FORMAT "kB", MAX(memory, MIN_WORK_MEM) / 1024);
    g_autofree char *delay =
        g_strdup_printf("%" G_GINT64_FORMAT "ms", state->rules.cost_delay_ms);

    plan_set(plan, "maintenance_work_mem", work_mem);
    plan_set(plan, "vacuum_cost_delay", delay);
    /* A crash right after a VACUUM may undo its last moments, which the next one makes good;
     * waiting for the disk at every table's commits is what makes small ones slow. */
    plan_set(plan, "synchronous_commit", "off");
    /* VERBOSE's words are read in English; the figures observed afterwards do not need them. */
    if (state->server.superuser)
        plan_set(plan, "lc_messages", "C");
}

struct plan *vacuum_plan(const struct vacuum_case *state, GPtrArray *batches,
                         struct session *session)
{
    struct plan *plan = plan_new();
    bool vacuums = false;

    lane_settings(state, plan);
    for (guint i = 0; i < batches->len; i++) {
        struct vacuum_batch *batch = g_ptr_array_index(batches, i);
        struct step *step = plan_add(plan);
        step->object = object_of(batch);
        step->sql = vacuum_statement(state, batch, session);
        step->reason = reason_of(state, batch);
        step->lock_mode = "ShareUpdateExclusiveLock";
        step->phase = batch->phase;
        step->predicted_seconds = batch->predicted_seconds;
        step->may_be_cut = !batch->alone;
        step->subject = batch;
        vacuums |= batch->vacuum;
    }
    if (vacuums && state->server.version >= 160000) {
        struct step *step = plan_add(plan);
        step->object = g_strdup("database-wide freeze statistics");
        step->sql = g_strdup("VACUUM (ONLY_DATABASE_STATS)");
        step->reason = g_strdup("once for all steps, instead of after each");
        step->lock_mode = "RowExclusiveLock";
        step->phase = 3;
    }
    return plan;
}
