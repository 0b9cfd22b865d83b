/*
 * The clients in the order of their patience. Nothing here waits, or asks what time it is.
 */
#include "http/http_private.h"

/* The last that will be shown out, and the last to make room. */
static void begin_anew(GQueue *guests, struct http_guest *guest, gint64 now_us)
{
    g_queue_unlink(guests, &guest->link);
    g_queue_push_tail_link(guests, &guest->link);
    guest->since_us = now_us;
    guest->served = false;
}

void http_guest_come(GQueue *guests, struct http_guest *guest, gint64 now_us)
{
    guest->link.data = guest;
    guest->since_us = now_us;
    g_queue_push_tail_link(guests, &guest->link);
}

void http_guest_ask(GQueue *guests, struct http_guest *guest, gint64 now_us)
{
    /* The first one's patience began when it came. */
    if (guest->asked > 0)
        begin_anew(guests, guest, now_us);
    guest->idle = false;
    guest->asked++;
}

void http_guest_rest(GQueue *guests, struct http_guest *guest, gint64 now_us)
{
    begin_anew(guests, guest, now_us);
    guest->idle = true;
}

struct http_guest *http_guest_resting(const GQueue *guests)
{
    for (const GList *link = guests->head; link != NULL; link = link->next) {
        struct http_guest *guest = link->data;
        if (guest->idle && !guest->shown_out)
            return guest;
    }
    return NULL;
}

struct http_guest *http_guest_first_to_go(const GQueue *guests)
{
    struct http_guest *resting = http_guest_resting(guests);

    if (resting != NULL)
        return resting;
    for (const GList *link = guests->head; link != NULL; link = link->next) {
        struct http_guest *guest = link->data;
        if (!guest->shown_out && !guest->served)
            return guest;
    }
    return NULL;
}

gint64 http_guest_patience_us(const GQueue *guests)
{
    gint64 first_us = -1;

    for (const GList *link = guests->head; link != NULL; link = link->next) {
        const struct http_guest *guest = link->data;
        if (!guest->shown_out && !guest->served && (first_us < 0 || guest->since_us < first_us))
            first_us = guest->since_us;
    }
    return first_us < 0 ? -1 : first_us + HTTP_TIMEOUT_S * G_USEC_PER_SEC;
}

bool http_guest_is_late(const struct http_guest *guest, gint64 now_us)
{
    return !guest->served && guest->since_us + HTTP_TIMEOUT_S * G_USEC_PER_SEC <= now_us;
}

bool http_guest_may_stay(const GQueue *guests, const struct http_guest *guest)
{
    return guest->asked < HTTP_MOST_REQUESTS && guests->length < HTTP_CROWD;
}
