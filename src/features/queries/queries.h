/* Long-running queries: what runs, what it blocks, and the ladder from a cancel to the end. */
#ifndef QUERIES_H
#define QUERIES_H

#include "feature.h"

extern const struct feature feature_queries;

#endif
