/* The modes, their names, and the server's table of conflicts. */
#include "ddl/ddl_lock.h"

#include <string.h>

static const struct {
    const char *name, *words, *blocks;
    unsigned conflicts; /* a bit for each mode */
} modes[] = {
    [DDL_LOCK_NONE] = {"", "", NULL, 0},
    [DDL_ACCESS_SHARE] = {"AccessShareLock", "ACCESS SHARE", NULL, 1 << DDL_ACCESS_EXCLUSIVE},
    [DDL_ROW_SHARE] = {"RowShareLock", "ROW SHARE", NULL,
                       1 << DDL_EXCLUSIVE | 1 << DDL_ACCESS_EXCLUSIVE},
    [DDL_ROW_EXCLUSIVE] = {"RowExclusiveLock", "ROW EXCLUSIVE", NULL,
                           1 << DDL_SHARE | 1 << DDL_SHARE_ROW_EXCLUSIVE | 1 << DDL_EXCLUSIVE |
                               1 << DDL_ACCESS_EXCLUSIVE},
    [DDL_SHARE_UPDATE_EXCLUSIVE] = {"ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE",
                                    "other changes of the table and VACUUM",
                                    1 << DDL_SHARE_UPDATE_EXCLUSIVE | 1 << DDL_SHARE |
                                        1 << DDL_SHARE_ROW_EXCLUSIVE | 1 << DDL_EXCLUSIVE |
                                        1 << DDL_ACCESS_EXCLUSIVE},
    [DDL_SHARE] = {"ShareLock", "SHARE", "writes",
                   1 << DDL_ROW_EXCLUSIVE | 1 << DDL_SHARE_UPDATE_EXCLUSIVE |
                       1 << DDL_SHARE_ROW_EXCLUSIVE | 1 << DDL_EXCLUSIVE |
                       1 << DDL_ACCESS_EXCLUSIVE},
    [DDL_SHARE_ROW_EXCLUSIVE] = {"ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE", "writes",
                                 1 << DDL_ROW_EXCLUSIVE | 1 << DDL_SHARE_UPDATE_EXCLUSIVE |
                                     1 << DDL_SHARE | 1 << DDL_SHARE_ROW_EXCLUSIVE |
                                     1 << DDL_EXCLUSIVE | 1 << DDL_ACCESS_EXCLUSIVE},
    [DDL_EXCLUSIVE] = {"ExclusiveLock", "EXCLUSIVE", "writes and SELECT FOR UPDATE",
                       1 << DDL_ROW_SHARE | 1 << DDL_ROW_EXCLUSIVE |
                           1 << DDL_SHARE_UPDATE_EXCLUSIVE | 1 << DDL_SHARE |
                           1 << DDL_SHARE_ROW_EXCLUSIVE | 1 << DDL_EXCLUSIVE |
                           1 << DDL_ACCESS_EXCLUSIVE},
    [DDL_ACCESS_EXCLUSIVE] = {"AccessExclusiveLock", "ACCESS EXCLUSIVE", "reads and writes",
                              1 << DDL_ACCESS_SHARE | 1 << DDL_ROW_SHARE |
                                  1 << DDL_ROW_EXCLUSIVE | 1 << DDL_SHARE_UPDATE_EXCLUSIVE |
                                  1 << DDL_SHARE | 1 << DDL_SHARE_ROW_EXCLUSIVE |
                                  1 << DDL_EXCLUSIVE | 1 << DDL_ACCESS_EXCLUSIVE},
};

enum { MODES = sizeof modes / sizeof modes[0] };

const char *ddl_lock_name(enum ddl_lock_mode mode)
{
    return modes[mode].name;
}

enum ddl_lock_mode ddl_lock_of(const char *name)
{
    for (int i = DDL_ACCESS_SHARE; i < MODES; i++)
        if (strcmp(modes[i].name, name) == 0)
            return (enum ddl_lock_mode) i;
    return DDL_LOCK_NONE;
}

const char *ddl_lock_words(enum ddl_lock_mode mode)
{
    return modes[mode].words;
}

bool ddl_lock_conflicts(enum ddl_lock_mode held, enum ddl_lock_mode wanted)
{
    return (modes[held].conflicts >> wanted & 1) != 0;
}

const char *ddl_lock_blocks(enum ddl_lock_mode mode)
{
    return modes[mode].blocks;
}
