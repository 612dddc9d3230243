#include "adapters/sink/webhook_signature.h"

#include <string.h>

#include "base/hash.h"

#define ID_MAX_BYTES 256
#define SIGNATURES_MAX 16 /* of one message: a sender who changes secrets signs with both */
#define TIMESTAMP_MAX_S (INT64_C(1) << 40)

enum kk_code webhook_key_parse(struct kk_sv secret, struct webhook_key *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf decoded = KK_BUF(WEBHOOK_KEY_BYTES);
    struct kk_sv prefix = KK_SV("whsec_");
    struct kk_sv key = secret;

    if (kk_sv_starts(secret, prefix)) {
        struct kk_sv text = {secret.ptr + prefix.len, secret.len - prefix.len};

        if (!kk_base64_decode(text, &decoded))
            return kk_fail(err, KK_BAD_INPUT, "the webhook's secret begins with whsec_, but what follows is no base64");
        key = kk_buf_sv(&decoded);
    }
    if (key.len == 0 || key.len > WEBHOOK_KEY_BYTES)
        return kk_fail(err, KK_BAD_INPUT, "the webhook's secret must have 1 to %d bytes", WEBHOOK_KEY_BYTES);
    memcpy(ret->byte, key.ptr, key.len);
    ret->len = key.len;
    if (decoded.len > 0)
        explicit_bzero(decoded.ptr, decoded.len);
    return KK_OK;
}

void webhook_key_done(struct webhook_key *key)
{
    explicit_bzero(key, sizeof(*key));
}

enum kk_code webhook_sign(const struct webhook_key *key, struct kk_sv id, int64_t timestamp_s, struct kk_sv body,
                          char ret_signature[WEBHOOK_SIGNATURE_BYTES], struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(ID_MAX_BYTES + 32 + body.len);
    KK_CLEANUP(kk_buf_done) struct kk_buf signature = KK_BUF(WEBHOOK_SIGNATURE_BYTES - 1);

    kk_buf_add(&text, id);
    kk_buf_addc(&text, '.');
    kk_buf_add_i64(&text, timestamp_s);
    kk_buf_addc(&text, '.');
    kk_buf_add(&text, body);
    if (text.failed)
        return kk_buf_check(&text, "an event to sign", err);

    struct kk_hash mac = kk_hmac_sha256((struct kk_sv){key->byte, key->len}, kk_buf_sv(&text));

    kk_buf_add(&signature, KK_SV("v1,"));
    kk_base64((struct kk_sv){(const char *)mac.byte, KK_HASH_BYTES}, &signature);
    if (signature.failed)
        return kk_buf_check(&signature, "a signature", err);
    kk_sv_copy(kk_buf_sv(&signature), ret_signature, WEBHOOK_SIGNATURE_BYTES);
    return KK_OK;
}

/* In the same time wherever they differ, so that a forger learns nothing from the clock. */
static bool is_same(struct kk_sv given, struct kk_sv expected)
{
    unsigned char difference = 0;

    if (given.len != expected.len)
        return false;
    for (size_t i = 0; i < expected.len; i++)
        difference = (unsigned char)(difference | (given.ptr[i] ^ expected.ptr[i]));
    return difference == 0;
}

enum kk_code webhook_signature_check(const struct webhook_key *key, struct kk_sv id, struct kk_sv timestamp,
                                     struct kk_sv signatures, struct kk_sv body, int64_t now_ms, struct kk_err *err)
{
    char expected[WEBHOOK_SIGNATURE_BYTES];
    int64_t timestamp_s = 0;
    enum kk_code rc;

    if (id.len == 0 || id.len > ID_MAX_BYTES)
        return kk_fail(err, KK_BAD_INPUT, "webhook-id must have 1 to %d bytes", ID_MAX_BYTES);
    if (!kk_sv_i64(timestamp, &timestamp_s) || timestamp_s < 0 || timestamp_s > TIMESTAMP_MAX_S)
        return kk_fail(err, KK_BAD_INPUT, "webhook-timestamp must be seconds since 1970");
    if (timestamp_s * 1000 < now_ms - WEBHOOK_TOLERANCE_MS)
        return kk_fail(err, KK_DENIED, "the message is older than its signature may be");
    if (timestamp_s * 1000 > now_ms + WEBHOOK_TOLERANCE_MS)
        return kk_fail(err, KK_DENIED, "the message comes from the future");
    rc = webhook_sign(key, id, timestamp_s, body, expected, err);
    if (rc)
        return rc;
    for (int i = 0; i < SIGNATURES_MAX && signatures.len > 0; i++)
        if (is_same(kk_sv_cut(&signatures, ' '), kk_sv_of(expected)))
            return KK_OK;
    return kk_fail(err, KK_DENIED, "no signature fits the message");
}
