#include "adapters/limiter/limiter_script.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* KK_LUA_FILE comes from the build. */
__asm__(".pushsection .rodata,\"a\",@progbits\nkk_token_bucket:\n.incbin \"" KK_LUA_FILE "\"\n.byte 0\n.popsection\n");
extern const char kk_token_bucket[] __attribute__((visibility("hidden")));

#define TEXT_MAX_BYTES ((size_t)4 << 20)
#define ROLL_BOUND 2147483646 /* of the script's generator, which 0 would stop */

/* SHA-1 because Redis names its scripts so; nothing is protected by it. */
enum kk_code script_sha(char ret_sha[41], struct kk_err *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(kk_token_bucket, strlen(kk_token_bucket), digest, &len, EVP_sha1(), NULL) != 1 || len != 20)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the limiter's script");
    for (unsigned i = 0; i < len; i++)
        snprintf(ret_sha + 2 * (size_t)i, 3, "%02x", digest[i]);
    return KK_OK;
}

/* ---- words ---- */

static bool grow(struct script_words *words)
{
    size_t cap = words->cap ? 2 * words->cap : 64;
    struct script_word *word = realloc(words->word, cap * sizeof(*word));
    struct kk_sv *view;

    if (word)
        words->word = word;
    view = word ? realloc(words->view, cap * sizeof(*view)) : NULL;
    if (!view)
        return false;
    words->view = view;
    words->cap = cap;
    return true;
}

void script_add(struct limiter_redis *self, struct kk_sv word)
{
    struct script_words *words = &self->words;

    if (words->is_short || (words->count == words->cap && !grow(words))) {
        words->is_short = true;
        return;
    }
    words->word[words->count++] = (struct script_word){words->text.len, word.len};
    kk_buf_add(&words->text, word);
}

void script_add_int(struct limiter_redis *self, int64_t number)
{
    size_t at = self->words.text.len;

    script_add(self, (struct kk_sv){0});
    if (self->words.is_short)
        return;
    kk_buf_add_i64(&self->words.text, number);
    self->words.word[self->words.count - 1].len = self->words.text.len - at;
}

void script_begin(struct limiter_redis *self, const char *op)
{
    const struct limiter_rules *rules = &self->rules;

    self->words.count = 0;
    self->words.is_short = false;
    if (!self->words.text.max_bytes)
        self->words.text = KK_BUF(TEXT_MAX_BYTES);
    kk_buf_clear(&self->words.text);
    script_add(self, KK_SV("EVALSHA"));
    script_add(self, kk_sv_of(self->sha));
    script_add(self, KK_SV("1"));
    script_add(self, kk_sv_of(self->pool_key));
    script_add(self, kk_sv_of(op));
    script_add_int(self, self->test_clock ? kk_wall_ms(self->test_clock) : 0);
    script_add(self, kk_sv_of(redis_server(self->redis)->run_id));
    script_add_int(self, rules->capacity);
    script_add_int(self, rules->window_ms);
    script_add_int(self, rules->gap_ms);
    script_add_int(self, rules->grant_ttl_ms);
    script_add_int(self, rules->request_timeout_ms);
    script_add_int(self, rules->site_inflight);
    script_add_int(self, rules->site_rate);
    script_add_int(self, 1 + (int64_t)kk_rng_below(self->rng, ROLL_BOUND - 1));
}

void script_words_done(struct script_words *words)
{
    kk_buf_done(&words->text);
    free(words->word);
    free(words->view);
    *words = (struct script_words){0};
}

/* ---- asking ---- */

static enum kk_code send_words(struct limiter_redis *self, struct redis_answer *ret, struct kk_err *err)
{
    struct script_words *words = &self->words;
    enum kk_code rc = kk_buf_check(&words->text, "a question to Redis", err);

    if (rc || words->is_short)
        return rc ? rc : kk_fail(err, KK_NO_MEMORY, "no memory for a question to Redis");
    for (size_t i = 0; i < words->count; i++)
        words->view[i] = (struct kk_sv){words->text.ptr + words->word[i].at, words->word[i].len};
    rc = redis_ask(self->redis, words->view, words->count, ret, err);
    if (rc || ret->node[0].kind != REDIS_ERROR || !kk_sv_starts(ret->node[0].text, KK_SV("NOSCRIPT")))
        return rc;
    words->view[0] = KK_SV("EVAL"); /* its cache was flushed, or this server is new: from now on it knows it */
    words->view[1] = kk_sv_of(kk_token_bucket);
    return redis_ask(self->redis, words->view, words->count, ret, err);
}

enum kk_code script_ask(struct limiter_redis *self, struct script_reply *ret, struct kk_err *err)
{
    struct redis_answer answer = {0};
    enum kk_code rc = send_words(self, &answer, err);

    if (rc)
        return rc;
    if (answer.count && answer.node[0].kind == REDIS_ERROR)
        return redis_fail(answer.node[0].text, err);
    if (answer.count < 2 || answer.node[0].kind != REDIS_LIST || answer.node[1].kind != REDIS_TEXT)
        return kk_fail(err, KK_MISMATCH, "the limiter's script gave no answer of its own");
    *ret = (struct script_reply){.status = answer.node[1].text, .rest = answer.node + 2, .count = answer.count - 2};
    if (!kk_sv_eq(ret->status, KK_SV("OK")))
        return KK_OK;
    rc = script_check(ret, 1, err);
    if (rc)
        return rc;
    ret->now_ms = script_int(ret, 0);
    ret->rest++;
    ret->count--;
    return KK_OK;
}

int64_t script_int(const struct script_reply *reply, size_t index)
{
    const struct redis_node *node = &reply->rest[index];
    int64_t number = 0;

    if (node->kind == REDIS_TEXT)
        return kk_sv_i64(node->text, &number) ? number : 0;
    return node->number;
}

enum kk_code script_check(const struct script_reply *reply, size_t count, struct kk_err *err)
{
    int64_t number;

    if (reply->count < count)
        return kk_fail(err, KK_MISMATCH, "the limiter's script gave too short an answer");
    for (size_t i = 0; i < count; i++)
        if (reply->rest[i].kind != REDIS_NUMBER &&
            (reply->rest[i].kind != REDIS_TEXT || !kk_sv_i64(reply->rest[i].text, &number)))
            return kk_fail(err, KK_MISMATCH, "the limiter's script gave an answer that is no number");
    return KK_OK;
}
