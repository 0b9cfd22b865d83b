/* What there is of the name already, and whether what was asked for may be done to it. */
#include "backup_queries.h"
#include "restore_dump.h"

static void collect(GPtrArray **into, const struct rows *rows)
{
    *into = g_ptr_array_new_with_free_func(g_free);
    for (int row = 0; row < rows_count(rows); row++)
        g_ptr_array_add(*into, g_strdup(rows_text(rows, row, 0)));
}

/* One that cannot be dropped is in nobody's way. */
static void collect_leftovers(struct restore_dump *restore, const struct rows *rows)
{
    restore->place.leftovers = g_ptr_array_new_with_free_func(g_free);
    for (int row = 0; row < rows_count(rows); row++) {
        const char *name = rows_text(rows, row, BACKUP_RESTORE_DUMP_LEFTOVERS_NAME);
        const char *away = rows_text(rows, row, BACKUP_RESTORE_DUMP_LEFTOVERS_AWAY);
        g_autofree char *quoted = session_quote(restore->session, NULL, name);
        if (away == NULL)
            g_ptr_array_add(restore->place.leftovers, g_strdup(name));
        else
            output_warn(restore->call->output,
                        "\"%s\" is left by a restore that was killed, and has subscriptions\n"
                        "hint: in it: %s. Then: DROP DATABASE %s",
                        name, away, quoted);
    }
}

static void note(struct restore_dump_place *place, const struct rows *now)
{
    place->exists = rows_bool(now, 0, BACKUP_RESTORE_DUMP_PLACE_FOUND);
    place->sessions = rows_int(now, 0, BACKUP_RESTORE_DUMP_PLACE_SESSIONS);
    place->prepared = rows_int(now, 0, BACKUP_RESTORE_DUMP_PLACE_PREPARED);
    place->slots = g_strdup(rows_text(now, 0, BACKUP_RESTORE_DUMP_PLACE_SLOTS));
    place->slots_away = g_strdup(rows_text(now, 0, BACKUP_RESTORE_DUMP_PLACE_SLOTS_AWAY));
    place->subscriptions = g_strdup(rows_text(now, 0, BACKUP_RESTORE_DUMP_PLACE_SUBSCRIPTIONS));
    place->subscriptions_away =
        g_strdup(rows_text(now, 0, BACKUP_RESTORE_DUMP_PLACE_SUBSCRIPTIONS_AWAY));
    place->disabled_away = g_strdup(rows_text(now, 0, BACKUP_RESTORE_DUMP_PLACE_DISABLED_AWAY));
}

bool restore_dump_look(struct restore_dump *restore, GError **error)
{
    struct session *session = restore->session;
    const char *place[] = {restore->into, restore->wish.drop_old ? "true" : "false"};
    const char *names[] = {restore->into, restore->restoring};
    const char *comment[] = {RESTORE_DUMP_COMMENT};

    AUTO(rows) now = session_query(session, &query_backup_restore_dump_place, place, error);
    AUTO(rows)
    left = now == NULL
               ? NULL
               : session_query(session, &query_backup_restore_dump_leftovers, comment, error);
    AUTO(rows)
    like = left == NULL
               ? NULL
               : session_query(session, &query_backup_restore_dump_properties, names, error);
    if (like == NULL)
        return false;
    note(&restore->place, now);
    collect_leftovers(restore, left);
    collect(&restore->place.properties, like);
    return gate_primary(session, rows_bool(now, 0, BACKUP_RESTORE_DUMP_PLACE_IN_RECOVERY),
                        "nothing can be restored into it", error);
}

void restore_dump_place_clear(struct restore_dump_place *place)
{
    g_clear_pointer(&place->properties, g_ptr_array_unref);
    g_clear_pointer(&place->leftovers, g_ptr_array_unref);
    g_free(place->slots);
    g_free(place->slots_away);
    g_free(place->subscriptions);
    g_free(place->subscriptions_away);
    g_free(place->disabled_away);
}

/* ---- may it? ----------------------------------------------------------------------------- */

/* A slot belongs to its database for good, and a subscription goes on in it under any name. */
static bool replicates(const struct restore_dump *restore, GError **error)
{
    const struct restore_dump_place *place = &restore->place;
    bool drops = restore->wish.drop_old;

    if (place->slots != NULL) {
        g_autofree char *hint = g_strdup_printf(
            "stop who reads them, drop them, and let him begin anew after the restore: %s. "
            "--into NEWDB restores beside it and leaves them alone",
            place->slots_away);
        runbook_error_set(
            error, RUNBOOK_REFUSED, hint,
            "\"%s\" has logical replication slots (%s), which %s: who reads them would "
            "miss what is written to the new one",
            restore->into, place->slots,
            drops ? "would be dropped with it" : "would stay with the old database");
        return true;
    }
    if (place->subscriptions == NULL)
        return false;
    g_autofree char *hint = g_strdup_printf(
        "in it: %s. Their slots stay with the publisher; --into NEWDB restores beside it and "
        "leaves them alone",
        place->subscriptions_away);
    runbook_error_set(error, RUNBOOK_REFUSED, hint, "\"%s\" has subscriptions (%s), %s",
                      restore->into, place->subscriptions,
                      drops ? "with which a database cannot be dropped"
                            : "which would go on in the old database and take the changes "
                              "that the new one is to have");
    return true;
}

static bool may_replace(const struct restore_dump *restore, GError **error)
{
    if (restore->place.prepared == 0)
        return !replicates(restore, error);
    runbook_error_set(error, RUNBOOK_REFUSED,
                      "SELECT * FROM pg_prepared_xacts names them; COMMIT PREPARED or "
                      "ROLLBACK PREPARED ends each",
                      "\"%s\" has %" G_GINT64_FORMAT " prepared transactions, which keep a "
                      "database in its place",
                      restore->into, restore->place.prepared);
    return false;
}

/* Into what exists only as it was asked for. */
bool restore_dump_may_begin(struct restore_dump *restore, GError **error)
{
    const struct restore_dump_wish *wish = &restore->wish;

    /* Whatever is in it is in every database that is made from then on. */
    if (strcmp(restore->into, "template0") == 0) {
        runbook_error_set(error, RUNBOOK_REFUSED, "--into NEWDB restores under another name",
                          "\"template0\" is what databases are made of, as it came with "
                          "PostgreSQL: nothing is restored into it");
        return false;
    }
    if (!restore->place.exists)
        g_clear_pointer(&restore->before, g_free);
    if (!restore->place.exists && wish->clean) {
        runbook_error_set(error, RUNBOOK_REFUSED, "leave --clean out: then it is made",
                          "there is no database \"%s\" to restore into", restore->into);
        return false;
    }
    if (!restore->place.exists || wish->clean)
        return true;
    if (wish->replace)
        return may_replace(restore, error);
    runbook_error_set(error, RUNBOOK_REFUSED,
                      "--into NEWDB restores under another name; --replace puts the restored "
                      "one in its place, and keeps the old one beside",
                      "there is a database \"%s\" already", restore->into);
    return false;
}
