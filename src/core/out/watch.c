/* The loop: look, draw, wait for a key or the next turn. */
#include "out/watch.h"

#include "interrupt.h"
#include "out/display.h"
#include "out/output_internal.h"
#include "out/watch_internal.h"
#include "units/units.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

bool watch_seconds(const char *text, double *ret, GError **error)
{
    enum { SHORTEST_MS = 100 };
    gint64 ms = 0;

    if (!units_parse_duration(text, &ms, error)) {
        g_prefix_error(error, "--watch: ");
        return false;
    }
    if (ms < SHORTEST_MS) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL,
                          "--watch: %s is below the minimum of %d ms", text, SHORTEST_MS);
        return false;
    }
    *ret = (double) ms / 1000;
    return true;
}

static const char help[] = "up/down choose   c cancel   t terminate   space now   q quit";

/* ---- not on a terminal --------------------------------------------------------------------- */

/* False when a signal came. */
static bool pause_for(double seconds)
{
    gint64 until = g_get_monotonic_time() + (gint64) (seconds * G_USEC_PER_SEC);
    struct pollfd signals = {.fd = interrupt_fd(), .events = POLLIN};

    while (!interrupt_pending()) {
        gint64 left_ms = (until - g_get_monotonic_time() + 999) / 1000;
        if (left_ms <= 0)
            return true;
        poll(&signals, 1, (int) MIN(left_ms, 60000));
    }
    return false;
}

static enum runbook_exit repeat(const struct watch *watch, GError **error)
{
    struct output *output = watch->output;

    output_one_line(output);
    for (bool first = true;; first = false) {
        if (!first && output->format != OUTPUT_JSON)
            output_raw(output, "\n");
        if (!watch->print(watch->data, error))
            return runbook_error_exit(*error);
        /* Who reads wants each report now, and may have gone. */
        if (!output_finish(output, error))
            return *error == NULL ? RUNBOOK_DONE : runbook_error_exit(*error);
        if (!pause_for(watch->seconds))
            return RUNBOOK_INTERRUPTED;
    }
}

/* ---- on a terminal ------------------------------------------------------------------------- */

struct page {
    const struct watch *watch;
    struct watch_frame frame;
    struct watch_view view;
    char *status; /* what came of the last act; NULL: the help */
    char bytes[256];
    gsize length; /* bytes typed and not yet looked at */
    bool over;    /* no more input */
};

static void frame_clear(struct watch_frame *frame)
{
    g_clear_pointer(&frame->title, g_free);
    g_clear_pointer(&frame->grid, grid_free);
    g_clear_pointer(&frame->ids, g_array_unref);
}

static void draw(struct page *page, const char *status)
{
    struct output *output = page->watch->output;

    watch_terminal_size(fileno(output->data), &page->view.columns, &page->view.lines);
    page->view.status = status != NULL ? status : page->status != NULL ? page->status : help;
    watch_follow(&page->view, &page->frame);
    g_autofree char *text = watch_draw(&page->view, &page->frame);
    output_raw(output, text);
    fflush(output->data);
}

/* Waits for a key until then (0: for ever). NONE: the time is over, the size changed, or there
 * will be no more. */
static enum watch_key await_key(struct page *page, gint64 until_us)
{
    struct pollfd inputs[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                               {.fd = interrupt_fd(), .events = POLLIN}};
    gsize taken;

    if (page->length == 0) {
        gint64 left_ms =
            until_us == 0 ? -1 : MAX((until_us - g_get_monotonic_time() + 999) / 1000, 0);
        int ready = poll(inputs, 2, (int) MIN(left_ms, 60000));
        if (ready <= 0 || interrupt_pending())
            return WATCH_KEY_NONE;
        ssize_t count = read(STDIN_FILENO, page->bytes, sizeof page->bytes);
        page->over = count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN);
        page->length = count > 0 ? (gsize) count : 0;
        if (page->length == 0)
            return WATCH_KEY_NONE;
    }
    enum watch_key key = watch_key_of(page->bytes, page->length, &taken);
    page->length -= taken;
    memmove(page->bytes, page->bytes + taken, page->length);
    return key;
}

static bool ended(const struct page *page)
{
    return page->over || interrupt_pending();
}

/* The question stands until a key is hit; the rows stand still meanwhile. */
static bool ask(struct page *page, const char *question)
{
    g_autofree char *line = g_strconcat(question, " [y/N]", NULL);
    enum watch_key key = WATCH_KEY_NONE;

    page->length = 0; /* what was typed before the question is no answer to it */
    for (bool asked = true; asked && !ended(page);) {
        draw(page, line);
        key = await_key(page, g_get_monotonic_time() + G_USEC_PER_SEC);
        asked = key == WATCH_KEY_NONE;
    }
    return key == WATCH_KEY_YES;
}

static void act(struct page *page, enum watch_act what)
{
    const struct watch *watch = page->watch;
    bool may = true;

    g_clear_pointer(&page->status, g_free);
    if (page->view.chosen == 0)
        return;
    g_autofree char *question = watch->question(page->view.chosen, what, &may, watch->data);
    if (!may) {
        page->status = g_steal_pointer(&question);
        return;
    }
    if (!ask(page, question)) {
        page->status = g_strdup("nothing was done");
        return;
    }
    draw(page, what == WATCH_CANCEL ? "cancelling …" : "terminating …");
    page->status = watch->act(page->view.chosen, what, watch->data);
}

/* False: quit. */
static bool obey(struct page *page, enum watch_key key, bool *ret_look)
{
    gint64 body = watch_body(&page->view, &page->frame);

    switch (key) {
    case WATCH_KEY_UP:
    case WATCH_KEY_DOWN:
        watch_move(&page->view, &page->frame, key == WATCH_KEY_UP ? -1 : 1);
        break;
    case WATCH_KEY_PAGE_UP:
    case WATCH_KEY_PAGE_DOWN:
        watch_move(&page->view, &page->frame, key == WATCH_KEY_PAGE_UP ? -body : body);
        break;
    case WATCH_KEY_CANCEL:
    case WATCH_KEY_TERMINATE:
        act(page, key == WATCH_KEY_CANCEL ? WATCH_CANCEL : WATCH_TERMINATE);
        *ret_look = true;
        break;
    case WATCH_KEY_REFRESH:
        *ret_look = true;
        break;
    case WATCH_KEY_QUIT:
        return false;
    case WATCH_KEY_YES:
    case WATCH_KEY_OTHER:
    case WATCH_KEY_NONE:
        break;
    }
    return true;
}

/* From one look to the next. False: quit. */
static bool one_turn(struct page *page)
{
    gint64 until = g_get_monotonic_time() + (gint64) (page->watch->seconds * G_USEC_PER_SEC);
    bool look = false;

    while (!look && !ended(page) && g_get_monotonic_time() < until) {
        draw(page, NULL);
        if (!obey(page, await_key(page, until), &look))
            return false;
    }
    return !ended(page);
}

static enum runbook_exit redraw(const struct watch *watch, GError **error)
{
    struct page page = {.watch = watch};
    enum runbook_exit code = RUNBOOK_DONE;
    bool going = true;

    while (going && !interrupt_pending()) {
        struct watch_frame frame = {0};
        if (!watch->look(&frame, watch->data, error)) {
            code = runbook_error_exit(*error);
            break;
        }
        frame_clear(&page.frame);
        page.frame = frame;
        going = one_turn(&page);
    }
    frame_clear(&page.frame);
    g_free(page.status);
    return code;
}

enum runbook_exit watch_run(const struct watch *watch, GError **error)
{
    struct output *output = watch->output;

    if (output->format != OUTPUT_TABLE || !display_is_smart(output->data) ||
        isatty(STDIN_FILENO) == 0)
        return repeat(watch, error);
    fflush(output->data);
    watch_terminal_enter(fileno(output->data));
    enum runbook_exit code = redraw(watch, error);
    fflush(output->data);
    watch_terminal_leave();
    return interrupt_pending() ? RUNBOOK_INTERRUPTED : code;
}
