/* Figures for monitoring, from what check() has read of the repository. */
#include "backup_check.h"

enum {
    BACKUPS,
    NEWEST,
    PROVEN,
    RECOVERY,
    STORED,
    RECOVERABLE,
    COMMIT_AGE,
    BEHIND,
    GAPS,
    SLOT,
    FAILING,
};

const struct metric backup_metrics[] = {
    [BACKUPS] = {"backups", METRIC_GAUGE, NULL, "Backups in the repository by what they are",
                 "state", false},
    [NEWEST] = {"newest_age_seconds", METRIC_GAUGE, "seconds",
                "How long ago the newest backup that can be restored ended", NULL, false},
    [PROVEN] = {"proven_age_seconds", METRIC_GAUGE, "seconds",
                "How long ago the newest backup ended that a drill has restored", NULL, false},
    [RECOVERY] = {"recovery_duration_seconds", METRIC_GAUGE, "seconds",
                  "How long the drill with the newest proven backup took to recover", NULL,
                  false},
    [STORED] = {"repository_bytes", METRIC_GAUGE, "bytes",
                "What the backups take in the repository, without WAL", NULL, false},
    [RECOVERABLE] = {"recoverable_seconds", METRIC_GAUGE, "seconds",
                     "From the oldest moment that can be recovered to until the newest", NULL,
                     false},
    [COMMIT_AGE] = {"recoverable_age_seconds", METRIC_GAUGE, "seconds",
                    "How long ago the newest commit was that can be recovered", NULL, false},
    [BEHIND] = {"wal_behind_bytes", METRIC_GAUGE, "bytes",
                "WAL of the server that is not in the repository yet", NULL, false},
    [GAPS] = {"wal_gaps", METRIC_GAUGE, NULL,
              "Places where WAL is missing or broken between backups and the newest WAL", NULL,
              false},
    [SLOT] = {"slot_retained_bytes", METRIC_GAUGE, "bytes",
              "WAL the server holds back for the slot of the repository", NULL, false},
    [FAILING] = {"archive_failing_seconds", METRIC_GAUGE, "seconds",
                 "For how long archive_command has failed; 0: it does not", NULL, false},
    {.name = NULL},
};

static void measure_backups(struct measure *measure, const struct backup_figures *figures)
{
    double now = (double) g_get_real_time();

    measure_add(measure, &backup_metrics[BACKUPS], figures->usable, "usable");
    measure_add(measure, &backup_metrics[BACKUPS], figures->proven, "proven");
    measure_add(measure, &backup_metrics[BACKUPS], figures->damaged, "damaged");
    measure_add(measure, &backup_metrics[STORED], (double) figures->stored_bytes);
    if (figures->usable > 0)
        measure_add(measure, &backup_metrics[NEWEST],
                    (now - (double) figures->newest_us) / G_USEC_PER_SEC);
    if (figures->proven > 0)
        measure_add(measure, &backup_metrics[PROVEN],
                    (now - (double) figures->proven_us) / G_USEC_PER_SEC);
    if (figures->proven > 0 && figures->recovery_seconds >= 0)
        measure_add(measure, &backup_metrics[RECOVERY], figures->recovery_seconds);
}

static void measure_wal(struct measure *measure, const struct backup_figures *figures)
{
    double now = (double) g_get_real_time();

    measure_add(measure, &backup_metrics[GAPS], figures->gaps);
    measure_add(measure, &backup_metrics[FAILING], figures->failing_seconds);
    if (figures->slot_there)
        measure_add(measure, &backup_metrics[SLOT], (double) figures->slot_bytes);
    if (!figures->recoverable)
        return;
    measure_add(measure, &backup_metrics[BEHIND], (double) figures->behind_bytes);
    measure_add(measure, &backup_metrics[RECOVERABLE],
                (double) (figures->to_us - figures->from_us) / G_USEC_PER_SEC);
    measure_add(measure, &backup_metrics[COMMIT_AGE],
                (now - (double) figures->to_us) / G_USEC_PER_SEC);
}

bool backup_measure(struct measure *measure, G_GNUC_UNUSED GError **error)
{
    const struct backup_figures *figures = measure_observed(measure);

    if (figures == NULL) /* no repository, or it cannot be read: check says which */
        return true;
    measure_backups(measure, figures);
    if (figures->wal_known)
        measure_wal(measure, figures);
    return true;
}
