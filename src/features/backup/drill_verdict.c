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
