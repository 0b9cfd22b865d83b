#include "restore_settings.h"

#include <string.h>

static const char BEGIN[] = "# pgrunbook restore: begin; of no use any more after the recovery";
static const char END[] = "# pgrunbook restore: end";
static const char ASIDE[] = "# pgrunbook restore: aside: ";

static const char *const targets[] = {"recovery_target",      "recovery_target_lsn",
                                      "recovery_target_name", "recovery_target_time",
                                      "recovery_target_xid",  NULL};
static const char *const manners[] = {"recovery_target_action", "recovery_target_inclusive",
                                      "recovery_target_timeline", NULL};
static const char *const actions[] = {"promote", "pause", "shutdown", "standby"};
static const char *const commands[] = {"restore_command", "recovery_end_command",
                                       "archive_cleanup_command", NULL};

/* ---- lines --------------------------------------------------------------------------------- */

/* The setting that a line sets, in lower case; "" for none. Caller frees. */
static char *name_on(const char *line)
{
    while (g_ascii_isspace(*line))
        line++;
    gsize length = 0;
    while (g_ascii_isalnum(line[length]) || line[length] == '_' || line[length] == '.')
        length++;
    return g_ascii_strdown(line, (gssize) length);
}

static bool one_of(const char *line, const char *const *names)
{
    g_autofree char *name = name_on(line);

    return g_strv_contains(names, name);
}

/* A value as configuration files spell it: on one line. */
static void set(GString *text, const char *name, const char *value)
{
    g_string_append_printf(text, "%s = '", name);
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            g_string_append_c(text, *value);
        if (*value == '\n')
            g_string_append(text, "\\n");
        else
            g_string_append_c(text, *value);
    }
    g_string_append(text, "'\n");
}

/* What was there before, without any recovery; aside: keeps the cluster's own commands as
 * comments. */
static void append_kept(GString *kept, const char *text, bool aside)
{
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    bool ours = false;

    for (char **line = lines; *line != NULL; line++) {
        bool last = line[1] == NULL;
        if (g_str_has_prefix(*line, BEGIN))
            ours = true;
        bool drop = ours || one_of(*line, targets) || one_of(*line, manners);
        if (g_str_has_prefix(*line, END))
            ours = false;
        if (drop || (last && **line == '\0'))
            continue;
        if (aside && one_of(*line, commands))
            g_string_append(kept, ASIDE);
        bool back = !aside && g_str_has_prefix(*line, ASIDE);
        g_string_append_printf(kept, "%s\n", back ? *line + strlen(ASIDE) : *line);
    }
}

/* ---- the target ---------------------------------------------------------------------------- */

static const char *name_of(enum target_kind kind)
{
    switch (kind) {
    case TARGET_TIME:
        return "recovery_target_time";
    case TARGET_LSN:
        return "recovery_target_lsn";
    case TARGET_XID:
        return "recovery_target_xid";
    case TARGET_NAME:
        return "recovery_target_name";
    case TARGET_IMMEDIATE:
        return "recovery_target";
    case TARGET_LATEST:
        break;
    }
    return NULL;
}

/* With a numeric offset: what a zone's name means is another on another machine. */
static char *time_text(gint64 time_us)
{
    gint64 seconds = time_us / G_USEC_PER_SEC;
    gint64 rest = time_us % G_USEC_PER_SEC;

    if (rest < 0) {
        rest += G_USEC_PER_SEC;
        seconds--;
    }
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    g_autofree char *text = time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("");
    return g_strdup_printf("%s.%06d+00", text, (int) rest);
}

static char *value_of(const struct target *target)
{
    switch (target->kind) {
    case TARGET_TIME:
        return time_text(target->time_us);
    case TARGET_LSN:
        return g_strdup_printf("%X/%X", (guint) (target->lsn >> 32),
                               (guint) (target->lsn & G_MAXUINT32));
    case TARGET_XID:
        return g_strdup_printf("%u", target->xid);
    case TARGET_NAME:
        return g_strdup(target->value);
    case TARGET_IMMEDIATE:
        return g_strdup("immediate");
    case TARGET_LATEST:
        break;
    }
    return NULL;
}

char *restore_settings_target(const struct target *target)
{
    g_autofree char *value = value_of(target);
    GString *text = g_string_new(NULL);

    if (value != NULL)
        set(text, name_of(target->kind), value);
    return g_string_free(text, value == NULL);
}

/* ---- the text ------------------------------------------------------------------------------ */

/* Until the target. */
static GString *settings_begin(const char *text, const char *restore_command)
{
    GString *changed = g_string_new(NULL);

    append_kept(changed, text, true);
    g_string_append_printf(changed, "%s\n", BEGIN);
    set(changed, "restore_command", restore_command);
    set(changed, "recovery_end_command", "");
    set(changed, "archive_cleanup_command", "");
    return changed;
}

/* The server takes two targets for a mistake and does not start. */
static void unset_targets(GString *changed, const char *but)
{
    for (const char *const *name = targets; *name != NULL; name++)
        if (g_strcmp0(*name, but) != 0)
            set(changed, *name, "");
}

char *restore_settings_standby(const char *text, const char *restore_command,
                               const char *primary)
{
    GString *changed = settings_begin(text, restore_command);

    unset_targets(changed, NULL);
    set(changed, "recovery_target_timeline", "latest");
    /* What the cluster has is of a node that it was itself a standby of, and of its slot there. */
    set(changed, "primary_conninfo", primary != NULL ? primary : "");
    set(changed, "primary_slot_name", "");
    g_string_append_printf(changed, "%s\n", END);
    return g_string_free(changed, FALSE);
}

/* From 15 on a server reads ahead of what it replays, and meets what is damaged or missing behind the
 * target before it has got there: it ends then. */
static bool must_not_read_ahead(const struct restore_plan *plan)
{
    return plan->backup != NULL && plan->backup->version_num >= 150000 &&
           (plan->target.kind == TARGET_IMMEDIATE ||
            (plan->target.kind != TARGET_LATEST && plan->cut));
}

char *restore_settings_text(const char *text, const struct restore_plan *plan,
                            const char *restore_command, enum restore_action action)
{
    const struct target *target = &plan->target;
    GString *changed = settings_begin(text, restore_command);
    g_autofree char *line = restore_settings_target(target);
    g_autofree char *timeline =
        target->timeline == 0 ? g_strdup("latest") : g_strdup_printf("%u", target->timeline);

    set(changed, "recovery_min_apply_delay", "0");
    if (must_not_read_ahead(plan))
        set(changed, "recovery_prefetch", "off");
    /* Only where it takes connections does a server wait for somebody. */
    if (action == RESTORE_PAUSE)
        set(changed, "hot_standby", "on");
    unset_targets(changed, name_of(target->kind));
    g_string_append(changed, line ? line : "");
    set(changed, "recovery_target_inclusive", "on");
    set(changed, "recovery_target_timeline",
        target->kind == TARGET_IMMEDIATE ? "current" : timeline);
    set(changed, "recovery_target_action", actions[action]);
    g_string_append_printf(changed, "%s\n", END);
    return g_string_free(changed, FALSE);
}

char *restore_settings_alone(const char *text)
{
    GString *alone = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    bool ours = false;

    for (char **line = lines; *line != NULL; line++) {
        g_autofree char *name = name_on(*line);
        if (line[1] == NULL && **line == '\0')
            break;
        if (g_str_has_prefix(*line, BEGIN))
            ours = true;
        g_string_append_printf(alone, "%s%s\n", !ours && name[0] != '\0' ? ASIDE : "", *line);
        if (g_str_has_prefix(*line, END))
            ours = false;
    }
    return g_string_free(alone, FALSE);
}

/* The value behind a name, as guc-file.l reads it: quotes and backslashes stand for what follows. */
static char *value_on(const char *line)
{
    GString *value = g_string_new(NULL);

    line += strspn(line, " \t");
    line += strcspn(line, " \t=");
    line += strspn(line, " \t=");
    bool quoted = *line == '\'';
    for (line += quoted; *line != '\0'; line++) {
        if (quoted ? *line == '\'' && line[1] != '\'' : strchr(" \t\r#", *line) != NULL)
            break;
        if (quoted && (*line == '\'' || *line == '\\') && line[1] != '\0')
            line++;
        g_string_append_c(value, *line);
    }
    return g_string_free(value, FALSE);
}

char *restore_settings_line(const char *line, char **ret_value)
{
    *ret_value = value_on(line);
    return name_on(line);
}

char *restore_settings_goal(const struct target *target, enum restore_action action)
{
    g_autofree char *line = restore_settings_target(target);

    return g_strdup_printf("%s, timeline %u, %s", line ? g_strchomp(line) : "latest",
                           target->timeline, actions[action]);
}

char *restore_settings_cleaned(const char *text)
{
    GString *cleaned = g_string_new(NULL);

    append_kept(cleaned, text, false);
    return g_string_free(cleaned, FALSE);
}
