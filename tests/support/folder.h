/* support/folder.h: a folder of a test's own, empty at its beginning, gone at its end. */
#ifndef KK_TESTS_FOLDER_H
#define KK_TESTS_FOLDER_H

#include "base/bytes.h"

#define TEST_PATH_BYTES 256

/* Under $TMPDIR or /tmp. Fails the test when it cannot be made. */
void test_folder_make(char ret_path[TEST_PATH_BYTES]);
void test_folder_remove(const char *path); /* with all that is in it */
/* path/name */
void test_path(const char *folder, const char *name, char ret_path[TEST_PATH_BYTES]);

/* Fails the test when the file cannot be read; clears out first. */
void test_file_read(const char *path, struct kk_buf *out);
void test_file_write(const char *path, struct kk_sv bytes);

#endif
