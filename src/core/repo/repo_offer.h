/*
 * A file that archive_command offers: what it is, whether it is what its name says, and what
 * becomes of small ones. For repo_wal_put.c alone.
 */
#ifndef CORE_REPO_OFFER_H
#define CORE_REPO_OFFER_H

#include "repo/repo_segment.h"

/* What is to be put, once it is known to be what its name says. */
struct offer {
    struct lineage *lineage;
    const char *text; /* the name */
    struct wal_name name;
    const char *path;
    int descriptor;
    const guint8 *bytes; /* of what is small; a segment is never in memory as a whole */
    gsize length;
    guint32 segment_bytes;
    guint64 system;
    int level;
    bool left;     /* its timeline was left in it: what is there is all there will be */
    bool less;     /* and that is not all up to where it was left */
    gsize matters; /* of a whole one so many bytes: what stands behind a switch is nobody's */
};

/* FAILED, with an error. */
enum repo_put offer_refuse(GError **error, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* DIFFERENT, with an error. */
enum repo_put offer_another(const struct offer *offer, GError **error);

/* DIFFERENT: other WAL of the same place has arrived already, as a partial one. */
enum repo_put offer_other_wal(const struct offer *offer, GError **error);

/* FAILED: its WAL ends before the segment does. */
enum repo_put offer_incomplete(const struct offer *offer, guint64 end, GError **error);

/* FAILED: a stream may be writing the partial one that ours is to replace. */
enum repo_put offer_being_received(const struct offer *offer, GError **error);

/* An identical file is success only when it is durable: who wrote it may have died just before. */
enum repo_put offer_same(const struct offer *offer, guint32 timeline, GError **error);

/* The same of a partial one, of which whoever writes it may not have synced the end yet. */
enum repo_put offer_same_partial(const struct offer *offer, GError **error);

/* A history, or what tells of a backup. */
enum repo_put offer_put_small(struct offer *offer, GError **error);

/* ---- what has arrived of it already -------------------------------------------------------- */

/* A partial one that is stored, beside ours. */
struct offer_beside {
    gsize length;  /* what can be read of it */
    gsize sure;    /* so many of its first bytes are known to be as they were stored */
    gsize differs; /* of its first byte that is another than ours; G_MAXSIZE: none is */
    gsize noted;   /* so many were stored for good */
    bool damaged;  /* these are not there as they were */
};

/* Reads it a part at a time; ours: how many bytes ours has. False with an error: ours cannot be
 * read. */
bool offer_look_beside(const struct offer *offer, gsize ours, struct offer_beside *ret_beside,
                       GError **error);

/* Whether its WAL goes on where the stored segment before it ends, and the stored one behind it where
 * it does; what is not there or cannot be read says nothing. Else false, DIFFERENT with an error. */
bool offer_fits_between(const struct offer *offer, const struct wal_index *index,
                        GError **error);

/* Whether the two are of different servers. Behind what is sure stands a torn end. Pure. */
bool offer_contradicted(const struct offer_beside *beside);

/* ---- is it what its name says? ------------------------------------------------------------ */

/* What is found out while its bytes go by. */
struct offer_look {
    struct wal_index *index;
    struct wal_reader *reader;
    GError *failure; /* where it ceases to be WAL */
    bool rubbish;    /* behind a switch there are not zeroes alone */
};

void offer_look_begin(struct offer_look *look, const struct offer *offer);

/* At the bytes that follow; data: the look. False: they are no WAL. */
bool offer_look(const guint8 *bytes, gsize length, gpointer data);

/* Of what was looked at to the end, or to where it is no WAL. False with an error: it is not what
 * its name says. Else offer->left and matters are known, and the index complete. */
bool offer_judge(struct offer *offer, const struct offer_look *look, GError **error);

void offer_look_clear(struct offer_look *look);

#endif
