/* core/backoff.h: how long to wait before another try. */
#ifndef KK_CORE_BACKOFF_H
#define KK_CORE_BACKOFF_H

#include "base/bytes.h"

/* Exponential with full jitter: uniform in [0, min(cap, base * 2^(attempt - 1))]; roll is the caller's random number.
 * (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.) attempt counts from 1. */
int64_t backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms, uint64_t roll);

/* Retry-After (RFC 9110, 10.2.3): seconds, or an HTTP date, as milliseconds from now_ms; never negative, at most
 * RETRY_AFTER_MAX_MS. False: there is none, or it cannot be read. */
#define RETRY_AFTER_MAX_MS (INT64_C(24) * 3600 * 1000)
bool retry_after_ms(struct kk_sv header, int64_t now_ms, int64_t *ret_ms);

/* An HTTP date in its RFC 1123 form, also with dashes ("24-Feb-2026") and two-digit years, as Unix milliseconds. */
bool http_date_ms(struct kk_sv text, int64_t *ret_ms);

#endif
