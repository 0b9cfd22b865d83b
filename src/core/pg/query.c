#include "pg/query.h"

#include <stddef.h>

const struct query *query_for(const struct query *query, int version_num)
{
    while (query != NULL && version_num < query->since)
        query = query->older;
    return query;
}
