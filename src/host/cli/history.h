/*
 * What the commands of `pgrunbook history` share.
 */
#ifndef HOST_CLI_HISTORY_H
#define HOST_CLI_HISTORY_H

#include "feature.h"
#include "out/grid.h"
#include "store/store.h"
#include "store/store_events.h"

#include <glib.h>
#include <jansson.h>

/* The history for reading. NULL without an error: there is none yet, and a note says so. */
struct store *history_open(struct call *call, GError **error);

/* A whole number from 1 on; what: "run id". False with RUNBOOK_USAGE. */
bool history_number(const char *text, const char *what, gint64 *ret_number, GError **error);

/* Local time to the second; NULL for 0. Caller frees. */
char *history_time(gint64 wall_us);

/* How long it took, in words; NULL when one of the two is 0. Caller frees. */
char *history_took(gint64 started_us, gint64 ended_us);

/* The tone of an outcome as the history keeps it. */
enum output_tone history_tone(const char *outcome);

/* A run's outcome, never NULL. */
const char *history_outcome(const struct store_run_view *run);

/* Recorded JSON text: its value; what is not JSON stays text. */
json_t *history_recorded(const char *text);

/* {"dead": 12, "names": ["a", "b"]} as "dead 12, names 2", for people; NULL for NULL. Caller
 * frees. */
char *history_in_words(const char *text);

/* What list and show have in common. */
json_t *history_run_json(const struct store_run_view *run);

/* An event with all that is known of it. */
json_t *history_event_json(const struct store_event *event);

/* A run as a row of a struct grid with these columns. */
extern const struct grid_column history_list_columns[];
void history_list_row(const struct store_run_view *run, gpointer grid);

enum runbook_exit history_show_command(struct call *call, GError **error);
enum runbook_exit history_prune_command(struct call *call, GError **error);
enum runbook_exit history_events_command(struct call *call, GError **error);
enum runbook_exit history_minutes_command(struct call *call, GError **error);
enum runbook_exit history_undo_command(struct call *call, GError **error);

#endif
