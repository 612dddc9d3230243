/* The kinds of what is taken. A kind's pattern is for the document, its function decides; the tests that read the
 * document hold them against each other. */
#include <string.h>

#include "api/table.h"
#include "app/stats.h"
#include "base/assert.h"
#include "base/clock.h"
#include "core/agent.h"
#include "core/seller.h"

#define TEXT_PATTERN "^[^\\u0000-\\u001f\\u007f]*$"

static bool is_seller_id(struct kk_sv text)
{
    return !seller_id_check(text, NULL);
}

static bool is_period(struct kk_sv text)
{
    enum period_unit unit;
    int64_t count;

    return text.len && text.ptr[0] > '0' && text.ptr[0] <= '9' && !seller_period_parse(text, &count, &unit, NULL);
}

/* Whole hours or days, as a period, without its end. */
static bool is_long_duration(struct kk_sv text)
{
    int64_t ms;

    return text.len >= 2 && text.len <= 6 && text.ptr[0] > '0' && text.ptr[0] <= '9' &&
           (text.ptr[text.len - 1] == 'h' || text.ptr[text.len - 1] == 'd') && kk_duration_parse(text, &ms) &&
           ms >= KK_HOUR_MS;
}

static bool is_user_agent(struct kk_sv text)
{
    return !agent_user_agent_check(text, NULL);
}

static bool is_plain(struct kk_sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    return true;
}

static bool is_visible(struct kk_sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '!' || text.ptr[i] > '~')
            return false;
    return true;
}

static bool is_hex(struct kk_sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr("0123456789abcdef", text.ptr[i]) || !text.ptr[i])
            return false;
    return true;
}

static bool is_revision(struct kk_sv text)
{
    int64_t number;

    if (kk_sv_eq(text, KK_SV("*")))
        return true;
    return text.len > 2 && text.len <= 20 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"' &&
           text.ptr[1] != '0' && kk_sv_i64((struct kk_sv){text.ptr + 1, text.len - 2}, &number) && number > 0;
}

static bool is_day(struct kk_sv text)
{
    int64_t day;

    return !stats_day_parse(text, &day, NULL);
}

// clang-format off
static const struct api_kind kinds[] = {
    {"sellerId",        API_TEXT,  1, SELLER_ID_BYTES - 1, "^[A-Za-z0-9._@-]+$", NULL, is_seller_id, "the seller's id on the site: letters, digits and . _ - @"},
    {"itemNo",          API_WHOLE, 1, INT64_MAX, NULL, NULL, NULL, "the item's number on the site"},
    {"id",              API_WHOLE, 1, INT64_MAX, NULL, NULL, NULL, "our own number of it"},
    {"runId",           API_WHOLE, 1, INT64_MAX, NULL, NULL, NULL, "the number of a crawl"},
    {"after",           API_WHOLE, 0, INT64_MAX, NULL, NULL, NULL, "the id of the last change that is known already; 0: from the first"},
    {"Last-Event-ID",   API_WHOLE, 0, INT64_MAX, NULL, NULL, NULL, "the id of the last event that came; the stream goes on behind it"},
    {"limit",           API_WHOLE, 1, 1000, NULL, NULL, NULL, "items in a page: 1 to 1000; 100 where it is not given"},
    {"cursor",          API_TEXT,  2, 254, "^([0-9a-f]{2})+$", NULL, is_hex, "the cursor that the page before gave"},
    {"period",          API_TEXT,  2, 5, "^([1-9][0-9]{0,2}|[1-7][0-9]{3}|8[0-6][0-9]{2}|87[0-5][0-9]|8760)h$|^([1-9]|[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-5])d$", NULL, is_period, "how often it is crawled: whole hours or days, such as 6h or 1d, up to 365d"},
    {"fullEvery",       API_TEXT,  2, 6, "^[1-9][0-9]{0,4}[hd]$", NULL, is_long_duration, "in mode delta, how old an item's last full look may be: whole hours or days, such as 7d"},
    {"name",            API_TEXT,  0, SELLER_NAME_CHARS, TEXT_PATTERN, NULL, is_plain, "a name for people, on one line: at most 128 characters"},
    {"agentName",       API_TEXT,  1, 64, "^[!-~]+$", NULL, is_visible, "a name for people: 1 to 64 letters, digits and signs, no blanks; agent-N where it is not given"},
    {"why",             API_TEXT,  0, 128, TEXT_PATTERN, NULL, is_plain, "the reason, on one line: at most 128 characters"},
    {"mode",            API_TEXT,  0, 5, NULL, "full delta", NULL, "full: every item in each crawl; delta: what changed in the list, and the rest now and then"},
    {"SellerState",     API_TEXT,  0, 16, NULL, "ACTIVE PAUSED DISABLED", NULL, "one of ACTIVE, PAUSED, DISABLED"},
    {"OpenState",       API_TEXT,  0, 16, NULL, "OPEN", NULL, "OPEN: only crawls under way"},
    {"TaskState",       API_TEXT,  0, 16, NULL, "WAITING PUBLISHED RUNNING SUCCESS FAILED TIMEOUT RETRY", NULL, "one of the states of a task"},
    {"TaskKind",        API_TEXT,  0, 16, NULL, "list detail options", NULL, "one of list, detail, options"},
    {"ProductStatus",   API_TEXT,  0, 16, NULL, "ON_SALE SOLD_OUT REMOVED", NULL, "one of ON_SALE, SOLD_OUT, REMOVED"},
    {"order",           API_TEXT,  0, 16, NULL, "oldest newest", NULL, "oldest or newest; oldest first where it is not given"},
    {"key",             API_TEXT,  0, 65536, NULL, NULL, NULL, "a key, as `kkachi key create` shows it"},
    {"by",              API_TEXT,  0, 16, NULL, "day seller endpoint agent", NULL, "one of day, seller, endpoint, agent; day where it is not given"},
    {"day",             API_TEXT,  10, 10, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", NULL, is_day, "a day of UTC, as in 2026-11-28"},
    {"userAgent",       API_TEXT,  8, AGENT_UA_BYTES - 1, "^Mozilla/[ -~]*$", NULL, is_user_agent, "a browser's user-agent string: plain ASCII that begins with Mozilla/"},
    {"isEnabled",       API_FLAG,  0, 1, NULL, NULL, NULL, "true or false"},
    {"Idempotency-Key", API_TEXT,  1, 128, "^[!-~]+$", NULL, is_visible, "the caller's own name of this call: made once more within a day, it gets the same answer"},
    {"If-Match",        API_TEXT,  1, 20, "^(\\*|\"[1-9][0-9]{0,17}\")$", NULL, is_revision, "the ETag of the state that was seen; another one by now is 412"},
};
// clang-format on

const struct api_kind *api_kind_of(struct kk_sv name)
{
    for (size_t i = 0; i < KK_COUNT(kinds); i++)
        if (kk_sv_eq(name, kk_sv_of(kinds[i].name)))
            return &kinds[i];
    return NULL;
}

static bool is_one_of(const char *values, struct kk_sv text)
{
    struct kk_sv rest = kk_sv_of(values);

    while (rest.len)
        if (kk_sv_eq(kk_sv_cut(&rest, ' '), text))
            return true;
    return false;
}

static int64_t characters(struct kk_sv text)
{
    int64_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

bool api_kind_fits(const struct api_kind *kind, struct kk_sv text)
{
    int64_t number;

    switch (kind->form) {
    case API_WHOLE:
        return kk_sv_i64(text, &number) && number >= kind->min && number <= kind->max;
    case API_FLAG:
        return is_one_of("true false", text);
    case API_TEXT:
        break;
    }
    if (kind->values)
        return is_one_of(kind->values, text);
    number = characters(text);
    return number >= kind->min && number <= kind->max && (!kind->is_good || kind->is_good(text));
}

bool api_take_next(struct kk_sv *rest, struct api_take *ret)
{
    struct kk_sv kind;

    if (!rest->len)
        return false;
    kind = kk_sv_cut(rest, ' ');
    *ret = (struct api_take){.is_header = kind.ptr[0] == '@'};
    if (ret->is_header)
        kind = (struct kk_sv){kind.ptr + 1, kind.len - 1};
    ret->is_needed = kind.ptr[kind.len - 1] == '!';
    kind.len -= ret->is_needed;
    ret->name = kk_sv_cut(&kind, ':');
    ret->kind = api_kind_of(kind.len ? kind : ret->name);
    KK_ASSERT(ret->kind);
    return true;
}
