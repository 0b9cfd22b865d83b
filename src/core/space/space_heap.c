/* Tables. */
#include "space/space_private.h"

#include <math.h>

enum {
    TUPLE_HEADER = 23, /* bytes before the null bitmap */
};

static const double MARGIN = 1.645; /* standard deviations: nine cases of ten */
static const double ROUNDING = 0.5; /* pages */
/* Chunks on a page of a TOAST table that was written anew, found by bench/bloat. */
static const double MOST_ON_PAGE = 4.85, LEAST_ON_PAGE = 4.02, FEWER_BY_CHUNK = 0.18;
static const double LEAST_DOUBT = 0.02, DOUBT_BY_MORE = 0.15; /* parts of the pages */

/* Bytes of a page for rows and line pointers that fillfactor leaves (raw_heap_insert). */
static double capacity_of(int block_size, int fillfactor)
{
    int saved = block_size * (100 - fillfactor) / 100;

    return block_size - SPACE_PAGE_HEADER - saved;
}

bool space_heap_pages(const struct space_heap *heap, struct space_pages *ret_pages)
{
    struct space_walk walk;
    int bitmap = (int) (heap->count + 7) / 8;

    space_walk_begin(&walk);
    for (guint i = 0; i < heap->count; i++)
        if (!space_walk_column(&walk, &heap->columns[i]))
            return false;
    struct space_row row = space_walk_end(&walk, TUPLE_HEADER, TUPLE_HEADER + bitmap);
    double capacity = capacity_of(heap->block_size, heap->fillfactor);
    double pages = heap->rows / space_fill(capacity, &row);
    /* Rows that lie as they were inserted have been chosen to fit: a page loses less to its end
     * than where they come by chance. */
    double end = row.variance > 0 ? (row.mean + row.variance / row.mean) / 4 / capacity : 0;
    double mean = MARGIN * sqrt(row.doubt) / row.mean;
    *ret_pages = (struct space_pages){
        .pages = ceil(pages - 1e-9),
        .margin = pages * hypot(mean, end) + (row.variance > 0 ? ROUNDING : 0),
    };
    return true;
}

/* ---- TOAST ---------------------------------------------------------------------------------- */

void space_toast_pages(const struct space_toast *toast, struct space_pages *ret_pages)
{
    /* Four whole chunks fill a page. The last one of a value is shorter, so where values have few
     * chunks each there is often room for a fifth. */
    double each = toast->chunks / fmax(toast->values, 1);
    double on_page = CLAMP(MOST_ON_PAGE - FEWER_BY_CHUNK * each, LEAST_ON_PAGE, MOST_ON_PAGE);
    double doubt = LEAST_DOUBT + DOUBT_BY_MORE * (on_page - LEAST_ON_PAGE);
    double pages = toast->chunks / on_page;

    *ret_pages =
        (struct space_pages){.pages = ceil(pages - 1e-9), .margin = pages * doubt + ROUNDING};
}
