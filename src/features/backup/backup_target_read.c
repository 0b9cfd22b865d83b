/* The options that name a target, and a target in words. */
#include "backup_target.h"
#include "error.h"
#include "feature.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void target_clear(struct target *target)
{
    g_clear_pointer(&target->value, g_free);
    g_clear_pointer(&target->backup, g_free);
}

/* The one option that names the place; *ret_name NULL: none was given. */
static bool only_one(const struct options *options, const char **ret_name, GError **error)
{
    static const char *const names[] = {"latest",     "target-time", "target-lsn",
                                        "target-xid", "target-name", "immediate"};
    const char *found = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!option_given(options, names[i]))
            continue;
        if (found != NULL) {
            runbook_error_set(error, RUNBOOK_USAGE, "a recovery has one target",
                              "--%s and --%s exclude each other", found, names[i]);
            return false;
        }
        found = names[i];
    }
    *ret_name = found;
    return true;
}

/* Digits up to most; hexadecimal with 0x, as the server takes them. */
static bool number(const char *text, guint64 most, guint64 *ret)
{
    char *end = NULL;

    if (!g_ascii_isdigit(text[0]))
        return false;
    errno = 0;
    *ret = g_ascii_strtoull(text, &end, g_str_has_prefix(text, "0x") ? 16 : 10);
    return errno == 0 && *end == '\0' && *ret <= most;
}

static bool read_xid(const char *value, guint32 *ret_xid, GError **error)
{
    guint64 full = 0;

    /* pg_current_xact_id() has the epoch above the 32 bits that stand in the WAL. */
    if (!number(value, G_MAXUINT64, &full) || (guint32) full < 3) {
        runbook_error_set(error, RUNBOOK_USAGE, "it is what pg_current_xact_id() said",
                          "\"%s\" is not a transaction id", value);
        return false;
    }
    *ret_xid = (guint32) full;
    return true;
}

static bool read_value(struct target *target, const char *zone, GError **error)
{
    switch (target->kind) {
    case TARGET_TIME:
        return target_time_read(target->value, zone, &target->time_us, error);
    case TARGET_LSN:
        if (wal_lsn_parse(target->value, &target->lsn))
            return true;
        runbook_error_set(error, RUNBOOK_USAGE, "an LSN is spelt \"16/B374D848\"",
                          "\"%s\" is not an LSN", target->value);
        return false;
    case TARGET_XID:
        return read_xid(target->value, &target->xid, error);
    case TARGET_NAME:
        /* The promotion behind it writes it into the timeline's history, a line. */
        if (strchr(target->value, '\n') != NULL) {
            runbook_error_set(error, RUNBOOK_USAGE, "--target-lsn names the same place",
                              "PostgreSQL cannot recover to a restore point with a line break "
                              "in its name: it could not read its own timeline's history then");
            return false;
        }
        if (*target->value != '\0' && strlen(target->value) < 64)
            return true;
        runbook_error_set(error, RUNBOOK_USAGE,
                          "it is what pg_create_restore_point() was given",
                          "the name of a restore point has 1 to 63 bytes");
        return false;
    case TARGET_LATEST:
    case TARGET_IMMEDIATE:
        break;
    }
    return true;
}

static bool read_timeline(const char *text, guint32 *ret_timeline, GError **error)
{
    guint64 timeline = 0;

    if (text == NULL || strcmp(text, "latest") == 0)
        return true;
    if (strcmp(text, "current") == 0) {
        *ret_timeline = TARGET_TIMELINE_CURRENT;
        return true;
    }
    if (!number(text, TARGET_TIMELINE_CURRENT - 1, &timeline) || timeline == 0) {
        runbook_error_set(error, RUNBOOK_USAGE, "it is a number, \"current\" or \"latest\"",
                          "\"%s\" is not a timeline", text);
        return false;
    }
    *ret_timeline = (guint32) timeline;
    return true;
}

bool target_read(const struct options *options, const char *zone, struct target *ret_target,
                 GError **error)
{
    static const struct {
        const char *name;
        enum target_kind kind;
    } kinds[] = {{"latest", TARGET_LATEST},    {"target-time", TARGET_TIME},
                 {"target-lsn", TARGET_LSN},   {"target-xid", TARGET_XID},
                 {"target-name", TARGET_NAME}, {"immediate", TARGET_IMMEDIATE}};
    struct target target = {.kind = TARGET_LATEST};
    const char *name = NULL;

    if (!only_one(options, &name, error))
        return false;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (name != NULL && strcmp(kinds[i].name, name) == 0)
            target.kind = kinds[i].kind;
    if (name != NULL)
        target.value = g_strdup(option_value(options, name));
    target.backup = g_strdup(option_value(options, "backup"));
    if (!read_value(&target, zone, error) ||
        !read_timeline(option_value(options, "timeline"), &target.timeline, error)) {
        target_clear(&target);
        return false;
    }
    *ret_target = target;
    return true;
}

const char *target_kind_name(enum target_kind kind)
{
    static const char *const names[] = {"latest", "time", "lsn", "xid", "name", "immediate"};

    return names[kind];
}

char *target_text(const struct target *target)
{
    switch (target->kind) {
    case TARGET_TIME:
        return target_time_format(target->time_us, NULL);
    case TARGET_LSN:
        return g_strdup_printf("LSN %s", target->value);
    case TARGET_XID:
        return g_strdup_printf("transaction %u", target->xid);
    case TARGET_NAME:
        return g_strdup_printf("restore point \"%s\"", target->value);
    case TARGET_IMMEDIATE:
        return g_strdup("the end of the backup");
    case TARGET_LATEST:
        break;
    }
    return g_strdup("the end of the WAL");
}
