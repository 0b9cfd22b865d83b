#include "backup_health.h"

#include "backup_decide.h"
#include "units/units.h"

#include <string.h>

/* Less than this can be the server's own records: a checkpoint, a list of running transactions. */
enum { IDLE_BYTES = 64 * 1024 };

static char *age_text(gint64 us)
{
    return units_format_duration((double) us / G_USEC_PER_SEC);
}

struct health health_proof(const GPtrArray *backups, const char *damage,
                           const struct health_bounds *bounds, gint64 now_us)
{
    const struct repo_backup *proven = NULL;
    guint usable = 0;

    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *backup = backups->pdata[i];
        usable += target_usable(backup) ? 1 : 0;
        if (target_usable(backup) && backup->proof == REPO_PROVEN &&
            (proven == NULL || backup->stopped_us > proven->stopped_us))
            proven = backup;
    }
    if (usable == 0)
        return (struct health){VERDICT_CRITICAL, -1,
                               g_strdup("there is no backup that can be restored"), "create"};
    if (damage != NULL)
        return (struct health){
            VERDICT_CRITICAL, -1,
            g_strdup_printf("the last backup met damage in the cluster: %s", damage), "list"};
    if (proven == NULL)
        return (struct health){
            VERDICT_CRITICAL, -1,
            g_strdup_printf("none of %u backups was ever restored by a drill: "
                            "nobody knows whether they come back",
                            usable),
            "drill"};
    gint64 age_us = now_us - proven->stopped_us;
    g_autofree char *age = age_text(age_us);
    g_autofree char *took = units_format_duration(proven->recovery_seconds);
    enum verdict_status status = age_us > bounds->proof_critical_us ? VERDICT_CRITICAL
                                 : age_us > bounds->proof_us        ? VERDICT_WARNING
                                                                    : VERDICT_OK;
    return (struct health){status, (double) age_us / G_USEC_PER_SEC,
                           g_strdup_printf("the newest proven backup is %s old; its recovery "
                                           "took %s",
                                           age, took),
                           status == VERDICT_OK ? NULL : "drill"};
}

static const struct repo_backup *newest_of(const GPtrArray *backups)
{
    const struct repo_backup *newest = NULL;

    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *backup = backups->pdata[i];
        if (target_usable(backup) &&
            (newest == NULL || backup->stopped_us > newest->stopped_us))
            newest = backup;
    }
    return newest;
}

/* A gap behind the newest backup ends what it can be replayed to, and nothing leads over it. One
 * before it makes a time in the past unreachable, until the older backups are expired. */
static bool judge_gaps(const struct recoverable *recoverable, const GPtrArray *backups,
                       struct health *ret_health)
{
    const struct repo_backup *newest = newest_of(backups);
    const struct recoverable_gap *gap = NULL;
    guint count = recoverable->gaps->len;

    if (count == 0)
        return false;
    gap = &g_array_index(recoverable->gaps, struct recoverable_gap, count - 1);
    bool open = newest != NULL && gap->from_lsn >= newest->start_lsn &&
                gap->timeline >= newest->timeline;
    *ret_health = (struct health){
        open ? VERDICT_CRITICAL : VERDICT_WARNING, count,
        open
            ? g_strdup_printf(
                  "%s: nothing behind it can be recovered until there is a new backup",
                  gap->text)
            : g_strdup_printf("%s: what was committed there cannot be recovered to", gap->text),
        open ? "create" : "list"};
    return true;
}

static bool judge_keepers(const struct health_server *server, struct health *ret_health)
{
    const char *status = server->slot_status != NULL ? server->slot_status : "";
    g_autofree char *held = units_format_size(MAX(server->slot_bytes, 0));

    if (server->slot_there &&
        (strcmp(status, "lost") == 0 || strcmp(status, "unreserved") == 0)) {
        *ret_health = (struct health){
            VERDICT_CRITICAL, (double) server->slot_bytes,
            strcmp(status, "lost") == 0
                ? g_strdup("the slot of the repository has lost WAL: it was "
                           "removed before it was received")
                : g_strdup_printf("the slot of the repository is about to lose WAL: %s are "
                                  "held back, more than max_slot_wal_keep_size allows",
                                  held),
            "wal receive"};
        return true;
    }
    if (server->slot_there && !server->slot_active) {
        *ret_health = (struct health){
            VERDICT_WARNING, (double) server->slot_bytes,
            g_strdup_printf("nobody receives WAL by the slot of the repository, and the server "
                            "holds back %s for it",
                            held),
            "wal receive"};
        return true;
    }
    if (server->pushes && server->failing) {
        g_autofree char *since = units_format_duration(server->failing_seconds);
        *ret_health = (struct health){
            VERDICT_WARNING, server->failing_seconds,
            g_strdup_printf("archive_command fails with %s, for %s since it last did not; WAL "
                            "piles up on the server",
                            server->failed_wal != NULL ? server->failed_wal : "WAL", since),
            "list"};
        return true;
    }
    return false;
}

struct health health_wal(const struct recoverable *recoverable, const GPtrArray *backups,
                         const struct health_server *server, const struct health_bounds *bounds,
                         gint64 now_us)
{
    struct health health = {.status = VERDICT_OK};

    if (judge_gaps(recoverable, backups, &health) && health.status == VERDICT_CRITICAL)
        return health;
    if (judge_keepers(server, &health) || health.status != VERDICT_OK)
        return health;
    if (!recoverable->known)
        return (struct health){VERDICT_CRITICAL, -1,
                               g_strdup("no backup has the WAL that it needs: none of them can "
                                        "be restored"),
                               "create"};
    guint64 behind = server->lsn > recoverable->to_lsn ? server->lsn - recoverable->to_lsn : 0;
    gint64 age_us = MAX(now_us - recoverable->to_us, 0);
    g_autofree char *bytes = units_format_size((gint64) behind);
    g_autofree char *age = age_text(age_us);
    if (behind > IDLE_BYTES && age_us > bounds->wal_us)
        return (struct health){VERDICT_WARNING, (double) age_us / G_USEC_PER_SEC,
                               g_strdup_printf("%s of WAL, written since the last commit that "
                                               "can be recovered %s ago, are on this server "
                                               "alone",
                                               bytes, age),
                               "list"};
    return (struct health){
        VERDICT_OK, (double) behind,
        g_strdup_printf("WAL is in the repository without a gap, but for the "
                        "last %s",
                        bytes),
        NULL};
}
