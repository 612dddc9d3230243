/* adapters/archive/archive_file.h: the archive in a folder of this machine (ports/archive.h).
 *
 * One SQLite file, DIR/archive.db. Each sync() is one commit and stores the bodies that are new as one zstd block
 * (docs/adr/0005-archive.md). Several processes may use one folder. */
#ifndef KK_ADAPTERS_ARCHIVE_FILE_H
#define KK_ADAPTERS_ARCHIVE_FILE_H

#include "base/err.h"

struct archive;
struct kk_clock;

/* Makes the folder and the file where they are missing. Keeps clock. vfs: the name of an SQLite VFS, for simulators,
 * whose folder must be there; NULL: the system's. Gives *ret_archive (archive_close). KK_DENIED, KK_BAD_INPUT (the
 * path), KK_UNAVAILABLE (cannot be opened or written), KK_CORRUPT, KK_TOO_NEW, KK_FULL, KK_BUSY, KK_NO_MEMORY. */
enum kk_code archive_file_open(const char *dir, const char *vfs, const struct kk_clock *clock,
                               struct archive **ret_archive, struct kk_err *err);

#endif
