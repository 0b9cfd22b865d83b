/* PostgreSQL's lock modes on relations, weakest first, and what they block. */
#ifndef CORE_DDL_LOCK_H
#define CORE_DDL_LOCK_H

#include <stdbool.h>

enum ddl_lock_mode {
    DDL_LOCK_NONE,
    DDL_ACCESS_SHARE,
    DDL_ROW_SHARE,
    DDL_ROW_EXCLUSIVE,
    DDL_SHARE_UPDATE_EXCLUSIVE,
    DDL_SHARE,
    DDL_SHARE_ROW_EXCLUSIVE,
    DDL_EXCLUSIVE,
    DDL_ACCESS_EXCLUSIVE,
};

/* "AccessExclusiveLock", as pg_locks.mode spells it; "" for none. */
const char *ddl_lock_name(enum ddl_lock_mode mode);
enum ddl_lock_mode ddl_lock_of(const char *name); /* NONE for an unknown one */
/* "ACCESS EXCLUSIVE", as LOCK TABLE and the documentation spell it. */
const char *ddl_lock_words(enum ddl_lock_mode mode);
bool ddl_lock_conflicts(enum ddl_lock_mode held, enum ddl_lock_mode wanted);
/* "reads and writes", "writes", "other changes of the table and VACUUM"; NULL: nobody. */
const char *ddl_lock_blocks(enum ddl_lock_mode mode);

#endif
