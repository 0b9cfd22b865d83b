/*
 * g_autoptr for `struct name` without a typedef: AUTO(rows) rows = session_query(…);
 * frees on every way out of the block. AUTO_DEFINE stands below the free function's prototype.
 */
#ifndef CORE_AUTO_H
#define CORE_AUTO_H

#include <glib.h>

#define AUTO(name) __attribute__((cleanup(name##_auto))) struct name *

#define AUTO_DEFINE(name, release)                                                             \
    G_GNUC_UNUSED static inline void name##_auto(struct name **pointer)                        \
    {                                                                                          \
        if (*pointer != NULL)                                                                  \
            release(*pointer);                                                                 \
    }

#endif
