/* What a gate says of what was found. Pure. */
#include "apply.h"

#include "units/units.h"

#include <string.h>

static char *age(gint64 now_us, gint64 at_us)
{
    return units_format_duration((double) MAX(now_us - at_us, 0) / G_USEC_PER_SEC);
}

void apply_rehearsal_clear(struct apply_rehearsal *rehearsal)
{
    g_clear_pointer(&rehearsal->verdict, g_free);
    g_clear_pointer(&rehearsal->detail, g_free);
    g_clear_pointer(&rehearsal->schema_hash, g_free);
}

void apply_backup_clear(struct apply_backup *backup)
{
    g_clear_pointer(&backup->trouble, g_free);
    g_clear_pointer(&backup->proven, g_free);
    g_clear_pointer(&backup->newest, g_free);
}

/* ---- rehearsed ----------------------------------------------------------------------------- */

static struct apply_gate rehearsed(enum apply_answer answer, char *evidence)
{
    return (struct apply_gate){
        .name = "rehearsed", .answer = answer, .forcible = true, .evidence = evidence};
}

static char *hold_text(const struct apply_rehearsal *rehearsal)
{
    if (rehearsal->predicted_hold_ms >= 0)
        return g_strdup_printf("longest lock %.0f ms, %.0f ms predicted here",
                               rehearsal->longest_hold_ms, rehearsal->predicted_hold_ms);
    return g_strdup_printf("longest lock %.0f ms", rehearsal->longest_hold_ms);
}

struct apply_gate apply_judge_rehearsal(const struct apply_rehearsal *rehearsal,
                                        const char *what, const char *schema_hash, bool down,
                                        gint64 max_hold_ms, gint64 now_us)
{
    g_autofree char *ago = age(now_us, rehearsal->at_us);
    g_autofree char *hold = hold_text(rehearsal);
    g_autofree char *most = units_format_duration((double) max_hold_ms / 1000);

    if (!rehearsal->found)
        return rehearsed(APPLY_SHUT,
                         g_strdup_printf("%s: never rehearsed with this text", what));
    if (!rehearsal->passed)
        return rehearsed(APPLY_SHUT,
                         g_strdup_printf("%s: its rehearsal %s ago did not pass: %s%s%s", what,
                                         ago, rehearsal->verdict,
                                         rehearsal->detail != NULL ? ", " : "",
                                         rehearsal->detail != NULL ? rehearsal->detail : ""));
    if (!down && schema_hash != NULL && g_strcmp0(schema_hash, rehearsal->schema_hash) != 0)
        return rehearsed(
            APPLY_SHUT,
            g_strdup_printf("%s: rehearsed %s ago, but on another schema than this one", what,
                            ago));
    if (!down && rehearsal->predicted_hold_ms > (double) max_hold_ms)
        return rehearsed(APPLY_SHUT, g_strdup_printf("%s: rehearsed %s ago, %s, and may for %s",
                                                     what, ago, hold, most));
    return rehearsed(APPLY_OPEN,
                     g_strdup_printf("%s: rehearsed %s ago, run %" G_GINT64_FORMAT ", %s, %s",
                                     what, ago, rehearsal->run, rehearsal->verdict, hold));
}

/* ---- backup -------------------------------------------------------------------------------- */

static struct apply_gate backup_gate(enum apply_answer answer, char *evidence)
{
    return (struct apply_gate){
        .name = "backup", .answer = answer, .forcible = true, .evidence = evidence};
}

struct apply_gate apply_judge_backup(const struct apply_backup *backup, gint64 age_ms,
                                     gint64 now_us)
{
    g_autofree char *proven = age(now_us, backup->proven_us);
    g_autofree char *newest = age(now_us, backup->newest_us);
    g_autofree char *most = units_format_duration((double) age_ms / 1000);

    if (backup->proven != NULL)
        return backup_gate(APPLY_OPEN,
                           g_strdup_printf("backup %s, %s old, was restored by a drill",
                                           backup->proven, proven));
    if (backup->newest != NULL && now_us - backup->newest_us <= age_ms * 1000)
        return backup_gate(APPLY_OPEN,
                           g_strdup_printf("%s %s is %s old",
                                           backup->dump ? "the dump of run" : "backup",
                                           backup->newest, newest));
    if (backup->newest != NULL)
        return backup_gate(
            APPLY_SHUT,
            g_strdup_printf(
                "%s %s is %s old and may be %s; no backup was ever restored by a drill",
                backup->dump ? "the dump of run" : "backup", backup->newest, newest, most));
    if (backup->trouble != NULL)
        return backup_gate(
            APPLY_SHUT, g_strdup_printf("the repository cannot be read: %s", backup->trouble));
    return backup_gate(APPLY_SHUT,
                       g_strdup(backup->configured
                                    ? "the repository has no backup of this cluster"
                                    : "no backup and no dump of this database is known here: "
                                      "the setting backup.repo tells where to look"));
}

/* ---- obstacles ----------------------------------------------------------------------------- */

struct apply_gate apply_judge_obstacles(const char *name, const GPtrArray *sentences,
                                        const char *none)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < sentences->len && i < 3; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "; " : "",
                               (const char *) g_ptr_array_index(sentences, i));
    if (sentences->len > 3)
        g_string_append_printf(text, "; and %u more", sentences->len - 3);
    return (struct apply_gate){
        .name = name,
        .answer = sentences->len > 0 ? APPLY_SHUT : APPLY_OPEN,
        .evidence = g_strdup(sentences->len > 0 ? text->str : none),
    };
}
