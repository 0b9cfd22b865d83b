/* Shared by the files of core/repo that know the seekable layout; not for others. */
#ifndef CORE_REPO_SEEK_PRIVATE_H
#define CORE_REPO_SEEK_PRIVATE_H

#include "repo/repo_private.h"
#include "repo/repo_seek.h"

/* The table: a skippable frame (magic, size), 8 bytes for each frame (compressed and decompressed
 * length), then the footer: number of frames (4), descriptor (1), magic (4). */
#define SEEK_SKIPPABLE_MAGIC 0x184D2A5EU
#define SEEK_FOOTER_MAGIC    0x8F92EAB1U

enum {
    SEEK_HEAD_BYTES = 8,
    SEEK_FOOTER_BYTES = 9,
    SEEK_ENTRY_BYTES = 8,
    SEEK_FRAME_MOST = 64 << 20, /* a longer frame is not one of ours */
};

/* Bit 7 of the descriptor: entries have a checksum as well, 12 bytes; bits 2 to 6 must be 0. */
#define SEEK_HAS_CHECKSUMS 0x80U
#define SEEK_RESERVED      0x7CU

struct seek_reader {
    const struct repo_reader *file;
    bool repaired;
    struct repo_spans compressed, plain;
};

/* Finds the frames without the table. */
bool seek_repair(struct seek_reader *reader, GError **error);

/* What a frame's first bytes say it holds; false: no frame of ours begins there. */
bool seek_frame_says(const struct seek_reader *reader, guint64 offset, guint64 *ret_length);

#endif
