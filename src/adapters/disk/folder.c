#include "adapters/disk/folder.h"

#include <errno.h>
#include <string.h>

#include <sys/stat.h>

#include "base/bytes.h"

enum kk_code folder_code(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return KK_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return KK_FULL;
    case ENOMEM:
        return KK_NO_MEMORY;
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
        return KK_BAD_INPUT;
    default:
        return KK_UNAVAILABLE;
    }
}

static enum kk_code make_one(const char *path, struct kk_err *err)
{
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return KK_OK;

    int error = errno;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return KK_OK;
    if (error == EEXIST)
        error = ENOTDIR;
    return kk_fail(err, folder_code(error), "the folder %s cannot be made: %s", path, strerror(error));
}

enum kk_code folder_make(const char *path, struct kk_err *err)
{
    char part[FOLDER_PATH_BYTES];

    if (!kk_sv_copy(kk_sv_of(path), part, sizeof(part)) || part[0] == '\0')
        return kk_fail(err, KK_BAD_INPUT, "a folder's path has 1 to %zu bytes", sizeof(part) - 1);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';

        enum kk_code rc = make_one(part, err);

        if (rc)
            return rc;
        *slash = '/';
    }
    return make_one(part, err);
}
