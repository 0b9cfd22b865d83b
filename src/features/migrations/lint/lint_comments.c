/* Comments of a script that ignore findings: whose each is, and what has become of it. */
#include "lint/lint_ignore.h"
#include "lint/lint_private.h"

#include <string.h>

/* One rule of one comment. */
struct claim {
    const struct lint_ignore *ignore;
    const char *rule;
    guint line;   /* of the file */
    gssize owner; /* among the statements; -1: none, or all of them */
    bool used;
};

static gsize end_of(const struct lint_statement *statement)
{
    return statement->start + statement->length;
}

/* No line ends between the statement and what stands behind it. */
static bool on_its_last_line(const struct lint_walk *walk,
                             const struct lint_statement *statement, gsize start)
{
    const char *text = walk->file->script->script->text;
    gsize end = end_of(statement);

    return end <= start && memchr(text + end, '\n', start - end) == NULL;
}

/* *next is the first statement that ends behind the comment; it only grows. */
static gssize owner_of(const struct lint_walk *walk, const struct sql_comment *comment,
                       guint *next)
{
    const GArray *statements = walk->file->statements;

    while (*next < statements->len &&
           end_of(&g_array_index(statements, struct lint_statement, *next)) <= comment->start)
        (*next)++;
    if (*next > 0 &&
        on_its_last_line(walk, &g_array_index(statements, struct lint_statement, *next - 1),
                         comment->start))
        return (gssize) *next - 1;
    return *next < statements->len ? (gssize) *next : -1;
}

/* ---- findings about comments ------------------------------------------------------------- */

static void complain(struct lint_walk *walk, guint line, const char *rule, char *message)
{
    struct lint_finding *finding = lint_finding_new(lint_rule(rule), line, 0);

    finding->file = walk->file->script->file;
    finding->message = message;
    g_ptr_array_add(walk->file->findings, finding);
}

static void complain_unknown(struct lint_walk *walk, guint line, const char *rule)
{
    const char *nearest = lint_rule_nearest(rule);

    complain(walk, line, "ignore-unknown-rule",
             nearest != NULL ? g_strdup_printf("there is no rule \"%s\"; did you mean \"%s\"?",
                                               rule, nearest)
                             : g_strdup_printf("there is no rule \"%s\"", rule));
}

/* What a rule found with a server and without one may differ: with one it is a note. */
static void complain_unused(struct lint_walk *walk, const struct claim *claim)
{
    complain(walk, claim->line, "ignore-unused",
             g_strdup_printf("nothing of \"%s\" is found here: the comment has nothing to "
                             "ignore",
                             claim->rule));
    if (ddl_schema_known(walk->options->schema)) {
        struct lint_finding *finding =
            walk->file->findings->pdata[walk->file->findings->len - 1];
        finding->severity = LINT_NOTE;
    }
}

static void complain_expired(struct lint_walk *walk, const struct claim *claim)
{
    gint64 days = walk->options->today - claim->ignore->until;

    complain(walk, claim->line, "ignore-expired",
             g_strdup_printf("\"%s\" is ignored no longer: the comment ended %" G_GINT64_FORMAT
                             " %s ago",
                             claim->rule, days, days == 1 ? "day" : "days"));
}

/* ---- applying them ----------------------------------------------------------------------- */

static void claim_rules(struct lint_walk *walk, GArray *claims,
                        const struct lint_ignore *ignore, guint line, gssize owner)
{
    if (ignore->fault != NULL) {
        complain(walk, line, "ignore-malformed", g_strdup(ignore->fault));
        return;
    }
    for (guint i = 0; i < ignore->rules->len; i++) {
        const char *rule = ignore->rules->pdata[i];
        struct claim claim = {ignore, rule, line, owner, false};
        if (lint_rule_find(rule) == NULL)
            complain_unknown(walk, line, rule);
        else if (ignore->reason != NULL)
            g_array_append_val(claims, claim);
    }
    if (ignore->reason == NULL)
        complain(walk, line, "ignore-without-reason",
                 g_strdup("nothing is ignored without a reason: RULE: REASON"));
}

static bool meets(const struct claim *claim, guint number, const struct lint_finding *finding)
{
    return (claim->ignore->whole_file || claim->owner == (gssize) number) &&
           strcmp(claim->rule, finding->rule->id) == 0;
}

static void ignore_one(struct lint_walk *walk, GArray *claims, guint number,
                       struct lint_finding *finding)
{
    for (guint i = 0; i < claims->len; i++) {
        struct claim *claim = &g_array_index(claims, struct claim, i);
        if (!meets(claim, number, finding))
            continue;
        claim->used = true;
        if (claim->ignore->until >= walk->options->today && finding->reason == NULL)
            finding->reason = g_strdup(claim->ignore->reason);
    }
}

static void ignore_all(struct lint_walk *walk, GArray *claims)
{
    for (guint i = 0; i < walk->file->statements->len; i++) {
        const struct lint_statement *statement =
            &g_array_index(walk->file->statements, struct lint_statement, i);
        for (guint j = 0; statement->findings != NULL && j < statement->findings->len; j++)
            ignore_one(walk, claims, i, statement->findings->pdata[j]);
    }
    for (guint i = 0; i < claims->len; i++) {
        const struct claim *claim = &g_array_index(claims, struct claim, i);
        if (!claim->used)
            complain_unused(walk, claim);
        else if (claim->ignore->until < walk->options->today)
            complain_expired(walk, claim);
    }
}

static void free_ignore(gpointer ignore)
{
    lint_ignore_free(ignore);
}

void lint_comments(struct lint_walk *walk)
{
    const struct folder_script *own = walk->file->script;
    const struct sql_script *script = own->script;
    g_autoptr(GPtrArray) ignores = g_ptr_array_new_with_free_func(free_ignore);
    g_autoptr(GArray) claims = g_array_new(FALSE, FALSE, sizeof(struct claim));
    guint next = 0;

    for (guint i = 0; i < script->comments->len; i++) {
        const struct sql_comment *comment =
            &g_array_index(script->comments, struct sql_comment, i);
        struct lint_ignore *ignore =
            lint_ignore_parse(script->text + comment->start, comment->length);
        if (ignore == NULL)
            continue;
        g_ptr_array_add(ignores, ignore);
        gssize owner = ignore->whole_file ? -1 : owner_of(walk, comment, &next);
        claim_rules(walk, claims, ignore, own->line + comment->line - 1, owner);
    }
    ignore_all(walk, claims);
}
