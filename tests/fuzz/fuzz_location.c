/* A foreign Location, and a body that may be a challenge: a redirect that is followed stays on the site. */
#include "base/assert.h"
#include "site/endpoint.h"
#include "site/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct site site = {.base_url = KK_SV("https://m.web.mustit.co.kr"), .list_path = KK_SV("/l")};
    KK_CLEANUP(kk_buf_done) struct kk_buf url = KK_BUF(4 * SITE_URL_MAX_BYTES), again = KK_BUF(16 * SITE_URL_MAX_BYTES);
    struct kk_sv input = {(const char *)data, size};
    struct kk_err err = {0};
    enum kk_code rc;

    if (session_is_challenge(KK_SV("text/plain"), input) || session_is_challenge(KK_SV("application/json"), input))
        KK_ASSERT(session_is_challenge(KK_SV("text/html"), input));
    rc = endpoint_redirect(&site, KK_SV("https://m.web.mustit.co.kr/a/b?c"), input, &url, &err);
    if (rc) {
        KK_ASSERT(rc == KK_DENIED && err.msg[0]);
        return 0;
    }
    KK_ASSERT(kk_sv_starts(kk_buf_sv(&url), KK_SV("https://m.web.mustit.co.kr/")));
    for (size_t i = 0; i < url.len; i++)
        KK_ASSERT(url.ptr[i] > ' ' && url.ptr[i] <= '~' && url.ptr[i] != '\\' && url.ptr[i] != '#');
    /* What was resolved leads to itself. */
    rc = endpoint_redirect(&site, kk_buf_sv(&url), kk_buf_sv(&url), &again, &err);
    KK_ASSERT(url.len > SITE_URL_MAX_BYTES ? rc == KK_DENIED : rc == KK_OK);
    KK_ASSERT(rc || kk_sv_eq(kk_buf_sv(&again), kk_buf_sv(&url)));
    return 0;
}
