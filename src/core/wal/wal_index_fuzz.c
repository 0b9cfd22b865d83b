/* Input: a segment's index as text. What can be read is written, and read to the same. */
#include "wal/wal_index.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    AUTO(wal_index) index = wal_index_parse((const char *) data, size, &error);

    g_assert((index == NULL) == (error != NULL));
    if (index == NULL)
        return 0;
    g_autofree char *text = wal_index_text(index);
    AUTO(wal_index) back = wal_index_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_autofree char *again = wal_index_text(back);
    g_assert_cmpstr(text, ==, again);
    return 0;
}
