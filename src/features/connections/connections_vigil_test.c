#include "connections_vigil.h"

#include "connections_fixture.h"
#include "watch/watch_look.h"

#define SECOND ((gint64) G_USEC_PER_SEC)

static void see(struct connections_vigil *vigil, enum connections_kind kind)
{
    const struct connections_diagnosis diagnosis = {.kind = kind};

    connections_vigil_diagnosed(vigil, &diagnosis, SECOND);
}

static void test_triggers(void)
{
    struct connections_vigil vigil;

    connections_vigil_init(&vigil);
    g_assert_false(connections_vigil_triggered(&vigil, true, true, 0, 2 * SECOND));
    g_assert_false(connections_vigil_triggered(&vigil, false, true, 0, 2 * SECOND));
    g_assert_false(connections_vigil_triggered(&vigil, true, true, 0,
                                               2 * SECOND)); /* two in a row, no less */
    g_assert_true(connections_vigil_triggered(&vigil, true, true, 0, 2 * SECOND));
    g_assert_true(connections_vigil_triggered(&vigil, true, true, 0, 2 * SECOND));
    g_assert_false(connections_vigil_triggered(&vigil, false, true, 0, 2 * SECOND));
    g_assert_true(connections_vigil_triggered(&vigil, false, true, WATCH_REFUSED, 2 * SECOND));
    g_assert_true(connections_vigil_triggered(&vigil, false, true, WATCH_LOGGED | WATCH_UNREADY,
                                              2 * SECOND));
    connections_vigil_clear(&vigil);
}

/* What a look began goes on below the warning, down to the goal; nothing else begins there. */
static void test_begun(void)
{
    struct connections_vigil vigil;

    connections_vigil_init(&vigil);
    for (guint i = 0; i < 2; i++)
        connections_vigil_triggered(&vigil, true, true, 0, 2 * SECOND);
    see(&vigil, CONNECTIONS_IDLE_PILEUP);
    connections_vigil_relieved(&vigil, SECOND, 2);
    g_assert_true(connections_vigil_triggered(&vigil, false, true, 0, 2 * SECOND));
    g_assert_true(connections_vigil_may_relieve(&vigil, 2 * SECOND));
    connections_vigil_relieved(&vigil, 2 * SECOND, 1);
    g_assert_true(connections_vigil_triggered(&vigil, false, true, 0, 122 * SECOND - 1));
    g_assert_false(connections_vigil_triggered(&vigil, false, false, 0, 3 * SECOND));
    g_assert_false(connections_vigil_triggered(&vigil, false, true, 0, 2 * SECOND));
    /* A service that is not ready asks for no more than its own. */
    g_assert_true(connections_vigil_triggered(&vigil, false, true, WATCH_UNREADY, 2 * SECOND));
    connections_vigil_relieved(&vigil, 3 * SECOND, 2);
    g_assert_false(connections_vigil_triggered(&vigil, false, true, 0, 2 * SECOND));
    connections_vigil_clear(&vigil);
}

/* What has ended nobody for so long is over: the pace would have let another. */
static void test_begun_long_ago(void)
{
    struct connections_vigil vigil;

    connections_vigil_init(&vigil);
    /* Refused: no second look was waited for. */
    g_assert_true(connections_vigil_triggered(&vigil, true, true, WATCH_REFUSED, SECOND));
    see(&vigil, CONNECTIONS_IDLE_PILEUP);
    connections_vigil_relieved(&vigil, SECOND, 1);
    g_assert_true(connections_vigil_triggered(&vigil, false, true, 0, 2 * SECOND));
    see(&vigil, CONNECTIONS_IDLE_PILEUP);
    connections_vigil_relieved(&vigil, 2 * SECOND, 1);
    g_assert_false(connections_vigil_triggered(&vigil, false, true, 0, 122 * SECOND));
    g_assert_false(connections_vigil_triggered(&vigil, false, true, 0, 122 * SECOND));
    connections_vigil_clear(&vigil);
}

/* Where nobody is left to end, or it came to nothing, the warning is the measure again. */
static void test_begun_in_vain(void)
{
    struct connections_vigil vigil;

    connections_vigil_init(&vigil);
    for (guint i = 0; i < 2; i++) {
        for (guint full = 0; full < 2; full++)
            connections_vigil_triggered(&vigil, true, true, 0, 2 * SECOND);
        see(&vigil, CONNECTIONS_IDLE_PILEUP);
        connections_vigil_relieved(&vigil, SECOND, 2);
        g_assert_true(connections_vigil_triggered(&vigil, false, true, 0, 2 * SECOND));
        if (i == 0)
            connections_vigil_relieved(&vigil, 2 * SECOND, 0);
        else
            g_assert_true(connections_vigil_helpless(&vigil));
        g_assert_false(connections_vigil_triggered(&vigil, false, true, 0, 2 * SECOND));
    }
    g_assert_false(connections_vigil_helpless(&vigil));
    connections_vigil_clear(&vigil);
}

/* What ended nobody is not done again before ten seconds have passed, or for another diagnosis. */
static void test_again(void)
{
    struct connections_vigil vigil;

    connections_vigil_init(&vigil);
    g_assert_false(connections_vigil_may_relieve(&vigil, SECOND));
    see(&vigil, CONNECTIONS_IDLE_PILEUP);
    g_assert_true(connections_vigil_may_relieve(&vigil, SECOND));
    connections_vigil_relieved(&vigil, SECOND, 3);
    g_assert_true(connections_vigil_may_relieve(&vigil, SECOND));
    connections_vigil_relieved(&vigil, SECOND, 0);
    g_assert_false(connections_vigil_may_relieve(&vigil, 11 * SECOND - 1));
    g_assert_true(connections_vigil_may_relieve(&vigil, 11 * SECOND));
    see(&vigil, CONNECTIONS_LOCK_CONVOY);
    g_assert_true(connections_vigil_may_relieve(&vigil, 2 * SECOND));
    see(&vigil, CONNECTIONS_HEALTHY);
    g_assert_false(connections_vigil_may_relieve(&vigil, 100 * SECOND));
    /* Come and gone, it is the same one. */
    see(&vigil, CONNECTIONS_IDLE_PILEUP);
    g_assert_false(connections_vigil_may_relieve(&vigil, 2 * SECOND));
    connections_vigil_clear(&vigil);
}

/* A relief that had no time to tell anybody has not come to nothing: it goes on at once. */
static void test_late(void)
{
    struct connections_vigil vigil;

    connections_vigil_init(&vigil);
    see(&vigil, CONNECTIONS_IDLE_PILEUP);
    g_assert_false(connections_vigil_triggered(&vigil, true, true, 0, SECOND));
    g_assert_true(connections_vigil_triggered(&vigil, true, true, 0, 2 * SECOND));
    connections_vigil_relieved(&vigil, 2 * SECOND, 2);
    vigil.late = true;
    connections_vigil_relieved(&vigil, 3 * SECOND, 0);
    g_assert_true(connections_vigil_triggered(&vigil, false, true, 0, 4 * SECOND));
    g_assert_true(connections_vigil_may_relieve(&vigil, 4 * SECOND));
    vigil.late = false;
    connections_vigil_relieved(&vigil, 4 * SECOND, 0);
    g_assert_false(connections_vigil_triggered(&vigil, false, true, 0, 5 * SECOND));
    g_assert_false(connections_vigil_may_relieve(&vigil, 5 * SECOND));
    connections_vigil_clear(&vigil);
}

/* Once in an emergency, whatever its diagnosis does meanwhile. */
static void test_said(void)
{
    struct connections_vigil vigil;

    connections_vigil_init(&vigil);
    vigil.said = true;
    g_assert_true(connections_vigil_says(&vigil, "the lock is held", SECOND));
    for (guint i = 0; i < 3; i++) {
        see(&vigil, CONNECTIONS_IDLE_PILEUP);
        see(&vigil, i == 1 ? CONNECTIONS_STORM : CONNECTIONS_HEALTHY);
        connections_vigil_diagnosed(&vigil, NULL, SECOND);
        g_assert_true(vigil.said);
        g_assert_false(connections_vigil_says(&vigil, "the lock is held", (2 + i) * SECOND));
    }
    g_assert_true(connections_vigil_says(&vigil, "our role may not", 5 * SECOND));
    g_assert_false(connections_vigil_says(&vigil, "the lock is held", 600 * SECOND));
    g_assert_true(connections_vigil_says(&vigil, "the lock is held", 601 * SECOND));
    connections_vigil_over(&vigil);
    g_assert_false(vigil.said);
    g_assert_true(connections_vigil_says(&vigil, "the lock is held", 602 * SECOND));
    connections_vigil_clear(&vigil);
}

/* ---- whom to tell at this look ----------------------------------------------------------------- */

struct stage {
    struct connections_vigil vigil;
    struct connections_policy policy;
    struct backends *backends;
    struct connections_diagnosis *diagnosis;
    struct connections_decision *decision;
    gint64 now_us;
};

static bool gave_up(const struct backend *backend, gconstpointer data)
{
    const struct stage *stage = data;

    return connections_vigil_gave_up(&stage->vigil, backend, stage->now_us);
}

static void stage_open(struct stage *stage)
{
    *stage = (struct stage){.policy = fixture_policy(), .backends = fixture_backends(100)};
    connections_vigil_init(&stage->vigil);
    stage->policy.gave_up = gave_up;
    stage->policy.gave_up_data = stage;
}

static void stage_clear_look(struct stage *stage)
{
    g_clear_pointer(&stage->decision, connections_decision_free);
    g_clear_pointer(&stage->diagnosis, connections_diagnosis_free);
}

static void stage_close(struct stage *stage)
{
    stage_clear_look(stage);
    connections_vigil_clear(&stage->vigil);
    backends_free(stage->backends);
}

/* "1 2c 3": the pids that are told at this look, c: to cancel. */
static void assert_told(struct stage *stage, gint64 second, unsigned places, const char *wanted)
{
    struct connections_means means = {places, 10 * SECOND, 5 * SECOND, second * SECOND};
    g_autoptr(GString) text = g_string_new(NULL);

    stage_clear_look(stage);
    backends_settle(stage->backends);
    stage->now_us = means.now_us;
    stage->diagnosis = connections_diagnose(stage->backends, &stage->policy);
    stage->decision = connections_decide(stage->backends, stage->diagnosis, &stage->policy);
    connections_vigil_diagnosed(&stage->vigil, stage->diagnosis, stage->now_us);
    connections_vigil_cut(&stage->vigil, stage->decision, stage->diagnosis, &means);
    for (guint i = 0; i < stage->decision->chosen->len; i++) {
        const struct connections_choice *choice =
            &g_array_index(stage->decision->chosen, struct connections_choice, i);
        g_assert_false(choice->ladder); /* that would wait */
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT "%s", i > 0 ? " " : "",
                               choice->backend->pid, choice->cancel ? "c" : "");
    }
    g_assert_cmpstr(text->str, ==, wanted);
}

static void tell_all(struct stage *stage)
{
    for (guint i = 0; i < stage->decision->chosen->len; i++) {
        const struct connections_choice *choice =
            &g_array_index(stage->decision->chosen, struct connections_choice, i);
        connections_vigil_told(&stage->vigil, choice->backend,
                               choice->cancel ? BACKENDS_CANCEL : BACKENDS_TERMINATE,
                               stage->now_us);
        if (stage->diagnosis->kind == CONNECTIONS_LOCK_CONVOY)
            stage->vigil.queue_us = stage->now_us;
    }
}

/* As many as the pace allows; those who do not obey are on their way for ten seconds, then others
 * go in their place. */
static void test_cut(void)
{
    struct stage stage;

    stage_open(&stage);
    /* 77 of 97 are the goal: three too many; the oldest is the last. */
    fixture_many(stage.backends, 1, 80, BACKEND_IDLE, 900);
    assert_told(&stage, 1, 2, "80 79");
    g_assert_cmpuint(stage.decision->put_off, ==, 1);
    tell_all(&stage);
    assert_told(&stage, 2, 0, "");
    g_assert_cmpuint(stage.decision->on_way->len, ==, 2);
    assert_told(&stage, 3, 60, "78");
    tell_all(&stage);
    assert_told(&stage, 10, 60, "");
    assert_told(&stage, 11, 60, "77 76");
    assert_told(&stage, 601, 60, "80 79 77");
    stage_close(&stage);
}

/* A root at work is told to cancel; terminated when the same query is there after the grace. */
static void test_ladder(void)
{
    struct stage stage;

    stage_open(&stage);
    fixture_add(stage.backends, 1, BACKEND_ACTIVE, 30);
    fixture_queue(stage.backends, 1, 5, "relation");
    assert_told(&stage, 1, 60, "1c");
    tell_all(&stage);
    assert_told(&stage, 2, 60, "");
    assert_told(&stage, 10, 60, "");
    assert_told(&stage, 11, 60, "1");
    g_assert_nonnull(strstr(
        g_array_index(stage.decision->chosen, struct connections_choice, 0).reason, "cancel"));
    tell_all(&stage);
    assert_told(&stage, 12, 60, "");
    stage_close(&stage);
}

/* Another query of the same session has been told nothing. */
static void test_another_query(void)
{
    struct stage stage;

    stage_open(&stage);
    struct backend root = fixture_client(1, BACKEND_ACTIVE, 30);
    root.query_start_us += SECOND;
    connections_vigil_told(&stage.vigil, &root, BACKENDS_CANCEL, SECOND);
    fixture_add(stage.backends, 1, BACKEND_ACTIVE, 30);
    fixture_queue(stage.backends, 1, 5, "relation");
    assert_told(&stage, 2, 60, "1c");
    assert_told(&stage, 20, 60, "1c");
    stage_close(&stage);
}

/* After the end of a root the next one is in the way only when it stays. */
static void test_queue(void)
{
    struct stage stage;

    stage_open(&stage);
    fixture_add(stage.backends, 1, BACKEND_IN_TRANSACTION, 30);
    fixture_queue(stage.backends, 1, 5, "relation");
    assert_told(&stage, 1, 60, "1");
    tell_all(&stage);
    for (gint64 pid = 2; pid < 5; pid++) {
        backends_free(stage.backends);
        stage.backends = fixture_backends(100);
        fixture_add(stage.backends, 10 * pid, BACKEND_IN_TRANSACTION, 30);
        fixture_queue(stage.backends, 10 * pid, 5, "relation");
        assert_told(&stage, pid, 60, "");
        g_assert_cmpuint(stage.decision->put_off, ==, 1);
    }
    assert_told(&stage, 8, 60, "");
    assert_told(&stage, 9, 60, "40");
    tell_all(&stage);

    /* When there has been none for a while the next one is another's. */
    backends_free(stage.backends);
    stage.backends = fixture_backends(100);
    assert_told(&stage, 10, 60, "");
    assert_told(&stage, 11, 60, "");
    fixture_add(stage.backends, 50, BACKEND_IN_TRANSACTION, 30);
    fixture_queue(stage.backends, 50, 5, "relation");
    assert_told(&stage, 12, 60, "50");
    stage_close(&stage);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connections/vigil/triggers", test_triggers);
    g_test_add_func("/connections/vigil/begun", test_begun);
    g_test_add_func("/connections/vigil/begun-long-ago", test_begun_long_ago);
    g_test_add_func("/connections/vigil/begun-in-vain", test_begun_in_vain);
    g_test_add_func("/connections/vigil/again", test_again);
    g_test_add_func("/connections/vigil/late", test_late);
    g_test_add_func("/connections/vigil/said", test_said);
    g_test_add_func("/connections/vigil/cut", test_cut);
    g_test_add_func("/connections/vigil/ladder", test_ladder);
    g_test_add_func("/connections/vigil/another-query", test_another_query);
    g_test_add_func("/connections/vigil/queue", test_queue);
    return g_test_run();
}
