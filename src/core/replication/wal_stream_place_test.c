/* Where a stream begins, over forks inside a segment and between two. */
#include "replication/wal_stream_place.h"

enum { BYTES = 1 << 20 };

static guint64 mib(double number)
{
    return (guint64) (number * BYTES);
}

/* Timeline 1 to fork, timeline 2 from there on. */
static GArray *fork_at(double fork)
{
    const struct wal_stretch stretches[] = {{1, 0, mib(fork)}, {2, mib(fork), 0}};
    GArray *path = g_array_new(FALSE, FALSE, sizeof(struct wal_stretch));

    return g_array_append_vals(path, stretches, G_N_ELEMENTS(stretches));
}

static void store(GArray *segments, guint32 timeline, guint64 segment, bool partial)
{
    struct repo_segment one = {.timeline = timeline, .segment = segment, .partial = partial};

    g_array_append_val(segments, one);
}

static void check_missing(double fork, const GArray *segments, double from, guint32 timeline,
                          guint64 segment)
{
    g_autoptr(GArray) path = fork_at(fork);
    const struct wal_stream_known known = {path, segments, BYTES};
    struct wal_stream_place place = wal_stream_place_missing(&known, mib(from));

    g_assert_cmpuint(place.timeline, ==, timeline);
    g_assert_cmphex(place.lsn, ==, segment * BYTES);
}

static void check_end(double fork, const GArray *segments, guint32 timeline, guint64 segment)
{
    g_autoptr(GArray) path = fork_at(fork);
    const struct wal_stream_known known = {path, segments, BYTES};
    struct wal_stream_place place = {0, 0};

    g_assert_true(wal_stream_place_end(&known, &place));
    g_assert_cmpuint(place.timeline, ==, timeline);
    g_assert_cmphex(place.lsn, ==, segment * BYTES);
}

/* The server's old timeline has no segment 8: it ended with 7. */
static void test_fork_between_segments(void)
{
    g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(struct repo_segment));

    store(segments, 1, 6, false);
    check_missing(8, segments, 6.5, 1, 7);
    store(segments, 1, 7, false);
    check_missing(8, segments, 6.5, 2, 8);
    check_missing(8, segments, 8, 2, 8);
    check_end(8, segments, 2, 8);
    store(segments, 2, 8, false);
    check_missing(8, segments, 6.5, 2, 9);
    check_end(8, segments, 2, 9);
}

static void test_fork_inside_a_segment(void)
{
    g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(struct repo_segment));

    store(segments, 1, 6, false);
    store(segments, 1, 7, true);
    check_missing(7.5, segments, 6, 1, 7);
    check_end(7.5, segments, 1, 7);
    g_array_index(segments, struct repo_segment, 1).partial = false;
    check_missing(7.5, segments, 6, 2, 7);
    check_end(7.5, segments, 2, 7);
    store(segments, 2, 7, false);
    check_missing(7.5, segments, 6, 2, 8);
}

/* Timeline 2 lives for less than a segment: its own one is not asked for. */
static void test_two_forks_in_one_segment(void)
{
    const struct wal_stretch stretches[] = {
        {1, 0, mib(7.2)}, {2, mib(7.2), mib(7.4)}, {3, mib(7.4), 0}};
    g_autoptr(GArray) path = g_array_new(FALSE, FALSE, sizeof(struct wal_stretch));
    g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(struct repo_segment));
    const struct wal_stream_known known = {path, segments, BYTES};

    g_array_append_vals(path, stretches, G_N_ELEMENTS(stretches));
    store(segments, 1, 7, false);
    struct wal_stream_place place = wal_stream_place_missing(&known, mib(7.1));
    g_assert_cmpuint(place.timeline, ==, 3);
    g_assert_cmphex(place.lsn, ==, mib(7));
}

static void check_look_back(const GArray *segments, double from, double reached,
                            guint64 expected)
{
    g_autoptr(GArray) path = fork_at(7.5);
    const struct wal_stream_known known = {path, segments, BYTES};
    struct wal_stream_place place = wal_stream_place_missing(&known, mib(from));
    guint64 before = place.lsn;

    g_assert_cmpint(wal_stream_place_look_back(&known, mib(from), mib(reached), &place), ==,
                    before != expected * BYTES);
    g_assert_cmphex(place.lsn, ==, expected * BYTES);
    g_assert_cmpuint(place.timeline, ==, 2);
}

/* What somebody else has stored behind what was received. */
static void test_look_back(void)
{
    g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(struct repo_segment));

    store(segments, 1, 7, false);
    check_look_back(segments, 7.7, 7.8, 7);
    for (guint64 segment = 7; segment < 10; segment++)
        store(segments, 2, segment, false);
    store(segments, 2, 10, true);
    check_look_back(segments, 10.2, 10.5, 10); /* nothing was passed over */
    check_look_back(segments, 7.7, 10.5, 9);
    check_look_back(segments, 9.1, 10.5, 9);
    check_look_back(segments, 7.7, 8.2, 8); /* the server is not as far yet */
    check_look_back(segments, 7.7, 7.8, 7);
}

static void test_peek(void)
{
    g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(struct repo_segment));
    g_autoptr(GArray) path = fork_at(7.5);
    const struct wal_stream_known known = {path, segments, BYTES};
    struct wal_stream_place first = {2, mib(7)}, third = {2, mib(9)}, again = third;

    store(segments, 1, 6, false);
    store(segments, 2, 7, false);
    store(segments, 2, 8, false);
    g_assert_true(wal_stream_place_peek(&known, &third));
    g_assert_cmphex(third.lsn, ==, mib(8));
    g_assert_false(wal_stream_place_peek(&known, &first));
    store(segments, 2, 9, true);
    g_assert_false(wal_stream_place_peek(&known, &again));
    g_assert_cmphex(again.lsn, ==, mib(9));
}

static void test_before(void)
{
    const struct wal_stream_place old = {1, mib(9)}, new = {2, mib(7)}, later = {2, mib(8)};

    g_assert_true(wal_stream_place_before(old, new));
    g_assert_true(wal_stream_place_before(new, later));
    g_assert_false(wal_stream_place_before(later, new));
    g_assert_false(wal_stream_place_before(new, new));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wal_stream_place/fork_between_segments", test_fork_between_segments);
    g_test_add_func("/wal_stream_place/fork_inside_a_segment", test_fork_inside_a_segment);
    g_test_add_func("/wal_stream_place/two_forks", test_two_forks_in_one_segment);
    g_test_add_func("/wal_stream_place/before", test_before);
    g_test_add_func("/wal_stream_place/look_back", test_look_back);
    g_test_add_func("/wal_stream_place/peek", test_peek);
    return g_test_run();
}
