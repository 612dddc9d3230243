/* What handlers have in common: objects, pages, cursors, members of a body. */
#include <inttypes.h>
#include <stdio.h>

#include "api/call.h"

void api_begin(struct api_call *call, int status)
{
    call->status = status;
    kk_jw_open(&call->answer, '{');
}

enum kk_code api_end(struct api_call *call)
{
    kk_jw_close(&call->answer, '}');
    return KK_OK;
}

bool api_path_id(struct api_call *call, size_t at, int64_t *ret)
{
    if (kk_sv_i64(call->part[at], ret) && *ret > 0)
        return true;
    api_refuse(call, 404, NULL, "there is nothing of that number");
    return false;
}

/* ---- cursors: hex of "tag:id:text", so that they fit into an address as they are ---- */

void api_cursor_write(const char *tag, int64_t id, const char *text, struct kk_buf *out)
{
    char plain[128];
    int len = snprintf(plain, sizeof(plain), "%s:%" PRId64 ":%s", tag, id, text);

    for (int i = 0; i < len && i < (int)sizeof(plain) - 1; i++)
        kk_buf_addf(out, "%02x", (unsigned char)plain[i]);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool api_cursor_read(struct kk_sv cursor, const char *tag, int64_t *ret_id, char ret_text[SELLER_ID_BYTES])
{
    char plain[128];
    struct kk_sv rest = {plain, cursor.len / 2};
    int64_t id = 0;

    if (cursor.len % 2 || rest.len >= sizeof(plain))
        return false;
    for (size_t i = 0; i < rest.len; i++) {
        int high = digit(cursor.ptr[2 * i]), low = digit(cursor.ptr[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        plain[i] = (char)(high * 16 + low);
    }
    if (!kk_sv_eq(kk_sv_cut(&rest, ':'), kk_sv_of(tag)) || !kk_sv_i64(kk_sv_cut(&rest, ':'), &id) || id < 0 ||
        !kk_sv_copy(rest, ret_text, SELLER_ID_BYTES))
        return false;
    *ret_id = id;
    return true;
}

/* ---- pages ---- */

bool api_page_begin(struct api_page *page, struct api_call *call, const char *tag)
{
    struct kk_sv limit = call->query(call->query_ctx, "limit"), cursor = call->query(call->query_ctx, "cursor");

    *page = (struct api_page){.call = call, .tag = tag, .limit = API_PAGE_DEFAULT};
    if (limit.ptr && (!kk_sv_i64(limit, &page->limit) || page->limit < 1 || page->limit > API_PAGE_MAX)) {
        api_refuse(call, 400, "query/limit", "limit is a number from 1 to 1000");
        return false;
    }
    if (cursor.ptr && !api_cursor_read(cursor, tag, &page->after, page->after_text)) {
        api_refuse(call, 400, "query/cursor", "this is no cursor that this list gave");
        return false;
    }
    api_begin(call, 200);
    kk_jw_key(&call->answer, "items");
    kk_jw_open(&call->answer, '[');
    return true;
}

bool api_page_item(struct api_page *page)
{
    if (page->count++ == page->limit)
        return false;
    kk_jw_open(&page->call->answer, '{');
    return true;
}

void api_page_close(struct api_page *page, int64_t id, const char *text)
{
    kk_jw_close(&page->call->answer, '}');
    page->last = id;
    snprintf(page->last_text, sizeof(page->last_text), "%s", text);
}

/* One row more than the page holds was asked for: it tells whether there is a next page. */
enum kk_code api_page_end(struct api_page *page)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf cursor = KK_BUF(512);
    struct kk_buf *out = &page->call->answer;

    kk_jw_close(out, ']');
    kk_jw_key(out, "cursor");
    if (page->count > page->limit) {
        api_cursor_write(page->tag, page->last, page->last_text, &cursor);
        kk_jw_str(out, kk_buf_sv(&cursor));
    } else {
        kk_jw_null(out);
    }
    return api_end(page->call);
}

/* ---- bodies ---- */

bool api_text(struct api_call *call, const char *name, bool is_needed, struct kk_sv *ret)
{
    struct kk_jv value = call->json ? kk_jv_get(kk_json_root(call->json), name) : (struct kk_jv){0};
    char pointer[64], detail[96];

    *ret = (struct kk_sv){0};
    if (kk_jv_is(value, KK_J_NONE) ? !is_needed : kk_jv_str(value, ret))
        return true;
    snprintf(pointer, sizeof(pointer), "#/%s", name);
    snprintf(detail, sizeof(detail), "%s %s", name, kk_jv_is(value, KK_J_NONE) ? "is needed" : "must be a text");
    api_refuse(call, 422, pointer, detail);
    return false;
}

bool api_only(struct api_call *call, const char *const *names)
{
    struct kk_jv root = call->json ? kk_json_root(call->json) : (struct kk_jv){0};

    for (struct kk_jiter it = kk_jv_iter(root); kk_jiter_next(&it);) {
        const char *const *name = names;
        char pointer[64];

        while (*name && !kk_sv_eq(it.key, kk_sv_of(*name)))
            name++;
        if (*name)
            continue;
        snprintf(pointer, sizeof(pointer), "#/%.*s", (int)(it.key.len < 40 ? it.key.len : 40), it.key.ptr);
        api_refuse(call, 422, pointer, "there is no such member here");
        return false;
    }
    return true;
}
