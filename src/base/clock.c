#include "base/clock.h"

#include "base/assert.h"

#define ISO_MIN_MS (-INT64_C(62167219200000)) /* 0000-01-01T00:00:00.000Z */
#define ISO_MAX_MS INT64_C(253402300799999)   /* 9999-12-31T23:59:59.999Z */
#define YEARS_MAX 1000000                     /* a cookie may name any year; milliseconds of more of them do not fit */
#define ERA_YEARS 400
#define ERA_DAYS 146097 /* the calendar repeats after so many */

/* Both directions count years from March, so that the leap day is the last of its year; see
 * https://howardhinnant.github.io/date_algorithms.html */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;

    int64_t era = (year >= 0 ? year : year - (ERA_YEARS - 1)) / ERA_YEARS;
    int64_t year_of_era = year - era * ERA_YEARS;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * ERA_DAYS + day_of_era - 719468; /* from 0000-03-01 to 1970-01-01 */
}

static void civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;

    int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t day_of_era = days - era * ERA_DAYS;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;

    *ret_day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *ret_month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *ret_year = (int)(year_of_era + era * ERA_YEARS + (*ret_month <= 2));
}

/* snprintf would cost more than all the rest of a log line. */
static char *put_digits(char *at, int number, int width)
{
    for (int i = width - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + width;
}

void kk_time_iso(int64_t wall_ms, char ret_text[KK_ISO_BYTES])
{
    int year, month, day;

    if (wall_ms < ISO_MIN_MS)
        wall_ms = ISO_MIN_MS;
    if (wall_ms > ISO_MAX_MS)
        wall_ms = ISO_MAX_MS;

    int64_t days = wall_ms / KK_DAY_MS - (wall_ms % KK_DAY_MS < 0); /* down, also before 1970 */
    int ms = (int)(wall_ms - days * KK_DAY_MS);

    civil_from_days(days, &year, &month, &day);

    const struct {
        int number, width;
        char after;
    } parts[] = {
        {year, 4, '-'},
        {month, 2, '-'},
        {day, 2, 'T'},
        {ms / (int)KK_HOUR_MS, 2, ':'},
        {ms / (int)KK_MINUTE_MS % 60, 2, ':'},
        {ms / (int)KK_SECOND_MS % 60, 2, '.'},
        {ms % (int)KK_SECOND_MS, 3, 'Z'},
    };
    char *at = ret_text;

    for (size_t i = 0; i < KK_COUNT(parts); i++) {
        at = put_digits(at, parts[i].number, parts[i].width);
        *at++ = parts[i].after;
    }
    *at = '\0';
}

int64_t kk_time_from_civil(int year, int month, int day, int hour, int minute, int second)
{
    KK_ASSERT(month >= 1 && month <= 12);
    if (year > YEARS_MAX)
        year = YEARS_MAX;
    if (year < -YEARS_MAX)
        year = -YEARS_MAX;
    return days_from_civil(year, month, day) * KK_DAY_MS + hour * KK_HOUR_MS + minute * KK_MINUTE_MS +
           second * KK_SECOND_MS;
}

struct unit {
    struct kk_sv name;
    int64_t worth;
};
/* From the smallest up. Each is a multiple of the one before it, which printing relies on. */
static const struct unit durations[] = {
    {{"ms", 2}, 1}, {{"s", 1}, KK_SECOND_MS}, {{"m", 1}, KK_MINUTE_MS}, {{"h", 1}, KK_HOUR_MS}, {{"d", 1}, KK_DAY_MS},
};
static const struct unit sizes[] = {
    {{"B", 1}, 1},
    {{"KiB", 3}, INT64_C(1) << 10},
    {{"MiB", 3}, INT64_C(1) << 20},
    {{"GiB", 3}, INT64_C(1) << 30},
    {{"TiB", 3}, INT64_C(1) << 40},
};

static bool parse(struct kk_sv text, const struct unit *units, size_t unit_count, int64_t *ret)
{
    size_t digits = 0;
    int64_t number;

    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    if (!kk_sv_i64((struct kk_sv){text.ptr, digits}, &number))
        return false;

    struct kk_sv name = {text.ptr + digits, text.len - digits};

    for (size_t i = 0; i < unit_count; i++) {
        if (!kk_sv_eq(name, units[i].name))
            continue;
        if (__builtin_mul_overflow(number, units[i].worth, &number))
            return false;
        *ret = number;
        return true;
    }
    return false;
}

/* In the largest unit that leaves nothing over, so that what is printed parses to the same number. */
static void print(int64_t number, const struct unit *units, size_t unit_count, struct kk_buf *out)
{
    size_t best = 0;

    for (size_t i = 1; i < unit_count && number != 0; i++)
        if (number % units[i].worth == 0)
            best = i;
    kk_buf_add_i64(out, number / units[best].worth);
    kk_buf_add(out, units[best].name);
}

bool kk_duration_parse(struct kk_sv text, int64_t *ret_ms)
{
    return parse(text, durations, KK_COUNT(durations), ret_ms);
}

void kk_duration_print(int64_t ms, struct kk_buf *out)
{
    print(ms, durations, KK_COUNT(durations), out);
}

bool kk_size_parse(struct kk_sv text, int64_t *ret_bytes)
{
    return parse(text, sizes, KK_COUNT(sizes), ret_bytes);
}

void kk_size_print(int64_t bytes, struct kk_buf *out)
{
    print(bytes, sizes, KK_COUNT(sizes), out);
}
