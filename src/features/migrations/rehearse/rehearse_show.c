/* A rehearsal, for people. */
#include "out/grid.h"
#include "rehearse/rehearse.h"
#include "units/units.h"

#include <string.h>

char *rehearse_ms(double ms)
{
    if (ms < 0)
        return g_strdup("");
    if (ms < 10)
        return g_strdup_printf("%.1f ms", ms);
    if (ms < 1000)
        return g_strdup_printf("%.0f ms", ms);
    return units_format_duration(ms / 1000);
}

/* ---- a statement --------------------------------------------------------------------------- */

/* Its beginning, on one line. */
static char *excerpt(const struct folder_script *script, guint number)
{
    g_autofree char *text =
        sql_statement_text(script->script, &g_array_index(script->script->statements,
                                                          struct sql_statement, number));
    g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", -1);
    GString *line = g_string_new(NULL);

    for (char **word = words; *word != NULL && g_utf8_strlen(line->str, -1) <= 60; word++)
        if (**word != '\0')
            g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "", *word);
    if (g_utf8_strlen(line->str, -1) > 60) {
        g_autofree char *cut = g_utf8_substring(line->str, 0, 58);
        g_string_printf(line, "%s …", cut);
    }
    return g_string_free(line, FALSE);
}

static bool is_table(const struct trace_lock *lock)
{
    return strchr("rpmvf", lock->kind) != NULL;
}

/* The statement has it as a word of its own. */
static bool names(const char *sql, const char *relation)
{
    g_autofree char *escaped = g_regex_escape_string(relation, -1);
    g_autofree char *pattern = g_strdup_printf("(?<!\\w)%s(?!\\w)", escaped);

    return g_regex_match_simple(pattern, sql, G_REGEX_CASELESS | G_REGEX_RAW, 0);
}

/* Of those of one strength a table says more than its index, the one that the statement names more
 * than another, and a partitioned one more than its parts. */
static int rank(const struct trace_lock *lock, const char *sql)
{
    return 8 * (int) lock->mode + 4 * is_table(lock) + 2 * names(sql, lock->relation) +
           (lock->kind == 'p');
}

static const struct trace_lock *strongest(const struct trace_statement *statement,
                                          const char *sql)
{
    const struct trace_lock *found = NULL;

    for (guint i = 0; i < statement->locks->len; i++) {
        const struct trace_lock *lock = statement->locks->pdata[i];
        if (lock->new_here && (found == NULL || rank(lock, sql) > rank(found, sql)))
            found = lock;
    }
    return found;
}

/* Other tables that are locked so that somebody waits. */
static guint count_more(const struct trace_statement *statement, const struct trace_lock *shown)
{
    guint count = 0;

    for (guint i = 0; i < statement->locks->len; i++) {
        const struct trace_lock *lock = statement->locks->pdata[i];
        count += lock != shown && lock->new_here && lock->mode >= DDL_SHARE && is_table(lock);
    }
    return count;
}

static void lock_cell(struct grid *grid, const struct trace_lock *lock, guint more)
{
    g_autofree char *rest = more > 0 ? g_strdup_printf(" and %u more", more) : g_strdup("");

    grid_cellf(grid, lock->mode >= DDL_SHARE ? OUTPUT_CAUTION : OUTPUT_PLAIN, "%s on %s.%s%s",
               ddl_lock_words(lock->mode), lock->schema, lock->relation, rest);
}

static const struct ddl_lock *judged_lock(const struct ddl_judgement *judgement)
{
    const struct ddl_lock *found = NULL;

    for (guint i = 0; i < judgement->locks->len; i++) {
        const struct ddl_lock *lock = judgement->locks->pdata[i];
        if (!lock->created_here && (found == NULL || lock->mode > found->mode))
            found = lock;
    }
    return found;
}

static void lock_cells(struct grid *grid, const struct trace_statement *statement,
                       const struct ddl_judgement *judgement, const char *sql)
{
    const struct trace_lock *lock = strongest(statement, sql);
    const struct ddl_lock *rule = statement->alone ? judged_lock(judgement) : NULL;

    if (lock != NULL) {
        lock_cell(grid, lock, count_more(statement, lock));
        grid_take(grid, OUTPUT_PLAIN, rehearse_ms(lock->held_ms));
    } else if (rule != NULL) {
        grid_cellf(grid, OUTPUT_PLAIN, "%s on %s (by rule)", ddl_lock_words(rule->mode),
                   rule->relation);
        grid_cell(grid, OUTPUT_PLAIN, "");
    } else {
        grid_cell(grid, OUTPUT_PLAIN, "");
        grid_cell(grid, OUTPUT_PLAIN, "");
    }
}

static void statement_row(struct grid *grid, const struct rehearse *rehearse,
                          const struct rehearse_script *one, guint i)
{
    const struct trace_statement *statement = one->trace->statements->pdata[i];
    const struct ddl_judgement *judgement = one->judged->pdata[i];
    const struct sql_statement *place =
        &g_array_index(one->script->script->statements, struct sql_statement, i);
    const struct forecast_sizes sizes = {rehearse_size_of,
                                         (gpointer) (gsize) &rehearse->target};
    struct forecast forecast = forecast_statement(one->trace, i, &sizes);

    g_autofree char *sql = sql_statement_text(one->script->script, place);

    grid_cellf(grid, OUTPUT_DIM, "%u", one->script->line + place->line - 1);
    grid_take(grid, OUTPUT_PLAIN, excerpt(one->script, i));
    grid_cell(grid, statement->effect >= DDL_EFFECT_SCAN ? OUTPUT_CAUTION : OUTPUT_PLAIN,
              statement->error != NULL
                  ? "failed"
                  : ddl_effect_name(statement->alone ? judgement->effect : statement->effect));
    grid_take(grid, OUTPUT_PLAIN, rehearse_ms(statement->seconds * 1000));
    lock_cells(grid, statement, judgement, sql);
    if (forecast.hold_ms < 0)
        grid_cell(grid, OUTPUT_DIM, "not known");
    else
        grid_take(grid, OUTPUT_PLAIN,
                  forecast.hold_ms > 0 ? rehearse_ms(forecast.hold_ms) : g_strdup(""));
    grid_count(grid, OUTPUT_PLAIN, statement->scanned_rows);
    grid_size(grid, OUTPUT_PLAIN, statement->wal_bytes);
    forecast_clear(&forecast);
}

static struct grid *new_grid(bool whole)
{
    static const struct grid_column columns[] = {
        {"version", false},      {"direction", false}, {"line", true},  {"statement", false},
        {"effect", false},       {"took", true},       {"lock", false}, {"held", true},
        {"on the target", true}, {"rows read", true},  {"WAL", true},   {NULL, false}};

    return grid_new(whole ? columns : columns + 2);
}

static void show_script(const struct rehearse *rehearse, const struct rehearse_script *one)
{
    if (one->trace == NULL)
        return;
    AUTO(grid) grid = new_grid(false);
    for (guint i = 0; i < one->trace->statements->len; i++)
        statement_row(grid, rehearse, one, i);
    output_say(rehearse->call->output, "  %s", one->direction);
    grid_print(grid, rehearse->call->output);
    const struct trace_statement *failed = trace_failure(one->trace);
    if (failed != NULL)
        output_say(rehearse->call->output, "  %s:%u: %s", one->script->file,
                   one->script->line - 1 +
                       g_array_index(one->script->script->statements, struct sql_statement,
                                     failed->number)
                           .line,
                   failed->error);
}

/* ---- a migration --------------------------------------------------------------------------- */

/* Why it passes although nothing can be predicted. */
static void show_pass(struct output *output, const struct rehearse_migration *one)
{
    const struct forecast *forecast = &one->forecast;

    if (forecast->reason == NULL || !one->passed || forecast->at_most_ms < 0)
        return;
    g_autofree char *most = rehearse_ms(forecast->at_most_ms);
    output_say(
        output,
        "  passed all the same: had each statement that was too short taken %d ms here, it "
        "would hold the lock for %s there",
        FORECAST_LEAST_MS, most);
}

static void show_migration(const struct rehearse *rehearse,
                           const struct rehearse_migration *one)
{
    struct output *output = rehearse->call->output;
    static const enum output_tone tones[] = {OUTPUT_GOOD, OUTPUT_CAUTION, OUTPUT_CAUTION,
                                             OUTPUT_BAD};
    g_autofree char *verdict =
        output_paint(output, one->reached ? tones[one->verdict] : OUTPUT_DIM,
                     one->reached ? reversal_name(one->verdict) : "not reached");
    g_autofree char *held = rehearse_ms(one->longest_hold_ms);
    g_autofree char *there = rehearse_ms(one->forecast.hold_ms);

    const char *name = folder_migration_name(one->migration);
    output_say(output, "%s%s%s: %s%s%s%s", one->migration->version, name != NULL ? " " : "",
               name != NULL ? name : "", verdict, one->detail != NULL ? " (" : "",
               one->detail != NULL ? one->detail : "", one->detail != NULL ? ")" : "");
    if (!one->reached)
        return;
    show_script(rehearse, &one->up);
    if (output_verbosity(output) > 0 ||
        (one->down.trace != NULL && trace_failure(one->down.trace) != NULL))
        show_script(rehearse, &one->down);
    if (one->longest_hold_ms > 0)
        output_say(output, "  longest strong lock: %s here, %s%s on the target", held,
                   one->forecast.hold_ms < 0 ? "not known" : there,
                   one->forecast.hold_ms < 0 ? "" : " predicted");
    if (one->forecast.reason != NULL)
        output_say(output, "  %s", one->forecast.reason);
    show_pass(output, one);
    if (one->objection != NULL)
        output_say(output, "  not passed: %s", one->objection);
}

static void show_shadow(const struct rehearse *rehearse)
{
    const struct shadow *shadow = rehearse->shadow;
    struct output *output = rehearse->call->output;

    if (shadow->kind == SHADOW_FRESH) {
        g_autofree char *tables = units_format_counted(shadow->tables, "table");
        g_autofree char *rows = units_format_count(shadow->rows);
        output_say(output,
                   "rehearsed on a throw-away server %d: the target's schema, %s with %s "
                   "rows made up",
                   shadow->version / 10000, tables, rows);
    } else {
        output_say(output, "rehearsed on %s, server %d",
                   shadow->kind == SHADOW_GIVEN ? "a copy of the staging database"
                                                : "the newest backup, restored",
                   shadow->version / 10000);
    }
    for (guint i = 0; i < shadow->troubles->len; i++)
        output_warn(output, "%s", (const char *) shadow->troubles->pdata[i]);
}

void rehearse_show_text(const struct rehearse *rehearse)
{
    struct output *output = rehearse->call->output;

    if (rehearse->migrations->len == 0) {
        output_say(output, "nothing is pending");
        return;
    }
    show_shadow(rehearse);
    for (guint i = 0; i < rehearse->migrations->len; i++) {
        output_say(output, "%s", "");
        show_migration(rehearse, rehearse->migrations->pdata[i]);
    }
}

/* One table for other programs. */
static void grid_script(struct grid *grid, const struct rehearse *rehearse,
                        const struct rehearse_migration *one,
                        const struct rehearse_script *script)
{
    for (guint i = 0; script->trace != NULL && i < script->trace->statements->len; i++) {
        grid_cell(grid, OUTPUT_PLAIN, one->migration->version);
        grid_cell(grid, OUTPUT_PLAIN, script->direction);
        statement_row(grid, rehearse, script, i);
    }
}

void rehearse_show(const struct rehearse *rehearse)
{
    switch (output_format(rehearse->call->output)) {
    case OUTPUT_JSON:
        rehearse_document(rehearse);
        return;
    case OUTPUT_TABLE:
    case OUTPUT_MARKDOWN:
        rehearse_show_text(rehearse);
        return;
    case OUTPUT_CSV:
        break;
    }
    AUTO(grid) grid = new_grid(true);
    for (guint i = 0; i < rehearse->migrations->len; i++) {
        const struct rehearse_migration *one = rehearse->migrations->pdata[i];
        grid_script(grid, rehearse, one, &one->up);
        grid_script(grid, rehearse, one, &one->down);
    }
    grid_print(grid, rehearse->call->output);
}
