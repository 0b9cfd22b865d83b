#include "connections_vigil.h"

#include "watch/watch_look.h"

#define SECOND ((gint64) G_USEC_PER_SEC)

static void test_triggers(void)
{
    struct connections_vigil vigil = {.full_looks = 0};

    g_assert_false(connections_vigil_triggered(&vigil, true, 0));
    g_assert_false(connections_vigil_triggered(&vigil, false, 0));
    g_assert_false(connections_vigil_triggered(&vigil, true, 0)); /* two in a row, no less */
    g_assert_true(connections_vigil_triggered(&vigil, true, 0));
    g_assert_true(connections_vigil_triggered(&vigil, true, 0));
    g_assert_false(connections_vigil_triggered(&vigil, false, 0));
    g_assert_true(connections_vigil_triggered(&vigil, false, WATCH_REFUSED));
    g_assert_true(connections_vigil_triggered(&vigil, false, WATCH_LOGGED | WATCH_UNREADY));
}

/* What ended nobody is not done again before the diagnosis changes or ten seconds have passed. */
static void test_again(void)
{
    struct connections_vigil vigil = {.full_looks = 0};

    g_assert_false(connections_vigil_may_relieve(&vigil, SECOND));
    connections_vigil_diagnosed(&vigil, CONNECTIONS_IDLE_PILEUP);
    g_assert_true(connections_vigil_may_relieve(&vigil, SECOND));
    connections_vigil_relieved(&vigil, SECOND, 3);
    g_assert_true(connections_vigil_may_relieve(&vigil, SECOND));
    connections_vigil_relieved(&vigil, SECOND, 0);
    vigil.said = true;
    connections_vigil_diagnosed(&vigil, CONNECTIONS_IDLE_PILEUP);
    g_assert_true(vigil.said);
    g_assert_false(connections_vigil_may_relieve(&vigil, 11 * SECOND - 1));
    g_assert_true(connections_vigil_may_relieve(&vigil, 11 * SECOND));
    connections_vigil_diagnosed(&vigil, CONNECTIONS_LOCK_CONVOY);
    g_assert_true(connections_vigil_may_relieve(&vigil, 2 * SECOND));
    g_assert_false(vigil.said);
    connections_vigil_diagnosed(&vigil, CONNECTIONS_HEALTHY);
    g_assert_false(connections_vigil_may_relieve(&vigil, 100 * SECOND));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connections/vigil/triggers", test_triggers);
    g_test_add_func("/connections/vigil/again", test_again);
    return g_test_run();
}
