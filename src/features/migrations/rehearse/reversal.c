#include "rehearse/reversal.h"

#include "rehearse/snapshot.h"

#include <string.h>

enum { SHOWN = 4 };

const char *reversal_name(enum reversal reversal)
{
    static const char *const names[] = {"reversible", "schema only", "irreversible", "broken"};

    return names[reversal];
}

/* The server's message alone: detail and hint are shown with the statement. */
static char *first_line(const char *text)
{
    return g_strndup(text, strcspn(text, "\n"));
}

static char *failed(const char *what, const char *reason)
{
    g_autofree char *line = first_line(reason);

    return g_strdup_printf("%s: %s", what, line);
}

static guint count_of(const GPtrArray *changes, bool matters)
{
    guint count = 0;

    for (guint i = 0; changes != NULL && i < changes->len; i++)
        count += ((const struct snapshot_change *) changes->pdata[i])->matters == matters;
    return count;
}

/* The first few that are of this kind; the rest is a number. */
static char *listed(const char *prefix, const GPtrArray *changes, bool matters)
{
    GString *text = g_string_new(prefix);
    guint shown = 0, count = count_of(changes, matters);

    for (guint i = 0; i < changes->len && shown < SHOWN; i++) {
        const struct snapshot_change *change = changes->pdata[i];
        if (change->matters != matters)
            continue;
        g_autofree char *one = snapshot_change_text(change);
        g_string_append_printf(text, "%s%s", shown > 0 ? "; " : "", one);
        shown++;
    }
    if (count > shown)
        g_string_append_printf(text, "; and %u more", count - shown);
    return g_string_free(text, FALSE);
}

static char *listed_lost(const GPtrArray *lost)
{
    GString *text = g_string_new("data lost in ");

    for (guint i = 0; i < lost->len && i < SHOWN; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", (const char *) lost->pdata[i]);
    if (lost->len > SHOWN)
        g_string_append_printf(text, ", and %u more", lost->len - SHOWN);
    return g_string_free(text, FALSE);
}

static enum reversal broken(char *detail, char **ret_detail)
{
    *ret_detail = detail;
    return REVERSAL_BROKEN;
}

static enum reversal decide_rows(const struct reversal_facts *facts, char **ret_detail)
{
    if (facts->lost != NULL && facts->lost->len > 0) {
        *ret_detail = listed_lost(facts->lost);
        return REVERSAL_SCHEMA_ONLY;
    }
    *ret_detail =
        count_of(facts->restored, false) > 0 ? listed("", facts->restored, false) : NULL;
    return REVERSAL_REVERSIBLE;
}

/* What flyway runs again whenever its text changes has to bear that. */
static enum reversal decide_repeatable(const struct reversal_facts *facts, char **ret_detail)
{
    if (facts->again_error != NULL)
        return broken(failed("repeatable, and fails the second time", facts->again_error),
                      ret_detail);
    if (count_of(facts->repeated, true) > 0)
        return broken(listed("repeatable, and after the second time ", facts->repeated, true),
                      ret_detail);
    *ret_detail = g_strdup("repeatable: its older text, run again, is the way back");
    return REVERSAL_REVERSIBLE;
}

enum reversal reversal_decide(const struct reversal_facts *facts, char **ret_detail)
{
    if (facts->up_error != NULL)
        return broken(failed("up fails", facts->up_error), ret_detail);
    if (facts->declared != NULL) {
        *ret_detail = g_strdup_printf("declared: %s", facts->declared);
        return REVERSAL_IRREVERSIBLE;
    }
    if (facts->repeatable && !facts->has_down)
        return decide_repeatable(facts, ret_detail);
    if (!facts->has_down)
        return broken(g_strdup("there is no down script, and no comment \"-- irreversible: "
                               "REASON\" that says why"),
                      ret_detail);
    if (facts->down_error != NULL)
        return broken(failed("down fails", facts->down_error), ret_detail);
    if (count_of(facts->restored, true) > 0)
        return broken(listed("after down ", facts->restored, true), ret_detail);
    if (facts->again_error != NULL)
        return broken(failed("up fails after down", facts->again_error), ret_detail);
    if (count_of(facts->repeated, true) > 0)
        return broken(listed("after the second up ", facts->repeated, true), ret_detail);
    return decide_rows(facts, ret_detail);
}
