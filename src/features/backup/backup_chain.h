/*
 * The WAL along a path of timelines, as a recovery would read it: which file stands for which
 * segment, how far it goes without a gap, and what happens in it. The planner's only way to the
 * repository is the world below, so that a test can be one.
 */
#ifndef BACKUP_CHAIN_H
#define BACKUP_CHAIN_H

#include "backup_target.h"

struct target_world {
    const GPtrArray *backups; /* of struct repo_backup *, oldest first */
    const GArray *segments;   /* of struct repo_segment, by timeline and number */
    guint32 segment_bytes;
    guint32 newest; /* timeline; 0: there is no WAL */
    /* So many segments at the end of a reach are looked into, those before are taken by their
     * names: a year of WAL has more indexes than anybody waits for. 0: all are looked into. */
    guint look_at;
    /* The path to a timeline; NULL with *ret_missing when its history is not there. */
    GArray *(*history)(guint32 timeline, bool *ret_missing, gpointer data, GError **error);
    /* From where on WAL of a timeline was lost; 0: it is whole. */
    guint64 (*broken)(guint32 timeline, gpointer data);
    /* Borrowed, the world keeps it. NULL with an error when the segment is damaged. */
    const struct wal_index *(*index)(const struct repo_segment *segment, gpointer data,
                                     GError **error);
    /* Visits the events that begin in the first of these consecutive segments, each complete; the
     * second, where there is one, is for a record that crosses the border. False with an error
     * when they are damaged. */
    bool (*events)(const struct repo_segment *const *segments, guint count,
                   void (*visit)(const struct wal_event *event, gpointer data),
                   gpointer visit_data, gpointer data, GError **error);
    /* The first complete record in these consecutive segments that begins at or behind an LSN;
     * *ret_lsn 0: none. */
    bool (*record)(const struct repo_segment *const *segments, guint count, guint64 lsn,
                   guint64 *ret_lsn, guint64 *ret_end, gpointer data, GError **error);
    gpointer data;
};

struct target_chain {
    const struct target_world *world;
    GArray *path;        /* of struct wal_stretch */
    guint64 first;       /* the number of the first link */
    GArray *links;       /* of const struct repo_segment *, NULL: not there */
    GPtrArray *troubles; /* of char *: why a link of that place is not to be used; NULL */
};

/* Takes the path. first: the number of the segment it begins with. */
struct target_chain *target_chain_new(const struct target_world *world, GArray *path,
                                      guint64 first);
void target_chain_free(struct target_chain *chain);
AUTO_DEFINE(target_chain, target_chain_free)

/* How far a recovery can go that begins at an LSN. */
struct target_reach {
    guint64 first, last; /* segments without a gap; first > last: not even the first is there */
    guint64 end_lsn;     /* behind the last record that can be replayed; 0: nothing */
    guint32 timeline;    /* at end_lsn */
    bool cut;            /* there is WAL of the path behind it, or there was: it is lost */
    guint64 missing;     /* the first segment that is not there; 0: none, it is broken */
};
struct target_reach target_chain_reach(const struct target_chain *chain, guint64 start_lsn);

/* Which segments a walk reads in full: those whose index says that what is looked for may be in
 * them. next: of the segment behind, where a record crosses the border to it; else, and where it
 * is not there, NULL. */
typedef bool (*target_may)(const struct wal_index *index, const struct wal_index *next,
                           gconstpointer what);

/* Visits events in the order of the WAL that begin at or behind `from` and end at or before `to`,
 * of the segments that `may` lets through, until visit returns false. Nothing is visited where the
 * chain has a gap. */
bool target_chain_walk(const struct target_chain *chain, guint64 from, guint64 to,
                       target_may may, gconstpointer what,
                       bool (*visit)(const struct wal_event *event, gpointer data),
                       gpointer data, GError **error);

/* The same, segment by segment towards the beginning, within a segment in the order of the WAL.
 * visit_segment (after each segment that was read) returns false when that was enough. */
bool target_chain_walk_back(const struct target_chain *chain, guint64 from, guint64 to,
                            target_may may, gconstpointer what,
                            bool (*visit)(const struct wal_event *event, gpointer data),
                            bool (*enough)(gpointer data), gpointer data, GError **error);

/* The first record at or behind an LSN that ends at or before `to`; *ret_lsn 0: none. */
bool target_chain_record(const struct target_chain *chain, guint64 lsn, guint64 to,
                         guint64 *ret_lsn, guint64 *ret_end, GError **error);

const struct repo_segment *target_chain_link(const struct target_chain *chain, guint64 segment);

/* The name of the file that is missing there, ".damaged" behind it where it is there and cannot be
 * read. Caller frees. */
char *target_chain_name(const struct target_chain *chain, guint64 segment);

/* The number behind the last link that is there. */
guint64 target_chain_behind(const struct target_chain *chain);

#endif
