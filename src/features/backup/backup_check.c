/* The section's lines of `pgrunbook check`: only where a repository is configured. */
#include "backup_check.h"

#include "backup_decide.h"
#include "backup_health.h"
#include "backup_queries.h"

#include <string.h>

static struct health_bounds bounds_of(const struct settings *settings)
{
    return (struct health_bounds){
        .proof_us = settings_int(settings, "backup.proof_age") * 1000,
        .proof_critical_us = settings_int(settings, "backup.proof_age_critical") * 1000,
        .wal_us = settings_int(settings, "backup.wal_age") * 1000,
    };
}

/* Takes the message. A command that reads the repository alone knows a target, or is told. */
static void add(struct check *check, const char *name, const struct health *health)
{
    const char *where = check_where(check);
    const char *repo = settings_string(check_settings(check), "backup.repo");
    g_autofree char *quoted = g_shell_quote(repo);
    bool server = health->next != NULL && (strcmp(health->next, "create") == 0 ||
                                           strcmp(health->next, "wal receive") == 0);
    g_autofree char *next =
        health->next == NULL ? NULL
        : server || strstr(where, "--target") != NULL
            ? g_strdup_printf("pgrunbook backup %s %s", health->next, where)
            : g_strdup_printf("pgrunbook backup %s --repo %s", health->next, quoted);

    check_add(check, &(struct verdict){.name = name,
                                       .status = health->status,
                                       .value = health->value,
                                       .message = health->message,
                                       .next = next});
    g_free(health->message);
}

static bool ask_server(struct check *check, struct rows **ret_rows,
                       struct health_server *ret_server, GError **error)
{
    const char *slot = settings_string(check_settings(check), "backup.slot");
    const char *const values[] = {slot, NULL};
    struct rows *rows =
        session_query(check_session(check), &query_backup_check_wal, values, error);

    if (rows == NULL)
        return false;
    *ret_rows = rows;
    *ret_server = (struct health_server){
        .lsn = (guint64) rows_int(rows, 0, BACKUP_CHECK_WAL_LSN_BYTES),
        .slot_there = rows_bool(rows, 0, BACKUP_CHECK_WAL_SLOT_THERE),
        .slot_active = rows_bool(rows, 0, BACKUP_CHECK_WAL_SLOT_ACTIVE),
        .slot_status = rows_text(rows, 0, BACKUP_CHECK_WAL_SLOT_STATUS),
        .slot_bytes = rows_int(rows, 0, BACKUP_CHECK_WAL_SLOT_BYTES),
        .pushes = rows_bool(rows, 0, BACKUP_CHECK_WAL_PUSHES),
        .failing = rows_bool(rows, 0, BACKUP_CHECK_WAL_FAILING),
        .failed_wal = rows_text(rows, 0, BACKUP_CHECK_WAL_FAILED_WAL),
        .failing_seconds = rows_real(rows, 0, BACKUP_CHECK_WAL_FAILING_S),
    };
    return true;
}

static struct backup_figures *figures_of(const GPtrArray *backups)
{
    struct backup_figures *figures = g_new0(struct backup_figures, 1);

    figures->recovery_seconds = -1;
    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *backup = backups->pdata[i];
        bool usable = target_usable(backup);
        figures->stored_bytes += backup->stored;
        figures->usable += usable;
        figures->damaged += !usable;
        if (usable)
            figures->newest_us = MAX(figures->newest_us, backup->stopped_us);
        if (!usable || backup->proof != REPO_PROVEN)
            continue;
        figures->proven++;
        if (backup->stopped_us >= figures->proven_us) {
            figures->proven_us = backup->stopped_us;
            figures->recovery_seconds = backup->recovery_seconds;
        }
    }
    return figures;
}

static void add_wal_figures(struct backup_figures *figures, const struct recoverable *reach,
                            const struct health_server *server)
{
    figures->wal_known = true;
    figures->recoverable = reach->known;
    figures->from_us = reach->from_us;
    figures->to_us = MAX(reach->to_us, reach->from_us);
    figures->behind_bytes = server->lsn > reach->to_lsn ? server->lsn - reach->to_lsn : 0;
    figures->gaps = reach->gaps->len;
    figures->slot_there = server->slot_there;
    figures->slot_bytes = MAX(server->slot_bytes, 0);
    figures->failing_seconds = server->failing ? server->failing_seconds : 0;
}

static bool judge(struct check *check, const struct lineage *lineage, const GPtrArray *backups,
                  GError **error)
{
    const struct health_bounds bounds = bounds_of(check_settings(check));
    g_autofree char *damage = lineage_damage(lineage);
    struct health proof = health_proof(backups, damage, &bounds, g_get_real_time());
    struct health_server server;
    AUTO(rows) rows = NULL;
    AUTO(recoverable) recoverable = NULL;

    struct backup_figures *figures = figures_of(backups);

    check_hand_over(check, figures, g_free);
    add(check, "backup_proof", &proof);
    if (backups->len == 0)
        return true;
    recoverable = recoverable_find(lineage, backups, error);
    if (recoverable == NULL || !ask_server(check, &rows, &server, error))
        return false;
    add_wal_figures(figures, recoverable, &server);
    struct health wal = health_wal(recoverable, backups, &server, &bounds, g_get_real_time());
    add(check, "backup_wal", &wal);
    return true;
}

/* Whether the repository has anything of this cluster. */
static bool has_system(const struct repo *repo, const char *system)
{
    g_auto(GStrv) systems = repo_systems(repo, NULL);

    return systems != NULL && system != NULL &&
           g_strv_contains((const char *const *) systems, system);
}

bool backup_check(struct check *check, GError **error)
{
    const struct settings *settings = check_settings(check);
    const char *path = settings_string(settings, "backup.repo");
    g_autoptr(GError) broken = NULL;

    if (path == NULL || *path == '\0')
        return true;
    const char *system = session_system_identifier(check_session(check));
    AUTO(repo) repo = repo_open(settings, false, &broken);
    if (repo != NULL && system != NULL && !has_system(repo, system)) {
        struct health none = {VERDICT_CRITICAL, -1,
                              g_strdup("the repository has no backup of this cluster"),
                              "create"};
        add(check, "backup_proof", &none);
        return true;
    }
    AUTO(lineage)
    lineage = repo != NULL ? lineage_open(repo, system, false, &broken) : NULL;
    g_autoptr(GPtrArray) backups = lineage != NULL ? lineage_backups(lineage, &broken) : NULL;
    if (backups != NULL)
        return judge(check, lineage, backups, error);
    g_auto(GStrv) lines = g_strsplit(broken->message, "\n", 2);
    struct health unread = {VERDICT_CRITICAL, -1,
                            g_strdup_printf("the repository cannot be read: %s", lines[0]),
                            NULL};
    add(check, "backup_proof", &unread);
    return true;
}
