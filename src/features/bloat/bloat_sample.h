/*
 * What the files of the method sample share. A sample is a number of a table's blocks, each from
 * a stretch of its own, whose rows are written anew into a temporary copy; what the copy takes,
 * times how much more there is, is what the table needs.
 *
 * bloat_sample_math.c, _group.c, _tree.c, _share.c and _sql.c are pure.
 */
#ifndef BLOAT_SAMPLE_H
#define BLOAT_SAMPLE_H

#include "bloat.h"

/* ---- sharing the budget (bloat_sample_share.c) --------------------------------------------- */

/* A table among those that share a budget; all in pages. */
struct bloat_share {
    double pages;  /* of the table itself */
    double beside; /* of its TOAST table: read with the rows that point there */
    double weight; /* how much looking at it could tell */
    gint64 blocks; /* filled in: blocks of it to read; 0: not its turn */
};

/* Shares budget_pages out by the square root of weight: every table that gets blocks gets enough
 * for an answer, and where they do not suffice for all, those of the least weight get none. */
void bloat_sample_share(struct bloat_share *shares, guint count, double budget_pages);

/* Pages that are read with one block of it. */
double bloat_sample_block_cost(const struct bloat_share *share);

/* ---- from blocks to totals (bloat_sample_math.c) ------------------------------------------- */

/* `wanted` of the blocks 0 to pages - 1 in ascending order, one drawn at random from each of as
 * many equal stretches; all of them when there are no more. Of gint64; caller frees. */
GArray *bloat_sample_blocks(GRand *random, gint64 pages, gint64 wanted);

/* What was found in one of the blocks. */
struct bloat_draw {
    double rows;
    double bytes;   /* of the rows, as they stand in the table */
    double toasted; /* bytes of theirs that are in the TOAST table */
};

/* Standard error of the mean of values drawn one from each stretch, in their order: neighbours
 * are compared, so that a trend along the table counts for little. read: the part of the table
 * that was. */
double bloat_sample_error(const double *values, guint count, double read);

/* How many there are by those who count, and by the sample. */
struct bloat_count {
    double counted[3]; /* by the server, the most trusted first; below 0: not known */
    bool settled;      /* the first was counted over all of the table, nothing changed since */
    double sampled, error; /* by the sample, with its standard error */
    double met;            /* blocks in which there was any */
};

/* The first of those counted that the sample does not contradict, else what the sample says.
 * *ret_counted says which it was. */
double bloat_sample_choose(const struct bloat_count *count, bool *ret_counted);

/* Everything that was found out about one table. */
struct bloat_copy {
    int block_size;
    gint64 pages, toast_pages;    /* of the table and its TOAST table; -1: it has none */
    GArray *draws;                /* of struct bloat_draw; NULL: the whole table was read */
    gint64 copy_rows, copy_pages; /* what they take in the copy */
    gint64 last_rows;             /* those on the copy's last page */
    gint64 chunks;                /* of the copy's TOAST table; -1: not known */
    gint64 chunk_pages;           /* what they take */
};

/* A table's own counters, for bloat_sample_judge(). */
struct bloat_counters {
    double live, counted, tuples; /* n_live_tup, bloat_live_rows(), reltuples */
    double toast_live, toast_tuples;
    bool settled; /* analyzed, and unchanged since */
};

/* What follows for the table; pages with their margins. */
struct bloat_judgement {
    double rows;   /* of the table */
    double scale;  /* rows of the table for one of the copy */
    double error;  /* of scale, relative: standard error */
    double blocks; /* that were read */
    double read;   /* part of the table that they are, 0 to 1 */
    double chunks;
    bool toast_known; /* there is a number for the TOAST table */
    struct space_pages heap, toast, toast_index;
};

void bloat_sample_judge(const struct bloat_copy *copy, const struct bloat_counters *counters,
                        struct bloat_judgement *ret_judgement);

/* ---- B-trees (bloat_sample_group.c, bloat_sample_tree.c) --------------------------------------------------------- */

/* Equal keys of a B-tree, taken together by the number of blocks they were met in. */
struct bloat_group {
    double units;  /* blocks a key was met in; of what it is estimated from, may be broken */
    double groups; /* how many such keys */
    double rows;   /* entries of all of them */
    double bytes;  /* index tuples of all their entries, aligned, without line pointers */
};

/* How the groups of the whole table look when those of the sample look like `seen` and the part
 * `read` of the blocks was read: the mixture of group sizes that makes what was seen most likely,
 * found by expectation maximization. Of struct bloat_group; caller frees. */
GArray *bloat_sample_extrapolate(const GArray *seen, double read);

struct bloat_tree {
    int block_size, fillfactor;
    bool deduplicates;
    bool even;      /* all entries have the same size */
    bool partial;   /* it holds a part of the rows */
    GArray *seen;   /* of struct bloat_group; a single one where keys do not share tuples */
    gint64 pages;   /* what the copy's index takes, metapage included */
    double counted; /* entries, as the server's counts have it; below 0: not known */

    /* Where keys share tuples: blocks of the sample; how many of a block's keys were met in
     * another one too, summed over the blocks, and the squares of that. */
    double blocks, company, company_squares;
    double distinct; /* keys, as the statistics have it; 0: not known */
};

/* Pages that the whole index would take. False when the sample holds nothing of it. */
bool bloat_sample_tree(const struct bloat_tree *tree, const struct bloat_judgement *judgement,
                       struct space_pages *ret_pages);

/* Pages of a bulk-loaded B-tree whose leaves hold that many bytes in that many tuples, line
 * pointers included; even: all of a size. */
double bloat_sample_leaves(int block_size, int fillfactor, double bytes, double tuples,
                           bool even);
double bloat_sample_levels(int block_size, double leaves, double tuple_bytes);

/* ---- statements (bloat_sample_sql.c) --------------------------------------------------------- */

/* The temporary tables; dropped with the transaction that makes them. */
#define BLOAT_SAMPLE_SHAPE       "pg_temp.pgrunbook_shape" /* the table's columns, no rows */
#define BLOAT_SAMPLE_ROWS        "pg_temp.pgrunbook_rows" /* rows as read, each with its block */
#define BLOAT_SAMPLE_COPY        "pg_temp.pgrunbook_copy" /* the same, laid out as in the table */
#define BLOAT_SAMPLE_PROBE       "pg_temp.pgrunbook_probe" /* one row many times */
#define BLOAT_SAMPLE_INDEX       "pgrunbook_index"
#define BLOAT_SAMPLE_PROBE_INDEX "pgrunbook_probe_index"
enum { BLOAT_SAMPLE_PROBE_ROWS = 2000 };

struct bloat_sample_column {
    char *name;    /* quoted */
    char *type;    /* as CREATE TABLE takes it, collation included */
    char *storage; /* "plain", … */
    bool base;     /* its type is a base type of fixed length */
    bool computed; /* when it is read: nothing of it is stored */
    bool not_null;
};

/* What the statements about one table are made of. */
struct bloat_sample_source {
    char *table;      /* quoted, with schema */
    GArray *columns;  /* of struct bloat_sample_column; without those dropped */
    guint dropped;    /* how many those are: each keeps its place in null bitmaps */
    int fillfactor;   /* 100: not set */
    bool storage_set; /* a column has a storage that its type has not */
    int toast_target; /* toast_tuple_target; 0: not set */
};

/* A table of the same columns. It takes the only lock on the table: ACCESS SHARE. */
char *bloat_sample_sql_shape(const struct bloat_sample_source *source);
/* Where a column has a storage of its own the rows need it too, or what is not to be compressed
 * would be. */
char *bloat_sample_sql_rows_shape(const struct bloat_sample_source *source);
/* The rows of these blocks (of gint64): into that, or into a table made for them. */
char *bloat_sample_sql_rows(const struct bloat_sample_source *source, const GArray *blocks);
/* The copy, page after page as VACUUM FULL writes: from what was read, or the whole table. */
char *bloat_sample_sql_copy(const struct bloat_sample_source *source, bool whole);

/* The same in four steps where a column has a storage of its own, which CREATE TABLE AS cannot
 * say: let the shape take what is not stored (NULL: there is nothing of it), fill it, write it
 * anew (INSERT fills gaps of earlier pages), and call it the copy. */
char *bloat_sample_sql_nullable(const struct bloat_sample_source *source, const char *table);
char *bloat_sample_sql_fill(const struct bloat_sample_source *source, bool whole);
char *bloat_sample_sql_pack(const struct bloat_sample_source *source);
char *bloat_sample_sql_rename(void);

/* Columns: block, rows, bytes, toasted. */
char *bloat_sample_sql_draws(const struct bloat_sample_source *source);
/* Columns: rows, last page, rows on it. */
char *bloat_sample_sql_pages(void);

/* What is known of an index to make the same on the copy. */
struct bloat_sample_index {
    guint oid;
    const char *tail;      /* of its definition, behind USING */
    const char *keys;      /* key columns and expressions, with commas between */
    const char *columns;   /* the same with included ones, as they are stored */
    const char *predicate; /* NULL: none */
    int column_count;
    bool unique, deduplicates;
};

char *bloat_sample_sql_index(const struct bloat_sample_index *index, bool on_probe);
/* A table whose rows are all the same one, to see whether its entries share tuples. */
char *bloat_sample_sql_probe(const struct bloat_sample_index *index);
/* Columns: units, groups, rows, bytes, least, most (size of an entry). Where keys share tuples
 * one row more, with 0 units, has what they have in common with other blocks: sum and squares. */
char *bloat_sample_sql_groups(const struct bloat_sample_index *index);

/* ---- one table (bloat_sample_table.c, bloat_sample_index.c) ---------------------------------- */

/* A table and its objects, which stand together in the case. */
struct bloat_sample_turn {
    struct session *session;
    struct bloat_case *state;
    GRand *random;
    GHashTable *sharing; /* operator classes of an index → 1: equal keys share tuples, 2: not */
    const struct relation_table *table;
    const struct relation_table *toast; /* NULL: none */
    guint first, count;                 /* of the case's objects */
    gint64 blocks;                      /* to read at most */
};

/* Takes the sample in a transaction of its own, which is rolled back, and puts what follows into
 * the objects. An error of the server's leaves the estimates as they are and stands in the
 * objects' details. False only for an interrupt or a lost connection. */
bool bloat_sample_table(const struct bloat_sample_turn *turn, GError **error);

/* The same for its indexes, in that transaction. */
bool bloat_sample_indexes(const struct bloat_sample_turn *turn,
                          const struct bloat_judgement *judgement, GError **error);

/* An error that ends the run, not only the turn. */
bool bloat_sample_fatal(const GError *error);

/* The number of an object that was looked at. Takes what it takes now in pages. */
void bloat_sample_set(const struct bloat_sample_turn *turn, struct bloat_object *object,
                      gint64 pages, const struct space_pages *needed);

/* Leaves the estimate, with the reason why there is nothing better. detail is copied. */
void bloat_sample_keep(struct bloat_object *object, enum bloat_note note, const char *detail);

/* A statement made for this table only. NULL with an error. */
struct rows *bloat_sample_ask(struct session *session, const char *sql, GError **error);

#endif
