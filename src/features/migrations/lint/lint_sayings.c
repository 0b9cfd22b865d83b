/* What is said of each cause. {table} and the like are filled in from the act. */
#include "lint/lint_rules.h"

static const struct lint_saying sayings[DDL_CAUSES] = {
    [DDL_ADD_COLUMN_VOLATILE_DEFAULT] = {"add-column-volatile-default",
                                         "column {column} gets a default that differs from row "
                                         "to row"},
    [DDL_ADD_COLUMN_SERIAL] = {"add-column-serial",
                               "column {column} is numbered by a sequence, row by row"},
    [DDL_ADD_COLUMN_IDENTITY] = {"add-column-identity",
                                 "identity column {column} is numbered row by row"},
    [DDL_ADD_COLUMN_STORED] = {"add-column-stored",
                               "column {column} is computed and stored for every row"},
    [DDL_ADD_COLUMN_DOMAIN] = {"add-column-domain",
                               "column {column} is of a domain with constraints"},
    [DDL_ADD_COLUMN_CHECK] = {"add-column-check",
                              "the CHECK on the new column {column} is proved at once"},
    [DDL_ADD_COLUMN_UNIQUE] = {"add-column-unique",
                               "an index for the new column {column} is built at once"},
    [DDL_ADD_COLUMN_REFERENCES] = {"add-column-references",
                                   "the new column {column} references another table"},
    [DDL_ADD_COLUMN_NOT_NULL] = {"add-column-not-null",
                                 "column {column} is NOT NULL and has no default: this fails "
                                 "where {table} has rows, and so does an INSERT that does not "
                                 "know the column"},
    [DDL_SET_NOT_NULL] = {"set-not-null", "column {column} becomes NOT NULL"},
    [DDL_ADD_CHECK] = {"add-check", "a CHECK is added"},
    [DDL_ADD_FOREIGN_KEY] = {"add-foreign-key", "a foreign key is added"},
    [DDL_VALIDATE_SAME_TRANSACTION] = {"validate-in-same-transaction",
                                       "the constraint is validated in the transaction that "
                                       "added it, under the lock of that"},
    [DDL_ADD_UNIQUE] = {"add-unique", "a unique index is built at once"},
    [DDL_ADD_PRIMARY_KEY] = {"add-primary-key", "the index of a primary key is built at once"},
    [DDL_PRIMARY_KEY_NULLABLE] = {"primary-key-nullable",
                                  "a column of the primary key becomes NOT NULL on the way"},
    [DDL_ADD_EXCLUSION] = {"add-exclusion", "an exclusion constraint is built and proved"},
    [DDL_ALTER_TYPE_REWRITE] = {"alter-column-type",
                                "column {column} gets a type that is stored in another way"},
    [DDL_ALTER_TYPE_SCAN] = {"alter-column-type",
                             "column {column} gets a type for which constraints or indexes are "
                             "proved or built again"},
    [DDL_ALTER_TYPE] = {"alter-column-type",
                        "column {column} gets a type that is stored in the same way; its "
                        "statistics are lost until the next ANALYZE"},
    [DDL_USED_COLUMN] = {"used-column",
                         "column {column} of {table} is used by the {detail}, and "
                         "as long as it is the server refuses this"},
    [DDL_CREATE_INDEX] = {"create-index", "an index is built without CONCURRENTLY"},
    [DDL_DROP_INDEX] =
        {"drop-index",
         "an index is dropped without CONCURRENTLY, under ACCESS EXCLUSIVE on {table}"},
    [DDL_REINDEX] = {"reindex", "indexes are rebuilt without CONCURRENTLY"},
    [DDL_DETACH_PARTITION] = {"detach-partition",
                              "a partition is detached without CONCURRENTLY, under ACCESS "
                              "EXCLUSIVE on it and on {table}"},
    [DDL_ATTACH_PARTITION] = {"attach-partition", "a partition is attached"},
    [DDL_ATTACH_DEFAULT_SCAN] = {"attach-default-scan",
                                 "the default partition is searched for rows of the new one"},
    [DDL_PARTITION_OF] = {"partition-of", "a partition is created in place"},
    [DDL_VACUUM_FULL] = {"vacuum-full", "VACUUM FULL"},
    [DDL_CLUSTER] = {"cluster", "CLUSTER"},
    [DDL_REFRESH_MATERIALIZED_VIEW] = {"refresh-materialized-view",
                                       "the view is filled again without CONCURRENTLY"},
    [DDL_SET_LOGGED] = {"set-logged", "the table changes between logged and unlogged"},
    [DDL_SET_TABLESPACE] = {"set-tablespace", "the table moves to another tablespace"},
    [DDL_SET_ACCESS_METHOD] = {"set-access-method", "the table gets another access method"},
    [DDL_TRUNCATE] = {"truncate",
                      "all rows of {table} go, under ACCESS EXCLUSIVE: reads and writes wait"},
    [DDL_ALTER_DOMAIN_SCAN] = {"alter-domain",
                               "a constraint of a domain is proved on every table that uses "
                               "it"},
    [DDL_DROP_TABLE_REFERENCED] =
        {"drop-table-referenced", "the foreign keys of the dropped table lock {table} as well, "
                                  "under ACCESS EXCLUSIVE"},
    [DDL_DROP_FOREIGN_KEY] = {"drop-foreign-key",
                              "dropping the foreign key takes ACCESS EXCLUSIVE on both tables"},
    [DDL_ALTER_CONSTRAINT_ENFORCED] = {"alter-constraint-enforced",
                                       "the constraint is enforced, and proved at once"},
    [DDL_SET_EXPRESSION] = {"set-expression", "column {column} is computed again"},
    [DDL_ADD_NOT_NULL] = {"add-not-null", "a NOT NULL constraint is added"},
    [DDL_TAKES_ACCESS_EXCLUSIVE] = {"access-exclusive", "the whole table is locked"},
    [DDL_CONCURRENTLY_IN_TRANSACTION] = {"concurrently-in-transaction",
                                         "CONCURRENTLY fails in a transaction"},
    [DDL_NOT_IN_TRANSACTION] = {"not-in-transaction",
                                "the server refuses this statement in a transaction"},
    [DDL_CONCURRENTLY_IF_NOT_EXISTS] = {"concurrently-if-not-exists",
                                        "IF NOT EXISTS accepts the INVALID index that a "
                                        "cancelled build leaves behind"},
    [DDL_FOREIGN_KEY_WITHOUT_INDEX] = {"foreign-key-without-index",
                                       "no index of {table} begins with the columns of the "
                                       "foreign key: each DELETE on the referenced table scans "
                                       "it"},
    [DDL_UPDATE_WITHOUT_WHERE] = {"update-without-where",
                                  "every row of {table} is written and locked until the end"},
    [DDL_DELETE_WITHOUT_WHERE] = {"delete-without-where",
                                  "every row of {table} is deleted and locked until the end"},
    [DDL_CONCURRENTLY_PARTITIONED] = {"concurrently-partitioned",
                                      "{table} is partitioned: CONCURRENTLY fails on it"},
    [DDL_ENUM_VALUE_USED] = {"enum-value-used",
                             "the new value cannot be used in the transaction that adds it"},
    [DDL_DYNAMIC] = {"dynamic-sql",
                     "what this executes is made at run time, and not known here"},
    [DDL_DROP_COLUMN] = {"drop-column",
                         "column {column} of {table} goes with its data, and a program that "
                         "still names it fails"},
    [DDL_DROP_TABLE] = {"drop-table",
                        "{table} goes with its data, and a program that still uses it fails"},
    [DDL_DROP_SCHEMA] = {"drop-schema", "a schema goes with all that is in it"},
    [DDL_DROP_DATABASE] = {"drop-database", "a database goes with all that is in it"},
    [DDL_RENAME_COLUMN] = {"rename-column",
                           "column {column} of {table} gets another name, and a program that "
                           "still uses the old one fails"},
    [DDL_RENAME_TABLE] =
        {"rename-table", "{table} gets another name, and a program that still uses the old one "
                         "fails"},
    [DDL_DROP_CASCADE] = {"drop-cascade",
                          "CASCADE drops what depends on it as well, named nowhere"},
    [DDL_DROP_NOT_NULL] = {"drop-not-null",
                           "column {column} of {table} may be NULL from here on, and a program "
                           "that still runs may not expect that"},
    [DDL_JSON_TYPE] = {"json-type",
                       "column {column} is json, which has no equality: DISTINCT and GROUP BY "
                       "fail; jsonb has one"},
    [DDL_TRANSACTION_CONTROL] = {"transaction-control",
                                 "this ends the transaction that the tool runs the script in"},
};

const struct lint_saying *lint_saying(enum ddl_cause cause)
{
    return &sayings[cause];
}
