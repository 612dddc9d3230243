#include "core/seller.h"

#include "base/assert.h"
#include "base/clock.h"

static const char *const state_names[] = {
    [SELLER_ACTIVE] = "ACTIVE", [SELLER_PAUSED] = "PAUSED", [SELLER_DISABLED] = "DISABLED"};
static const char *const unit_names[] = {[PERIOD_HOUR] = "HOUR", [PERIOD_DAY] = "DAY"};
static const char *const mode_names[] = {[CRAWL_FULL] = "full", [CRAWL_DELTA] = "delta"};

/* The index of name from 1 on; 0: there is none. */
static int find_name(const char *const *names, int last, struct kk_sv name)
{
    for (int i = 1; i <= last; i++)
        if (kk_sv_eq(name, kk_sv_of(names[i])))
            return i;
    return 0;
}

static bool is_id_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '@';
}

enum kk_code seller_id_check(struct kk_sv id, struct kk_err *err)
{
    if (id.len == 0)
        return kk_fail(err, KK_BAD_INPUT, "a seller id is needed, and it is empty");
    if (id.len >= SELLER_ID_BYTES)
        return kk_fail(err, KK_BAD_INPUT, "a seller id has at most %d characters, this one has %zu",
                       SELLER_ID_BYTES - 1, id.len);
    for (size_t i = 0; i < id.len; i++)
        if (!is_id_byte(id.ptr[i]))
            return kk_fail(err, KK_BAD_INPUT,
                           "a seller id has only letters, digits and . _ - @ in it; character %zu is another", i + 1);
    return KK_OK;
}

enum kk_code seller_name_check(struct kk_sv name, struct kk_err *err)
{
    size_t count = 0;

    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7f)
            return kk_fail(err, KK_BAD_INPUT, "a name is one line of text, without control characters");
        count += ((unsigned char)name.ptr[i] & 0xc0) != 0x80;
    }
    if (count > SELLER_NAME_CHARS)
        return kk_fail(err, KK_BAD_INPUT, "a name has at most %d characters, this one has %zu", SELLER_NAME_CHARS,
                       count);
    return KK_OK;
}

static int64_t unit_ms(enum period_unit unit)
{
    return unit == PERIOD_HOUR ? KK_HOUR_MS : KK_DAY_MS;
}

enum kk_code seller_period_parse(struct kk_sv text, int64_t *ret_count, enum period_unit *ret_unit, struct kk_err *err)
{
    struct kk_sv shown = {text.ptr, text.len < 32 ? text.len : 32};
    enum period_unit unit;
    int64_t count, most;
    char last;

    if (text.len == 0)
        return kk_fail(err, KK_BAD_INPUT, "a period is needed, such as 6h or 1d, and it is empty");
    last = text.ptr[text.len - 1];
    if ((last != 'h' && last != 'd') || !kk_sv_i64((struct kk_sv){text.ptr, text.len - 1}, &count))
        return kk_fail(err, KK_BAD_INPUT, "a period is whole hours or days, such as 6h or 1d, not \"" KK_SV_FMT "\"",
                       KK_SV_ARG(shown));
    unit = last == 'h' ? PERIOD_HOUR : PERIOD_DAY;
    most = 365 * KK_DAY_MS / unit_ms(unit);
    if (count < 1 || count > most)
        return kk_fail(err, KK_BAD_INPUT, "a period is from 1h to 365d, and " KK_SV_FMT " is not", KK_SV_ARG(shown));
    *ret_count = count;
    *ret_unit = unit;
    return KK_OK;
}

void seller_period_print(const struct seller *seller, struct kk_buf *out)
{
    kk_buf_add_i64(out, seller->period_count);
    kk_buf_addc(out, seller->period_unit == PERIOD_HOUR ? 'h' : 'd');
}

int64_t seller_period_ms(const struct seller *seller)
{
    KK_ASSERT(seller->period_count > 0);
    return seller->period_count * unit_ms(seller->period_unit);
}

int64_t seller_next_run_at_ms(const struct seller *seller, int64_t now_ms)
{
    if (seller->last_started_at_ms == 0)
        return now_ms;

    int64_t due_at_ms = seller->last_started_at_ms + seller_period_ms(seller);

    return due_at_ms > now_ms ? due_at_ms : now_ms;
}

int64_t seller_after_start_ms(const struct seller *seller, int64_t now_ms)
{
    int64_t period_ms = seller_period_ms(seller);
    int64_t grid_ms = seller->next_run_at_ms;

    if (grid_ms > now_ms) /* started by hand before it was due: the grid stays */
        return grid_ms;
    return grid_ms + ((now_ms - grid_ms) / period_ms + 1) * period_ms;
}

const char *seller_state_name(enum seller_state state)
{
    KK_ASSERT(state >= SELLER_ACTIVE && state <= SELLER_DISABLED);
    return state_names[state];
}

bool seller_state_parse(struct kk_sv name, enum seller_state *ret)
{
    int found = find_name(state_names, SELLER_DISABLED, name);

    if (found)
        *ret = (enum seller_state)found;
    return found != 0;
}

const char *period_unit_name(enum period_unit unit)
{
    KK_ASSERT(unit == PERIOD_HOUR || unit == PERIOD_DAY);
    return unit_names[unit];
}

bool period_unit_parse(struct kk_sv name, enum period_unit *ret)
{
    int found = find_name(unit_names, PERIOD_DAY, name);

    if (found)
        *ret = (enum period_unit)found;
    return found != 0;
}

const char *crawl_mode_name(enum crawl_mode mode)
{
    KK_ASSERT(mode == CRAWL_FULL || mode == CRAWL_DELTA);
    return mode_names[mode];
}

bool crawl_mode_parse(struct kk_sv name, enum crawl_mode *ret)
{
    int found = find_name(mode_names, CRAWL_DELTA, name);

    if (found)
        *ret = (enum crawl_mode)found;
    return found != 0;
}
