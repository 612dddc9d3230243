/* adapters/limiter/limiter_script.h: the limiter in Redis, as its files share it: token_bucket.lua, and how it is
 * asked. */
#ifndef KK_ADAPTERS_LIMITER_LIMITER_SCRIPT_H
#define KK_ADAPTERS_LIMITER_LIMITER_SCRIPT_H

#include "adapters/limiter/limiter_redis.h"
#include "adapters/redis/redis.h"
#include "base/hash.h"

struct script_word {
    size_t at, len; /* in text */
};
struct script_words { /* owned: script_words_done() */
    struct kk_buf text;
    struct script_word *word;
    struct kk_sv *view;
    size_t count, cap;
    bool is_short; /* no memory */
};
struct limiter_redis {
    struct limiter base;
    struct redis *redis; /* owned */
    struct store *store;
    struct limiter_rules rules;
    const struct kk_clock *clock, *test_clock;
    const struct kk_rng *rng;
    char pool_key[80], sha[41], client[20];
    char checked_run[REDIS_RUN_ID_BYTES]; /* the server that the store's marker was compared with */
    int64_t attempt;
    bool is_unanswered; /* the attempt was sent, and no answer came */
    bool has_failed;    /* the last question was not answered */
    struct script_words words;
};
struct script_reply { /* borrowed until the next question */
    struct kk_sv status;
    int64_t now_ms; /* the limiter's time; of "OK" */
    const struct redis_node *rest;
    size_t count;
};

/* A question: begin, add its words, ask. Memory that is short fails in ask. */
void script_begin(struct limiter_redis *self, const char *op);
void script_add(struct limiter_redis *self, struct kk_sv word);
void script_add_int(struct limiter_redis *self, int64_t number);
/* Loads the script where the server does not know it. The server's own errors come as codes. */
enum kk_code script_ask(struct limiter_redis *self, struct script_reply *ret, struct kk_err *err);
/* The number at index, of the reply's rest. A reply that has it not is KK_MISMATCH by script_check(). */
int64_t script_int(const struct script_reply *reply, size_t index);
enum kk_code script_check(const struct script_reply *reply, size_t count, struct kk_err *err);
void script_words_done(struct script_words *words);
enum kk_code script_sha(char ret_sha[41], struct kk_err *err);

/* limiter_restore.c: this server is new to us, or forgot: tells it what the store knows of grants. KK_UNAVAILABLE: not
 * yet; the sentence says how long. Is_forced false: only where the store's marker names another server. */
enum kk_code limiter_restore(struct limiter_redis *self, bool is_forced, struct kk_err *err);
/* In the transaction that is open. */
enum kk_code limiter_record(struct limiter_redis *self, const struct limiter_grant *grant, int64_t now_ms,
                            struct kk_err *err);

#endif
