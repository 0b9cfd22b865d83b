/* Connection slots: who may connect, and whether anybody still can. */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include "feature.h"

extern const struct feature feature_connections;

#endif
