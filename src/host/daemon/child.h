/*
 * A child process of the daemon: this program again, with another command line, in a session of
 * its own. What it prints comes as lines. When the daemon dies, however it dies, the kernel sends
 * each child SIGTERM.
 */
#ifndef HOST_DAEMON_CHILD_H
#define HOST_DAEMON_CHILD_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct child;

struct child_plan {
    const char *const *arguments; /* behind the program's name; NULL-terminated */
    bool feed;                    /* it reads lines of ours from its stdin */
    bool messages;                /* its stderr is to be read as well, not shared with us */
    /* Names and values, NULL-terminated, that its environment has beside ours; NULL: none. */
    const char *const *environment;
    gsize longest;     /* line, in bytes */
    int settings_fd;   /* of settings_files_share(), inherited; -1: none */
    const char *alias; /* of the target in the history; NULL: as its command line names it */
    /* What it printed, as it comes, instead of lines. NULL: lines are wanted. */
    void (*bytes)(const char *bytes, gsize length, gpointer data);
    /* A line it said on stderr, apart from what it printed; goes with `messages`. NULL: `line` gets
     * these, too. */
    void (*message)(const char *line, gsize length, bool cut, gpointer data);
    /* A line it printed; `cut`: it was longer. */
    void (*line)(const char *line, gsize length, bool cut, gpointer data);
    /* It is gone, after its last line; status as waitpid() tells. The child is freed after it. */
    void (*ended)(int status, gpointer data);
    gpointer data;
};

/* Starts it. NULL with RUNBOOK_FAILED. The plan is copied, but not its data. */
struct child *child_start(const struct child_plan *plan, GError **error);

pid_t child_pid(const struct child *child);
gint64 child_started_us(const struct child *child); /* wall clock */

/* Writes to its stdin, as soon as it reads. False when too much waits already. */
bool child_feed(struct child *child, const char *text);

/* SIGTERM, once, and as much time as it needs: what Ctrl-C is at a terminal. */
void child_interrupt(struct child *child);

/* The same, and SIGKILL when it is still there after the grace. Again: only the earlier kill
 * counts. */
void child_stop(struct child *child, guint grace_ms);
void child_kill(struct child *child);

/* On SIGCHLD: calls `ended` of those that are gone. */
void child_reap_all(void);

/* A copy, with the program (unless it is NULL) in front. Caller frees. */
char **child_words(const char *program, const char *const *arguments);

/* How many there are. */
guint child_count(void);

/* "exit code 3", "killed by signal 9 (Killed)". Caller frees. */
char *child_status_words(int status);

/* As a shell would tell it, but -1 for one that a signal ended. */
int child_exit_code(int status);

#endif
