/* adapters/sink/event_file.h: the file of events, from opening it to one batch of lines appended and synced. For
 * sink_file.c. */
#ifndef KK_ADAPTERS_EVENT_FILE_H
#define KK_ADAPTERS_EVENT_FILE_H

#include "adapters/disk/folder.h"
#include "adapters/sink/recent.h"
#include "base/bytes.h"

struct event_file {
    char path[FOLDER_PATH_BYTES];
    int fd;             /* -1: none */
    int64_t cut_at;     /* -1: fine; else what is behind it is half a batch, to be cut off before the next */
    struct recent seen; /* in the order of the file */
};

/* Opens, locks and mends it, and reads the ids of its last lines. */
enum kk_code event_file_open(struct event_file *file, const char *path, struct kk_err *err);
void event_file_close(struct event_file *file); /* a zeroed one is not fine: fd */
/* All of lines, durable, or none of them. Begins a new file where the old one was moved away. */
enum kk_code event_file_append(struct event_file *file, struct kk_sv lines, struct kk_err *err);
/* The "id" of one line of an event; empty: none. */
struct kk_sv event_line_id(struct kk_sv line, struct kk_buf *scratch);

#endif
