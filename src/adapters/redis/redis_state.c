#include "adapters/redis/redis_state.h"

/* The value of "key:value\r\n" among the lines; "" where it is not. */
static struct kk_sv line_of(struct kk_sv text, struct kk_sv key)
{
    while (text.len) {
        struct kk_sv line = kk_sv_cut(&text, '\n');

        if (!kk_sv_starts(line, key))
            continue;
        line = (struct kk_sv){line.ptr + key.len, line.len - key.len};
        return kk_sv_cut(&line, '\r');
    }
    return (struct kk_sv){0};
}

static int64_t number_of(struct kk_sv text, struct kk_sv key)
{
    int64_t number = 0;

    return kk_sv_i64(line_of(text, key), &number) ? number : 0;
}

static enum kk_code ask(struct redis *redis, const struct kk_sv *words, size_t count, enum redis_kind kind,
                        struct redis_answer *ret, struct kk_err *err)
{
    enum kk_code rc = redis_ask(redis, words, count, ret, err);

    if (rc)
        return rc;
    if (ret->node[0].kind == REDIS_ERROR)
        return redis_fail(ret->node[0].text, err);
    return ret->node[0].kind == kind ? KK_OK : kk_fail(err, KK_MISMATCH, "Redis answered otherwise than it should");
}

static enum kk_code read_time(struct redis *redis, int64_t *ret_ms, struct kk_err *err)
{
    struct redis_answer answer;
    int64_t seconds = 0, micros = 0;
    enum kk_code rc = ask(redis, (struct kk_sv[]){KK_SV("TIME")}, 1, REDIS_LIST, &answer, err);

    if (!rc &&
        (answer.count != 3 || !kk_sv_i64(answer.node[1].text, &seconds) || !kk_sv_i64(answer.node[2].text, &micros)))
        rc = kk_fail(err, KK_MISMATCH, "Redis does not tell its time");
    if (!rc)
        *ret_ms = seconds * 1000 + micros / 1000;
    return rc;
}

enum kk_code redis_read_state(struct redis *redis, struct redis_state *ret, struct kk_err *err)
{
    struct redis_state state = {.policy = ""};
    struct redis_answer answer;
    enum kk_code rc = ask(redis, (struct kk_sv[]){KK_SV("INFO")}, 1, REDIS_TEXT, &answer, err);
    struct kk_sv text;

    if (rc)
        return rc;
    text = answer.node[0].text;
    kk_sv_copy(line_of(text, KK_SV("redis_version:")), state.version, sizeof(state.version));
    kk_sv_copy(line_of(text, KK_SV("maxmemory_policy:")), state.policy, sizeof(state.policy));
    state.has_aof = number_of(text, KK_SV("aof_enabled:")) == 1;
    state.is_replica = kk_sv_eq(line_of(text, KK_SV("role:")), KK_SV("slave"));
    state.used_bytes = number_of(text, KK_SV("used_memory:"));
    state.max_bytes = number_of(text, KK_SV("maxmemory:"));
    rc = read_time(redis, &state.time_ms, err);
    if (!rc)
        *ret = state;
    return rc;
}
