/* fuzz/replay_main.c: where no fuzzer is built, its function is given the files of its corpus, one case each, so that
 * the seeds and every input ever found are tests under both compilers. */
#include <dirent.h>

#include "base/bytes.h"

#define FILES_MAX 10000
#define INPUT_MAX_BYTES (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_file(const char *path, struct kk_buf *ret)
{
    FILE *file = fopen(path, "rb");
    size_t got = 0;

    if (!file)
        return false;
    kk_buf_clear(ret);
    if (kk_buf_room(ret, INPUT_MAX_BYTES))
        got = fread(ret->ptr, 1, INPUT_MAX_BYTES, file);
    ret->len = got;

    bool is_whole = feof(file) && !ferror(file) && !ret->failed;

    fclose(file);
    return is_whole;
}

/* In memory of exactly its size, so that the sanitizer sees a step past its end. */
static void run_once(struct kk_sv input)
{
    KK_CLEANUP(kk_free_cleanup) char *exact = malloc(input.len ? input.len : 1);

    if (!exact)
        abort();
    if (input.len)
        memcpy(exact, input.ptr, input.len);
    LLVMFuzzerTestOneInput((const uint8_t *)exact, input.len);
}

int main(int argc, char **argv)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf input = KK_BUF(INPUT_MAX_BYTES);
    struct dirent **entries = NULL;
    int count = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1;
    int cases = 1, failed = 0;

    if (count < 0) {
        fprintf(stderr, "usage: %s FOLDER (its corpus)\n", argv[0]);
        return 2;
    }
    run_once((struct kk_sv){0});
    printf("ok 1 - no bytes at all\n");
    for (int i = 0; i < count; i++) {
        char path[4096];

        snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && i < FILES_MAX) {
            bool is_read = read_file(path, &input);

            if (is_read)
                run_once(kk_buf_sv(&input));
            failed += !is_read;
            printf("%sok %d - %s\n", is_read ? "" : "not ", ++cases, entries[i]->d_name);
            fflush(stdout); /* the next one may not return */
        }
        free(entries[i]);
    }
    free(entries);
    return failed > 0;
}
