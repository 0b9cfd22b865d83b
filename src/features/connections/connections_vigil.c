#include "connections_vigil.h"

enum { LOOKS = 2, AGAIN_MS = 10000 };

bool connections_vigil_triggered(struct connections_vigil *vigil, bool full, unsigned triggers)
{
    vigil->full_looks = full ? vigil->full_looks + 1 : 0;
    return vigil->full_looks >= LOOKS || triggers != 0;
}

void connections_vigil_diagnosed(struct connections_vigil *vigil, enum connections_kind kind)
{
    if (kind == vigil->kind)
        return;
    vigil->kind = kind;
    vigil->not_before_us = 0;
    vigil->said = false;
}

bool connections_vigil_may_relieve(const struct connections_vigil *vigil, gint64 now_us)
{
    return vigil->kind != CONNECTIONS_HEALTHY && now_us >= vigil->not_before_us;
}

void connections_vigil_relieved(struct connections_vigil *vigil, gint64 now_us, guint ended)
{
    vigil->not_before_us = ended > 0 ? 0 : now_us + AGAIN_MS * (gint64) 1000;
}
