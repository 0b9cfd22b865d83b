/* What a failed check says of the backup's bytes. Pure. */
#include "drill.h"

#include <string.h>

/* "base/5/16384", also in quotes, as the server names a relation's file. */
static bool names_relation(const char *message)
{
    static const char *const folders[] = {"\"base/", "\"global/", "\"pg_tblspc/"};

    for (guint i = 0; i < G_N_ELEMENTS(folders); i++)
        if (strstr(message, folders[i]) != NULL)
            return true;
    return false;
}

bool drill_says_corrupt(const char *state, const char *message)
{
    /* amcheck's word for a row that the index has not: the table is whole, and REINDEX mends it. */
    if (strcmp(state, "XX001") == 0)
        return strstr(message, "lacks matching index tuple") == NULL;
    /* A file that is not there is damage where it is a relation's; a library's is this machine's
     * matter, and so is a disk that fails. */
    return strcmp(state, "58P01") == 0 && names_relation(message);
}

/* "rows" of each database that takes sessions, and nothing failed. */
bool drill_proves(const struct drill *drill)
{
    bool read = false;

    for (guint i = 0; i < drill->checks->len; i++) {
        const struct drill_check *check = drill->checks->pdata[i];
        if (check->status == DRILL_FAILED)
            return false;
        read |= strcmp(check->name, "rows") == 0 && check->status == DRILL_OK;
    }
    return read;
}

static bool same_reason(const struct drill_check *one, const struct drill_check *other)
{
    return other->status == DRILL_SKIPPED && g_strcmp0(one->detail, other->detail) == 0;
}

/* "shop, bills: why", for the first check that was skipped for this reason; NULL: it is not the
 * first. */
static char *reason_at(const GPtrArray *checks, guint at)
{
    const struct drill_check *first = checks->pdata[at];
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < checks->len; i++) {
        const struct drill_check *check = checks->pdata[i];
        if (!same_reason(first, check))
            continue;
        if (i < at)
            return NULL;
        g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
                               check->database != NULL ? check->database : check->name);
    }
    g_string_append_printf(text, ": %s", first->detail != NULL ? first->detail : "skipped");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *drill_reserve(const struct drill *drill)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < drill->checks->len; i++) {
        const struct drill_check *check = drill->checks->pdata[i];
        g_autofree char *reason =
            check->status == DRILL_SKIPPED ? reason_at(drill->checks, i) : NULL;
        if (reason != NULL)
            g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "", reason);
    }
    return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}
