/* How much a rebuild of a B-tree would win. Pure. */
#include "indexes_rebuild.h"

void indexes_select_bloated(const struct relations *relations, const struct indexes_wish *wish,
                            GPtrArray *choices)
{
    (void) relations;
    (void) wish;
    (void) choices;
}
