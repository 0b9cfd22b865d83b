/*
 * The daemon as a whole, and what its parts do for each other. One thread, one main loop: nothing
 * here waits for anything.
 */
#ifndef HOST_DAEMON_PRIVATE_H
#define HOST_DAEMON_PRIVATE_H

#include "daemon/courier.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/gathers.h"
#include "daemon/keeper.h"
#include "daemon/metrics_own.h"
#include "daemon/minder.h"
#include "daemon/minutes.h"
#include "daemon/scheduler.h"
#include "daemon/stopping.h"
#include "daemon/watch_line.h"
#include "feature.h"
#include "http/http.h"

/* The newest that is known of a target; all of it comes from its watch. */
struct target_seen {
    bool said;        /* its watch, as it runs now, has told the state */
    gint64 state_us;  /* wall clock; 0: never */
    gint64 sample_us; /* the same */
    struct watch_state state;
    struct watch_sample sample;
};

struct daemon_target {
    struct daemon *daemon;
    char *name;
    struct settings *settings;
    char *sense; /* all settings that its watch rests on, as text */
    struct minder *watch;
    GPtrArray *services; /* of struct target_service; NULL: none yet */
    struct gather *gather;
    char *told_state;  /* as the streams were told; NULL: never */
    GHashTable *live;  /* section → its report of the last look; NULL: none */
    GPtrArray *coming; /* its next turns, as overview.c has worked them out; NULL: not yet */
    guint coming_of;   /* … with the settings that were applied then */
    enum scheduler_place place;
    bool leaving; /* no longer in the settings: it goes as soon as its watch has ended */
    guint odd_lines;
    struct target_seen seen;
};

struct daemon {
    const struct daemon_options *options;
    char *state; /* path of the history: of the first settings, until the end */
    struct settings *settings;
    int snapshot; /* descriptor of the files as they were read; -1: none */
    struct keeper *keeper;
    guint generation; /* of the keeper's, that the scheduler's runs are of */
    struct events *events;
    struct minutes *minutes;
    struct courier *courier;
    char *courier_sense; /* all settings that it rests on, as text */
    struct scheduler *scheduler;
    struct metrics_counts *counts;
    GPtrArray *targets; /* of struct daemon_target */
    GPtrArray *jobs;    /* of struct daemon_job */
    struct http *http;
    char *listen_sense;        /* all that HTTP is to rest on, as text */
    struct http_listen listen; /* where it is, or was last */
    bool listen_late;          /* it is not yet as the settings say */
    struct api *api;
    /* As the server was started: whoever reaches it may look; operators may act. */
    bool http_open, http_actions;
    GMainLoop *loop;
    guint tick_source, turn_source, watchdog_source;
    gint64 started_us; /* monotonic */
    gint64 wake_us;    /* wall clock: when the scheduler is to be asked again */
    gint64 last_wall_us, last_tick_us;
    gint64 prune_us;              /* monotonic: when to forget what is old */
    guint applied;                /* how often settings were applied */
    guint gathering, gather_turn; /* children that gather; whose turn it is to be first */
    char *status;                 /* as systemd was told */
    bool stopping;
};

/* ---- life (daemon.c) ------------------------------------------------------------------------ */

/* Makes watches, courier and jobs those of the settings. */
void daemon_apply(struct daemon *daemon);

/* Asks the scheduler what is due, and when to ask again. After all that may have changed it. */
void daemon_look_at_turns(struct daemon *daemon);

/* Ends the loop once no child is left. */
void daemon_end_if_alone(struct daemon *daemon);

/* ---- settings (reload.c) -------------------------------------------------------------------- */

/* Reads and checks the files; on success they are in force from here on. */
bool daemon_load(struct daemon *daemon, GError **error);

/* SIGHUP. */
void daemon_reload(struct daemon *daemon);

/* ---- where HTTP is answered (listen.c) ------------------------------------------------------- */

/* Answers HTTP as the settings say now, and no longer otherwise. */
bool daemon_listen(struct daemon *daemon, GError **error);

/* The same if something is other than it was. What cannot be had is tried again at each tick. */
void daemon_listen_anew(struct daemon *daemon);
void daemon_listen_tick(struct daemon *daemon);

/* "HTTP on 127.0.0.1:8432". Caller frees. */
char *daemon_where(const struct daemon *daemon);

/* ---- targets and their watches (targets.c) -------------------------------------------------- */

/* Makes the targets those of the settings: new ones are watched, changed ones watched anew. */
void targets_apply(struct daemon *daemon);

/* Frees those that have left. */
void targets_sweep(struct daemon *daemon);
void targets_tick(struct daemon *daemon, gint64 now_us);
void targets_stop(struct daemon *daemon, guint grace_ms);
void daemon_target_free(struct daemon_target *target);

/* NULL: none of that name, or it is leaving. */
struct daemon_target *targets_find(const struct daemon *daemon, const char *name);

/* "--target", NAME, … : what makes a command line one for this target, with the daemon's own
 * files. */
void target_words(const struct daemon_target *target, GStrvBuilder *words);

/* "--config", FILE, "--state", FILE: the daemon's own files. */
void daemon_words(const struct daemon *daemon, GStrvBuilder *words);

/* The same for a command that connects to no server by itself. */
void target_words_alone(const struct daemon_target *target, GStrvBuilder *words);

/* Opens the target's event of that name when a child of its cannot stay up, and closes it when it
 * does. */
void target_trouble(const struct daemon_target *target, const char *name, bool looping,
                    const char *message);

/* Its name for children whose command line has none; NULL: it has. Lives as long as the daemon. */
const char *target_alias(const struct daemon_target *target);

/* What is kept running beside its watch, as its settings and its place want it (services.c).
 * changed: its settings are others. */
void services_apply(struct daemon_target *target, bool changed);
void services_tick(struct daemon_target *target, gint64 now_us);
/* Ends them for good. True when none is left. */
bool services_stop(struct daemon_target *target, guint grace_ms);
void services_free(struct daemon_target *target);

/* Something new was gathered of it (api.c). */
void daemon_gathered(struct daemon_target *target);

/* A line of its watch (watches.c). */
void watch_heard(struct daemon_target *target, const char *text, gsize length, bool cut);
void watch_gone(struct daemon_target *target, const char *how);

/* Another target of ours with the same database, whose watch has its lock: it does the jobs of both;
 * NULL: none. */
const struct daemon_target *watch_twin(const struct daemon_target *target);

/* ---- jobs (jobs.c) -------------------------------------------------------------------------- */

struct daemon_job;

/* Hands the settings' jobs to the scheduler. */
void jobs_apply(struct daemon *daemon);
void jobs_start(struct daemon *daemon, const struct scheduler_order *order);
void jobs_tick(struct daemon *daemon, gint64 now_us);
void jobs_stop(struct daemon *daemon, guint grace_ms);

/* One that is at work. */
struct daemon_job_view {
    const struct scheduler_order *order;
    gint64 started_us, run; /* run 0: none yet */
    const struct stopping *stop;
};
void jobs_each(const struct daemon *daemon,
               void (*visit)(const struct daemon_job_view *view, gpointer data), gpointer data);

/* Has the job of that run end, and its turn with it. False: there is none. */
bool jobs_stop_run(struct daemon *daemon, gint64 run, const char *by, const char *reason);

/* ---- HTTP ----------------------------------------------------------------------------------- */

/* All paths but those of files (api.c). */
extern const struct http_route daemon_routes[];

void health_live(struct http_request *request, gpointer data);
void health_ready(struct http_request *request, gpointer data);

/* What the API keeps from one request to the next. */
struct api *api_new(struct daemon *daemon);
void api_free(struct api *api);
/* The settings are others, or something was done: what is kept is out of date. */
void api_stale(struct api *api);
void api_stop(struct api *api, guint grace_ms);
/* Once a second. */
void api_streams_tick(struct api *api, gint64 now_us);
/* What has happened, for those who listen (api_stream.c). */
void api_tell_sample(struct daemon_target *target);
void api_tell_state(struct daemon_target *target);
void api_tell_event(struct api *api, const struct store_event *event);
void api_tell_turn(struct api *api, const struct store_turn *turn);
/* A report that the watch made of a look (api_live.c). */
void api_live_heard(struct daemon_target *target, const char *section, json_t *document,
                    gint64 at_us);

#endif
