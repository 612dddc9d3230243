/* A message as a consumer gets it: nothing is believed that was not signed, and what we sign ourselves is. The input is
 * four parts: id, timestamp and signatures on a line each, then the body. */
#include "adapters/sink/webhook_signature.h"
#include "base/assert.h"

#define NOW_MS INT64_C(1614265330000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_own(const struct webhook_key *key, struct kk_sv id, struct kk_sv body)
{
    struct kk_sv timestamp = KK_SV("1614265330");
    struct kk_sv shorter = {body.ptr, body.len ? body.len - 1 : 0};
    char signature[WEBHOOK_SIGNATURE_BYTES];

    KK_ASSERT(webhook_sign(key, id, 1614265330, body, signature, NULL) == KK_OK);
    KK_ASSERT(webhook_signature_check(key, id, timestamp, kk_sv_of(signature), body, NOW_MS, NULL) == KK_OK);
    if (body.len > 0)
        KK_ASSERT(webhook_signature_check(key, id, timestamp, kk_sv_of(signature), shorter, NOW_MS, NULL) == KK_DENIED);
    signature[10] = signature[10] == 'A' ? 'B' : 'A';
    KK_ASSERT(webhook_signature_check(key, id, timestamp, kk_sv_of(signature), body, NOW_MS, NULL) == KK_DENIED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kk_sv body = {(const char *)data, size};
    struct kk_sv id = kk_sv_cut(&body, '\n');
    struct kk_sv timestamp = kk_sv_cut(&body, '\n');
    struct kk_sv signatures = kk_sv_cut(&body, '\n');
    struct webhook_key key;
    struct kk_err err = {0};
    enum kk_code rc;

    KK_ASSERT(webhook_key_parse(KK_SV("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &key, NULL) == KK_OK);
    rc = webhook_signature_check(&key, id, timestamp, signatures, body, NOW_MS, &err);
    KK_ASSERT(rc == KK_OK || ((rc == KK_BAD_INPUT || rc == KK_DENIED) && err.msg[0]));
    if (id.len > 0 && id.len <= 256)
        check_own(&key, id, body);
    rc = webhook_key_parse(signatures, &key, NULL);
    KK_ASSERT(rc == KK_OK ? key.len > 0 && key.len <= WEBHOOK_KEY_BYTES : rc == KK_BAD_INPUT);
    return 0;
}
