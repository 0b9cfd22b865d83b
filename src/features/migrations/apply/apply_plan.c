/* The items' statements judged on the schema as it is, and the steps made of them. */
#include "apply.h"

#include "reading.h"
#include "sql/sql_parse.h"

#include <string.h>

/* ---- life ---------------------------------------------------------------------------------- */

static void lock_free(gpointer data)
{
    struct apply_lock *lock = data;

    g_free(lock->schema);
    g_free(lock->relation);
    g_free(lock);
}

static void target_free(gpointer data)
{
    struct apply_target *target = data;

    g_free(target->schema);
    g_free(target->relation);
    g_free(target->detail);
    g_ptr_array_unref(target->columns);
    g_free(target);
}

void apply_item_free(gpointer data)
{
    struct apply_item *item = data;

    g_free(item->form.why);
    g_free(item->object.schema);
    g_free(item->object.table);
    g_free(item->object.name);
    g_free(item->object.build);
    g_ptr_array_unref(item->statements);
    g_array_unref(item->strong);
    g_clear_pointer(&item->locks, g_ptr_array_unref);
    g_clear_pointer(&item->targets, g_ptr_array_unref);
    apply_rehearsal_clear(&item->rehearsal);
    plan_script_result_clear(&item->result);
    g_free(item->reason);
    g_free(item);
}

char *apply_item_name(const struct apply_item *item)
{
    const struct folder_migration *migration = item->migration;
    const char *name = migration->name != NULL ? migration->name : "";
    bool twice = strcmp(name, migration->version) == 0;

    return g_strdup_printf("%s%s%s%s", migration->version, twice || *name == '\0' ? "" : " ",
                           twice ? "" : name, item->down ? " (down)" : "");
}

/* ---- what its statements do ---------------------------------------------------------------- */

static void add_lock(struct apply_item *item, const struct ddl_schema *schema,
                     const struct ddl_lock *found)
{
    const struct ddl_relation *relation =
        ddl_schema_find(schema, found->schema, found->relation);

    for (guint i = 0; i < item->locks->len; i++) {
        struct apply_lock *lock = g_ptr_array_index(item->locks, i);
        if (strcmp(lock->relation, found->relation) != 0 ||
            g_strcmp0(lock->schema, found->schema) != 0)
            continue;
        lock->mode = MAX(lock->mode, found->mode);
        return;
    }
    struct apply_lock *lock = g_new0(struct apply_lock, 1);
    lock->oid = relation != NULL ? relation->oid : 0;
    lock->schema = g_strdup(found->schema);
    lock->relation = g_strdup(found->relation);
    lock->mode = found->mode;
    g_ptr_array_add(item->locks, lock);
}

static struct apply_target *target_of(struct apply_item *item, const struct ddl_analyze *wanted)
{
    for (guint i = 0; i < item->targets->len; i++) {
        struct apply_target *target = g_ptr_array_index(item->targets, i);
        if (strcmp(target->relation, wanted->relation) == 0 &&
            g_strcmp0(target->schema, wanted->schema) == 0)
            return target;
    }
    return NULL;
}

/* All of a table includes each of its columns. */
static void add_target(struct apply_item *item, const struct ddl_analyze *wanted)
{
    struct apply_target *target = target_of(item, wanted);
    bool known = target != NULL;

    if (!known) {
        target = g_new0(struct apply_target, 1);
        target->schema = g_strdup(wanted->schema);
        target->relation = g_strdup(wanted->relation);
        target->columns = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(item->targets, target);
    }
    if (wanted->column == NULL)
        g_ptr_array_set_size(target->columns, 0);
    else if ((!known || target->columns->len > 0) &&
             !g_ptr_array_find_with_equal_func(target->columns, wanted->column, g_str_equal,
                                               NULL))
        g_ptr_array_add(target->columns, g_strdup(wanted->column));
}

static void take(struct apply_item *item, const struct ddl_schema *schema,
                 const struct ddl_judgement *judgement)
{
    bool strong = false;

    item->analysed = item->analysed && judgement->analysed;
    for (guint i = 0; judgement->analysed && i < judgement->locks->len; i++) {
        const struct ddl_lock *lock = g_ptr_array_index(judgement->locks, i);
        if (lock->created_here)
            continue;
        strong = strong || lock->mode >= DDL_SHARE;
        item->mode = MAX(item->mode, lock->mode);
        add_lock(item, schema, lock);
    }
    for (guint i = 0; judgement->analysed && i < judgement->analyze->len; i++)
        add_target(item, g_ptr_array_index(judgement->analyze, i));
    g_array_append_val(item->strong, strong);
}

static void judgement_release(gpointer data)
{
    ddl_judgement_free(data);
}

static void judge(struct apply *apply, struct apply_item *item, struct ddl_schema *schema)
{
    g_autoptr(GPtrArray) judged = g_ptr_array_new_with_free_func(judgement_release);
    g_autoptr(GPtrArray) before = g_ptr_array_new();
    struct ddl_context context = {
        .server_version = session_version(apply->control),
        .in_transaction = item->form.shape == APPLY_TRANSACTION,
        .time_zone = apply->time_zone,
        .before = before,
    };

    item->analysed = true;
    for (guint i = item->form.from; i < item->form.to; i++) {
        char *sql = sql_statement_text(
            item->script->script,
            &g_array_index(item->script->script->statements, struct sql_statement, i));
        AUTO(sql_parse) parse = sql_parse_new(sql, strlen(sql));
        if (item->form.shape == APPLY_ALONE)
            apply_object_of(item, sql, schema);
        struct ddl_judgement *judgement = ddl_judge(parse, sql, schema, &context);
        g_ptr_array_add(judged, judgement);
        g_ptr_array_add(item->statements, sql);
        take(item, schema, judgement);
        for (guint j = 0; j < judgement->locks->len; j++)
            g_ptr_array_add(before, g_ptr_array_index(judgement->locks, j));
    }
}

bool apply_judge_items(struct apply *apply, GError **error)
{
    AUTO(ddl_schema)
    schema = apply->items->len > 0 ? reading_schema(apply->control, error) : NULL;

    for (guint i = 0; schema != NULL && i < apply->items->len; i++) {
        struct apply_item *item = g_ptr_array_index(apply->items, i);
        item->locks = g_ptr_array_new_with_free_func(lock_free);
        item->targets = g_ptr_array_new_with_free_func(target_free);
        judge(apply, item, schema);
        /* What is made by one is there for the next. */
        ddl_schema_settle(schema);
    }
    return schema != NULL || apply->items->len == 0;
}

/* ---- steps --------------------------------------------------------------------------------- */

GPtrArray *apply_version_sql(struct apply *apply, const struct apply_item *item)
{
    return version_table_write(apply->table, apply->folder, item->migration, item->down,
                               apply->control);
}

static void append(GString *sql, const GPtrArray *statements)
{
    for (guint i = 0; i < statements->len; i++)
        g_string_append_printf(sql, "%s%s", sql->len > 0 ? ";\n" : "",
                               (const char *) g_ptr_array_index(statements, i));
}

/* As psql would run it. */
static char *transaction_sql(const GPtrArray *first, const GPtrArray *second)
{
    g_autoptr(GString) sql = g_string_new("BEGIN");

    append(sql, first);
    append(sql, second);
    g_string_append(sql, ";\nCOMMIT");
    return g_strdup(sql->str);
}

static struct step *step_new(struct apply *apply, const struct apply_item *item, char *sql,
                             const char *reason, enum ddl_lock_mode mode)
{
    struct step *step = plan_add(apply->plan);

    step->object = apply_item_name(item);
    step->sql = sql;
    step->reason = g_strdup(reason);
    step->lock_mode = mode != DDL_LOCK_NONE ? ddl_lock_name(mode) : NULL;
    return step;
}

static char *analyze_sql(struct session *session, const struct apply_target *target)
{
    g_autofree char *table = session_quote(session, target->schema, target->relation);
    g_autoptr(GString) sql = g_string_new("ANALYZE ");

    g_string_append(sql, table);
    for (guint i = 0; i < target->columns->len; i++) {
        g_autofree char *column =
            session_quote(session, NULL, g_ptr_array_index(target->columns, i));
        g_string_append_printf(sql, "%s%s", i == 0 ? " (" : ", ", column);
    }
    if (target->columns->len > 0)
        g_string_append_c(sql, ')');
    return g_strdup(sql->str);
}

/* psql has nobody who looks whether the index is valid: IF NOT EXISTS is content with one that is not.
 * Of an index that the server names it is asked of all the table's. NULL: it is no index. */
static char *proof_sql(struct session *session, const struct apply_object *object)
{
    bool named = object->name != NULL;
    const char *name = named ? object->name : object->table;

    if (object->kind != ALONE_CREATE_INDEX || name == NULL)
        return NULL;
    g_autofree char *quoted = session_quote(session, object->schema, name);
    g_autofree char *literal = session_literal(session, quoted);
    return g_strdup_printf(
        "DO $proof$ BEGIN\n"
        "  IF %s (SELECT FROM pg_catalog.pg_index\n"
        "      WHERE %s = pg_catalog.to_regclass(%s) AND %sindisvalid) THEN\n"
        "    RAISE EXCEPTION 'an index is not there, or not valid: drop it, and build it once "
        "more';\n"
        "  END IF;\nEND $proof$",
        named ? "NOT EXISTS" : "EXISTS", named ? "indexrelid" : "indrelid", literal,
        named ? "" : "NOT ");
}

/* VACUUM FULL and the like keep everybody out, and do not wait for long. */
static bool waits_for_all(const struct apply_item *item)
{
    return !g_array_index(item->strong, bool, 0);
}

/* What the program does itself is printed for psql. */
static GPtrArray *proof_of(const struct apply *apply, const struct apply_item *item)
{
    GPtrArray *statements = g_ptr_array_new_with_free_func(g_free);
    char *proof = apply->call->dry_run ? proof_sql(apply->control, &item->object) : NULL;

    if (proof != NULL)
        g_ptr_array_add(statements, proof);
    return statements;
}

static void plan_alone(struct apply *apply, struct apply_item *item)
{
    const GPtrArray *statements = item->statements;
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GPtrArray) proof = proof_of(apply, item);
    g_autoptr(GPtrArray) rows = apply_version_sql(apply, item);
    g_autoptr(GPtrArray) mark = version_table_mark(apply->table, apply->folder, item->migration,
                                                   item->down, apply->control);

    if (mark != NULL && mark->len > 0)
        item->mark = step_new(apply, item, transaction_sql(none, mark),
                              "marked as begun, as its tool does", DDL_LOCK_NONE);
    item->act = step_new(apply, item, g_strdup(g_ptr_array_index(statements, 0)),
                         "the server takes it outside of a transaction only", item->mode);
    item->act->lock_timeout_ms = waits_for_all(item) ? -1 : 0;
    item->version = step_new(apply, item, transaction_sql(proof, rows),
                             "the version table, once it is proved", DDL_LOCK_NONE);
}

static void plan_item(struct apply *apply, struct apply_item *item)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (item->form.shape == APPLY_ALONE)
        plan_alone(apply, item);
    else {
        rows = apply_version_sql(apply, item);
        item->act = step_new(apply, item, transaction_sql(item->statements, rows),
                             item->down ? "to be taken back" : "not applied yet", item->mode);
    }
    for (guint i = 0; i < item->targets->len; i++) {
        struct apply_target *target = g_ptr_array_index(item->targets, i);
        target->step =
            step_new(apply, item, analyze_sql(apply->control, target),
                     "its statistics are gone, or not there yet", DDL_SHARE_UPDATE_EXCLUSIVE);
    }
}

void apply_plan(struct apply *apply)
{
    g_clear_pointer(&apply->plan, plan_free);
    apply->plan = plan_new();
    apply->plan->stops = true;
    apply_plan_left(apply);
    for (guint i = 0; i < apply->items->len; i++) {
        struct apply_item *item = g_ptr_array_index(apply->items, i);
        plan_item(apply, item);
        version_table_note(apply->table, apply->folder, item->migration, item->down);
    }
}
