/* The data directory around a file of WAL. */
#include "wal_around.h"

#include <string.h>

/* The system identifier is the first thing in global/pg_control. */
char *wal_system_around(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *above = g_path_get_dirname(folder);
    const char *const places[] = {strcmp(folder, "pg_wal") == 0 ? "." : above, "."};
    guint64 system = 0;

    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *control = g_build_filename(places[i], "global", "pg_control", NULL);
        g_autofree char *bytes = NULL;
        gsize length = 0;
        if (!g_file_get_contents(control, &bytes, &length, NULL) || length < sizeof system)
            continue;
        memcpy(&system, bytes, sizeof system);
        return g_strdup_printf("%" G_GUINT64_FORMAT, system);
    }
    return NULL;
}
