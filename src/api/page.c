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
    struct kk_sv cursor = api_query(call, "cursor");

    *page = (struct api_page){.call = call, .tag = tag, .limit = API_PAGE_DEFAULT};
    kk_sv_i64(api_query(call, "limit"), &page->limit);
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
    } else if (page->until) { /* nothing more was found so far; there may be more behind */
        api_cursor_write(page->tag, page->until, "", &cursor);
        kk_jw_str(out, kk_buf_sv(&cursor));
    } else {
        kk_jw_null(out);
    }
    return api_end(page->call);
}

/* ---- what was sent ---- */

struct kk_sv api_text(const struct api_call *call, const char *name)
{
    struct kk_sv text = {0};

    if (call->json)
        kk_jv_str(kk_jv_get(kk_json_root(call->json), name), &text);
    return text;
}

struct kk_sv api_query(const struct api_call *call, const char *name)
{
    return call->query(call->query_ctx, name);
}
