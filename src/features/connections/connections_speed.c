/*
 * How long a decision takes: snapshots made by hand, no server. Not installed; ./dev bench relief
 * runs it.
 *
 *   connections_speed [ROWS]
 */
#include "connections_fixture.h"

#include <stdlib.h>
#include <time.h>

enum { RUNS = 31, ROWS = 5000 };

static const struct {
    const char *name;
    enum backend_state state;
    double seconds;
} crowds[] = {
    {"idle pile-up", BACKEND_IDLE, 600},
    {"idle in transaction", BACKEND_IN_TRANSACTION, 600},
    {"slow queries", BACKEND_ACTIVE, 600},
    {"nobody for long", BACKEND_IDLE, 1},
};

static int by_value(gconstpointer left, gconstpointer right)
{
    const gint64 *one = left, *other = right;

    return (*one > *other) - (*one < *other);
}

/* The process's own clock: what else runs on the machine does not count. */
static gint64 cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Median of the runs, in microseconds. */
static gint64 measure(const struct backends *backends, guint *ret_chosen)
{
    struct connections_policy policy = fixture_policy();
    gint64 taken[RUNS];

    for (guint i = 0; i < RUNS; i++) {
        gint64 started = cpu_us();
        AUTO(connections_diagnosis) diagnosis = connections_diagnose(backends, &policy);
        AUTO(connections_decision)
        decision = connections_decide(backends, diagnosis, &policy);
        taken[i] = cpu_us() - started;
        *ret_chosen = decision->chosen->len;
    }
    qsort(taken, RUNS, sizeof(taken[0]), by_value);
    return taken[RUNS / 2];
}

static void show(const char *name, struct backends *backends)
{
    guint chosen;

    backends_settle(backends);
    gint64 taken = measure(backends, &chosen);
    g_print("decision over %u rows, %s: %u to end, median of %d: %.2f ms\n",
            backends_count(backends), name, chosen, RUNS, (double) taken / 1000);
}

/* A queue for one lock, each behind all before, among idle sessions. */
static void show_convoy(guint rows, guint waiting, bool may_end)
{
    AUTO(backends) backends = fixture_backends(rows + 3);
    struct backend root = fixture_client(1, BACKEND_IN_TRANSACTION, 60);
    g_autofree char *name =
        g_strdup_printf("lock convoy of %u, %s", waiting,
                        may_end ? "its root may be ended" : "its root must be left alone");

    root.application = may_end ? "shop" : "pg_dump";
    backends_add(backends, &root);
    fixture_queue(backends, 1, waiting, "relation");
    fixture_many(backends, waiting + 2, rows - waiting - 1, BACKEND_IDLE, 600);
    show(name, backends);
}

int main(int argc, char **argv)
{
    guint rows = argc > 1 ? (guint) g_ascii_strtoull(argv[1], NULL, 10) : ROWS;

    rows = CLAMP(rows, 100, 100000);
    for (gsize i = 0; i < G_N_ELEMENTS(crowds); i++) {
        AUTO(backends) backends = fixture_backends(rows + 3);
        fixture_many(backends, 1, rows, crowds[i].state, crowds[i].seconds);
        show(crowds[i].name, backends);
    }
    show_convoy(rows, 30, true);
    show_convoy(rows, 30, false);
    show_convoy(rows, rows / 10, true);
    show_convoy(rows, rows / 10, false);
    return EXIT_SUCCESS;
}
