#include "support/folder.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check.h"

void test_folder_make(char ret_path[TEST_PATH_BYTES])
{
    const char *tmp = getenv("TMPDIR");

    snprintf(ret_path, TEST_PATH_BYTES, "%s/kk-test-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(ret_path));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st;
    (void)type;
    (void)place;
    return remove(path);
}

void test_folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void test_path(const char *folder, const char *name, char ret_path[TEST_PATH_BYTES])
{
    CHECK(snprintf(ret_path, TEST_PATH_BYTES, "%s/%s", folder, name) < TEST_PATH_BYTES);
}

void test_file_read(const char *path, struct kk_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = 1;

    CHECK(fd >= 0);
    kk_buf_clear(out);
    while (got > 0) {
        char *room = kk_buf_room(out, 64 * 1024);

        CHECK(room);
        got = read(fd, room, 64 * 1024);
        CHECK(got >= 0);
        out->len += (size_t)got;
    }
    close(fd);
}

void test_file_write(const char *path, struct kk_sv bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CHECK(fd >= 0);
    CHECK_EQ(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
}
