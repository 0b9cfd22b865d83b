/* What `backup list` and `backup show` say alike. */
#ifndef BACKUP_LIST_H
#define BACKUP_LIST_H

#include "backup_recoverable.h"
#include "repository.h"

/* "recoverable from … to …" and a line for each gap. */
void list_say_recoverable(struct output *output, const struct recoverable *recoverable);

/* The members recoverable and gaps; NULL: they could not be told. */
void list_recoverable_members(struct document *document, const struct recoverable *recoverable);

#endif
