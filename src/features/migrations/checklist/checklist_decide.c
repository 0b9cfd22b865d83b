#include "checklist/checklist.h"

#include "units/units.h"

#include <string.h>

enum { NAMED = 3 }; /* migrations that are named in a sentence; of more it says how many */

struct checklist_migration *checklist_migration_new(char *what)
{
    struct checklist_migration *migration = g_new0(struct checklist_migration, 1);

    migration->what = what;
    migration->predicted_ms = -1;
    migration->builds = g_ptr_array_new_with_free_func(g_free);
    migration->targets = g_ptr_array_new_with_free_func(g_free);
    return migration;
}

void checklist_migration_free(gpointer data)
{
    struct checklist_migration *migration = data;

    g_free(migration->what);
    g_free(migration->verdict);
    g_free(migration->detail);
    g_free(migration->shape_why);
    g_ptr_array_unref(migration->builds);
    g_ptr_array_unref(migration->targets);
    g_free(migration);
}

void checklist_facts_clear(struct checklist_facts *facts)
{
    if (facts->migrations != NULL)
        g_ptr_array_unref(facts->migrations);
    g_free(facts->backup);
    *facts = (struct checklist_facts){0};
}

/* ---- sentences ----------------------------------------------------------------------------- */

/* What one migration has to say to a box. Caller frees; NULL: nothing. */
struct saying {
    bool good;
    char *text;
};

typedef struct saying (*asker)(const struct checklist_migration *migration,
                               const struct checklist_facts *facts);

static struct saying good(char *text)
{
    return (struct saying){true, text};
}

static struct saying bad(char *text)
{
    return (struct saying){false, text};
}

static char *duration_ms(double ms)
{
    return ms < 1000 ? g_strdup_printf("%.0f ms", ms) : units_format_duration(ms / 1000);
}

/* "a, b and 4 more" */
static char *enumerate(const GPtrArray *texts)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < texts->len && i < NAMED; i++)
        g_string_append_printf(list, "%s%s", i > 0 ? "; " : "", (const char *) texts->pdata[i]);
    if (texts->len > NAMED)
        g_string_append_printf(list, "; and %u more", texts->len - NAMED);
    return g_string_free(list, FALSE);
}

/* Why there is nothing to say it of. */
static const char *nothing_of(const struct checklist_facts *facts)
{
    if (facts->files == 0)
        return "the folder has no migration";
    return facts->ours == 0 ? "nothing is due, and what is applied was not applied by pgrunbook"
                            : "nothing is due, and of what pgrunbook applied no file is there "
                              "with the text it had";
}

/* What is wrong stands alone; else what is right. Where there is nothing to say it of there is no
 * evidence, and no tick. */
static struct checklist_box box_of(const char *name, const struct checklist_facts *facts,
                                   asker ask, const char *otherwise)
{
    g_autoptr(GPtrArray) wrong = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) right = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < facts->migrations->len; i++) {
        struct saying saying = ask(facts->migrations->pdata[i], facts);
        if (saying.text != NULL)
            g_ptr_array_add(saying.good ? right : wrong, saying.text);
    }
    if (facts->migrations->len == 0)
        return (struct checklist_box){name, false, false, g_strdup(nothing_of(facts))};
    if (wrong->len > 0)
        return (struct checklist_box){name, false, false, enumerate(wrong)};
    return (struct checklist_box){name, true, false,
                                  right->len > 0 ? enumerate(right) : g_strdup(otherwise)};
}

/* ---- the boxes ----------------------------------------------------------------------------- */

static char *ago(const struct checklist_facts *facts, gint64 at_us)
{
    return units_format_duration((double) MAX(facts->now_us - at_us, 0) / G_USEC_PER_SEC);
}

static struct saying rehearsed(const struct checklist_migration *migration,
                               const struct checklist_facts *facts)
{
    if (migration->run == 0)
        return bad(g_strdup_printf("%s: these files were not rehearsed", migration->what));
    g_autofree char *since = ago(facts, migration->rehearsed_us);
    if (!migration->passed)
        return bad(g_strdup_printf("%s: failed in run %" G_GINT64_FORMAT ", %s ago%s%s",
                                   migration->what, migration->run, since,
                                   migration->detail != NULL ? ": " : "",
                                   migration->detail != NULL ? migration->detail : ""));
    if (!migration->same_schema && !migration->applied)
        return bad(g_strdup_printf("%s: run %" G_GINT64_FORMAT
                                   ", %s ago, was on another schema than there is now",
                                   migration->what, migration->run, since));
    return good(g_strdup_printf("%s: run %" G_GINT64_FORMAT ", %s ago", migration->what,
                                migration->run, since));
}

static struct saying reversible(const struct checklist_migration *migration,
                                const struct checklist_facts *facts)
{
    (void) facts;
    if (migration->run == 0)
        return bad(g_strdup_printf("%s: not known without a rehearsal", migration->what));
    bool is = g_strcmp0(migration->verdict, "reversible") == 0;
    /* Its author has decided so; box 5 is the way back. */
    bool declared = g_strcmp0(migration->verdict, "irreversible") == 0;
    return (struct saying){
        is || declared,
        g_strdup_printf("%s: %s%s%s (run %" G_GINT64_FORMAT ")", migration->what,
                        migration->verdict, migration->detail != NULL ? ", " : "",
                        migration->detail != NULL ? migration->detail : "", migration->run)};
}

static struct saying bounded(const struct checklist_migration *migration,
                             const struct checklist_facts *facts)
{
    g_autofree char *most = duration_ms(facts->max_hold_ms);

    if (migration->applied && migration->apply_run != 0) {
        g_autofree char *held = duration_ms(migration->apply_hold_ms);
        return (struct saying){
            migration->apply_hold_ms <= facts->max_hold_ms,
            g_strdup_printf("%s: %s when it was applied (run %" G_GINT64_FORMAT ")",
                            migration->what, held, migration->apply_run)};
    }
    if (migration->run == 0)
        return bad(g_strdup_printf("%s: not measured", migration->what));
    if (g_strcmp0(migration->verdict, "broken") == 0)
        return bad(
            g_strdup_printf("%s: not measured to its end, it failed (run %" G_GINT64_FORMAT ")",
                            migration->what, migration->run));
    g_autofree char *measured = duration_ms(migration->hold_ms);
    double counts = MAX(migration->hold_ms, migration->predicted_ms);
    if (migration->predicted_ms < 0)
        return bad(
            g_strdup_printf("%s: %s in the rehearsal, which is too little to predict from: "
                            "rehearse with more --rows",
                            migration->what, measured));
    g_autofree char *predicted = duration_ms(migration->predicted_ms);
    return (struct saying){
        counts <= facts->max_hold_ms,
        g_strdup_printf("%s: %s in the rehearsal, %s predicted, at most %s is allowed",
                        migration->what, measured, predicted, most)};
}

static struct saying concurrent(const struct checklist_migration *migration,
                                const struct checklist_facts *facts)
{
    (void) facts;
    if (migration->builds->len > 0) {
        g_autofree char *list = enumerate(migration->builds);
        return bad(g_strdup_printf("%s: %s", migration->what, list));
    }
    if (migration->unread > 0)
        return bad(g_strdup_printf("%s: %u statements could not be analysed", migration->what,
                                   migration->unread));
    return good(NULL);
}

static struct saying shaped(const struct checklist_migration *migration,
                            const struct checklist_facts *facts)
{
    (void) facts;
    if (migration->shape == CHECKLIST_MIXED)
        return bad(g_strdup_printf("%s: %s", migration->what,
                                   migration->shape_why != NULL ? migration->shape_why
                                                                : "is neither"));
    return good(g_strdup_printf("%s: %s", migration->what,
                                migration->shape == CHECKLIST_ALONE
                                    ? "one statement that needs none"
                                    : "one transaction"));
}

static struct saying analyzed(const struct checklist_migration *migration,
                              const struct checklist_facts *facts)
{
    (void) facts;
    if (migration->applied)
        return (struct saying){
            migration->analyzed,
            g_strdup_printf("%s: %s (run %" G_GINT64_FORMAT ")", migration->what,
                            migration->analyzed ? "nothing is left without statistics"
                                                : "not all that lost its statistics has them",
                            migration->apply_run)};
    if (migration->targets->len == 0)
        return good(NULL);
    g_autofree char *list = enumerate(migration->targets);
    return bad(g_strdup_printf("%s: due after it on %s; apply does it", migration->what, list));
}

/* What is due is no fault of theirs. */
static struct checklist_box analyzed_box(const struct checklist_facts *facts)
{
    struct checklist_box box =
        box_of("ANALYZE after", facts, analyzed, "nothing loses its statistics");
    const struct checklist_migration *first =
        facts->migrations->len > 0 ? facts->migrations->pdata[0] : NULL;

    box.due = !box.ticked && first != NULL && !first->applied;
    return box;
}

static struct checklist_box backed_up(const struct checklist_facts *facts)
{
    return (struct checklist_box){"backup first", facts->backup_fits, false,
                                  g_strdup(facts->backup)};
}

void checklist_decide(const struct checklist_facts *facts,
                      struct checklist_box ret_boxes[CHECKLIST_BOXES])
{
    static const char *const none = "nothing to say";
    guint count = 0;

    ret_boxes[count++] = box_of("tried in staging", facts, rehearsed, none);
    ret_boxes[count++] = box_of("reversible", facts, reversible, none);
    ret_boxes[count++] = box_of("no strong lock for too long", facts, bounded, none);
    ret_boxes[count++] = box_of("indexes built CONCURRENTLY", facts, concurrent,
                                "no build makes writers of a table wait");
    ret_boxes[count++] = backed_up(facts);
    ret_boxes[count++] = box_of("one transaction, or one statement", facts, shaped, none);
    ret_boxes[count++] = analyzed_box(facts);
    g_assert(count == CHECKLIST_BOXES);
}

void checklist_boxes_clear(struct checklist_box boxes[CHECKLIST_BOXES])
{
    for (guint i = 0; i < CHECKLIST_BOXES; i++)
        g_clear_pointer(&boxes[i].evidence, g_free);
}

bool checklist_complete(const struct checklist_box boxes[CHECKLIST_BOXES])
{
    for (guint i = 0; i < CHECKLIST_BOXES; i++)
        if (!boxes[i].ticked && !boxes[i].due)
            return false;
    return true;
}
