#include "daemon/stopping.h"

#include "out/json_text.h"

bool stopping_begin(struct stopping *stopping, const char *by, const char *reason, gint64 at_us)
{
    if (stopping->by != NULL)
        return false;
    stopping->by = g_strdup(by);
    stopping->reason = g_strdup(reason);
    stopping->at_us = at_us;
    return true;
}

void stopping_clear(struct stopping *stopping)
{
    g_clear_pointer(&stopping->by, g_free);
    g_clear_pointer(&stopping->reason, g_free);
}

void stopping_record(const struct stopping *stopping, struct store *store, gint64 run)
{
    if (stopping->by != NULL && run > 0)
        store_run_stopped(store, run, stopping->by, stopping->reason, stopping->at_us);
}

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

void stopping_show(const struct stopping *stopping, json_t *json)
{
    char time[JSON_TEXT_TIME_SIZE];
    bool is = stopping->by != NULL && json_text_format_time(stopping->at_us, time);

    json_object_set_new(json, "stopped_by", text_or_null(stopping->by));
    json_object_set_new(json, "stopped_at", is ? json_string(time) : json_null());
    json_object_set_new(json, "stop_reason", text_or_null(stopping->reason));
}

char *stopping_words(const struct stopping *stopping)
{
    if (stopping->by == NULL)
        return NULL;
    return g_strdup_printf("stopped by %s%s%s", stopping->by,
                           stopping->reason != NULL ? ": " : "",
                           stopping->reason != NULL ? stopping->reason : "");
}
