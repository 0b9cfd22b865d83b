/*
 * What is kept running for a target beside its watch: a section's command that never ends by
 * itself, such as the receiver of WAL.
 */
#include "daemon/daemon_private.h"

#include <string.h>

enum { LINE_LONGEST = 1 << 14, STOP_MS = 10000 };

struct target_service {
    struct daemon_target *target;
    const struct feature *section;
    const struct service *service;
    char *event; /* "backup wal receive" */
    struct minder *minder;
    bool running; /* it is wanted, and minded */
};

/* ---- its child --------------------------------------------------------------------------------- */

/* What it has to say it says on stderr, which is ours. */
static void on_line(const char *line, gsize length, bool cut, gpointer data)
{
    (void) line;
    (void) length;
    (void) cut;
    (void) data;
}

static void on_ended(const char *how, gpointer data)
{
    const struct target_service *service = data;

    (void) how;
    daemon_end_if_alone(service->target->daemon);
}

static void on_trouble(bool looping, const char *message, gpointer data)
{
    const struct target_service *service = data;

    target_trouble(service->target, service->event, looping, message);
}

static char **arguments_of(const struct target_service *service)
{
    g_auto(GStrv) verb = g_strsplit(service->service->verb, " ", 2);
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();

    g_strv_builder_add(words, service->section->name);
    g_strv_builder_addv(words, (const char **) (void *) verb);
    target_words(service->target, words);
    return g_strv_builder_end(words);
}

static void begin(struct target_service *service)
{
    const struct daemon_target *target = service->target;
    g_auto(GStrv) arguments = arguments_of(service);
    g_autofree char *name = g_strdup_printf("%s of %s", service->event, target->name);
    struct minder_plan plan = {
        .name = name,
        .child = {.arguments = (const char *const *) arguments,
                  .longest = LINE_LONGEST,
                  .settings_fd = target->daemon->snapshot,
                  .alias = target_alias(target)},
        .line = on_line,
        .ended = on_ended,
        .trouble = on_trouble,
        .data = service,
    };

    if (service->minder == NULL)
        service->minder = minder_new(&plan);
    else
        minder_renew(service->minder, (const char *const *) arguments);
    service->running = true;
}

static void end(struct target_service *service, guint grace_ms)
{
    if (service->minder != NULL)
        minder_stop(service->minder, grace_ms);
    if (service->running)
        events_close(service->target->daemon->events, service->target->name, service->event,
                     g_get_real_time(), "it is no longer kept running here");
    service->running = false;
}

/* ---- all of a target's --------------------------------------------------------------------------- */

static void make(struct daemon_target *target)
{
    target->services = g_ptr_array_new();
    for (guint i = 0; features[i] != NULL; i++) {
        const struct service *row = features[i]->services;
        for (; row != NULL && row->verb != NULL; row++) {
            struct target_service *service = g_new0(struct target_service, 1);
            service->target = target;
            service->section = features[i];
            service->service = row;
            service->event = g_strdup_printf("%s %s", features[i]->name, row->verb);
            g_ptr_array_add(target->services, service);
        }
    }
}

static bool is_on(const struct target_service *service)
{
    const struct settings *settings = service->target->settings;
    const struct service *row = service->service;
    g_autofree char *on = g_strdup_printf("%s.%s", service->section->name, row->setting);
    g_autofree char *needs =
        row->needs ? g_strdup_printf("%s.%s", service->section->name, row->needs) : NULL;
    const char *needed = needs ? settings_string(settings, needs) : "nothing";

    return settings_bool(settings, on) && needed != NULL && needed[0] != '\0';
}

/* Of two daemons only the one that has the target keeps them. Where it is not known who has it, or
 * the server is down, what runs goes on: it finds its way back by itself. */
static void apply(struct target_service *service, bool changed)
{
    const struct daemon_target *target = service->target;
    bool on = is_on(service) && !target->leaving && !target->daemon->stopping;

    if (!on || target->place == SCHEDULER_ELSEWHERE) {
        if (service->running)
            end(service, STOP_MS);
        return;
    }
    if (service->running ? changed : target->place == SCHEDULER_HERE)
        begin(service);
}

void services_apply(struct daemon_target *target, bool changed)
{
    if (target->services == NULL)
        make(target);
    for (guint i = 0; i < target->services->len; i++)
        apply(target->services->pdata[i], changed);
}

void services_tick(struct daemon_target *target, gint64 now_us)
{
    for (guint i = 0; target->services != NULL && i < target->services->len; i++) {
        const struct target_service *service = target->services->pdata[i];
        if (service->minder != NULL)
            minder_tick(service->minder, now_us);
    }
}

bool services_stop(struct daemon_target *target, guint grace_ms)
{
    bool none = true;

    for (guint i = 0; target->services != NULL && i < target->services->len; i++) {
        struct target_service *service = target->services->pdata[i];
        bool running = service->running;
        if (running)
            end(service, grace_ms);
        none = none && (service->minder == NULL || minder_child(service->minder) == NULL);
    }
    return none;
}

void services_free(struct daemon_target *target)
{
    for (guint i = 0; target->services != NULL && i < target->services->len; i++) {
        struct target_service *service = target->services->pdata[i];
        g_clear_pointer(&service->minder, minder_free);
        g_free(service->event);
        g_free(service);
    }
    g_clear_pointer(&target->services, g_ptr_array_unref);
}
