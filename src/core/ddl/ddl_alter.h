/* One ALTER TABLE at work: its commands, each judged in a file of its kind. */
#ifndef CORE_DDL_ALTER_H
#define CORE_DDL_ALTER_H

#include "ddl/ddl_private.h"

struct ddl_alter {
    struct ddl_judge *judge;
    struct ddl_target target;
    bool below;           /* partitions and children, too: without ONLY */
    bool checks_new_keys; /* a foreign key of a new column is checked */
    const PgQuery__AlterTableStmt *statement;
};

/* The table, and those below it unless ONLY was said. */
void ddl_alter_lock(struct ddl_alter *alter, enum ddl_lock_mode mode, enum ddl_effect work);
struct ddl_act *ddl_alter_act(struct ddl_alter *alter, enum ddl_cause cause,
                              enum ddl_lock_mode mode, enum ddl_effect work);
/* Its relations in the schema; empty when it is not known. */
GPtrArray *ddl_alter_tree(const struct ddl_alter *alter);

/* One command of it. */
void ddl_alter_command(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command);

void ddl_alter_add_column(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command);
void ddl_alter_drop_column(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command);
void ddl_alter_set_not_null(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command);
void ddl_alter_default(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command);
void ddl_alter_column_type(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command);

/* An act for each view, rule, policy, trigger or generated column that names it, and so keeps the
 * server from changing its type. `dropped`: those that keep it from dropping it. */
void ddl_alter_used(struct ddl_alter *alter, const struct ddl_relation *relation,
                    const char *column, bool dropped);

void ddl_alter_add_constraint(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command);
void ddl_alter_drop_constraint(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command);
void ddl_alter_validate(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command);
void ddl_alter_constraint(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command);
/* A foreign key's scan of both tables, under that lock on the other one. */
void ddl_alter_lock_referenced(struct ddl_alter *alter, const char *schema, const char *name,
                               enum ddl_lock_mode mode, enum ddl_effect work);

void ddl_alter_attach(struct ddl_alter *alter, const PgQuery__PartitionCmd *command);
void ddl_alter_detach(struct ddl_alter *alter, const PgQuery__PartitionCmd *command);
void ddl_alter_inherit(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command);

#endif
