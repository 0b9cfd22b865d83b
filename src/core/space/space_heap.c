/* Tables. */
#include "space/space_private.h"

#include <math.h>

enum {
    TUPLE_HEADER = 23, /* bytes before the null bitmap */
    ROWS_OF_WIDE = 4,
    CHUNK_FIELDS = 12 /* chunk_id, chunk_seq, the header of chunk_data */
};

static const double MARGIN = 1.645; /* standard deviations: nine cases of ten */
static const double ROUNDING = 0.5; /* pages */

/* Bytes of a page for rows and line pointers that fillfactor leaves (raw_heap_insert). */
static double capacity_of(int block_size, int fillfactor)
{
    int saved = block_size * (100 - fillfactor) / 100;

    return block_size - SPACE_PAGE_HEADER - saved;
}

/* TOAST_TUPLE_THRESHOLD: four rows a page; and the line pointer. */
static double widest_row(int block_size)
{
    int body = block_size - space_align(SPACE_PAGE_HEADER + ROWS_OF_WIDE * SPACE_ITEM_BYTES);

    return (body / ROWS_OF_WIDE & ~7) + SPACE_ITEM_BYTES;
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
        .margin = pages * hypot(mean, end) + ROUNDING,
    };
    return true;
}

/* ---- TOAST ---------------------------------------------------------------------------------- */

/* TOAST_MAX_CHUNK_SIZE: four whole chunks fill a page. */
static int chunk_bytes(int block_size)
{
    return (int) widest_row(block_size) - SPACE_ITEM_BYTES - space_align(TUPLE_HEADER) -
           CHUNK_FIELDS;
}

void space_toast_pages(const struct space_toast *toast, struct space_pages *ret_pages)
{
    double body = toast->block_size - SPACE_PAGE_HEADER;
    double whole = widest_row(toast->block_size);
    double least = space_align(space_align(TUPLE_HEADER) + CHUNK_FIELDS + 1) + SPACE_ITEM_BYTES;
    double values = CLAMP(toast->values, 0, toast->chunks);
    /* The last chunk of a value is of any length. */
    double lasts = values * (whole + least) / 2, others = (toast->chunks - values) * whole;
    /* TODO */
    ret_pages->pages = ceil((lasts + others) / (body - whole / 8));
    ret_pages->margin = 0;
    (void) chunk_bytes;
}
