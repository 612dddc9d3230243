/* adapters/disk/folder.h: folders of this machine. */
#ifndef KK_ADAPTERS_FOLDER_H
#define KK_ADAPTERS_FOLDER_H

#include "base/err.h"

#define FOLDER_PATH_BYTES 512

/* Makes the folder, and those above it, where they are missing; for this user only. KK_DENIED, KK_FULL, KK_BAD_INPUT
 * (too long, or something else has that name), KK_UNAVAILABLE. */
enum kk_code folder_make(const char *path, struct kk_err *err);

/* What errno means to a caller. */
enum kk_code folder_code(int error);

#endif
