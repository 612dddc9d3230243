#include "sandbox/faults.h"

#include "base/json.h"
#include "sandbox/dice.h"

static const struct {
    const char *name;
    unsigned where;
    const char *meaning;
} known[FAULT_COUNT] = {
#define X(fault, name, where, meaning) [FAULT_##fault] = {name, where, meaning},
    FAULTS(X)
#undef X
};

static const struct {
    const char *name;
    enum fault_path path;
} path_names[] = {{"home", AT_HOME}, {"list", AT_LIST}, {"detail", AT_DETAIL}, {"options", AT_OPTIONS}};

const char *fault_name(enum fault fault)
{
    return fault < FAULT_COUNT ? known[fault].name : NULL;
}

const char *fault_meaning(enum fault fault)
{
    return fault < FAULT_COUNT ? known[fault].meaning : NULL;
}

static void set_one(struct faults *faults, size_t fault, const struct fault_rule *rule)
{
    int64_t struck = faults->rule[fault].struck;

    faults->rule[fault] = *rule;
    faults->rule[fault].struck = struck;
    faults->rule[fault].paths = rule->paths ? rule->paths & known[fault].where : known[fault].where;
}

enum kk_code faults_set(struct faults *faults, struct kk_sv name, const struct fault_rule *rule, struct kk_err *err)
{
    if (kk_sv_eq(name, KK_SV("all"))) {
        for (size_t f = 0; f < FAULT_COUNT; f++)
            set_one(faults, f, rule);
        return KK_OK;
    }
    for (size_t f = 0; f < FAULT_COUNT; f++) {
        if (!kk_sv_eq(name, kk_sv_of(known[f].name)))
            continue;
        if (rule->paths && !(rule->paths & known[f].where))
            return kk_fail(err, KK_BAD_INPUT, "the fault '%s' cannot strike there", known[f].name);
        set_one(faults, f, rule);
        return KK_OK;
    }
    return kk_fail(err, KK_BAD_INPUT,
                   "no fault is called '" KK_SV_FMT "'; known: all, 429, 429_retry_after, 400, 401, 403, 404, 500, "
                   "503, slow, hang, cut, short, garble, huge, challenge, challenge_403, wrong_shape, empty200, … "
                   "(docs/sandbox.md)",
                   KK_SV_ARG(name));
}

bool fault_rate_parse(struct kk_sv text, uint32_t *ret_ppm)
{
    struct kk_sv fraction = text, whole = kk_sv_cut(&fraction, '.');
    bool has_point = whole.len < text.len;
    int64_t ones, millionths = 0;

    if (!kk_sv_i64(whole, &ones) || ones < 0 || ones > 1 || text.ptr[0] == '-' || (has_point && fraction.len == 0))
        return false;
    for (size_t i = 0, worth = 100000; i < fraction.len; i++, worth /= 10) {
        if (fraction.ptr[i] < '0' || fraction.ptr[i] > '9')
            return false;
        millionths += (int64_t)worth * (fraction.ptr[i] - '0');
    }
    if (ones * FAULT_ALWAYS + millionths > FAULT_ALWAYS)
        return false;
    *ret_ppm = (uint32_t)(ones * FAULT_ALWAYS + millionths);
    return true;
}

enum kk_code fault_paths_parse(struct kk_sv text, unsigned *ret_paths, struct kk_err *err)
{
    unsigned paths = 0;

    while (text.len > 0) {
        struct kk_sv word = kk_sv_cut(&text, ',');
        size_t p = 0;

        while (p < KK_COUNT(path_names) && !kk_sv_eq(word, kk_sv_of(path_names[p].name)))
            p++;
        if (p == KK_COUNT(path_names))
            return kk_fail(err, KK_BAD_INPUT, "'" KK_SV_FMT "' is none of home, list, detail, options",
                           KK_SV_ARG(word));
        paths |= path_names[p].path;
    }
    *ret_paths = paths;
    return KK_OK;
}

enum kk_code faults_parse(struct faults *faults, struct kk_sv text, struct kk_err *err)
{
    while (text.len > 0) {
        struct kk_sv rate = kk_sv_cut(&text, ','), name = kk_sv_cut(&rate, '=');
        struct fault_rule rule = {.left = -1};

        if (!fault_rate_parse(rate, &rule.rate_ppm))
            return kk_fail(err, KK_BAD_INPUT, "faults are NAME=RATE,… with a rate from 0 to 1, and not '" KK_SV_FMT "'",
                           KK_SV_ARG(name));
        enum kk_code rc = faults_set(faults, name, &rule, err);
        if (rc)
            return rc;
    }
    return KK_OK;
}

enum fault faults_draw(struct faults *faults, uint64_t dice, enum fault_path path, int64_t now_ms)
{
    for (size_t f = 0; f < FAULT_COUNT; f++) {
        struct fault_rule *rule = &faults->rule[f];

        if (rule->rate_ppm == 0 || rule->left == 0 || !(rule->paths & path) ||
            (rule->until_ms > 0 && now_ms >= rule->until_ms))
            continue;
        if (dice_mix(dice, f) % FAULT_ALWAYS >= rule->rate_ppm)
            continue;
        rule->struck++;
        rule->left -= rule->left > 0;
        return (enum fault)f;
    }
    return FAULT_NONE;
}

static void write_paths(unsigned paths, struct kk_buf *out)
{
    kk_jw_key(out, "paths");
    kk_jw_open(out, '[');
    for (size_t p = 0; p < KK_COUNT(path_names); p++)
        if (paths & path_names[p].path)
            kk_jw_str(out, kk_sv_of(path_names[p].name));
    kk_jw_close(out, ']');
}

void faults_write(const struct faults *faults, struct kk_buf *out)
{
    kk_jw_open(out, '[');
    for (size_t f = 0; f < FAULT_COUNT; f++) {
        const struct fault_rule *rule = &faults->rule[f];

        if (rule->rate_ppm == 0 && rule->struck == 0)
            continue;
        kk_jw_open(out, '{');
        kk_jw_key_str(out, "name", kk_sv_of(known[f].name));
        kk_jw_key(out, "rate");
        kk_jw_f64(out, (double)rule->rate_ppm / FAULT_ALWAYS, 6);
        kk_jw_key_i64(out, "left", rule->left);
        kk_jw_key_i64(out, "until", rule->until_ms);
        write_paths(rule->paths, out);
        kk_jw_key_i64(out, "struck", rule->struck);
        kk_jw_key_str(out, "meaning", kk_sv_of(known[f].meaning));
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
}
