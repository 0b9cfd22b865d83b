#include "store/store_events.h"

#include "store/statement.h"
#include "store/store_internal.h"
#include "store_queries.h"

static gint64 event_of(struct store *store, const struct store_event *event)
{
    AUTO(statement) statement = statement_open(store, &query_store_event_of);
    statement_bind_text(statement, 1, event->target);
    statement_bind_text(statement, 2, event->name);
    if (statement_next(statement))
        return statement_int(statement, STORE_EVENT_OF_ID);
    store_read(store, statement);
    return -1;
}

gint64 store_event_open(struct store *store, const struct store_event *event)
{
    AUTO(statement) statement = statement_open(store, &query_store_event_open);
    statement_bind_text(statement, 1, event->target);
    statement_bind_text(statement, 2, event->name);
    statement_bind_text(statement, 3, event->severity);
    statement_bind_int(statement, 4, event->opened_us);
    statement_bind_int(statement, 5, event->closed_us);
    statement_bind_text(statement, 6, event->message);
    statement_bind_text(statement, 7, event->detail);
    statement_bind_int(statement, 8, event->run);
    if (!store_write(store, statement))
        return -1;
    return sqlite3_changes(store->db) > 0 ? sqlite3_last_insert_rowid(store->db)
                                          : event_of(store, event);
}

bool store_event_rise(struct store *store, gint64 id, const struct store_event *event)
{
    AUTO(statement) statement = statement_open(store, &query_store_event_rise);
    statement_bind_int(statement, 1, id);
    statement_bind_text(statement, 2, event->severity);
    statement_bind_text(statement, 3, event->message);
    statement_bind_text(statement, 4, event->detail);
    return store_write(store, statement);
}

bool store_event_close(struct store *store, gint64 id, gint64 at_us, const char *closing)
{
    AUTO(statement) statement = statement_open(store, &query_store_event_close);
    statement_bind_int(statement, 1, id);
    statement_bind_int(statement, 2, at_us);
    statement_bind_text(statement, 3, closing);
    return store_write(store, statement);
}

static void visit_events(struct statement *statement,
                         void (*visit)(const struct store_event *event, gpointer data),
                         gpointer data)
{
    while (statement_next(statement)) {
        const struct store_event event = {
            .id = statement_int(statement, STORE_EVENTS_ID),
            .target = statement_text(statement, STORE_EVENTS_TARGET),
            .name = statement_text(statement, STORE_EVENTS_NAME),
            .severity = statement_text(statement, STORE_EVENTS_SEVERITY),
            .opened_us = statement_int(statement, STORE_EVENTS_OPENED_US),
            .closed_us = statement_int(statement, STORE_EVENTS_CLOSED_US),
            .message = statement_text(statement, STORE_EVENTS_MESSAGE),
            .closing = statement_text(statement, STORE_EVENTS_CLOSING),
            .detail = statement_text(statement, STORE_EVENTS_DETAIL),
            .run = statement_int(statement, STORE_EVENTS_RUN_ID),
        };
        visit(&event, data);
    }
}

void store_events_open(struct store *store, const char *target,
                       void (*visit)(const struct store_event *event, gpointer data),
                       gpointer data)
{
    AUTO(statement) statement = statement_open(store, &query_store_events);
    statement_bind_text(statement, 1, target);
    statement_bind_int(statement, 2, 1);
    statement_bind_int(statement, 3, 0);
    statement_bind_int(statement, 4, -1);
    visit_events(statement, visit, data);
    store_read(store, statement);
}

bool store_each_event(struct store *store, const char *target, gint64 since_us, int limit,
                      void (*visit)(const struct store_event *event, gpointer data),
                      gpointer data, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_events);
    statement_bind_text(statement, 1, target);
    statement_bind_int(statement, 2, 0);
    statement_bind_int(statement, 3, since_us);
    statement_bind_int(statement, 4, limit > 0 ? limit : -1);
    visit_events(statement, visit, data);
    return store_finish(store, statement, error);
}
