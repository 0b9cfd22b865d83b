#include "checklist/checklist_observe.h"

#include "ddl/ddl.h"
#include "reading.h"
#include "rehearse/snapshot.h"
#include "sql/sql_parse.h"
#include "store/store_migrations.h"

#include <string.h>

/* ---- what the history and the file say ------------------------------------------------------ */

static void take_rehearsal(struct checklist_migration *migration,
                           const struct apply_rehearsal *rehearsal)
{
    if (!rehearsal->found)
        return;
    migration->run = rehearsal->run;
    migration->rehearsed_us = rehearsal->at_us;
    migration->passed = rehearsal->passed;
    migration->verdict = g_strdup(rehearsal->verdict);
    migration->detail = g_strdup(rehearsal->detail);
    migration->hold_ms = rehearsal->longest_hold_ms;
    migration->predicted_ms = rehearsal->predicted_hold_ms;
}

static void take_form(struct checklist_migration *migration, const struct apply_form *form)
{
    migration->shape = form->shape == APPLY_TRANSACTION ? CHECKLIST_TRANSACTION
                       : form->shape == APPLY_ALONE     ? CHECKLIST_ALONE
                                                        : CHECKLIST_MIXED;
    migration->shape_why = g_strdup(form->why);
}

/* ---- what is due ---------------------------------------------------------------------------- */

static bool is_build(enum ddl_cause cause)
{
    return cause == DDL_CREATE_INDEX || cause == DDL_REINDEX || cause == DDL_ADD_UNIQUE ||
           cause == DDL_ADD_PRIMARY_KEY || cause == DDL_ADD_COLUMN_UNIQUE;
}

static void take_builds(struct checklist_migration *migration,
                        const struct ddl_judgement *judgement)
{
    for (guint i = 0; i < judgement->acts->len; i++) {
        const struct ddl_act *act = judgement->acts->pdata[i];
        if (!is_build(act->cause) || act->mode < DDL_SHARE || act->work < DDL_EFFECT_SCAN)
            continue;
        const char *what = act->cause == DDL_REINDEX ? "rebuilds an index" : "builds an index";
        g_ptr_array_add(
            migration->builds,
            g_strdup_printf(
                "%s%s%s on %s%s%s while %s wait", what, act->index != NULL ? " " : "",
                act->index != NULL ? act->index : "", act->schema != NULL ? act->schema : "",
                act->schema != NULL ? "." : "",
                act->relation != NULL ? act->relation : "a table", ddl_lock_blocks(act->mode)));
    }
}

/* The scripts of all, in their order, on the schema as it was before them. */
static void judge_form(const struct apply *apply, const struct folder_script *script,
                       const struct apply_form *form, struct ddl_schema *schema,
                       struct checklist_migration *migration)
{
    g_autoptr(GPtrArray) before = g_ptr_array_new();
    const struct ddl_context context = {
        .server_version = session_version(apply->control),
        .in_transaction = form->shape == APPLY_TRANSACTION,
        .time_zone = apply->time_zone,
        .before = before,
    };

    for (guint i = form->from; i < form->to; i++) {
        g_autofree char *sql =
            sql_statement_text(script->script, &g_array_index(script->script->statements,
                                                              struct sql_statement, i));
        AUTO(sql_parse) parse = sql_parse_new(sql, strlen(sql));
        AUTO(ddl_judgement) judgement = ddl_judge(parse, sql, schema, &context);
        migration->unread += !judgement->analysed;
        take_builds(migration, judgement);
    }
    ddl_schema_settle(schema);
}

static void take_targets(struct checklist_migration *migration, const struct apply_item *item)
{
    for (guint i = 0; i < item->targets->len; i++) {
        const struct apply_target *target = item->targets->pdata[i];
        GString *text = g_string_new(target->schema);
        g_string_append_printf(text, "%s%s", target->schema != NULL ? "." : "",
                               target->relation);
        for (guint j = 0; j < target->columns->len; j++)
            g_string_append_printf(text, "%s%s", j == 0 ? " (" : ", ",
                                   (const char *) target->columns->pdata[j]);
        if (target->columns->len > 0)
            g_string_append_c(text, ')');
        g_ptr_array_add(migration->targets, g_string_free(text, FALSE));
    }
}

/* Of the first the schema is the one there is now; that of the next is made by it, and was in the
 * same rehearsal. */
static void take_schema(GPtrArray *migrations, const struct apply_item *item,
                        struct checklist_migration *migration, const char *hash)
{
    const struct checklist_migration *first = migrations->len > 0 ? migrations->pdata[0] : NULL;

    migration->same_schema = first == NULL ? g_strcmp0(hash, item->rehearsal.schema_hash) == 0
                                           : first->same_schema && first->run == migration->run;
}

static bool take_due(struct apply *apply, struct checklist_facts *facts, GError **error)
{
    AUTO(ddl_schema) schema = reading_schema(apply->control, error);
    g_autofree char *hash =
        schema != NULL ? snapshot_hash(apply->control, apply->table->name, error) : NULL;

    for (guint i = 0; hash != NULL && i < apply->items->len; i++) {
        struct apply_item *item = apply->items->pdata[i];
        struct checklist_migration *migration = checklist_migration_new(apply_item_name(item));
        apply_observe_rehearsal(apply, item);
        take_rehearsal(migration, &item->rehearsal);
        take_schema(facts->migrations, item, migration, hash);
        take_form(migration, &item->form);
        take_targets(migration, item);
        judge_form(apply, item->script, &item->form, schema, migration);
        g_ptr_array_add(facts->migrations, migration);
    }
    return hash != NULL;
}

/* ---- what was applied last ------------------------------------------------------------------- */

struct last {
    struct apply *apply;
    GPtrArray *migrations;
    GPtrArray *files;     /* of struct folder_migration, the folder's: theirs */
    gint64 run, first_us; /* when the first of them was over */
    guint ours;           /* all that were applied */
};

static const struct folder_migration *by_hash(const struct folder *folder, const char *hash)
{
    for (guint i = 0; i < folder->migrations->len; i++) {
        const struct folder_migration *migration = folder->migrations->pdata[i];
        if (g_strcmp0(migration->hash, hash) == 0)
            return migration;
    }
    return NULL;
}

static void see_applied(const struct store_migration *stored, gpointer data)
{
    struct last *last = data;
    const struct folder_migration *found = by_hash(last->apply->folder, stored->hash);

    if (strcmp(stored->direction, "up") != 0 || strcmp(stored->outcome, "done") != 0)
        return;
    last->ours++;
    if (found == NULL || found->up == NULL)
        return;
    if (stored->run != last->run) {
        g_ptr_array_set_size(last->migrations, 0);
        g_ptr_array_set_size(last->files, 0);
        last->first_us = stored->at_us;
    }
    last->run = stored->run;
    struct checklist_migration *migration = checklist_migration_new(
        g_strdup_printf("%s %s", stored->version, stored->name != NULL ? stored->name : ""));
    struct apply_item item = {.migration = found};
    apply_observe_rehearsal(last->apply, &item);
    take_rehearsal(migration, &item.rehearsal);
    migration->applied = true;
    migration->apply_run = stored->run;
    migration->apply_hold_ms = stored->longest_hold_ms;
    migration->analyzed = stored->analyzed;
    apply_rehearsal_clear(&item.rehearsal);
    g_ptr_array_add(last->migrations, migration);
    g_ptr_array_add(last->files, (gpointer) (gsize) found);
}

/* What they say for themselves. The schema has by now what they made, and would tell of an index that
 * it is there: so each table that they do not create is taken to be one that is in use. */
static void judge_last(const struct last *last)
{
    AUTO(ddl_schema) schema = ddl_schema_new();

    for (guint i = 0; i < last->files->len; i++) {
        const struct folder_migration *found = last->files->pdata[i];
        struct apply_form form = apply_form_of(found->up);
        take_form(last->migrations->pdata[i], &form);
        if (form.shape != APPLY_REFUSED)
            judge_form(last->apply, found->up, &form, schema, last->migrations->pdata[i]);
        g_free(form.why);
    }
}

/* Returns when they were applied; 0: there are none that we have applied. */
static gint64 take_last(struct apply *apply, struct checklist_facts *facts)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    struct last last = {
        .apply = apply, .migrations = facts->migrations, .files = files, .run = -1};

    if (apply->system != NULL)
        store_migrations_each(apply->call->store, apply->system,
                              session_database(apply->control), apply->ledger, see_applied,
                              &last);
    judge_last(&last);
    facts->ours = last.ours;
    return last.first_us;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* applied_us: when those were applied that the list is about; 0: they are still due. */
static void take_backup(struct apply *apply, gint64 applied_us, struct checklist_facts *facts)
{
    struct apply_backup found = apply_observe_backup(apply, applied_us);
    struct apply_gate gate =
        apply_judge_backup(&found, settings_int(apply->call->settings, "migrations.backup_age"),
                           applied_us != 0 ? applied_us : facts->now_us);

    facts->backup_fits = gate.answer == APPLY_OPEN;
    facts->backup = gate.evidence;
    apply_backup_clear(&found);
}

bool checklist_observe(struct apply *apply, struct checklist_facts *ret_facts, GError **error)
{
    struct checklist_facts facts = {
        .migrations = g_ptr_array_new_with_free_func(checklist_migration_free),
        .max_hold_ms = (double) settings_int(apply->call->settings, "migrations.max_hold"),
        .now_us = g_get_real_time(),
        .files = apply->folder->migrations->len,
    };

    *ret_facts = facts;
    if (!apply_observe_place(apply, error) || !apply_choose(apply, error) ||
        !apply_judge_items(apply, error))
        return false;
    gint64 applied_us = 0;
    if (apply->items->len == 0)
        applied_us = take_last(apply, ret_facts);
    else if (!take_due(apply, ret_facts, error))
        return false;
    take_backup(apply, applied_us, ret_facts);
    return true;
}
