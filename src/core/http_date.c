/* The three forms of RFC 9110, 5.6.7, and the dashes and two-digit years of old cookies: "Tue, 24 Feb 2026 00:00:00
 * GMT", "Tuesday, 24-Feb-26 00:00:00 GMT", "Tue Feb 24 00:00:00 2026". Names of days are not looked at: nothing
 * depends on them. */
#include "core/backoff.h"

#include "base/clock.h"

/* Takes the next word off *rest; words are parted by spaces, commas and dashes. */
static struct kk_sv next_word(struct kk_sv *rest)
{
    size_t start = 0, end;

    while (start < rest->len && (rest->ptr[start] == ' ' || rest->ptr[start] == ',' || rest->ptr[start] == '-'))
        start++;
    for (end = start; end < rest->len; end++)
        if (rest->ptr[end] == ' ' || rest->ptr[end] == ',' || rest->ptr[end] == '-')
            break;

    struct kk_sv word = {rest->ptr + start, end - start};

    rest->ptr += end;
    rest->len -= end;
    return word;
}

/* A number of min to max digits, without a sign. */
static bool digits(struct kk_sv word, size_t min, size_t max, int *ret)
{
    int number = 0;

    if (word.len < min || word.len > max)
        return false;
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] < '0' || word.ptr[i] > '9')
            return false;
        number = number * 10 + (word.ptr[i] - '0');
    }
    *ret = number;
    return true;
}

static int month_of(struct kk_sv word)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int month = 1; month <= 12; month++)
        if (kk_sv_eq_ci(word, (struct kk_sv){names + 3 * (month - 1), 3}))
            return month;
    return 0;
}

static bool clock_time(struct kk_sv word, int *ret_hour, int *ret_minute, int *ret_second)
{
    struct kk_sv hour = kk_sv_cut(&word, ':');
    struct kk_sv minute = kk_sv_cut(&word, ':');

    /* 60 is a leap second; Unix time counts it as the next one. */
    return digits(hour, 1, 2, ret_hour) && digits(minute, 2, 2, ret_minute) && digits(word, 2, 2, ret_second) &&
           *ret_hour < 24 && *ret_minute < 60 && *ret_second <= 60;
}

/* Two digits are read as cookies have them (RFC 6265, 5.1.1): 70 to 99 are of the last century. */
static bool full_year(struct kk_sv word, int *ret)
{
    if (!digits(word, 2, 4, ret) || word.len == 3)
        return false;
    if (word.len == 2)
        *ret += *ret < 70 ? 2000 : 1900;
    return *ret >= 1601;
}

static bool is_day(int year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return day >= 1 && day <= lengths[month - 1] + (month == 2 && is_leap);
}

bool http_date_ms(struct kk_sv text, int64_t *ret_ms)
{
    struct kk_sv rest = text, a, b, c, d;
    int day, month, year, hour, minute, second;

    if (text.len == 0)
        return false;
    next_word(&rest); /* the name of the day */
    a = next_word(&rest);
    b = next_word(&rest);
    c = next_word(&rest);
    d = next_word(&rest);
    month = month_of(b);
    if (month) { /* 24 Feb 2026 00:00:00 GMT */
        struct kk_sv zone = next_word(&rest);

        if (!digits(a, 1, 2, &day) || !full_year(c, &year) || !clock_time(d, &hour, &minute, &second) ||
            !(kk_sv_eq_ci(zone, KK_SV("GMT")) || kk_sv_eq_ci(zone, KK_SV("UTC"))))
            return false;
    } else { /* Feb 24 00:00:00 2026 */
        month = month_of(a);
        if (!month || !digits(b, 1, 2, &day) || !clock_time(c, &hour, &minute, &second) || !full_year(d, &year))
            return false;
    }
    if (next_word(&rest).len > 0 || !is_day(year, month, day))
        return false;
    *ret_ms = kk_time_from_civil(year, month, day, hour, minute, second);
    return true;
}
