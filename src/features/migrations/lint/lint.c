/* The scripts of a folder, played in order: up to the newest, and from there down again. */
#include "lint/lint.h"

#include "lint/lint_private.h"

#include <string.h>

/* ---- memory ------------------------------------------------------------------------------ */

static void clear_statement(gpointer data)
{
    struct lint_statement *statement = data;

    g_free(statement->trouble);
    if (statement->findings != NULL)
        g_ptr_array_unref(statement->findings);
}

static void free_file(gpointer data)
{
    struct lint_file *file = data;

    g_array_unref(file->statements);
    g_ptr_array_unref(file->judgements);
    g_ptr_array_unref(file->findings);
    g_free(file);
}

static void free_judgement(gpointer judgement)
{
    ddl_judgement_free(judgement);
}

static void free_held(gpointer data)
{
    struct lint_held *held = data;

    g_free(held->lock->schema);
    g_free(held->lock->relation);
    g_free(held->lock);
    g_free(held);
}

void lint_report_free(struct lint_report *report)
{
    if (report == NULL)
        return;
    g_ptr_array_unref(report->files);
    g_ptr_array_unref(report->findings);
    g_free(report->base);
    g_free(report);
}

/* ---- one script -------------------------------------------------------------------------- */

/* Whether the statement was met before, but for its constants: then all is said of it. */
static bool is_known(struct lint_walk *walk, const char *shape)
{
    const struct ddl_judgement *known =
        shape != NULL ? lint_memo_find(walk->memo, shape) : NULL;

    if (known == NULL)
        return false;
    walk->statement->judgement = known;
    walk->statement->analysed = true;
    return true;
}

static void remember(struct lint_walk *walk, const char *shape)
{
    const PgQuery__Node *node = walk->parse->node;

    walk->constants_matter |=
        node != NULL && node->node_case == PG_QUERY__NODE__NODE_ALTER_ENUM_STMT;
    if (shape == NULL)
        lint_memo_forget(walk->memo);
    else if (walk->statement->findings == NULL)
        lint_memo_keep(walk->memo, shape, walk->statement->judgement);
}

static void judge(struct lint_walk *walk)
{
    struct lint_statement *statement = walk->statement;
    struct ddl_context context = {
        .server_version = walk->options->server_version,
        .in_transaction = walk->in_transaction,
        .time_zone = walk->options->time_zone,
        .before = walk->before,
    };
    struct ddl_judgement *judgement =
        ddl_judge(walk->parse, walk->text, walk->options->schema, &context);

    g_ptr_array_add(walk->file->judgements, judgement);
    statement->judgement = judgement;
    statement->analysed = walk->parse->tree != NULL && judgement->analysed;
    statement->trouble = g_strdup(walk->parse->reason);
}

/* Takes the statement apart, judges it and keeps what came of it. */
static void walk_statement(struct lint_walk *walk)
{
    struct lint_statement *statement = walk->statement;
    const char *begin = walk->file->script->script->text + statement->start;
    const char *shape =
        walk->constants_matter ? NULL : lint_memo_shape(walk->memo, begin, statement->length);

    if (is_known(walk, shape))
        return;
    g_autofree char *text = g_strndup(begin, statement->length);
    AUTO(sql_parse) parse = lint_ahead_take(walk->ahead, walk->number);
    walk->parse = parse;
    walk->text = text;
    lint_order_before(walk);
    judge(walk);
    lint_find(walk);
    lint_order_after(walk);
    remember(walk, shape);
    walk->parse = NULL;
    walk->text = NULL;
}

/* Of a script with BEGIN and COMMIT of its own: golang-migrate sends it as one query, plain
 * files are sent as they are, and the other tools begin a transaction around it all the
 * same. */
static bool begins_in_transaction(const struct lint_walk *walk)
{
    const struct folder_script *script = walk->file->script;

    if (script->transaction != FOLDER_OWN_TRANSACTIONS)
        return script->transaction == FOLDER_ONE_TRANSACTION;
    if (walk->format == FOLDER_GOLANG_MIGRATE)
        return script->script->statements->len > 1;
    return walk->format != FOLDER_PLAIN && !script->declared;
}

/* *number counts the statements of all scripts. */
static void walk_file(const struct lint_report *report, const struct lint_options *options,
                      struct lint_ahead *ahead, guint *number, struct lint_file *file)
{
    const GArray *statements = file->script->script->statements;
    g_autoptr(GHashTable) held =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_held);
    g_autoptr(GPtrArray) before = g_ptr_array_new();
    AUTO(lint_memo) memo = lint_memo_new();
    struct lint_walk walk = {
        .options = options,
        .format = report->folder->format,
        .file = file,
        .held = held,
        .before = before,
        .memo = memo,
        .ahead = ahead,
    };

    walk.in_transaction = begins_in_transaction(&walk);
    for (guint i = 0; i < statements->len; i++) {
        const struct sql_statement *one = &g_array_index(statements, struct sql_statement, i);
        struct lint_statement statement = {
            .line = file->script->line + one->line - 1,
            .start = one->start,
            .length = one->length,
        };
        g_array_append_val(file->statements, statement);
        walk.number = (*number)++;
        walk.statement = &g_array_index(file->statements, struct lint_statement, i);
        walk_statement(&walk);
    }
    ddl_schema_settle(options->schema);
    lint_order_file(&walk);
    lint_comments(&walk);
}

/* ---- the folder -------------------------------------------------------------------------- */

static struct lint_file *add_file(struct lint_report *report,
                                  const struct folder_migration *migration, bool down)
{
    struct lint_file *file = g_new0(struct lint_file, 1);

    file->migration = migration;
    file->down = down;
    file->script = down ? migration->down : migration->up;
    file->statements = g_array_new(FALSE, FALSE, sizeof(struct lint_statement));
    g_array_set_clear_func(file->statements, clear_statement);
    file->judgements = g_ptr_array_new_with_free_func(free_judgement);
    file->findings = g_ptr_array_new_with_free_func(lint_finding_free);
    g_ptr_array_add(report->files, file);
    return file;
}

static void add_files(struct lint_report *report, const struct version_table *applied)
{
    const GPtrArray *migrations = report->folder->migrations;

    for (guint i = 0; i < migrations->len; i++) {
        const struct folder_migration *migration = migrations->pdata[i];
        bool done = applied != NULL && version_table_has(applied, migration);
        if (migration->up != NULL)
            add_file(report, migration, false)->applied = done;
        if (migration->down != NULL)
            add_file(report, migration, true);
    }
}

/* Up in order. Down from the newest to the oldest: each on the schema that it will meet.
 * What is applied is part of the server's schema already. */
static GPtrArray *order_of(const struct lint_report *report)
{
    GPtrArray *order = g_ptr_array_new();

    for (guint i = 0; i < report->files->len; i++) {
        struct lint_file *file = report->files->pdata[i];
        if (!file->down && !file->applied)
            g_ptr_array_add(order, file);
    }
    for (guint i = report->files->len; i > 0; i--) {
        struct lint_file *file = report->files->pdata[i - 1];
        if (file->down)
            g_ptr_array_add(order, file);
    }
    return order;
}

static void walk_all(struct lint_report *report, const struct lint_options *options)
{
    g_autoptr(GPtrArray) order = order_of(report);
    g_autoptr(GPtrArray) scripts = g_ptr_array_sized_new(order->len);
    guint number = 0;

    for (guint i = 0; i < order->len; i++)
        g_ptr_array_add(scripts, ((struct lint_file *) order->pdata[i])->script->script);
    AUTO(lint_ahead) ahead = lint_ahead_new(scripts);
    for (guint i = 0; i < order->len; i++)
        walk_file(report, options, ahead, &number, order->pdata[i]);
}

/* ---- problems of the folder -------------------------------------------------------------- */

/* A finding of the script it is in, or of the folder. */
static void add_problem(struct lint_report *report, const struct folder_problem *problem)
{
    const struct lint_rule *rule = lint_rule_find(problem->rule);
    struct lint_finding *finding =
        lint_finding_new(rule != NULL ? rule : lint_rule("folder"), problem->line, 0);
    GPtrArray *findings = report->findings;

    finding->severity = problem->severity == FOLDER_ERROR ? LINT_ERROR : LINT_WARNING;
    finding->file = problem->file;
    finding->message = g_strdup(problem->message);
    for (guint i = 0; i < report->files->len; i++) {
        const struct lint_file *file = report->files->pdata[i];
        if (g_strcmp0(file->script->file, problem->file) == 0 &&
            problem->line >= file->script->line)
            findings = file->findings;
    }
    g_ptr_array_add(findings, finding);
}

/* Both directions of a file may have met it. */
static bool same_problem(const struct folder_problem *one, const struct folder_problem *other)
{
    return one->line == other->line && strcmp(one->file, other->file) == 0 &&
           strcmp(one->rule, other->rule) == 0 && strcmp(one->message, other->message) == 0;
}

/* A wrong path in a pipeline would be green for ever. */
static void add_none(struct lint_report *report)
{
    struct lint_finding *finding = lint_finding_new(lint_rule("no-migrations"), 0, 0);

    finding->message =
        report->folder->format == FOLDER_PLAIN
            ? g_strdup("there is no file whose name ends in .sql here")
            : g_strdup_printf("there is no file here that is a migration by the rules of %s",
                              folder_format_name(report->folder->format));
    g_ptr_array_add(report->findings, finding);
}

/* ---- the report -------------------------------------------------------------------------- */

static void count_finding(const struct lint_finding *finding, const struct lint_file *file,
                          const struct lint_statement *statement, gpointer data)
{
    struct lint_report *report = data;

    (void) file;
    (void) statement;
    if (finding->reason != NULL)
        report->ignored++;
    else if (finding->severity == LINT_ERROR)
        report->errors++;
    else if (finding->severity == LINT_WARNING)
        report->warnings++;
    else
        report->notes++;
}

static void count(struct lint_report *report)
{
    for (guint i = 0; i < report->files->len; i++) {
        const struct lint_file *file = report->files->pdata[i];
        report->statements += file->statements->len;
        for (guint j = 0; j < file->statements->len; j++)
            report->not_analysed +=
                !g_array_index(file->statements, struct lint_statement, j).analysed;
    }
    lint_each(report, count_finding, report);
}

/* Of a single file the folder it is in: the other direction may be in another file. */
static char *base_of(const char *path)
{
    g_autofree char *base =
        g_file_test(path, G_FILE_TEST_IS_DIR) ? g_strdup(path) : g_path_get_dirname(path);

    return strcmp(base, ".") == 0 ? g_strdup("") : g_steal_pointer(&base);
}

struct lint_report *lint_folder(const struct folder *folder, const struct lint_options *options)
{
    struct lint_report *report = g_new0(struct lint_report, 1);

    report->folder = folder;
    report->base = base_of(folder->path);
    report->server_version = options->server_version;
    report->schema_known = ddl_schema_known(options->schema);
    report->files = g_ptr_array_new_with_free_func(free_file);
    report->findings = g_ptr_array_new_with_free_func(lint_finding_free);
    add_files(report, options->applied);
    walk_all(report, options);
    for (guint i = 0; i < folder->problems->len; i++)
        if (i == 0 || !same_problem(folder->problems->pdata[i - 1], folder->problems->pdata[i]))
            add_problem(report, folder->problems->pdata[i]);
    if (report->files->len == 0)
        add_none(report);
    count(report);
    return report;
}

static void each_of(const GPtrArray *findings, const struct lint_file *file,
                    const struct lint_statement *statement,
                    void (*visit)(const struct lint_finding *finding,
                                  const struct lint_file *file,
                                  const struct lint_statement *statement, gpointer data),
                    gpointer data)
{
    for (guint i = 0; findings != NULL && i < findings->len; i++)
        visit(findings->pdata[i], file, statement, data);
}

void lint_each(const struct lint_report *report,
               void (*visit)(const struct lint_finding *finding, const struct lint_file *file,
                             const struct lint_statement *statement, gpointer data),
               gpointer data)
{
    each_of(report->findings, NULL, NULL, visit, data);
    for (guint i = 0; i < report->files->len; i++) {
        const struct lint_file *file = report->files->pdata[i];
        each_of(file->findings, file, NULL, visit, data);
        for (guint j = 0; j < file->statements->len; j++) {
            const struct lint_statement *statement =
                &g_array_index(file->statements, struct lint_statement, j);
            each_of(statement->findings, file, statement, visit, data);
        }
    }
}
