/* Rules of the configuration: which queries may be ended, and after how long. */
#include "queries_private.h"

#include <string.h>

static const char *const actions[] = {"report", "cancel", "terminate", NULL};

static const struct setting rule_rows[] = {
    {"role", SETTING_LIST, 0, NULL, NULL, NULL, NULL,
     "The rule is for queries of these roles, * and ? as wildcards. Empty: of any."},
    {"application", SETTING_LIST, 0, NULL, NULL, NULL, NULL,
     "… of these applications, by application_name."},
    {"database", SETTING_LIST, 0, NULL, NULL, NULL, NULL, "… in these databases."},
    {"query", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "… and that have this piece in their text: letters in any case, blanks and line breaks "
     "alike, * and ? as wildcards. Only the first 4 kB of a query are looked at."},
    {"longer_than", SETTING_DURATION, 0, "60s", "1s", NULL, NULL,
     "How long such a query may run."},
    {"action", SETTING_CHOICE, 0, "report", NULL, NULL, actions,
     "What \"queries cancel --rules\" and \"queries terminate --rules\" may do to it then: "
     "report lets it be, cancel cancels it, terminate goes on to end its session where the "
     "cancel did not help."},
    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

const struct setting_kind queries_kinds[] = {
    {"rule", rule_rows, "reports",
     "One section for each kind of long query. The first that matches a query has it. A rule "
     "with "
     "action = report also keeps its queries from \"--longer-than\"."},
    {NULL, NULL, NULL, NULL},
};

const char *queries_action_name(enum queries_action action)
{
    return actions[action];
}

static enum queries_action action_of(const char *text)
{
    for (enum queries_action action = QUERIES_REPORT; action < QUERIES_TERMINATE; action++)
        if (strcmp(actions[action], text) == 0)
            return action;
    return QUERIES_TERMINATE;
}

GArray *queries_rules(const struct settings *settings, const char *target)
{
    g_autoptr(GPtrArray) sections = settings_sections(settings, "rule", target);
    GArray *rules = g_array_new(FALSE, FALSE, sizeof(struct queries_rule));

    for (guint i = 0; i < sections->len; i++) {
        const struct settings_section *section = g_ptr_array_index(sections, i);
        const struct settings *own = section->settings;
        struct queries_rule rule = {
            .name = section->name,
            .roles = settings_list(own, "role"),
            .applications = settings_list(own, "application"),
            .databases = settings_list(own, "database"),
            .query = settings_string(own, "query"),
            .longer_than_us = settings_int(own, "longer_than") * 1000,
            .action = action_of(settings_string(own, "action")),
        };
        g_array_append_val(rules, rule);
    }
    return rules;
}

/* Letters small, every run of white space one blank. Caller frees. */
static char *plain(const char *text)
{
    g_autofree char *small = g_utf8_strdown(text, -1);
    g_autoptr(GString) out = g_string_new(NULL);

    for (const char *at = small; *at != '\0'; at++) {
        bool space = g_ascii_isspace(*at);
        if (!space)
            g_string_append_c(out, *at);
        else if (out->len > 0 && out->str[out->len - 1] != ' ')
            g_string_append_c(out, ' ');
    }
    return g_strchomp(g_string_free(g_steal_pointer(&out), FALSE));
}

bool queries_like(const char *pattern, const char *query)
{
    g_autofree char *valid = g_utf8_make_valid(query, -1);
    g_autofree char *wanted = plain(pattern);
    g_autofree char *text = plain(valid);

    g_autofree char *anywhere = g_strconcat("*", wanted, "*", NULL);
    return backends_like(anywhere, text);
}

static bool matches(const struct queries_rule *rule, const struct backend *backend)
{
    return (rule->roles[0] == NULL || backends_name_like(rule->roles, backend->role)) &&
           (rule->applications[0] == NULL ||
            backends_name_like(rule->applications, backend->application)) &&
           (rule->databases[0] == NULL ||
            backends_name_like(rule->databases, backend->database)) &&
           (rule->query == NULL || *rule->query == '\0' ||
            queries_like(rule->query, backend->query));
}

const struct queries_rule *queries_rule_of(const GArray *rules, const struct backend *backend)
{
    for (guint i = 0; i < rules->len; i++) {
        const struct queries_rule *rule = &g_array_index(rules, struct queries_rule, i);
        if (matches(rule, backend))
            return rule;
    }
    return NULL;
}
