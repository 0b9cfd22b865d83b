/* Whatever a server says, or a label: it is understood or refused, and what is understood lies
 * within the message. The first byte says what the rest is. */
#include "replication/base_backup_message.h"
#include "replication/wire_message.h"

#include <stdint.h>
#include <string.h>

static void take_message(const guint8 *data, gsize size)
{
    struct base_backup_message message;
    g_autoptr(GError) error = NULL;

    if (!base_backup_message_parse(data, size, &message, &error)) {
        g_assert(error != NULL);
        return;
    }
    if (message.kind == BASE_BACKUP_DATA)
        g_assert(message.length == size - 1 && message.bytes == data + 1);
    if (message.kind == BASE_BACKUP_ARCHIVE)
        g_assert((const guint8 *) message.path + strlen(message.path) + 1 == data + size);
}

static void take_warning(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *) data, size);
    struct base_backup_bad bad = {0};
    struct base_backup_relation relation;
    g_autofree char *left_out = base_backup_left_out_parse(text);

    g_assert(left_out == NULL || g_utf8_validate(left_out, -1, NULL));
    if (!base_backup_bad_parse(150000, text, &bad))
        return;
    g_assert(base_backup_relation_parse(bad.file, &relation));
    g_assert(bad.block >= 0 || bad.file_bad < G_MAXUINT);
    base_backup_bad_clear(&bad);
}

static void take_label(const guint8 *data, gsize size)
{
    struct base_backup_label label;
    g_autoptr(GError) error = NULL;

    g_assert(base_backup_label_parse((const char *) data, size, &label, &error) ==
             (error == NULL));
}

/* Bytes as they come from the socket. */
static void take_wire(const guint8 *data, gsize size)
{
    struct wire_message message;
    gsize at = 0, taken = 0;

    while (wire_message_take(data + at, size - at, &message, &taken) == WIRE_WHOLE) {
        g_assert(message.body + message.length == data + at + taken);
        g_autoptr(GPtrArray) row = wire_message_row(&message);
        g_assert(row == NULL || row->len <= message.length / 4);
        const char *field = wire_message_field(&message, 'M');
        if (field != NULL)
            g_assert((const guint8 *) field + strlen(field) < data + at + taken);
        at += taken;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 'W')
        take_warning(data + 1, size - 1);
    else if (data[0] == 'L')
        take_label(data + 1, size - 1);
    else if (data[0] == 'X')
        take_wire(data + 1, size - 1);
    else
        take_message(data, size);
    return 0;
}
