#include "http/http_guard.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    FREE_TRIES = 5, /* wrong ones in a row that are answered at once */
    MOST_PAUSE_S = 300,
    FORGET_S = 900, /* after that long in peace an address begins anew */
    MOST_ADDRESSES = 4096,
    WRONG_A_SECOND = 20 /* over all strangers */
};

struct address {
    GList link; /* the one that was heard of last at the end */
    char *name;
    guint wrong; /* in a row */
    gint64 last_us, until_us;
    bool known; /* a right one came from there */
};

struct http_tries {
    GHashTable *by_name;
    GQueue addresses;
    gint64 second;
    guint wrong; /* within that second */
};

static void free_address(gpointer data)
{
    struct address *address = data;

    g_free(address->name);
    g_free(address);
}

struct http_tries *http_tries_new(void)
{
    struct http_tries *tries = g_new0(struct http_tries, 1);

    tries->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_address);
    g_queue_init(&tries->addresses);
    return tries;
}

void http_tries_free(struct http_tries *tries)
{
    g_hash_table_unref(tries->by_name);
    g_free(tries);
}

guint http_tries_count(const struct http_tries *tries)
{
    return tries->addresses.length;
}

char *http_network_of(const char *address)
{
    struct in6_addr six;
    char buffer[INET6_ADDRSTRLEN];

    if (inet_pton(AF_INET6, address, &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six))
        return g_strdup(address);
    memset(six.s6_addr + 8, 0, 8);
    return g_strdup(inet_ntop(AF_INET6, &six, buffer, sizeof buffer));
}

static struct address *find(struct http_tries *tries, const char *where, gint64 now_us)
{
    g_autofree char *name = http_network_of(where);
    struct address *address = g_hash_table_lookup(tries->by_name, name);

    if (address != NULL && address->until_us <= now_us &&
        address->last_us + FORGET_S * G_USEC_PER_SEC <= now_us)
        address->wrong = 0;
    return address;
}

static void forget(struct http_tries *tries, struct address *address)
{
    g_queue_unlink(&tries->addresses, &address->link);
    g_hash_table_remove(tries->by_name, address->name);
}

/* Strangers first: who is known must not be forgotten because of them. */
static void make_room(struct http_tries *tries)
{
    for (GList *link = tries->addresses.head; link != NULL; link = link->next) {
        struct address *address = link->data;
        if (!address->known) {
            forget(tries, address);
            return;
        }
    }
    forget(tries, g_queue_peek_head(&tries->addresses));
}

static struct address *heard(struct http_tries *tries, const char *where, gint64 now_us)
{
    struct address *address = find(tries, where, now_us);

    if (address == NULL) {
        if (tries->addresses.length == MOST_ADDRESSES)
            make_room(tries);
        address = g_new0(struct address, 1);
        address->link.data = address;
        address->name = http_network_of(where);
        g_hash_table_insert(tries->by_name, address->name, address);
    } else {
        g_queue_unlink(&tries->addresses, &address->link);
    }
    g_queue_push_tail_link(&tries->addresses, &address->link);
    address->last_us = now_us;
    return address;
}

guint http_tries_pause(struct http_tries *tries, const char *where, gint64 now_us)
{
    const struct address *address = find(tries, where, now_us);

    if (address != NULL && address->until_us > now_us)
        return (guint) ((address->until_us - now_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
    if (address != NULL && address->known)
        return 0;
    return tries->second == now_us / G_USEC_PER_SEC && tries->wrong >= WRONG_A_SECOND ? 1 : 0;
}

void http_tries_wrong(struct http_tries *tries, const char *where, gint64 now_us)
{
    struct address *address = heard(tries, where, now_us);

    if (tries->second != now_us / G_USEC_PER_SEC)
        tries->wrong = 0;
    tries->second = now_us / G_USEC_PER_SEC;
    tries->wrong++;
    address->wrong++;
    if (address->wrong >= FREE_TRIES) {
        guint doublings = MIN(address->wrong - FREE_TRIES, 16U);
        address->until_us = now_us + MIN(1LL << doublings, MOST_PAUSE_S) * G_USEC_PER_SEC;
    }
}

void http_tries_right(struct http_tries *tries, const char *where, gint64 now_us)
{
    struct address *address = heard(tries, where, now_us);

    /* Not the guesses of others at the same address: those it leaves where they are. */
    if (address->until_us <= now_us)
        address->wrong = 0;
    address->known = true;
}
