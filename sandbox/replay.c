#include "sandbox/replay.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sandbox/memory.h"

#define SELLER_BYTES 128
#define PATH_BYTES 4096

struct recording {
    enum replay_kind kind;
    int64_t item_no;
    char seller_id[SELLER_BYTES];
    struct kk_buf body;
};

struct replay {
    struct recording *recording;
    size_t count;
};

void replay_close(struct replay *replay)
{
    if (!replay)
        return;
    for (size_t i = 0; i < replay->count; i++)
        kk_buf_done(&replay->recording[i].body);
    free(replay->recording);
    free(replay);
}

/* --- what a file is --- */

/* Numbers may be spelled as text. */
static bool number_of(struct kk_jv value, int64_t *ret)
{
    struct kk_sv text;

    return kk_jv_i64(value, ret) || (kk_jv_str(value, &text) && kk_sv_i64(text, ret));
}

static bool see_detail(struct kk_jv root, struct recording *recording)
{
    for (struct kk_jiter it = kk_jv_iter(kk_jv_get(root, "moduleList")); kk_jiter_next(&it);) {
        struct kk_jv data = kk_jv_get(it.value, "data");
        struct kk_sv type, seller;

        if (!kk_jv_str(kk_jv_get(it.value, "type"), &type) || !kk_sv_eq(type, KK_SV("ProductInfoModule")))
            continue;
        recording->kind = REPLAY_DETAIL;
        return number_of(kk_jv_get(data, "itemNo"), &recording->item_no) &&
               kk_jv_str(kk_jv_get(data, "sellerId"), &seller) &&
               kk_sv_copy(seller, recording->seller_id, sizeof(recording->seller_id));
    }
    return false;
}

static bool see_options(struct kk_jv root, struct recording *recording)
{
    struct kk_jv row = kk_jv_at(root, 0);

    recording->kind = REPLAY_OPTIONS;
    return !kk_jv_is(kk_jv_get(row, "optionNo"), KK_J_NONE) && number_of(kk_jv_get(row, "itemNo"), &recording->item_no);
}

static void see_seller(struct kk_jv items, struct recording *recording)
{
    struct kk_sv url, mark = KK_SV("/product/");
    struct kk_jv images = kk_jv_get(kk_jv_at(items, 0), "imageUrlList");

    if (!kk_jv_str(kk_jv_at(images, 0), &url))
        return;

    size_t at = kk_sv_find(url, mark);

    if (at == url.len)
        return;
    struct kk_sv rest = {url.ptr + at + mark.len, url.len - at - mark.len};
    kk_sv_copy(kk_sv_cut(&rest, '/'), recording->seller_id, sizeof(recording->seller_id));
}

static bool see(struct kk_jv root, struct recording *recording)
{
    struct kk_jv items = kk_jv_get(root, "items");

    if (kk_jv_is(root, KK_J_ARR))
        return see_options(root, recording);
    if (kk_jv_is(kk_jv_get(root, "moduleList"), KK_J_ARR))
        return see_detail(root, recording);
    if (!kk_jv_is(items, KK_J_ARR) || kk_jv_is(kk_jv_get(root, "count"), KK_J_NONE))
        return false;
    recording->kind = REPLAY_LIST;
    see_seller(items, recording);
    return true;
}

/* A list that names nobody is the shop's whose details are here, when that is one shop. */
static void adopt_lists(struct replay *replay)
{
    const char *only = NULL;

    for (size_t i = 0; i < replay->count; i++) {
        const struct recording *recording = &replay->recording[i];

        if (recording->kind != REPLAY_DETAIL)
            continue;
        if (only && strcmp(only, recording->seller_id) != 0)
            return;
        only = recording->seller_id;
    }
    for (size_t i = 0; only && i < replay->count; i++)
        if (replay->recording[i].kind == REPLAY_LIST && replay->recording[i].seller_id[0] == '\0')
            kk_sv_copy(kk_sv_of(only), replay->recording[i].seller_id, SELLER_BYTES);
}

/* --- reading --- */

static enum kk_code read_file(const char *path, struct kk_buf *out, struct kk_err *err)
{
    FILE *file = fopen(path, "rb");
    enum kk_code rc = KK_OK;

    if (!file)
        return kk_fail(err, KK_NOT_FOUND, "%s cannot be read: %s", path, strerror(errno));
    for (;;) {
        char *room = kk_buf_room(out, 65536);
        size_t got = room ? fread(room, 1, 65536, file) : 0;

        out->len += got;
        if (got < 65536)
            break;
    }
    if (out->failed)
        rc = kk_fail(err, KK_BAD_INPUT, "%s is larger than %zu bytes", path, REPLAY_FILE_MAX_BYTES);
    else if (ferror(file))
        rc = kk_fail(err, KK_UNAVAILABLE, "%s cannot be read", path);
    fclose(file);
    return rc;
}

static enum kk_code add_file(struct replay *replay, const char *path, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct recording *recording;
    enum kk_code rc;

    replay->recording = memory_grow(replay->recording, replay->count + 1, sizeof(*replay->recording));
    recording = &replay->recording[replay->count++];
    *recording = (struct recording){.body = KK_BUF(REPLAY_FILE_MAX_BYTES + 65536)};
    rc = read_file(path, &recording->body, err);
    if (rc)
        return rc;
    rc = kk_json_parse(kk_buf_sv(&recording->body), &json, err);
    if (rc)
        return kk_while(err, KK_BAD_INPUT, "%s", path);
    if (!see(kk_json_root(json), recording))
        return kk_fail(err, KK_BAD_INPUT, "%s is neither a list, nor a detail, nor options", path);
    return KK_OK;
}

static bool is_json_name(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && strcmp(name + len - 5, ".json") == 0;
}

static enum kk_code add_files(struct replay *replay, const char *dir, DIR *folder, struct kk_err *err)
{
    const struct dirent *entry;
    char path[PATH_BYTES];

    while ((entry = readdir(folder))) {
        if (!is_json_name(entry->d_name))
            continue;
        if (replay->count == REPLAY_FILES_MAX)
            return kk_fail(err, KK_BAD_INPUT, "%s has more than %d files", dir, REPLAY_FILES_MAX);
        if (snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path))
            return kk_fail(err, KK_BAD_INPUT, "the name of a file in %.100s is too long", dir);
        enum kk_code rc = add_file(replay, path, err);
        if (rc)
            return rc;
    }
    if (replay->count == 0)
        return kk_fail(err, KK_NOT_FOUND, "%s has no .json files", dir);
    adopt_lists(replay);
    return KK_OK;
}

enum kk_code replay_open(const char *dir, struct replay **ret_replay, struct kk_err *err)
{
    DIR *folder = opendir(dir);
    struct replay *replay;
    enum kk_code rc;

    if (!folder)
        return kk_fail(err, KK_NOT_FOUND, "the folder %s cannot be read: %s", dir, strerror(errno));
    replay = memory_new(1, sizeof(*replay));
    rc = add_files(replay, dir, folder, err);
    closedir(folder);
    if (rc) {
        replay_close(replay);
        return rc;
    }
    *ret_replay = replay;
    return KK_OK;
}

/* --- serving --- */

bool replay_list(const struct replay *replay, struct kk_sv seller_id, struct kk_sv *ret_body)
{
    for (size_t i = 0; i < replay->count; i++)
        if (replay->recording[i].kind == REPLAY_LIST && kk_sv_eq(seller_id, kk_sv_of(replay->recording[i].seller_id))) {
            *ret_body = kk_buf_sv(&replay->recording[i].body);
            return true;
        }
    return false;
}

bool replay_item(const struct replay *replay, enum replay_kind kind, int64_t item_no, struct kk_sv *ret_body)
{
    for (size_t i = 0; i < replay->count; i++)
        if (replay->recording[i].kind == kind && replay->recording[i].item_no == item_no) {
            *ret_body = kk_buf_sv(&replay->recording[i].body);
            return true;
        }
    return false;
}
