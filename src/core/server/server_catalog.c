/*
 * Names from the files of two catalogs, in a directory whose server does not answer: of rows that
 * may be dead, so that each is no more than worth a try. The newest come first.
 */
#include "server/server_private.h"

#include <string.h>

enum {
    PAGE = 8192,
    PAGE_HEADER = 24,
    AUTHID = 1260,   /* pg_authid */
    DATABASE = 1262, /* pg_database */
    BOOTSTRAP_ROLE = 10,
    NAME_BYTES = 64,
    MAP_ENTRIES_MOST = 64,
    XMAX_NONE = 0x0800 | 0x0080, /* HEAP_XMAX_INVALID, HEAP_XMAX_LOCK_ONLY */
};

/* Both begin with oid and name; pg_authid goes on with rolsuper and, four bytes behind it,
 * rolcanlogin. */
struct row {
    guint32 oid;
    const char *name;
    bool live, super, login;
};

struct candidate {
    char *name;
    int worth;
    guint order;
};

typedef int (*worth_of)(const struct row *row);

static guint32 number_at(const guint8 *bytes, gsize offset)
{
    guint32 number;

    memcpy(&number, bytes + offset, sizeof number);
    return number;
}

/* The file of a shared catalog: global/pg_filenode.map says its number. */
static guint32 file_of(const char *folder, guint32 catalog)
{
    g_autofree char *path = g_build_filename(folder, "global", "pg_filenode.map", NULL);
    g_autofree char *bytes = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &bytes, &length, NULL) || length < 8)
        return 0;
    const guint8 *map = (const guint8 *) bytes;
    guint32 entries = MIN(number_at(map, 4), MAP_ENTRIES_MOST);
    for (gsize i = 0; i < entries && 16 + i * 8 <= length; i++)
        if (number_at(map, 8 + i * 8) == catalog)
            return number_at(map, 12 + i * 8);
    return 0;
}

/* What the line pointer at a place of the page leads to; false: no row. */
static bool row_at(const guint8 *page, gsize at, struct row *ret_row)
{
    guint32 item = number_at(page, at);
    gsize offset = item & 0x7fff, length = item >> 17;

    if (((item >> 15) & 3) != 1 || length < 24 || offset + length > PAGE)
        return false;
    gsize data = offset + page[offset + 22]; /* t_hoff */
    if (data + 4 + NAME_BYTES + 5 > offset + length)
        return false;
    const char *name = (const char *) page + data + 4;
    if (memchr(name, '\0', NAME_BYTES) == NULL || name[0] == '\0')
        return false;
    bool none = number_at(page, offset + 4) == 0 ||
                (number_at(page, offset + 20) & XMAX_NONE) != 0; /* t_infomask */
    *ret_row = (struct row){.oid = number_at(page, data),
                            .name = name,
                            .live = none,
                            .super = page[data + 4 + NAME_BYTES] != 0,
                            .login = page[data + 4 + NAME_BYTES + 4] != 0};
    return true;
}

static void page_read(const guint8 *page, worth_of worth, GArray *candidates)
{
    guint16 lower;

    memcpy(&lower, page + 12, sizeof lower);
    for (gsize at = PAGE_HEADER; at + 4 <= MIN(lower, PAGE); at += 4) {
        struct row row;
        if (!row_at(page, at, &row) || worth(&row) < 0)
            continue;
        struct candidate candidate = {g_strdup(row.name), worth(&row), candidates->len};
        g_array_append_val(candidates, candidate);
    }
}

static gint better_first(gconstpointer left, gconstpointer right)
{
    const struct candidate *a = left, *b = right;

    if (a->worth != b->worth)
        return b->worth - a->worth;
    return a->order < b->order ? 1 : -1;
}

static char **names_of(const char *folder, guint32 catalog, worth_of worth)
{
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(struct candidate));
    GPtrArray *names = g_ptr_array_new();
    guint32 file = file_of(folder, catalog);
    g_autofree char *number = g_strdup_printf("%u", file);
    g_autofree char *path = g_build_filename(folder, "global", number, NULL);
    g_autofree char *bytes = NULL;
    gsize length = 0;

    if (file != 0 && g_file_get_contents(path, &bytes, &length, NULL))
        for (gsize at = 0; at + PAGE <= length; at += PAGE)
            page_read((const guint8 *) bytes + at, worth, candidates);
    g_array_sort(candidates, better_first);
    for (guint i = 0; i < candidates->len; i++) {
        char *name = g_array_index(candidates, struct candidate, i).name;
        if (g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
            g_free(name);
        else
            g_ptr_array_add(names, name);
    }
    g_ptr_array_add(names, NULL);
    return (char **) g_ptr_array_free(names, FALSE);
}

static int worth_of_role(const struct row *row)
{
    if (row->oid == BOOTSTRAP_ROLE)
        return row->live ? 5 : 4;
    if (!row->login)
        return -1;
    return (row->super ? 2 : 0) + row->live;
}

static int worth_of_database(const struct row *row)
{
    return g_str_equal(row->name, "template0") ? -1 : row->live;
}

char **server_roles(const char *folder)
{
    return names_of(folder, AUTHID, worth_of_role);
}

char **server_databases(const char *folder)
{
    return names_of(folder, DATABASE, worth_of_database);
}
