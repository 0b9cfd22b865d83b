/* What the files of the watch share. */
#ifndef CORE_WATCH_INTERNAL_H
#define CORE_WATCH_INTERNAL_H

#include "out/watch.h"

/* What the person sees of a frame. */
struct watch_view {
    int columns, lines; /* of the terminal */
    gint64 chosen;      /* id of the chosen row; 0: none yet */
    guint row;          /* where it stands, or stood before it went */
    guint top;          /* the first row shown */
    const char *status; /* the last line */
};

/* Finds the chosen row in a frame, and the part of the rows that has it. Pure, as the next two. */
void watch_follow(struct watch_view *view, const struct watch_frame *frame);

/* Moves the choice by so many rows. */
void watch_move(struct watch_view *view, const struct watch_frame *frame, gint64 rows);

/* The page as it is written to the terminal. Caller frees. */
char *watch_draw(const struct watch_view *view, const struct watch_frame *frame);

/* Rows that fit. */
guint watch_body(const struct watch_view *view, const struct watch_frame *frame);

enum watch_key {
    WATCH_KEY_NONE,  /* there was none */
    WATCH_KEY_OTHER, /* one that means nothing, but no */
    WATCH_KEY_UP,
    WATCH_KEY_DOWN,
    WATCH_KEY_PAGE_UP,
    WATCH_KEY_PAGE_DOWN,
    WATCH_KEY_CANCEL,
    WATCH_KEY_TERMINATE,
    WATCH_KEY_YES,
    WATCH_KEY_REFRESH,
    WATCH_KEY_QUIT,
};

/* The key the bytes begin with, and how many of them it takes, at least 1. Pure. */
enum watch_key watch_key_of(const char *bytes, gsize length, gsize *ret_length);

/* Makes the terminal a page of its own, and puts it back. */
void watch_terminal_enter(int fd);
void watch_terminal_leave(void);
void watch_terminal_size(int fd, int *ret_columns, int *ret_lines);

#endif
