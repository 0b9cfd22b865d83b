/* What the boxes rest on: the history, the repository of backups, and the schema as it is. */
#ifndef MIGRATIONS_CHECKLIST_OBSERVE_H
#define MIGRATIONS_CHECKLIST_OBSERVE_H

#include "apply/apply.h"
#include "checklist/checklist.h"

/* apply: with its folder and its control session. Fills in its items, which are what is due. */
bool checklist_observe(struct apply *apply, struct checklist_facts *ret_facts, GError **error);

#endif
