/* adapters/sink/sink_file.h: events appended to a file, one whole line each (ports/sink.h).
 *
 * A flush is one write and one fdatasync for all lines in hand. An event whose id is among the file's last lines is
 * already there: starting it again delivers it without a second line, so a crash between the sync and the mark in the
 * outbox repeats nothing. What a crash left of a line is cut off on opening; a file that was moved away is begun
 * anew. */
#ifndef KK_ADAPTERS_SINK_FILE_H
#define KK_ADAPTERS_SINK_FILE_H

#include "base/err.h"

#define SINK_FILE_BATCH 1024 /* lines in hand, at most; twice as many of the last are remembered */

struct sink;

/* Makes the file and its folder where they are missing. Gives *ret_sink (sink_close), named "file". KK_DENIED (may not
 * be written), KK_BUSY (another process writes it), KK_CORRUPT (what is at its end is no event), KK_BAD_INPUT (no
 * regular file), KK_FULL, KK_UNAVAILABLE, KK_NO_MEMORY. */
enum kk_code sink_file_open(const char *path, struct sink **ret_sink, struct kk_err *err);

#endif
