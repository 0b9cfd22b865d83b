/* Between the parts that read a folder; callers take folder.h. */
#ifndef MIGRATIONS_FOLDER_PRIVATE_H
#define MIGRATIONS_FOLDER_PRIVATE_H

#include "folder/folder.h"

/* What reads a tool's files, and how it orders them. */
struct folder_tool {
    const char *name;
    /* Fills migrations, in any order, and problems. */
    void (*read)(struct folder *folder, const GPtrArray *files);
    int (*compare)(const struct folder_migration *a, const struct folder_migration *b);
    bool numbered;    /* versions are numbers: one that is left out is a gap */
    bool sends_marks; /* a byte order mark reaches the server, or hides the first annotation */
    /* The tool runs each script in a transaction of its own making, whatever is in it. */
    bool wraps;
};

const struct folder_tool *folder_tool(enum folder_format format);

/* Whose files these are. AUTO with an error: a tool's that is not among ours. */
enum folder_format folder_detect(const GPtrArray *files, GError **error);

/* line 0: the file as a whole. */
void folder_problem(struct folder *folder, enum folder_severity severity, const char *file,
                    guint line, const char *rule, const char *format, ...) G_GNUC_PRINTF(6, 7);

/* A migration of this version, new or the one that is there. */
struct folder_migration *folder_migration_of(struct folder *folder, const char *version,
                                             const char *name);
struct folder_migration *folder_migration_add(struct folder *folder, const char *version,
                                              const char *name);
/* Takes a file's bytes into its hash. */
void folder_migration_hash(struct folder_migration *migration, const struct folder_file *file);

/* A part of a file. Tells what no server takes; `declared`: it wants no transaction. */
struct folder_script *folder_script_new(struct folder *folder, const struct folder_file *file,
                                        gsize start, gsize end, bool declared);
void folder_script_free(struct folder_script *script);

/* ---- lines, for the tools that go by lines ---- */

struct folder_line {
    gsize start, end, next; /* end: without its line break */
    guint number;           /* from 1 */
};

/* The first with `next` 0 in *line; false at the end of the text. */
bool folder_line_next(const struct folder_file *file, struct folder_line *line);
/* A copy without blanks around it. */
char *folder_line_text(const struct folder_file *file, const struct folder_line *line);

/* goose's rule, which sql-migrate shares: the last word before one that begins with "--" ends in
 * a semicolon, wherever that stands. */
bool folder_line_ends_statement(const char *text, gsize length);

/* Where such a tool cuts the statements of one direction. */
struct folder_piece {
    gsize start, end; /* bytes of the file */
};

/* Tells what it would cut in half: rule "NAME-split". Where the script runs without a transaction,
 * also what it would send together. `pieces` is of struct folder_piece, in order. */
void folder_pieces_check(struct folder *folder, const struct folder_script *script,
                         const struct folder_file *file, gsize start, const GArray *pieces);

/* One direction of a file that has both: the parts of the other one are blanked, so that lines and
 * columns stay. `parts` is of struct folder_piece, in order. NULL: there are none. */
struct folder_script *folder_script_of_parts(struct folder *folder,
                                             const struct folder_file *file,
                                             const GArray *parts, bool declared);

/* ---- names ---- */

/* Digits as a number is written: without zeros in front of it. */
char *folder_number(const char *digits, gsize length);
/* How many digits a name begins with. */
gsize folder_digits(const char *name);
int folder_compare_numbers(const struct folder_migration *a, const struct folder_migration *b);
int folder_compare_versions(const char *a, const char *b); /* flyway's: part by part */

/* "-- word: rest" anywhere in a script's comments: a copy of the rest; NULL: none. */
char *folder_comment_value(const struct sql_script *script, const char *word);

void folder_golang_read(struct folder *folder, const GPtrArray *files);
void folder_goose_read(struct folder *folder, const GPtrArray *files);
void folder_dbmate_read(struct folder *folder, const GPtrArray *files);
void folder_sql_migrate_read(struct folder *folder, const GPtrArray *files);
void folder_flyway_read(struct folder *folder, const GPtrArray *files);
void folder_plain_read(struct folder *folder, const GPtrArray *files);

int folder_sql_migrate_compare(const struct folder_migration *a,
                               const struct folder_migration *b);
int folder_flyway_compare(const struct folder_migration *a, const struct folder_migration *b);

#endif
