/* Foreign Set-Cookie values, one a line: whatever came, the headers that follow from them are whole lines. */
#include "base/assert.h"
#include "base/clock.h"
#include "site/session.h"

#define NOW_MS INT64_C(1771891200000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(const char *value)
{
    for (; *value; value++)
        KK_ASSERT(*value > ' ' && *value <= '~' && !strchr("\",;\\", *value));
}

static void check_headers(const struct agent *agent)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf headers = KK_BUF(8192);
    struct kk_sv rest;
    size_t lines = 0, expected = 3;

    expected += agent->token[0] != '\0';
    expected += agent->nid[0] && agent->mustit_uid[0];
    session_headers(agent, false, &headers);
    KK_ASSERT(!headers.failed && headers.len > 0 && headers.ptr[headers.len - 1] == '\n');
    for (rest = kk_buf_sv(&headers); rest.len > 0; lines++) {
        struct kk_sv line = kk_sv_cut(&rest, '\n');

        KK_ASSERT(kk_sv_find(line, KK_SV(": ")) < line.len);
        for (size_t i = 0; i < line.len; i++)
            KK_ASSERT(line.ptr[i] >= ' ' && line.ptr[i] <= '~');
    }
    KK_ASSERT(lines == expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kk_sv rest = {(const char *)data, size};
    struct session session = {0};
    struct agent agent = {.state = AGENT_IDLE, .user_agent = "Mozilla/5.0"};
    int64_t end_ms;

    while (rest.len > 0)
        session_set_cookie(&session, kk_sv_cut(&rest, '\n'), NOW_MS);
    check_value(session.token);
    check_value(session.nid);
    check_value(session.mustit_uid);
    KK_ASSERT(session.expires_at_ms == 0 || session.expires_at_ms > NOW_MS);
    end_ms = session_expires_at_ms(&session, NOW_MS);
    KK_ASSERT(end_ms > NOW_MS && end_ms <= NOW_MS + 400 * KK_DAY_MS);
    agent_got_token(&agent, kk_sv_of(session.token), kk_sv_of(session.nid), kk_sv_of(session.mustit_uid), end_ms,
                    NOW_MS);
    KK_ASSERT((agent.state == AGENT_ACTIVE) == (session.token[0] != '\0'));
    check_headers(&agent);
    return 0;
}
