#include "library.h"

#include "error.h"

#include <dlfcn.h>
#include <string.h>

static bool refuse(const struct library *library, const char *reason, GError **error)
{
    g_autofree char *hint = g_strdup_printf("%s: install %s", library->use, library->name);

    runbook_error_set(error, RUNBOOK_FAILED, hint, "cannot load %s: %s", library->name, reason);
    return false;
}

bool library_load(const struct library *library, const struct library_function *functions,
                  guint count, gpointer table, GError **error)
{
    g_autofree gpointer *found = g_new0(gpointer, count);
    void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL)
        return refuse(library, dlerror(), error);
    for (guint i = 0; i < count; i++) {
        found[i] = dlsym(handle, functions[i].name);
        if (found[i] == NULL)
            return refuse(library, dlerror(), error);
    }
    /* A pointer to a function is not converted from one to an object, but it is one (POSIX). */
    for (guint i = 0; i < count; i++)
        memcpy((char *) table + functions[i].offset, &found[i], sizeof found[i]);
    return true;
}
