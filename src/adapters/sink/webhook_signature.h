/* adapters/sink/webhook_signature.h: who sent this, and is it whole? As Standard Webhooks has it
 * (https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md): HMAC-SHA-256 over
 * "id.timestamp.body", where the timestamp is in seconds. */
#ifndef KK_ADAPTERS_WEBHOOK_SIGNATURE_H
#define KK_ADAPTERS_WEBHOOK_SIGNATURE_H

#include "base/bytes.h"

#define WEBHOOK_SIGNATURE_BYTES 64 /* "v1," + 44 characters + NUL, with room */
#define WEBHOOK_KEY_BYTES 256
#define WEBHOOK_TOLERANCE_MS (5 * INT64_C(60) * 1000) /* how far the sender's clock may be off */

struct webhook_key { /* of one secret; wipe it with webhook_key_done() */
    char byte[WEBHOOK_KEY_BYTES];
    size_t len;
};
/* "whsec_" + base64, or the key itself. KK_BAD_INPUT: empty, over WEBHOOK_KEY_BYTES, or not base64. KK_NO_MEMORY. */
enum kk_code webhook_key_parse(struct kk_sv secret, struct webhook_key *ret, struct kk_err *err);
void webhook_key_done(struct webhook_key *key);

/* "v1,<base64>". KK_NO_MEMORY. */
enum kk_code webhook_sign(const struct webhook_key *key, struct kk_sv id, int64_t timestamp_s, struct kk_sv body,
                          char ret_signature[WEBHOOK_SIGNATURE_BYTES], struct kk_err *err);

/* For those who receive: the three headers as they came (signatures: several, separated by spaces) and the body.
 * KK_BAD_INPUT: a header is malformed; KK_DENIED: too old, from the future, or no signature fits. KK_NO_MEMORY. */
enum kk_code webhook_signature_check(const struct webhook_key *key, struct kk_sv id, struct kk_sv timestamp,
                                     struct kk_sv signatures, struct kk_sv body, int64_t now_ms, struct kk_err *err);

#endif
