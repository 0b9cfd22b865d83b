#include "tar/tar.h"

#include "error.h"

#include <string.h>

/* A ustar header, as POSIX lays it out. */
struct header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char target[100];
    char magic[6];
    char version[2];
    char user[32];
    char group[32];
    char major[8];
    char minor[8];
    char prefix[155];
    char unused[12];
};
G_STATIC_ASSERT(sizeof(struct header) == TAR_BLOCK);

enum { NAME_BYTES = 100 + 1 + 155 + 1 };

/* No file of a cluster is larger (1 GiB segments), no archive either; keeps sums from running
 * over. */
#define SIZE_MOST (G_GUINT64_CONSTANT(1) << 50)

enum state {
    IN_HEADER,
    IN_CONTENT,
    IN_PADDING,
    AT_END, /* behind the first block of zeroes: nothing but zeroes may follow */
};

struct tar_walker {
    struct tar_visitor visitor;
    gpointer data;
    enum state state;
    union {
        struct header fields;
        guint8 bytes[TAR_BLOCK];
    } header;
    gsize filled;   /* of the header */
    guint64 offset; /* in the archive */
    guint64 size;   /* of the member */
    guint64 done;   /* of its content */
    guint padding;  /* bytes of it to come */
};

struct tar_walker *tar_walker_new(const struct tar_visitor *visitor, gpointer data)
{
    struct tar_walker *walker = g_new0(struct tar_walker, 1);

    walker->visitor = *visitor;
    walker->data = data;
    return walker;
}

void tar_walker_free(struct tar_walker *walker)
{
    g_free(walker);
}

/* ---- a header ------------------------------------------------------------------------------ */

static bool damaged(const struct tar_walker *walker, const char *what, GError **error)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "the archive is damaged at byte %" G_GUINT64_FORMAT ": %s",
                      walker->offset, what);
    return false;
}

/* Octal digits, or with the highest bit set the number itself, most significant byte first. */
static bool number_read(const char *field, gsize length, guint64 *ret_number)
{
    guint64 number = 0;
    gsize at = 0;

    if ((guint8) field[0] == 0x80) {
        for (at = 1; at < length; at++) {
            if (number > G_MAXUINT64 >> 8)
                return false;
            number = number << 8 | (guint8) field[at];
        }
        *ret_number = number;
        return true;
    }
    while (at < length && field[at] == ' ')
        at++;
    for (; at < length && field[at] >= '0' && field[at] <= '7'; at++) {
        if (number > G_MAXUINT64 >> 3)
            return false;
        number = number << 3 | (guint64) (field[at] - '0');
    }
    if (at < length && field[at] != ' ' && field[at] != '\0')
        return false;
    *ret_number = number;
    return true;
}

/* The sum of all bytes, those of the sum itself taken as spaces. */
static bool checksum_fits(const struct tar_walker *walker)
{
    const gsize from = G_STRUCT_OFFSET(struct header, checksum);
    guint64 said, sum = 0;

    for (gsize i = 0; i < TAR_BLOCK; i++) {
        bool own = i >= from && i < from + sizeof walker->header.fields.checksum;
        sum += own ? ' ' : walker->header.bytes[i];
    }
    return number_read(walker->header.fields.checksum, sizeof walker->header.fields.checksum,
                       &said) &&
           said == sum;
}

static bool is_empty(const guint8 *bytes, gsize length)
{
    return length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
}

/* Puts prefix and name together, takes "./" and slashes at the end away, and refuses what would
 * lead out of the folder it is unpacked into. */
static bool name_read(const struct header *header, char name[NAME_BYTES])
{
    gsize length = strnlen(header->prefix, sizeof header->prefix);
    gsize rest = strnlen(header->name, sizeof header->name);

    memcpy(name, header->prefix, length);
    if (length > 0)
        name[length++] = '/';
    memcpy(name + length, header->name, rest);
    length += rest;
    if (length == 0)
        return false;
    while (length > 0 && name[length - 1] == '/')
        length--;
    name[length] = '\0';
    if (g_str_equal(name, "."))
        name[0] = '\0';
    if (g_str_has_prefix(name, "./"))
        memmove(name, name + 2, strlen(name + 2) + 1);
    /* Each part between slashes. */
    for (const char *part = name; part != NULL && name[0] != '\0';) {
        const char *slash = strchr(part, '/');
        gsize bytes = slash ? (gsize) (slash - part) : strlen(part);
        if (bytes == 0 || (bytes == 1 && part[0] == '.') ||
            (bytes == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part = slash ? slash + 1 : NULL;
    }
    return header->name[0] != '/' || header->prefix[0] != '\0';
}

static bool kind_read(char type, enum tar_kind *ret_kind)
{
    switch (type) {
    case '0':
    case '\0':
        *ret_kind = TAR_FILE;
        return true;
    case '2':
        *ret_kind = TAR_LINK;
        return true;
    case '5':
        *ret_kind = TAR_FOLDER;
        return true;
    default:
        return false;
    }
}

static bool numbers_read(const struct header *header, struct tar_member *member)
{
    guint64 mode, mtime;

    if (!number_read(header->mode, sizeof header->mode, &mode) ||
        !number_read(header->mtime, sizeof header->mtime, &mtime) ||
        !number_read(header->size, sizeof header->size, &member->size))
        return false;
    member->mode = (guint32) (mode & 07777);
    member->mtime = (gint64) (mtime & G_MAXINT64);
    /* What is no file has no content, whatever its header says: so do tar(1) and the server. */
    if (member->kind != TAR_FILE)
        member->size = 0;
    return member->size <= SIZE_MOST;
}

static bool member_told(struct tar_walker *walker, GError **error)
{
    const struct header *header = &walker->header.fields;
    struct tar_member member = {.header = walker->offset - TAR_BLOCK, .offset = walker->offset};
    char name[NAME_BYTES], target[sizeof header->target + 1] = "";

    if (!checksum_fits(walker))
        return damaged(walker, "a header's checksum does not fit", error);
    if (strncmp(header->magic, "ustar", 5) != 0)
        return damaged(walker, "a header is not in the ustar format", error);
    if (!kind_read(header->type, &member.kind))
        return damaged(walker, "a member is no file, folder or link", error);
    if (!name_read(header, name))
        return damaged(walker, "a member's name leads out of its folder", error);
    if (!numbers_read(header, &member))
        return damaged(walker, "a header has a number that is none", error);
    if (name[0] == '\0' && member.kind != TAR_FOLDER)
        return damaged(walker, "a member has no name", error);
    member.name = name;
    if (member.kind == TAR_LINK) {
        memcpy(target, header->target, sizeof header->target);
        member.target = target;
    }
    walker->size = member.size;
    walker->done = 0;
    walker->padding = (guint) ((TAR_BLOCK - member.size % TAR_BLOCK) % TAR_BLOCK);
    return walker->visitor.member == NULL ||
           walker->visitor.member(&member, walker->data, error);
}

/* ---- the stream ---------------------------------------------------------------------------- */

static bool content_ended(struct tar_walker *walker, GError **error)
{
    walker->state = walker->padding > 0 ? IN_PADDING : IN_HEADER;
    return walker->visitor.complete == NULL || walker->visitor.complete(walker->data, error);
}

static bool header_taken(struct tar_walker *walker, const guint8 *bytes, gsize length,
                         gsize *ret_taken, GError **error)
{
    gsize taken = MIN(length, TAR_BLOCK - walker->filled);

    memcpy(walker->header.bytes + walker->filled, bytes, taken);
    walker->filled += taken;
    walker->offset += taken;
    *ret_taken = taken;
    if (walker->filled < TAR_BLOCK)
        return true;
    walker->filled = 0;
    if (is_empty(walker->header.bytes, TAR_BLOCK)) {
        walker->state = AT_END;
        return true;
    }
    if (!member_told(walker, error))
        return false;
    walker->state = IN_CONTENT;
    return walker->size > 0 || content_ended(walker, error);
}

static bool content_taken(struct tar_walker *walker, const guint8 *bytes, gsize length,
                          gsize *ret_taken, GError **error)
{
    gsize taken = (gsize) MIN((guint64) length, walker->size - walker->done);
    guint64 at = walker->done;

    walker->done += taken;
    walker->offset += taken;
    *ret_taken = taken;
    if (walker->visitor.content != NULL &&
        !walker->visitor.content(bytes, taken, at, walker->data, error))
        return false;
    return walker->done < walker->size || content_ended(walker, error);
}

static gsize padding_taken(struct tar_walker *walker, gsize length)
{
    guint taken = (guint) MIN(length, (gsize) walker->padding);

    walker->padding -= taken;
    walker->offset += taken;
    if (walker->padding == 0)
        walker->state = IN_HEADER;
    return taken;
}

bool tar_walker_feed(struct tar_walker *walker, const void *bytes, gsize length, GError **error)
{
    const guint8 *next = bytes;

    while (length > 0) {
        gsize taken = 0;
        switch (walker->state) {
        case IN_HEADER:
            if (!header_taken(walker, next, length, &taken, error))
                return false;
            break;
        case IN_CONTENT:
            if (!content_taken(walker, next, length, &taken, error))
                return false;
            break;
        case IN_PADDING:
            taken = padding_taken(walker, length);
            break;
        case AT_END:
            if (!is_empty(next, length))
                return damaged(walker, "something stands behind its end", error);
            walker->offset += length;
            return true;
        }
        next += taken;
        length -= taken;
    }
    return true;
}

guint64 tar_walker_skippable(const struct tar_walker *walker)
{
    if (walker->state == IN_PADDING)
        return walker->padding;
    return walker->state == IN_CONTENT ? walker->size - walker->done + walker->padding : 0;
}

void tar_walker_skip(struct tar_walker *walker, guint64 length)
{
    g_return_if_fail(length <= tar_walker_skippable(walker));
    guint64 content =
        walker->state == IN_CONTENT ? MIN(length, walker->size - walker->done) : 0;

    walker->done += content;
    walker->offset += content;
    if (walker->state == IN_CONTENT && walker->done == walker->size)
        walker->state = walker->padding > 0 ? IN_PADDING : IN_HEADER;
    if (walker->state == IN_PADDING)
        padding_taken(walker, (gsize) (length - content));
}

guint64 tar_walker_offset(const struct tar_walker *walker)
{
    return walker->offset;
}

bool tar_walker_end(struct tar_walker *walker, GError **error)
{
    if (walker->state == AT_END || (walker->state == IN_HEADER && walker->filled == 0))
        return true;
    return damaged(walker, "it stops within a member", error);
}
