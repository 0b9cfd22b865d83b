/*
 * Zstandard in the seekable layout: independent frames and, in a skippable frame at the end, a
 * table of their sizes. `zstd -d` reads it from front to end; with the table any byte is one frame
 * away, and frames are compressed and decompressed by several threads.
 * The layout is zstd's own (contrib/seekable_format, "Zstandard Seekable Format", version 0.1.1).
 */
#ifndef CORE_REPO_SEEK_H
#define CORE_REPO_SEEK_H

#include "repo/repo_file.h"

/* Bytes in a frame before compression; the last one has less. */
enum { SEEK_FRAME_BYTES = 1 << 20 };

/* ---- writing ------------------------------------------------------------------------------ */

struct seek_writer;

/* Compresses into file, in so many threads, with a checksum in every frame. Memory is bounded:
 * about 4 frames a thread. The file is borrowed. */
struct seek_writer *seek_writer_new(struct repo_writer *file, int level, guint threads);

/* Copies; waits while all threads are behind. An error of a thread is reported by the next call. */
bool seek_writer_put(struct seek_writer *writer, const void *data, gsize length,
                     GError **error);

/* Compresses the rest and writes the table; the file may then be ended and shown. */
bool seek_writer_end(struct seek_writer *writer, GError **error);

guint64 seek_writer_size(const struct seek_writer *writer); /* bytes before compression */
guint seek_writer_frames(const struct seek_writer *writer);
void seek_writer_free(struct seek_writer *writer); /* also in the middle; joins the threads */
AUTO_DEFINE(seek_writer, seek_writer_free)

/* ---- reading ------------------------------------------------------------------------------ */

struct seek_reader;

/* Reads the table; where it is damaged or missing it is found again from the frames themselves,
 * and seek_reader_repaired() is true. The file is borrowed. */
struct seek_reader *seek_reader_new(const struct repo_reader *file, GError **error);
bool seek_reader_repaired(const struct seek_reader *reader);

guint64 seek_reader_size(const struct seek_reader *reader); /* decompressed */
guint seek_reader_frames(const struct seek_reader *reader);

/* Where a frame's bytes stand in the decompressed whole. */
guint64 seek_reader_offset(const struct seek_reader *reader, guint frame);
gsize seek_reader_length(const struct seek_reader *reader, guint frame);
guint seek_reader_frame_at(const struct seek_reader *reader, guint64 offset);

/* Decompresses a frame into buffer (seek_reader_length() bytes) and checks its checksum; from any
 * thread. An error names file and frame. */
bool seek_reader_frame(const struct seek_reader *reader, guint frame, void *buffer,
                       GError **error);

/* Any bytes, over frames; from any thread. */
bool seek_reader_read(const struct seek_reader *reader, guint64 offset, void *buffer,
                      gsize length, GError **error);

/* All frames from the first to the last, decompressed by so many threads ahead of the caller, in
 * whose thread visit is called. False with the first error, of a frame or of visit. */
bool seek_reader_each(const struct seek_reader *reader, guint threads,
                      bool (*visit)(const void *bytes, gsize length, guint64 offset,
                                    gpointer data, GError **error),
                      gpointer data, GError **error);

void seek_reader_free(struct seek_reader *reader);
AUTO_DEFINE(seek_reader, seek_reader_free)

#endif
