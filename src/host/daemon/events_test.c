/* Events and the keeper of the history they are written to. */
#include "daemon/events.h"
#include "daemon/keeper.h"
#include "feature.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

const struct feature *const features[] = {NULL};

static void tell(const struct store_event *event, gpointer data)
{
    g_string_append_printf(data, "%s/%s %s;", event->target, event->name,
                           event->closed_us == 0    ? "open"
                           : event->closing != NULL ? event->closing
                                                    : "note");
}

static void open_one(struct events *events, const char *target, const char *name, gint64 at_us)
{
    struct store_event event = {
        .target = target,
        .name = name,
        .severity = "warning",
        .opened_us = at_us,
        .message = "so it is",
    };
    events_open(events, &event);
}

static void add(const struct store_event *event, gpointer data)
{
    g_string_append_printf(data, "%s/%s %d;", event->target, event->name,
                           event->closed_us != 0);
}

/* All in the store, newest first: name and whether it is over. */
static char *stored(struct store *store)
{
    GString *text = g_string_new(NULL);
    g_assert_true(store_each_event(store, NULL, 0, 0, add, text, NULL));
    return g_string_free(text, FALSE);
}

static void test_once(void)
{
    AUTO(store) store = store_open(NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    AUTO(events) events = events_new(store, tell, told);
    open_one(events, "shop", "slots", 10);
    open_one(events, "shop", "slots", 11);
    open_one(events, "shed", "slots", 12);
    events_close(events, "shop", "refused", 13, "never open");
    events_close(events, "shop", "slots", 14, "calm");
    events_close(events, "shop", "slots", 15, "calm again");
    g_assert_cmpstr(told->str, ==, "shop/slots open;shed/slots open;shop/slots calm;");
    g_assert_true(events_is_open(events, "shed", "slots"));
    g_assert_false(events_is_open(events, "shop", "slots"));
    g_autofree char *all = stored(store);
    g_assert_cmpstr(all, ==, "shed/slots 0;shop/slots 1;");
}

static void add_severity(const struct store_event *event, gpointer data)
{
    g_string_append_printf(data, "%s %s: %s;", event->name, event->severity, event->message);
}

/* A warning that becomes critical is told once more, and not when it is less again. */
static void test_rise(void)
{
    AUTO(store) store = store_open(NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    g_autoptr(GString) kept = g_string_new(NULL);
    AUTO(events) events = events_new(store, add_severity, told);
    struct store_event event = {.target = "shop",
                                .name = "slots",
                                .severity = "warning",
                                .opened_us = 10,
                                .message = "15 of 17"};
    events_open(events, &event);
    for (guint i = 0; i < 2; i++) {
        event.severity = "critical";
        event.message = "17 of 17";
        events_open(events, &event);
        event.severity = "warning";
        event.message = "16 of 17";
        events_open(events, &event);
    }
    g_assert_cmpstr(told->str, ==, "slots warning: 15 of 17;slots critical: 17 of 17;");
    g_assert_true(store_each_event(store, NULL, 0, 0, add_severity, kept, NULL));
    g_assert_cmpstr(kept->str, ==, "slots critical: 17 of 17;");
}

static void test_note(void)
{
    AUTO(store) store = store_open(NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    AUTO(events) events = events_new(store, tell, told);
    struct store_event note = {.target = "shop",
                               .name = "relief",
                               .severity = "info",
                               .opened_us = 5,
                               .message = "done"};
    events_note(events, &note);
    events_note(events, &note);
    g_assert_cmpstr(told->str, ==, "shop/relief note;shop/relief note;");
    g_assert_false(events_is_open(events, "shop", "relief"));
}

static void take_message(const struct store_event *event, gpointer data)
{
    g_string_append_printf(data, "%s|%s;", event->message,
                           event->closing != NULL ? event->closing : "");
}

static void test_one_line(void)
{
    AUTO(store) store = store_open(NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    g_autoptr(GString) texts = g_string_new(NULL);
    AUTO(events) events = events_new(store, tell, told);
    struct store_event event = {.target = "shop",
                                .name = "log",
                                .severity = "info",
                                .opened_us = 5,
                                .message = "it broke\n\thint: mend it\n"};
    events_note(events, &event);
    events_open(events, &event);
    events_close(events, "shop", "log", 6, "calm\ndetail: all");
    g_assert_true(store_each_event(store, NULL, 0, 0, take_message, texts, NULL));
    g_assert_cmpstr(texts->str, ==,
                    "it broke; hint: mend it|calm; detail: all;it broke; hint: mend it|;");
}

/* The next daemon neither repeats nor forgets. */
static void test_restart(void)
{
    AUTO(store) store = store_open(NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    struct events *before = events_new(store, tell, told);
    open_one(before, "shop", "slots", 10);
    open_one(before, "shop", "log", 11);
    open_one(before, "gone", "slots", 12);
    events_free(before);
    g_string_truncate(told, 0);
    AUTO(events) after = events_new(store, tell, told);
    open_one(after, "shop", "slots", 20);
    g_assert_cmpstr(told->str, ==, "");
    events_close(after, "shop", "log", 21, "calm");
    events_close_target(after, "gone", 22, "not watched");
    g_assert_cmpstr(told->str, ==, "shop/log calm;gone/slots not watched;");
    g_autoptr(GHashTable) targets = events_targets(after);
    g_assert_cmpuint(g_hash_table_size(targets), ==, 1);
    g_assert_true(g_hash_table_contains(targets, "shop"));
}

/* What changed while the history could not be written is made good. */
static void test_another_store(void)
{
    AUTO(store) broken = store_open(NULL);
    AUTO(store) whole = store_open(NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    struct events *earlier = events_new(whole, tell, told);
    open_one(earlier, "shop", "slots", 10);
    events_free(earlier);
    AUTO(events) events = events_new(broken, tell, told);
    open_one(events, "", "store", 20);
    open_one(events, "shop", "log", 21);
    events_set_store(events, whole);
    g_autofree char *all = stored(whole);
    g_assert_cmpstr(all, ==, "shop/log 0;shop/slots 1;");
    events_close(events, "shop", "log", 22, "calm");
    events_close(events, "", "store", 22, "written again");
    g_autofree char *later = stored(whole);
    g_assert_cmpstr(later, ==, "shop/log 1;shop/slots 1;");
}

/* What came and went meanwhile is written down once there is a history. */
static void test_unwritten(void)
{
    AUTO(store) nowhere = store_open("/proc/nowhere/h.db");
    AUTO(store) whole = store_open(NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    struct store_event note = {.target = "shop",
                               .name = "relief",
                               .severity = "info",
                               .opened_us = 5,
                               .message = "done"};
    AUTO(events) events = events_new(nowhere, tell, told);
    events_note(events, &note);
    open_one(events, "shop", "log", 21);
    events_close(events, "shop", "log", 22, "calm");
    open_one(events, "shop", "log", 23);
    events_set_store(events, whole);
    g_autofree char *all = stored(whole);
    g_assert_cmpstr(all, ==, "shop/log 0;shop/log 1;shop/relief 1;");
    events_set_store(events, whole);
    g_autofree char *again = stored(whole);
    g_assert_cmpstr(again, ==, all);
}

/* ---- the keeper ----------------------------------------------------------------------------- */

static void changed(struct store *store, const char *trouble, gpointer data)
{
    g_assert_nonnull(store);
    g_string_append(data, trouble != NULL ? "broken;" : "well;");
}

static void test_keeper(void)
{
    g_autofree char *folder = g_dir_make_tmp("keeper-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "sub", "h.db", NULL);
    g_autofree char *sub = g_build_filename(folder, "sub", NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    /* A file where the directory should be. */
    g_assert_true(g_file_set_contents(sub, "x", 1, NULL));
    AUTO(keeper) keeper = keeper_new(path, changed, told);
    g_assert_nonnull(keeper_trouble(keeper));
    keeper_tick(keeper, 0);
    keeper_tick(keeper, G_USEC_PER_SEC);
    keeper_tick(keeper, 3 * G_USEC_PER_SEC);
    g_assert_cmpstr(told->str, ==, "broken;");
    g_assert_cmpint(g_remove(sub), ==, 0);
    keeper_tick(keeper, 4 * G_USEC_PER_SEC); /* too early */
    g_assert_cmpstr(told->str, ==, "broken;");
    keeper_tick(keeper, 60 * G_USEC_PER_SEC);
    g_assert_cmpstr(told->str, ==, "broken;well;");
    g_assert_null(keeper_trouble(keeper));
    keeper_tick(keeper, 61 * G_USEC_PER_SEC);
    g_autofree char *all = stored(keeper_store(keeper));
    g_assert_cmpstr(all, ==, "/store 1;");
    g_assert_cmpstr(told->str, ==, "broken;well;");
}

/* A file that is moved away is followed by a new one, and what was numbered in it is no more. */
static void test_keeper_moved(void)
{
    g_autofree char *folder = g_dir_make_tmp("keeper-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "h.db", NULL);
    g_autofree char *away = g_build_filename(folder, "away.db", NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    AUTO(keeper) keeper = keeper_new(path, changed, told);
    keeper_tick(keeper, 0);
    g_assert_null(keeper_trouble(keeper));
    g_assert_cmpuint(keeper_generation(keeper), ==, 0);
    g_assert_cmpint(g_rename(path, away), ==, 0);
    keeper_tick(keeper, G_USEC_PER_SEC);
    g_assert_nonnull(keeper_trouble(keeper));
    keeper_tick(keeper, 10 * G_USEC_PER_SEC);
    g_assert_null(keeper_trouble(keeper));
    g_assert_cmpstr(told->str, ==, "well;");
    g_assert_cmpuint(keeper_generation(keeper), ==, 1);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* What held the old one open does not keep a new one from being begun in its place. */
static void test_keeper_emptied(void)
{
    g_autofree char *folder = g_dir_make_tmp("keeper-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "h.db", NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    store_close(store_open(path)); /* all of it is in the file then */
    AUTO(keeper) keeper = keeper_new(path, changed, told);
    g_assert_cmpint(truncate(path, 0), ==, 0);
    keeper_tick(keeper, G_USEC_PER_SEC);
    g_assert_nonnull(strstr(keeper_trouble(keeper), "emptied"));
    keeper_tick(keeper, 10 * G_USEC_PER_SEC);
    g_assert_null(keeper_trouble(keeper));
    g_assert_cmpstr(told->str, ==, "well;");
    g_assert_cmpuint(keeper_generation(keeper), ==, 1);
    g_assert_false(store_in_memory(keeper_store(keeper)));
}

/* What is open can be written for ever; what counts is who opens it now, as every child does. */
static void test_keeper_forbidden(void)
{
    const uid_t before = geteuid();
    g_autoptr(GString) told = g_string_new(NULL);
    if (before == 0) /* to whom nothing is forbidden */
        g_assert_cmpint(seteuid(65534), ==, 0);
    g_autofree char *folder = g_dir_make_tmp("keeper-XXXXXX", NULL);
    g_assert_nonnull(folder);
    g_autofree char *path = g_build_filename(folder, "h.db", NULL);
    AUTO(keeper) keeper = keeper_new(path, changed, told);
    keeper_tick(keeper, 0);
    g_assert_null(keeper_trouble(keeper));
    g_assert_cmpint(g_chmod(path, 0400), ==, 0);
    keeper_tick(keeper, 20 * G_USEC_PER_SEC);
    g_assert_nonnull(keeper_trouble(keeper));
    keeper_tick(keeper, 30 * G_USEC_PER_SEC);
    g_assert_cmpstr(told->str, ==, "broken;");
    g_assert_cmpint(g_chmod(path, 0600), ==, 0);
    keeper_tick(keeper, 90 * G_USEC_PER_SEC);
    g_assert_cmpstr(told->str, ==, "broken;well;");
    g_assert_cmpuint(keeper_generation(keeper), ==, 0);
    g_assert_cmpint(seteuid(before), ==, 0);
}

/* Who moves it away and back at once has it as before. */
static void test_keeper_moved_back(void)
{
    g_autofree char *folder = g_dir_make_tmp("keeper-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "h.db", NULL);
    g_autofree char *away = g_build_filename(folder, "away.db", NULL);
    g_autoptr(GString) told = g_string_new(NULL);
    AUTO(keeper) keeper = keeper_new(path, changed, told);
    keeper_tick(keeper, 0);
    g_assert_cmpint(g_rename(path, away), ==, 0);
    keeper_tick(keeper, G_USEC_PER_SEC);
    g_assert_cmpint(g_rename(away, path), ==, 0);
    keeper_tick(keeper, 2 * G_USEC_PER_SEC);
    keeper_tick(keeper, 10 * G_USEC_PER_SEC);
    g_assert_null(keeper_trouble(keeper));
    g_assert_cmpuint(keeper_generation(keeper), ==, 0);
}

/* What stands in the file under a store that has it open. */
static void overwrite(const char *path, const char *bytes, gsize length)
{
    int fd = g_open(path, O_WRONLY, 0);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pwrite(fd, bytes, length, 0), ==, (gssize) length);
    close(fd);
}

/* A file that is damaged while it is open is noticed; one that was put back is the history again. */
static void test_keeper_damaged(void)
{
    g_autofree char *folder = g_dir_make_tmp("keeper-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "h.db", NULL);
    g_autofree char *good = NULL;
    gsize length = 0;
    char noise[3 * 4096];
    g_autoptr(GString) told = g_string_new(NULL);
    store_close(store_open(path)); /* all of it is in the file then */
    g_assert_true(g_file_get_contents(path, &good, &length, NULL));
    AUTO(keeper) keeper = keeper_new(path, changed, told);
    keeper_tick(keeper, G_USEC_PER_SEC);
    g_assert_null(keeper_trouble(keeper));
    memset(noise, 'x', sizeof noise);
    overwrite(path, noise, sizeof noise);
    keeper_tick(keeper, 2 * G_USEC_PER_SEC); /* not looked at that often */
    g_assert_null(keeper_trouble(keeper));
    keeper_tick(keeper, 20 * G_USEC_PER_SEC);
    g_assert_nonnull(keeper_trouble(keeper));
    keeper_tick(keeper, 30 * G_USEC_PER_SEC);
    g_assert_cmpstr(told->str, ==, "broken;");
    overwrite(path, good, length);
    keeper_tick(keeper, 90 * G_USEC_PER_SEC);
    g_assert_cmpstr(told->str, ==, "broken;well;");
    g_assert_null(keeper_trouble(keeper));
    overwrite(path, noise, sizeof noise);
    keeper_doubt(keeper);
    keeper_tick(keeper, 91 * G_USEC_PER_SEC);
    g_assert_nonnull(keeper_trouble(keeper));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/events/once", test_once);
    g_test_add_func("/events/rise", test_rise);
    g_test_add_func("/events/note", test_note);
    g_test_add_func("/events/one-line", test_one_line);
    g_test_add_func("/events/restart", test_restart);
    g_test_add_func("/events/another-store", test_another_store);
    g_test_add_func("/events/unwritten", test_unwritten);
    g_test_add_func("/keeper", test_keeper);
    g_test_add_func("/keeper/moved", test_keeper_moved);
    g_test_add_func("/keeper/moved-back", test_keeper_moved_back);
    g_test_add_func("/keeper/damaged", test_keeper_damaged);
    g_test_add_func("/keeper/emptied", test_keeper_emptied);
    g_test_add_func("/keeper/forbidden", test_keeper_forbidden);
    return g_test_run();
}
