/*
 * `migrations capture -- PROGRAM`: a program that changes its schema by itself (GORM's AutoMigrate)
 * is run against a copy of the target's schema, and what it did there becomes a migration.
 */
#ifndef MIGRATIONS_CAPTURE_H
#define MIGRATIONS_CAPTURE_H

#include "capture/capture_log.h"
#include "capture/capture_past.h"
#include "capture/capture_write.h"
#include "feature.h"
#include "folder/folder.h"
#include "rehearse/shadow.h"
#include "rehearse/snapshot.h"

struct capture {
    struct call *call;
    struct session *target;
    struct shadow *shadow;
    const char *dir; /* NULL: what was captured is printed */
    enum folder_format format;
    char *last; /* the newest version in dir; NULL */

    struct snapshot *before, *after;
    struct capture_log *log;
    GPtrArray *parts, *files;
    /* What differs when the proposed down, and then the up, are run on the copy; of char *. */
    GPtrArray *wrong_down, *wrong_up;
};

/* The folder's format and newest version. */
bool capture_look_at_folder(struct capture *capture, GError **error);
/* Runs the program on a copy: log, snapshots. */
bool capture_observe(struct capture *capture, GError **error);
/* Parts, downs and notes, files. */
bool capture_propose(struct capture *capture, GError **error);
/* Runs the down and the up on the copy. */
bool capture_prove(struct capture *capture, GError **error);
bool capture_write(struct capture *capture, GError **error);
void capture_show(struct capture *capture);

#endif
