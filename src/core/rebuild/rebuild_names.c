/* Whose an invalid index is, told from its name and from what was noted. Pure. */
#include "rebuild/rebuild_private.h"

#include <string.h>

/* A name is cut to 63 bytes at a character's border, and no character has more than four. */
enum { CUT_BYTES = 63 - 3 };

void invalid_index_free(gpointer data)
{
    struct invalid_index *invalid = data;

    g_free(invalid->schema);
    g_free(invalid->name);
    g_free(invalid);
}

/* Where the suffix _ccnew or _ccold begins, perhaps with a number behind it; NULL: nowhere. */
static const char *suffix_of(const char *name)
{
    size_t length = strlen(name);

    while (length > 0 && g_ascii_isdigit(name[length - 1]))
        length--;
    if (length < 6)
        return NULL;
    const char *suffix = name + length - 6;
    return strncmp(suffix, "_ccnew", 6) == 0 || strncmp(suffix, "_ccold", 6) == 0 ? suffix
                                                                                  : NULL;
}

bool rebuild_leftover_name(const char *name)
{
    return suffix_of(name) != NULL;
}

static bool is_old_copy(const char *name)
{
    const char *suffix = suffix_of(name);

    return suffix != NULL && strncmp(suffix, "_ccold", 6) == 0;
}

bool rebuild_leftover_of(const char *name, int name_bytes, const char *index)
{
    const char *suffix = suffix_of(name);

    if (suffix == NULL)
        return false;
    size_t kept = (size_t) (suffix - name);
    return strncmp(name, index, kept) == 0 && (index[kept] == '\0' || name_bytes >= CUT_BYTES);
}

bool oids_have(const GArray *oids, guint oid)
{
    for (guint i = 0; i < oids->len; i++)
        if (g_array_index(oids, guint, i) == oid)
            return true;
    return false;
}

static bool named_for(const struct record *record, const struct invalid_index *invalid)
{
    return record->index_oid == 0
               ? strcmp(invalid->name, record->name) == 0
               : rebuild_leftover_of(invalid->name, invalid->name_bytes, record->name);
}

/* Known by its oid: the new copy that was seen, or the old one. A new one that somebody else has
 * made an old one since is none of ours. */
static bool known(const struct record *record, const struct invalid_index *invalid)
{
    if (oids_have(record->built, invalid->oid))
        return !is_old_copy(invalid->name);
    return record->index_oid != 0 && invalid->oid == record->index_oid &&
           is_old_copy(invalid->name) && named_for(record, invalid);
}

static bool likely(const struct record *record, const struct invalid_index *invalid)
{
    return invalid->oid != record->index_oid && !oids_have(record->before, invalid->oid) &&
           !oids_have(record->built, invalid->oid) && named_for(record, invalid);
}

void rebuild_mark_ours(const struct record *record, GPtrArray *invalid)
{
    int count = 0;

    for (guint i = 0; i < invalid->len; i++)
        count += likely(record, g_ptr_array_index(invalid, i));
    for (guint i = 0; i < invalid->len; i++) {
        struct invalid_index *one = g_ptr_array_index(invalid, i);
        one->ours = known(record, one) || (count <= record->unseen && likely(record, one));
    }
}
