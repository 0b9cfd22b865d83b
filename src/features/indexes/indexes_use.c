/* Evidence of use: what two samples say that one does not. Pure. */
#include "indexes.h"

enum { SAMPLES_NEEDED = 2 };

bool indexes_counters_lost(gint64 reset_before_us, gint64 reset_now_us, guint counted,
                           guint fell)
{
    bool named = reset_now_us != 0 && reset_now_us != reset_before_us;

    return named || (counted > 0 && fell * 2 > counted);
}

struct store_use indexes_use_next(const struct store_use *before, guint oid, gint64 scans,
                                  bool lost, gint64 samples, gint64 now_us)
{
    struct store_use next = {
        .oid = oid, .scans = scans, .quiet_us = now_us, .quiet_samples = samples};

    if (before == NULL)
        return next;
    /* A zero after a loss: whatever was counted before it and after the last sample is gone. */
    next.reset = scans < before->scans || (lost && scans == 0);
    /* As high as before a loss: it was scanned since, as often as it had been. */
    if (scans == before->scans && !lost) {
        next.quiet_us = before->quiet_us;
        next.quiet_samples = before->quiet_samples;
        next.reset = before->reset;
    }
    return next;
}

static const struct indexes_use *find_use(const struct indexes_node *node, guint oid)
{
    guint low = 0, high = node->uses->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const struct indexes_use *use = &g_array_index(node->uses, struct indexes_use, middle);
        if (use->oid == oid)
            return use;
        if (use->oid < oid)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

enum indexes_quiet indexes_judge_use(const struct indexes_node *node, guint oid,
                                     gint64 evidence_us, gint64 now_us,
                                     gint64 *ret_quiet_since_us)
{
    const struct indexes_use *use = node->seen ? find_use(node, oid) : NULL;

    *ret_quiet_since_us = 0;
    if (use == NULL)
        return INDEXES_UNSEEN;
    /* The server remembers the last scan, in whole seconds and by its own clock: nothing was lost
     * since, and nothing scanned. */
    gint64 since = use->last_scan_us != 0 ? MIN(use->last_scan_us, now_us) : use->kept.quiet_us;
    gint64 samples = node->sampling.samples - use->kept.quiet_samples + 1;
    *ret_quiet_since_us = since;
    if (now_us - since >= evidence_us && samples >= SAMPLES_NEEDED)
        return INDEXES_QUIET;
    if (use->scans > 0)
        return INDEXES_USED;
    return use->kept.reset ? INDEXES_RESET : INDEXES_YOUNG;
}
