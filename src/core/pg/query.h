/*
 * A query file, embedded. tools/embed.py makes one of these from every .sql file, and an enum of
 * its columns (QUERY_NAME_COLUMN) from its `-- row:` lines; CI prepares each on every supported
 * server version and compares columns and types with the header.
 */
#ifndef CORE_QUERY_H
#define CORE_QUERY_H

struct query {
    const char *name; /* file name without .sql, "MODULE_" in front */
    const char *doc;
    int since;                       /* oldest server_version_num this text is for */
    const char *const *param_types;  /* SQL type names, NULL-terminated */
    const char *const *columns;      /* names, NULL-terminated */
    const char *const *column_types; /* SQL type names, NULL-terminated */
    const char *sql;
    const struct query *older; /* the text for servers before `since`, or NULL */
};

/* The variant for a server of that version; NULL when it is older than all of them. */
const struct query *query_for(const struct query *query, int version_num);

/* The text with these literals in the place of $1, $2 …, each cast to the type the header
 * declares; outside of comments, constants and quoted names. Caller frees. */
char *query_fill(const struct query *query, const char *const *literals);

#endif
