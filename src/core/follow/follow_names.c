/*
 * What happens to names in the log's folder, told by inotify: that it is time to look, and where
 * files went that bore the log's name and were gone before anybody had looked.
 */
#include "follow/follow_private.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

struct follow_names {
    int fd, watch; /* -1: there is none */
    char *folder, *base;
    GPtrArray
        *moved;     /* names of today of those that bore the name, in the order they lost it */
    guint32 cookie; /* of a move whose second half is still to come; 0: none */
    guint index;    /* of its place in moved */
};

struct follow_names *follow_names_new(const char *path)
{
    struct follow_names *names = g_new0(struct follow_names, 1);

    names->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    names->watch = -1;
    names->folder = g_path_get_dirname(path);
    names->base = g_path_get_basename(path);
    names->moved = g_ptr_array_new_with_free_func(g_free);
    return names;
}

void follow_names_free(struct follow_names *names)
{
    if (names->fd >= 0)
        close(names->fd);
    g_ptr_array_free(names->moved, TRUE);
    g_free(names->folder);
    g_free(names->base);
    g_free(names);
}

int follow_names_fd(const struct follow_names *names)
{
    return names->watch >= 0 ? names->fd : -1;
}

static void on_left(struct follow_names *names, const char *name, guint32 cookie)
{
    names->cookie = 0;
    if (strcmp(name, names->base) == 0) {
        names->cookie = cookie;
        names->index = names->moved->len;
        return;
    }
    for (guint i = 0; i < names->moved->len; i++)
        if (strcmp(names->moved->pdata[i], name) == 0) {
            names->cookie = cookie;
            names->index = i;
        }
}

static void on_arrived(struct follow_names *names, const char *name, guint32 cookie)
{
    if (names->cookie == 0 || names->cookie != cookie)
        return;
    names->cookie = 0;
    if (names->index == names->moved->len) {
        g_ptr_array_add(names->moved, g_strdup(name));
        return;
    }
    g_free(names->moved->pdata[names->index]);
    names->moved->pdata[names->index] = g_strdup(name);
}

static void heed(struct follow_names *names, const struct inotify_event *event)
{
    if (event->mask & IN_IGNORED)
        names->watch = -1;
    else if (event->len == 0)
        return;
    else if (event->mask & IN_MOVED_FROM)
        on_left(names, event->name, event->cookie);
    else if (event->mask & IN_MOVED_TO)
        on_arrived(names, event->name, event->cookie);
}

void follow_names_read(struct follow_names *names)
{
    char room[sizeof(struct inotify_event) + NAME_MAX + 1]
        __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got;

    if (names->fd < 0)
        return;
    if (names->watch < 0)
        names->watch =
            inotify_add_watch(names->fd, names->folder,
                              IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR);
    while ((got = read(names->fd, room, sizeof room)) > 0) {
        for (const char *at = room; at < room + got;) {
            const struct inotify_event *event = (const void *) at;
            heed(names, event);
            at += sizeof *event + event->len;
        }
    }
}

char *follow_names_next(struct follow_names *names)
{
    if (names->moved->len == 0 || (names->cookie != 0 && names->index == 0))
        return NULL;
    g_autofree char *name = g_ptr_array_steal_index(names->moved, 0);
    if (names->cookie != 0)
        names->index--;
    return g_build_filename(names->folder, name, NULL);
}
