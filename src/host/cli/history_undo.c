#include "cli/history_undo.h"

#include "cli/record.h"
#include "error.h"
#include "units/units.h"

#include <string.h>

/* ---- statements --------------------------------------------------------------------------- */

char **undo_statements(const char *undo)
{
    g_auto(GStrv) pieces = g_strsplit(undo, ";\n", -1);
    g_autoptr(GStrvBuilder) statements = g_strv_builder_new();

    for (guint i = 0; pieces[i] != NULL; i++) {
        g_strstrip(pieces[i]);
        if (g_str_has_suffix(pieces[i], ";"))
            pieces[i][strlen(pieces[i]) - 1] = '\0';
        if (pieces[i][0] != '\0')
            g_strv_builder_add(statements, pieces[i]);
    }
    return g_strv_builder_end(statements);
}

/* Passes over a word (in capitals) and the blanks behind it. */
static bool skip_word(const char **at, const char *word)
{
    const gsize length = strlen(word);

    if (g_ascii_strncasecmp(*at, word, length) != 0 || !g_ascii_isspace((*at)[length]))
        return false;
    *at += length;
    while (g_ascii_isspace(**at))
        (*at)++;
    return true;
}

/* Reads a name as the server spells it: plain, or in quotes that are doubled inside. NULL when
 * there is none. */
static char *read_name(const char **at)
{
    GString *name = g_string_new(NULL);
    const char *in = *at;
    const bool quoted = *in == '"';

    for (in += quoted; *in != '\0'; in++) {
        if (quoted && in[0] == '"' && in[1] == '"')
            in++;
        else if (quoted ? *in == '"' : g_ascii_isspace(*in) || strchr("\".(;", *in) != NULL)
            break;
        g_string_append_c(name, *in);
    }
    const bool ended = !quoted || *in == '"';
    *at = in + (quoted && ended);
    return g_string_free(name, !ended || name->len == 0);
}

bool undo_index_parse(const char *sql, struct undo_index *ret_index)
{
    const char *at = sql;

    if (!skip_word(&at, "CREATE"))
        return false;
    skip_word(&at, "UNIQUE");
    if (!skip_word(&at, "INDEX") || !skip_word(&at, "CONCURRENTLY"))
        return false;
    struct undo_index index = {.name = read_name(&at)};
    while (g_ascii_isspace(*at))
        at++;
    if (skip_word(&at, "ON")) {
        skip_word(&at, "ONLY");
        index.schema = read_name(&at);
        at += *at == '.';
        index.table = read_name(&at);
    }
    if (index.name != NULL && index.schema != NULL && index.table != NULL) {
        *ret_index = index;
        return true;
    }
    undo_index_clear(&index);
    return false;
}

void undo_index_clear(struct undo_index *index)
{
    g_clear_pointer(&index->schema, g_free);
    g_clear_pointer(&index->table, g_free);
    g_clear_pointer(&index->name, g_free);
}

static void step_free(gpointer data)
{
    struct undo_step *step = data;

    undo_index_clear(&step->index);
    g_free(step->object);
    g_free(step->sql);
    g_free(step);
}

static struct undo_step *step_new(int of, const char *object, const char *sql)
{
    struct undo_step *step = g_new0(struct undo_step, 1);
    const char *at = sql;

    step->of = of;
    step->object = g_strdup(object);
    step->sql = g_strdup(sql);
    if (undo_index_parse(sql, &step->index))
        step->kind = UNDO_BUILD;
    else if (skip_word(&at, "SET") || skip_word(&at, "RESET"))
        step->kind = UNDO_SETTING;
    return step;
}

/* The strongest lock a statement may take. */
static const char *lock_mode_of(const struct undo_step *step)
{
    static const struct {
        const char *prefix, *mode;
    } modes[] = {
        {"CREATE INDEX ", "ShareLock"},
        {"CREATE UNIQUE INDEX ", "ShareLock"},
        {"COMMENT ON ", "ShareUpdateExclusiveLock"},
    };

    if (step->kind != UNDO_STATEMENT)
        return step->kind == UNDO_BUILD ? "ShareUpdateExclusiveLock" : "NoLock";
    for (guint i = 0; i < G_N_ELEMENTS(modes); i++)
        if (g_str_has_prefix(step->sql, modes[i].prefix))
            return modes[i].mode;
    return "AccessExclusiveLock";
}

/* ---- reading ------------------------------------------------------------------------------ */

static void take_run(const struct store_run_view *run, gpointer data)
{
    struct undo *undo = data;

    undo->run = run->id;
    undo->undo_run = run->undo_run;
    undo->started_us = run->started_us;
    undo->section = g_strdup(run->section);
    undo->verb = g_strdup(run->verb);
    undo->outcome = g_strdup(run->outcome);
    undo->target = g_strdup(run->target);
    undo->host = g_strdup(run->host);
    undo->dbname = g_strdup(run->dbname);
    undo->system_identifier = g_strdup(run->system_identifier);
}

/* The last step of the run is the first to be taken back. */
static void take_step(const struct store_step_view *step, gpointer data)
{
    struct undo *undo = data;

    if (step->undo == NULL)
        return;
    undo->undoable++;
    if (g_strcmp0(step->outcome, "running") == 0)
        undo->doubtful = step->number;
    if (g_strcmp0(step->outcome, "done") != 0)
        return;
    g_auto(GStrv) statements = undo_statements(step->undo);
    for (guint i = 0; statements[i] != NULL; i++)
        g_ptr_array_insert(undo->pending, (int) i,
                           step_new(step->number, step->object, statements[i]));
}

/* A statement that was done is not done again, but a setting is only good for what follows it. */
static void take_undone(const struct store_undone *undone, gpointer data)
{
    struct undo *undo = data;

    for (guint i = 0; i < undo->pending->len; i++) {
        const struct undo_step *step = g_ptr_array_index(undo->pending, i);
        if (step->kind != UNDO_SETTING && strcmp(step->sql, undone->sql) == 0) {
            const struct undo_done done = {step->of, undone->run, undone->at_us};
            g_array_append_val(undo->done, done);
            g_ptr_array_remove_index(undo->pending, i);
            return;
        }
    }
}

/* The size of what a step dropped is that of its index, when there was but one. */
static void take_object(const struct store_object *object, gpointer data)
{
    const struct undo *undo = data;
    struct undo_step *build = NULL;
    guint builds = 0;

    for (guint i = 0; object->step > 0 && i < undo->pending->len; i++) {
        struct undo_step *step = g_ptr_array_index(undo->pending, i);
        if (step->of != object->step || step->kind != UNDO_BUILD)
            continue;
        build = step;
        builds++;
    }
    if (builds == 1)
        build->bytes = object->bytes;
}

static bool is_needed(const struct undo *undo, int of)
{
    for (guint i = 0; i < undo->pending->len; i++) {
        const struct undo_step *step = g_ptr_array_index(undo->pending, i);
        if (step->of == of && step->kind != UNDO_SETTING)
            return true;
    }
    return false;
}

static void drop_vain_settings(struct undo *undo)
{
    for (guint i = undo->pending->len; i > 0; i--) {
        const struct undo_step *step = g_ptr_array_index(undo->pending, i - 1);
        if (!is_needed(undo, step->of))
            g_ptr_array_remove_index(undo->pending, i - 1);
    }
}

struct undo *undo_read(struct store *store, gint64 run, GError **error)
{
    AUTO(undo) undo = g_new0(struct undo, 1);

    undo->pending = g_ptr_array_new_with_free_func(step_free);
    undo->done = g_array_new(FALSE, FALSE, sizeof(struct undo_done));
    if (!store_run_by_id(store, run, take_run, undo, error) ||
        !store_each_step(store, run, take_step, undo, error) ||
        !store_each_object(store, run, take_object, undo, error) ||
        !store_each_undone(store, run, take_undone, undo, error))
        return NULL;
    drop_vain_settings(undo);
    return g_steal_pointer(&undo);
}

void undo_free(struct undo *undo)
{
    if (undo == NULL)
        return;
    g_ptr_array_unref(undo->pending);
    g_array_unref(undo->done);
    g_free(undo->section);
    g_free(undo->verb);
    g_free(undo->outcome);
    g_free(undo->target);
    g_free(undo->host);
    g_free(undo->dbname);
    g_free(undo->system_identifier);
    g_free(undo);
}

/* ---- deciding ----------------------------------------------------------------------------- */

static bool refuse_doubtful(const struct undo *undo, GError **error)
{
    g_autofree char *hint =
        g_strdup_printf("look whether it was done; \"pgrunbook history show %" G_GINT64_FORMAT
                        "\" has the SQL that takes it back",
                        undo->run);
    runbook_error_set(error, RUNBOOK_REFUSED, hint,
                      "step %d of run %" G_GINT64_FORMAT " was at work when the run died",
                      undo->doubtful, undo->run);
    return false;
}

bool undo_possible(const struct undo *undo, GError **error)
{
    g_autofree char *show =
        g_strdup_printf("see \"pgrunbook history show %" G_GINT64_FORMAT "\"",
                        undo->undo_run > 0 ? undo->undo_run : undo->run);

    if (g_strcmp0(undo->outcome, "running") == 0) {
        runbook_error_set(error, RUNBOOK_REFUSED, "interrupt it first, or wait for its end",
                          "run %" G_GINT64_FORMAT " is still at work", undo->run);
        return false;
    }
    if (undo->pending->len > 0)
        return true;
    if (undo->undo_run > 0)
        runbook_error_set(error, RUNBOOK_REFUSED, show,
                          "run %" G_GINT64_FORMAT
                          " was taken back already, by run %" G_GINT64_FORMAT,
                          undo->run, undo->undo_run);
    else if (undo->doubtful > 0)
        return refuse_doubtful(undo, error);
    else if (undo->undoable > 0)
        runbook_error_set(error, RUNBOOK_REFUSED, show,
                          "nothing of run %" G_GINT64_FORMAT " was done, so there is nothing "
                          "to take back",
                          undo->run);
    else
        runbook_error_set(error, RUNBOOK_REFUSED, show,
                          "nothing in run %" G_GINT64_FORMAT " (%s %s) can be taken back",
                          undo->run, undo->section, undo->verb);
    return false;
}

/* The command line that goes to the place of the run. */
static char *command_for(const struct undo *undo)
{
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, undo->run);
    const char *words[] = {"pgrunbook", "history", "undo", id, NULL, NULL, NULL, NULL};
    guint count = 4;

    if (undo->target != NULL) {
        words[count++] = "--target";
        words[count++] = undo->target;
        return cli_record_line(words);
    }
    if (undo->host != NULL && undo->host[0] != '\0') {
        words[count++] = "-h";
        words[count++] = undo->host;
    }
    words[count++] = undo->dbname;
    return cli_record_line(words);
}

bool undo_is_here(const struct undo *undo, const char *system_identifier, const char *dbname,
                  GError **error)
{
    g_autofree char *command = command_for(undo);
    g_autofree char *hint = g_strdup_printf("go there: %s", command);

    if (system_identifier == NULL || undo->system_identifier == NULL) {
        runbook_error_set(
            error, RUNBOOK_REFUSED, "the role must be allowed to execute pg_control_system()",
            "it is not known whether run %" G_GINT64_FORMAT " was on this server", undo->run);
        return false;
    }
    if (strcmp(system_identifier, undo->system_identifier) != 0) {
        runbook_error_set(error, RUNBOOK_REFUSED, hint,
                          "run %" G_GINT64_FORMAT " was on another server", undo->run);
        return false;
    }
    if (g_strcmp0(dbname, undo->dbname) == 0)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED, hint,
                      "run %" G_GINT64_FORMAT " was in database \"%s\", not in \"%s\"",
                      undo->run, undo->dbname, dbname);
    return false;
}

/* ---- the plan ----------------------------------------------------------------------------- */

static void plain_step(const struct undo_step *statement, struct step *step)
{
    step->object = g_strdup(statement->object);
    step->sql = g_strdup(statement->sql);
    step->lock_mode = lock_mode_of(statement);
}

/* A phase for each, because a step that is put off must not be overtaken. */
void undo_plan(const struct undo *undo, struct plan *plan, gint64 lock_timeout_ms,
               struct step *(*build)(const struct undo_step *statement, const char *reason,
                                     gpointer data),
               gpointer data)
{
    for (guint i = 0; i < undo->pending->len; i++) {
        struct undo_step *statement = g_ptr_array_index(undo->pending, i);
        g_autofree char *reason = g_strdup_printf("takes back step %d of run %" G_GINT64_FORMAT,
                                                  statement->of, undo->run);
        struct step *step = NULL;
        if (statement->kind == UNDO_BUILD && build != NULL)
            step = build(statement, reason, data);
        if (step == NULL) {
            step = plan_add(plan);
            plain_step(statement, step);
            step->reason = g_steal_pointer(&reason);
            step->lock_timeout_ms = lock_timeout_ms;
        }
        step->phase = i + 1;
        step->subject = statement;
    }
}

bool undo_may_follow(const struct plan *plan, const struct step *step)
{
    const struct undo_step *statement = step->subject;

    if (statement == NULL || statement->kind == UNDO_SETTING)
        return true;
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *earlier = g_ptr_array_index(plan->steps, i);
        const struct undo_step *before = earlier->subject;
        if (earlier == step)
            break;
        if (before != NULL && before->of == statement->of && earlier->outcome != STEP_DONE)
            return false;
    }
    return true;
}

bool undo_builds(const struct undo *undo)
{
    for (guint i = 0; i < undo->pending->len; i++)
        if (((const struct undo_step *) g_ptr_array_index(undo->pending, i))->kind ==
            UNDO_BUILD)
            return true;
    return false;
}
