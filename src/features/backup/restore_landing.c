#include "restore_landing.h"

#include <string.h>

static char *commit_text(const struct landmark *commit)
{
    g_autofree char *lsn = wal_lsn_format(commit->lsn);

    return g_strdup_printf("transaction %u (commit at %s)", commit->xid, lsn);
}

char *landing_judge(const struct landing *landing, const struct restore_plan *plan)
{
    g_autofree char *lsn = wal_lsn_format(landing->lsn);

    if (plan->before.known && landing->before == LANDING_NOT_THERE) {
        g_autofree char *commit = commit_text(&plan->before);
        return g_strdup_printf("%s should be there and is not", commit);
    }
    if (plan->after.known && landing->after == LANDING_THERE) {
        g_autofree char *commit = commit_text(&plan->after);
        return g_strdup_printf("%s should not be there and is", commit);
    }
    if (plan->before.known && landing->lsn < plan->before.end_lsn)
        return g_strdup_printf("it stopped at %s, before the planned last commit", lsn);
    /* The end of the WAL moves on while a restore beside a running primary is at work. What has
     * arrived since the plan was made is replayed as well, and nothing is known of it. */
    bool further = plan->end_lsn != 0 && landing->lsn > plan->end_lsn;
    if (further && plan->target.kind == TARGET_LATEST)
        return NULL;
    if (further) {
        g_autofree char *end = wal_lsn_format(plan->end_lsn);
        return g_strdup_printf("it stopped at %s, behind the planned end %s", lsn, end);
    }
    if (plan->last_us != 0 && landing->time_us != plan->last_us)
        return g_strdup("the last transaction that was replayed is not the planned one");
    return NULL;
}

guint64 landing_full_xid(guint32 xid, guint64 xmax)
{
    guint64 full = (xmax & ~(guint64) G_MAXUINT32) | xid;

    if (full < xmax)
        return full;
    /* Within half the circle it is ahead of us; else of the epoch before. */
    if (full - xmax < G_GUINT64_CONSTANT(1) << 31 || full <= G_MAXUINT32)
        return 0;
    return full - (G_GUINT64_CONSTANT(1) << 32);
}

char **landing_settings_wanted(const char *log)
{
    g_autoptr(GRegex) complaint = g_regex_new(
        "(max_[a-z_]+) = \\d+ is a lower setting than on the primary server, where its value "
        "was (\\d+)",
        0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    GPtrArray *wanted = g_ptr_array_new();

    for (g_regex_match(complaint, log, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        g_autofree char *name = g_match_info_fetch(match, 1);
        g_autofree char *value = g_match_info_fetch(match, 2);
        g_ptr_array_add(wanted, g_strdup_printf("%s=%s", name, value));
    }
    g_ptr_array_add(wanted, NULL);
    return (char **) g_ptr_array_free(wanted, FALSE);
}
