/* What is to do: the folder against the version table. */
#include "apply.h"

#include "folder/version_rows.h"
#include "migrations_evidence.h"

#include <string.h>

/* ---- the folder ---------------------------------------------------------------------------- */

static bool sound(const struct apply *apply, GError **error)
{
    const guint warnings = apply->folder->problems->len;

    if (!folder_is_sound(apply->folder, error))
        return false;
    if (warnings > 0)
        output_note(apply->call->output,
                    "the folder has %u warnings: pgrunbook migrations lint shows them",
                    warnings);
    return true;
}

/* Where it stands in the folder. */
static guint place_of(const struct apply *apply, const struct folder_migration *migration)
{
    guint place = 0;

    g_ptr_array_find(apply->folder->migrations, migration, &place);
    return place;
}

static const struct folder_migration *migration_at(const struct apply *apply, guint place)
{
    return g_ptr_array_index(apply->folder->migrations, place);
}

/* ---- what is applied ----------------------------------------------------------------------- */

static bool applied(const struct apply *apply, const struct folder_migration *migration)
{
    return version_table_has(apply->table, migration);
}

/* The checksum that the table keeps, where it keeps one. */
static bool changed(const struct apply *apply, const struct folder_migration *migration)
{
    const struct version_applied *row = version_table_row(apply->table, migration);
    g_autofree char *flyway = g_strdup_printf("%d", migration->flyway_checksum);

    if (row == NULL || row->checksum == NULL || migration->repeatable)
        return false;
    return strcmp(row->checksum,
                  apply->folder->format == FOLDER_FLYWAY ? flyway : migration->hash) != 0;
}

static bool unchanged(const struct apply *apply, GError **error)
{
    for (guint i = 0; i < apply->folder->migrations->len; i++) {
        const struct folder_migration *migration = migration_at(apply, i);
        if (!applied(apply, migration) || !changed(apply, migration))
            continue;
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "put the file back as it was, and what is new into another one",
                          "%s %s has changed since it was applied", migration->version,
                          migration->name);
        return false;
    }
    return true;
}

/* golang-migrate's one row means nothing where its version is not in the folder. */
static bool known(const struct apply *apply, GError **error)
{
    const GPtrArray *rows = apply->table->applied;

    if (apply->folder->format != FOLDER_GOLANG_MIGRATE || rows->len == 0)
        return true;
    const struct version_applied *row = g_ptr_array_index(rows, rows->len - 1);
    if (folder_find(apply->folder, row->version) != NULL)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED, "the folder may be older than the database",
                      "the database is at version %s, which is not in the folder",
                      row->version);
    return false;
}

/* What has no file was removed, or is another branch's. When it is the newest, the folder is older
 * than the database, and what it has besides was never meant to come behind it. */
static bool there_are_files(const struct apply *apply, GError **error)
{
    bool newest;
    g_autofree char *lost = version_rows_lost(apply->folder, apply->table, &newest);

    if (newest) {
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "the folder may be older than the database, or another branch's",
                          "what was applied last has no file in the folder; without one: %s",
                          lost);
        return false;
    }
    if (lost != NULL && apply->shown == NULL)
        output_warn(apply->call->output, "applied, and there is no file in the folder: %s",
                    lost);
    return true;
}

/* ---- a mark -------------------------------------------------------------------------------- */

static struct apply_item *item_new(const struct apply *apply,
                                   const struct folder_migration *migration)
{
    struct apply_item *item = g_new0(struct apply_item, 1);

    item->migration = migration;
    item->script = apply->down ? migration->down : migration->up;
    item->down = apply->down;
    item->statements = g_ptr_array_new_with_free_func(g_free);
    item->strong = g_array_new(FALSE, TRUE, sizeof(bool));
    return item;
}

/* Whose mark it is: of a migration upwards its own version, downwards the one before it. */
static const struct folder_migration *marked(const struct apply *apply)
{
    const char *version = apply->table->dirty_version;
    const struct folder_migration *at =
        version != NULL ? folder_find(apply->folder, version) : NULL;

    if (!apply->down)
        return at;
    guint place = at != NULL ? place_of(apply, at) + 1 : 0;
    return place < apply->folder->migrations->len ? migration_at(apply, place) : NULL;
}

/* A mark of ours is that of a statement outside of a transaction, of a run that died: it goes on. */
static bool clean_enough(const struct apply *apply, GError **error)
{
    if (!apply->table->dirty)
        return true;
    const struct folder_migration *migration = marked(apply);
    if (migration != NULL) {
        struct apply_item *item = item_new(apply, migration);
        bool ours = item->script != NULL && apply_begun_before(apply, item);
        apply_item_free(item);
        if (ours)
            return true;
    }
    runbook_error_set(
        error, RUNBOOK_REFUSED,
        apply->folder->format == FOLDER_FLYWAY
            ? "look at what of it was done, put that right, then: flyway repair"
            : "look at what of it was done, put that right, then: migrate force VERSION",
        "the version table is dirty: %s stopped in the middle of version %s",
        folder_format_name(apply->folder->format),
        apply->table->dirty_version != NULL ? apply->table->dirty_version : "none");
    return false;
}

/* ---- choosing ------------------------------------------------------------------------------ */

static bool add(struct apply *apply, const struct folder_migration *migration, GError **error)
{
    struct apply_item *item = item_new(apply, migration);

    g_ptr_array_add(apply->items, item);
    if (item->script == NULL) {
        runbook_error_set(error, RUNBOOK_REFUSED, NULL, "%s %s has no %s script",
                          migration->version, migration->name, apply->down ? "down" : "up");
        return false;
    }
    if (!version_table_numbered(apply->folder->format, migration)) {
        runbook_error_set(error, RUNBOOK_REFUSED, "give the file a number",
                          "\"%s\" is no version that %s can keep", migration->version,
                          folder_format_name(apply->folder->format));
        return false;
    }
    if (apply->down && item->script->irreversible != NULL) {
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "a backup from before it, restored beside, has what it took away",
                          "%s %s is declared irreversible: %s", migration->version,
                          migration->name, item->script->irreversible);
        return false;
    }
    item->form = apply_form_of(item->script);
    if (item->form.shape != APPLY_REFUSED)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED, NULL, "%s", item->form.why);
    return false;
}

/* Tools whose rule it is refuse what comes before the newest that is applied. */
static bool in_order(const struct apply *apply, const struct folder_migration *migration,
                     bool later, GError **error)
{
    enum folder_format format = apply->folder->format;

    if (!later || migration->repeatable)
        return true;
    if (format != FOLDER_GOOSE && format != FOLDER_FLYWAY) {
        output_warn(apply->call->output,
                    "%s %s is older than what is applied already, and comes now",
                    migration->version, migration->name);
        return true;
    }
    runbook_error_set(error, RUNBOOK_REFUSED, "give it a version that is newer than those",
                      "%s %s is older than what is applied already, and %s does not apply it",
                      migration->version, migration->name, folder_format_name(format));
    return false;
}

static bool choose_up(struct apply *apply, GError **error)
{
    const GPtrArray *migrations = apply->folder->migrations;
    guint newest = 0, last = migrations->len;

    for (guint i = 0; i < migrations->len; i++)
        if (!migration_at(apply, i)->repeatable && applied(apply, migration_at(apply, i)))
            newest = i + 1;
    if (apply->to != NULL)
        last = place_of(apply, folder_find(apply->folder, apply->to)) + 1;
    for (guint i = 0; i < last; i++) {
        const struct folder_migration *migration = migration_at(apply, i);
        if (applied(apply, migration))
            continue;
        if (!in_order(apply, migration, i < newest, error) || !add(apply, migration, error))
            return false;
    }
    return true;
}

static bool choose_down(struct apply *apply, GError **error)
{
    const GPtrArray *migrations = apply->folder->migrations;
    bool all = g_strcmp0(apply->to, "0") == 0;
    guint floor = all || apply->to == NULL
                      ? 0
                      : place_of(apply, folder_find(apply->folder, apply->to)) + 1;
    const struct folder_migration *begun = apply->table->dirty ? marked(apply) : NULL;

    for (guint i = migrations->len; i > floor; i--) {
        const struct folder_migration *migration = migration_at(apply, i - 1);
        if (migration->repeatable || (migration != begun && !applied(apply, migration)))
            continue;
        if (!add(apply, migration, error))
            return false;
        if (apply->to == NULL)
            break;
    }
    return true;
}

static bool there(const struct apply *apply, GError **error)
{
    bool nothing = apply->to == NULL || (apply->down && strcmp(apply->to, "0") == 0);

    if (nothing || folder_find(apply->folder, apply->to) != NULL)
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, "pgrunbook migrations status lists them",
                      "there is no migration of version \"%s\" in the folder", apply->to);
    return false;
}

bool apply_choose(struct apply *apply, GError **error)
{
    g_ptr_array_set_size(apply->items, 0);
    g_clear_pointer(&apply->table, version_table_free);
    apply->table = version_table_read(apply->control, apply->folder, error);
    if (apply->table != NULL && apply->ledger == NULL)
        apply->ledger = version_table_ledger(apply->table);
    return apply->table != NULL && sound(apply, error) && there(apply, error) &&
           known(apply, error) && there_are_files(apply, error) && clean_enough(apply, error) &&
           unchanged(apply, error) &&
           (apply->down ? choose_down(apply, error) : choose_up(apply, error));
}
