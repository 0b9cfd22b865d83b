/* Growth: sizes of relations over weeks, and how their indexes are used. */
#include "report/report.h"
#include "store/store_report.h"

#include <string.h>

enum {
    SHOWN_RELATIONS = 12,
    WEEKS_BACK = 53,
    QUIET_DAYS = 30,
    GONE_WEEKS = 4, /* a relation that a sample has not named for longer was dropped */
};
static const gint64 NEXT_MONTH = 31 * G_TIME_SPAN_DAY;

/* ---- databases ------------------------------------------------------------------------------ */

/* A database that was sampled, copied. */
struct sampled {
    gint64 id, first_us, last_us, samples, sized_us;
    guint indexes, quiet;
    const char *database;
};

struct databases {
    struct report *report;
    GHashTable *targets;
    GArray *sampled; /* of struct sampled */
};

static void take_sampled(const struct store_sampled *sampled, gpointer data)
{
    struct databases *databases = data;
    const struct sampled one = {
        .id = sampled->id,
        .first_us = sampled->first_us,
        .last_us = sampled->last_us,
        .samples = sampled->samples,
        .sized_us = sampled->sized_us,
        .indexes = sampled->indexes,
        .quiet = sampled->quiet,
        .database = report_database(databases->report, databases->targets,
                                    sampled->system_identifier, sampled->dbname),
    };

    if (one.database != NULL)
        g_array_append_val(databases->sampled, one);
}

static GArray *read_sampled(struct report *report, struct store *store, GHashTable *targets,
                            GError **error)
{
    struct databases databases = {report, targets,
                                  g_array_new(FALSE, FALSE, sizeof(struct sampled))};

    if (store_each_sampled(store, QUIET_DAYS, take_sampled, &databases, error))
        return databases.sampled;
    g_array_unref(databases.sampled);
    return NULL;
}

/* ---- the weeks ------------------------------------------------------------------------------ */

/* The last sample of each week. */
static void take_day(gint64 at_us, gpointer data)
{
    GArray *points = data;
    const struct report_point point = {.at_us = at_us};
    struct report_point *last =
        points->len > 0 ? &g_array_index(points, struct report_point, points->len - 1) : NULL;

    if (last != NULL && store_week_of(last->at_us) == store_week_of(at_us))
        *last = point;
    else
        g_array_append_val(points, point);
}

/* ---- the relations -------------------------------------------------------------------------- */

struct walk {
    struct report_growth *growth;
    gint64 from_us, sized_week;
    struct store_sized last; /* the relation at hand, as it was last */
    guint point;             /* the next that has no size of it yet */
    bool any;
    struct report_relation relation;
};

/* The relation had the size of walk->last in all points before that time. */
static void spread(struct walk *walk, gint64 until_us)
{
    GArray *points = walk->growth->points;
    const bool dropped = walk->sized_week - walk->last.seen_week > GONE_WEEKS;

    for (; walk->point < points->len; walk->point++) {
        struct report_point *point = &g_array_index(points, struct report_point, walk->point);
        if (point->at_us >= until_us)
            break;
        const bool there = walk->last.at_us <= point->at_us &&
                           (!dropped || store_week_of(point->at_us) <= walk->last.seen_week);
        const gint64 bytes = there ? walk->last.bytes : 0;
        point->bytes += (double) bytes;
        if (point->at_us < walk->from_us)
            walk->relation.before = there ? bytes : -1;
        walk->relation.bytes = bytes;
    }
}

static void end_relation(struct walk *walk)
{
    if (!walk->any)
        return;
    spread(walk, G_MAXINT64);
    if (walk->relation.bytes > 0) {
        walk->growth->relation_count++;
        g_array_append_val(walk->growth->relations, walk->relation);
    }
}

static void take_size(const struct store_sized *sized, gpointer data)
{
    struct walk *walk = data;

    if (!walk->any || walk->last.oid != sized->oid) {
        end_relation(walk);
        walk->any = true;
        walk->point = 0;
        walk->relation = (struct report_relation){.oid = sized->oid, .before = -1};
    } else {
        spread(walk, sized->at_us);
    }
    walk->last = *sized;
}

static int by_bytes(const void *left, const void *right)
{
    const gint64 a = ((const struct report_relation *) left)->bytes;
    const gint64 b = ((const struct report_relation *) right)->bytes;

    return (a < b) - (a > b);
}

/* When the sizes before the month are of; 0: there was no sample. */
static gint64 before_of(const struct report_growth *growth, gint64 from_us)
{
    gint64 before = 0;

    for (guint i = 0; i < growth->points->len; i++) {
        const gint64 at = g_array_index(growth->points, struct report_point, i).at_us;
        if (at < from_us)
            before = at;
    }
    return before;
}

struct naming {
    struct report *report;
    struct report_relation *relation;
};

static void take_name(const struct store_named *named, gpointer data)
{
    const struct naming *naming = data;

    naming->relation->name = report_textf(naming->report, "%s.%s", named->schema, named->name);
    naming->relation->kind = report_text(naming->report, named->kind);
}

static void name_relations(struct report *report, struct store *store, gint64 id,
                           struct report_growth *growth)
{
    for (guint i = 0; i < growth->relations->len; i++) {
        struct naming naming = {report,
                                &g_array_index(growth->relations, struct report_relation, i)};
        if (!store_name_of(store, id, naming.relation->oid, take_name, &naming))
            growth->unnamed = true;
    }
}

static bool gather_growth(struct report *report, struct store *store,
                          const struct sampled *sampled, GError **error)
{
    const gint64 since = report->month.until_us - (gint64) WEEKS_BACK * 7 * G_TIME_SPAN_DAY;
    struct report_growth growth = {
        .database = sampled->database,
        .points = g_array_new(FALSE, FALSE, sizeof(struct report_point)),
        .relations = g_array_new(FALSE, FALSE, sizeof(struct report_relation)),
    };
    g_array_append_val(report->growths, growth);
    struct report_growth *kept =
        &g_array_index(report->growths, struct report_growth, report->growths->len - 1);
    struct walk walk = {.growth = kept,
                        .from_us = report->month.from_us,
                        .sized_week = store_week_of(sampled->sized_us)};

    if (!store_each_size_day(store, sampled->id, since, report->month.until_us, take_day,
                             kept->points, error) ||
        !store_each_sized(store, sampled->id, take_size, &walk, error))
        return false;
    end_relation(&walk);
    g_array_sort(kept->relations, by_bytes);
    g_array_set_size(kept->relations, MIN(kept->relations->len, SHOWN_RELATIONS));
    kept->before_us = before_of(kept, report->month.from_us);
    name_relations(report, store, sampled->id, kept);
    kept->fit = report_fit((const struct report_point *) (const void *) kept->points->data,
                           kept->points->len);
    return true;
}

bool report_gather_sizes(struct report *report, struct store *store, GHashTable *databases,
                         GError **error)
{
    g_autoptr(GArray) all = read_sampled(report, store, databases, error);

    for (guint i = 0; all != NULL && i < all->len; i++) {
        const struct sampled *sampled = &g_array_index(all, struct sampled, i);
        if (sampled->sized_us > 0 && !gather_growth(report, store, sampled, error))
            return false;
    }
    return all != NULL;
}

/* ---- the use of indexes --------------------------------------------------------------------- */

struct finding_list {
    struct report *report;
    struct report_indexes *indexes;
};

static void take_finding(const struct store_finding *finding, gpointer data)
{
    const struct finding_list *list = data;
    struct report *report = list->report;
    const struct report_finding one = {
        .schema = report_text(report, finding->schema),
        .name = report_text(report, finding->name),
        .relation = report_text(report, finding->relation),
        .what = report_text(report, finding->what),
        .reason = report_text(report, finding->reason),
        .command = report_text(report, finding->command),
        .bytes = finding->bytes,
    };

    list->indexes->found_us = finding->at_us;
    g_array_append_val(list->indexes->findings, one);
}

bool report_gather_indexes(struct report *report, struct store *store, GHashTable *databases,
                           GError **error)
{
    g_autoptr(GArray) all = read_sampled(report, store, databases, error);

    for (guint i = 0; all != NULL && i < all->len; i++) {
        const struct sampled *sampled = &g_array_index(all, struct sampled, i);
        const struct report_indexes indexes = {
            .database = sampled->database,
            .first_us = sampled->first_us,
            .last_us = sampled->last_us,
            .samples = sampled->samples,
            .known = sampled->indexes,
            .quiet = sampled->quiet,
            .findings = g_array_new(FALSE, FALSE, sizeof(struct report_finding)),
        };
        /* What is kept is the newest. It is still of the month while the next one is at hand. */
        const bool later = sampled->last_us >= report->month.until_us &&
                           (sampled->first_us >= report->month.until_us ||
                            report->made_us - report->month.until_us > NEXT_MONTH);
        report->findings_later |= sampled->samples > 0 && later;
        if (sampled->samples == 0 || later) {
            g_array_unref(indexes.findings);
            continue;
        }
        g_array_append_val(report->indexes, indexes);
        struct finding_list list = {
            report,
            &g_array_index(report->indexes, struct report_indexes, report->indexes->len - 1)};
        if (!store_each_finding(store, sampled->id, NULL, take_finding, &list, error))
            return false;
    }
    return all != NULL;
}
