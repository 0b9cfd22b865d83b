#include "store/store_events.h"

#include "store/store_fixture.h"
#include "store/store_internal.h"

static const struct store_event usual_event = {
    .target = "shop",
    .name = "slots",
    .severity = "critical",
    .opened_us = 1000,
    .message = "39 of 40 slots are taken",
    .detail = "{\"used\":39}",
    .run = 7,
};

static void append(const struct store_event *event, gpointer data)
{
    g_string_append_printf(data, "%d %s.%s %d-%d%s%s; ", (int) event->id, event->target,
                           event->name, (int) event->opened_us, (int) event->closed_us,
                           event->closing != NULL ? " " : "",
                           event->closing != NULL ? event->closing : "");
}

static void expect_events(struct store *store, const char *target, gint64 since_us, int limit,
                          const char *expected)
{
    g_autoptr(GString) events = g_string_new(NULL);

    g_assert_true(store_each_event(store, target, since_us, limit, append, events, NULL));
    g_assert_cmpstr(events->str, ==, expected);
}

static void expect_open(struct store *store, const char *target, const char *expected)
{
    g_autoptr(GString) events = g_string_new(NULL);

    store_events_open(store, target, append, events);
    g_assert_cmpstr(events->str, ==, expected);
}

static void test_open_and_close(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_event other = usual_event;

    g_assert_cmpint(store_event_open(store, &usual_event), ==, 1);
    g_assert_cmpint(store_event_open(store, &usual_event), ==, 1); /* as it is */
    other.target = "";
    g_assert_cmpint(store_event_open(store, &other), ==, 2);
    expect_open(store, NULL, "2 .slots 1000-0; 1 shop.slots 1000-0; ");
    expect_open(store, "shop", "1 shop.slots 1000-0; ");
    g_assert_true(store_event_close(store, 1, 3000, "calm again"));
    g_assert_true(store_event_close(store, 1, 4000, "no more than once"));
    expect_open(store, "shop", "");
    g_assert_cmpint(store_event_open(store, &usual_event), ==, 3);
    g_assert_true(store_event_close(store, 3, 500, "before it began"));
    expect_events(
        store, "shop", 0, 0,
        "3 shop.slots 1000-1000 before it began; 1 shop.slots 1000-3000 calm again; ");
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static void test_of_one_moment(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_event note = usual_event;

    note.name = "relief";
    note.closed_us = note.opened_us;
    g_assert_cmpint(store_event_open(store, &note), ==, 1);
    g_assert_cmpint(store_event_open(store, &note), ==, 2);
    expect_open(store, NULL, "");
    expect_events(store, NULL, 0, 1, "2 shop.relief 1000-1000; ");
}

static void test_since(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_event event = usual_event;

    for (int i = 1; i <= 3; i++) {
        event.name = i == 1 ? "old, but open" : "note";
        event.opened_us = i * 1000;
        event.closed_us = i == 1 ? 0 : i * 1000;
        store_event_open(store, &event);
    }
    expect_events(store, NULL, 2500, 0, "3 shop.note 3000-3000; 1 shop.old, but open 1000-0; ");
    store_prune(store, 2500);
    expect_events(store, NULL, 0, 0, "3 shop.note 3000-3000; 1 shop.old, but open 1000-0; ");
}

static void test_trouble(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    AUTO(store) store = store_open(path);

    sqlite3_exec(store->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
    g_assert_cmpint(store_event_open(store, &usual_event), ==, -1);
    g_assert_false(store_event_close(store, 1, 3000, NULL));
    g_assert_nonnull(store_trouble(store));
    sqlite3_exec(store->db, "PRAGMA query_only = OFF", NULL, NULL, NULL);
    g_assert_cmpint(store_event_open(store, &usual_event), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/events/open-and-close", test_open_and_close);
    g_test_add_func("/store/events/of-one-moment", test_of_one_moment);
    g_test_add_func("/store/events/since", test_since);
    g_test_add_func("/store/events/trouble", test_trouble);
    return g_test_run();
}
