#include "http/http_private.h"

enum { SECOND = G_USEC_PER_SEC };

static struct http_guest guests[HTTP_CROWD];
static GQueue queue;

static void begin(void)
{
    memset(guests, 0, sizeof guests);
    g_queue_init(&queue);
}

static struct http_guest *come(guint i, gint64 now_us)
{
    http_guest_come(&queue, &guests[i], now_us);
    return &guests[i];
}

static void test_who_goes_first(void)
{
    begin();
    g_assert_null(http_guest_first_to_go(&queue));
    struct http_guest *slow = come(0, 1), *kept = come(1, 2), *busy = come(2, 3);
    struct http_guest *late = come(3, 4);
    http_guest_ask(&queue, kept, 5);
    http_guest_ask(&queue, busy, 5);
    busy->served = true;
    g_assert_true(http_guest_first_to_go(&queue) == slow);
    g_assert_null(http_guest_resting(&queue));
    http_guest_rest(&queue, kept, 6);
    g_assert_true(http_guest_first_to_go(&queue) == kept);
    /* With another question it is no older than that. */
    http_guest_ask(&queue, kept, 7);
    g_assert_true(http_guest_first_to_go(&queue) == slow);
    slow->shown_out = true;
    g_assert_true(http_guest_first_to_go(&queue) == late);
    late->shown_out = true;
    g_assert_true(http_guest_first_to_go(&queue) == kept);
    kept->served = true;
    g_assert_null(http_guest_first_to_go(&queue));
}

/* Of those who rest the one that has done so for longest, whoever came first. */
static void test_who_rests_longest(void)
{
    begin();
    struct http_guest *one = come(0, 1), *two = come(1, 2);
    http_guest_ask(&queue, one, 3);
    http_guest_ask(&queue, two, 3);
    http_guest_rest(&queue, two, 4);
    http_guest_rest(&queue, one, 5);
    g_assert_true(http_guest_first_to_go(&queue) == two);
    two->shown_out = true;
    g_assert_true(http_guest_first_to_go(&queue) == one);
}

static void test_patience(void)
{
    begin();
    g_assert_cmpint(http_guest_patience_us(&queue), ==, -1);
    struct http_guest *guest = come(0, SECOND);
    const gint64 first = SECOND + HTTP_TIMEOUT_S * (gint64) SECOND;
    g_assert_cmpint(http_guest_patience_us(&queue), ==, first);
    /* From accept to the end of the first request. */
    http_guest_ask(&queue, guest, 5 * SECOND);
    g_assert_cmpint(http_guest_patience_us(&queue), ==, first);
    g_assert_false(http_guest_is_late(guest, first - 1));
    g_assert_true(http_guest_is_late(guest, first));
    guest->served = true;
    g_assert_cmpint(http_guest_patience_us(&queue), ==, -1);
    g_assert_false(http_guest_is_late(guest, 1000 * first));
    /* And anew for the next, and for the time between them. */
    http_guest_rest(&queue, guest, 60 * SECOND);
    g_assert_false(http_guest_is_late(guest, first));
    g_assert_true(http_guest_is_late(guest, (60 + HTTP_TIMEOUT_S) * (gint64) SECOND));
    http_guest_ask(&queue, guest, 65 * SECOND);
    g_assert_false(http_guest_is_late(guest, (60 + HTTP_TIMEOUT_S) * (gint64) SECOND));
    g_assert_true(http_guest_is_late(guest, (65 + HTTP_TIMEOUT_S) * (gint64) SECOND));
}

static void test_how_long(void)
{
    begin();
    struct http_guest *guest = come(0, 1);
    guint requests = 1;
    for (http_guest_ask(&queue, guest, 1); http_guest_may_stay(&queue, guest); requests++) {
        http_guest_rest(&queue, guest, 1);
        http_guest_ask(&queue, guest, 1);
    }
    g_assert_cmpuint(requests, ==, HTTP_MOST_REQUESTS);
    /* In a crowd nobody stays. */
    begin();
    for (guint i = 0; i < HTTP_CROWD; i++) {
        g_assert_true(i == 0 || http_guest_may_stay(&queue, &guests[0]));
        come(i, 1);
    }
    g_assert_false(http_guest_may_stay(&queue, &guests[0]));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/guest/who-goes-first", test_who_goes_first);
    g_test_add_func("/http/guest/who-rests-longest", test_who_rests_longest);
    g_test_add_func("/http/guest/patience", test_patience);
    g_test_add_func("/http/guest/how-long", test_how_long);
    return g_test_run();
}
