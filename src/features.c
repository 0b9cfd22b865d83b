/*
 * The runbook: one line per section, in its order.
 */
#include "feature.h"

#include <stddef.h>

const struct feature *const features[] = {
    NULL,
};
