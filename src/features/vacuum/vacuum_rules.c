/* Settings and options as the rules that decisions follow. */
#include "vacuum.h"

struct vacuum_rules vacuum_rules_read(const struct settings *settings)
{
    return (struct vacuum_rules){
        .dead_rows = settings_int(settings, "vacuum.dead_rows"),
        .dead_fraction = settings_fraction(settings, "vacuum.dead_fraction"),
        .inserted_rows = settings_int(settings, "vacuum.inserted_rows"),
        .inserted_fraction = settings_fraction(settings, "vacuum.inserted_fraction"),
        .changed_rows = settings_int(settings, "vacuum.changed_rows"),
        .changed_fraction = settings_fraction(settings, "vacuum.changed_fraction"),
        .not_visible_fraction = settings_fraction(settings, "vacuum.not_visible_fraction"),
        .freeze_fraction = settings_fraction(settings, "vacuum.freeze_fraction"),
        .lanes = (unsigned) settings_int(settings, "vacuum.jobs"),
        .memory = settings_int(settings, "vacuum.memory"),
        .buffer_usage_limit = settings_int(settings, "vacuum.buffer_usage_limit"),
        .big_bytes = settings_int(settings, "vacuum.big_table"),
        .cost_delay_ms = settings_int(settings, "vacuum.cost_delay"),
    };
}
