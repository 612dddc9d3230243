/* sandbox/query.h: the query part of a target. */
#ifndef SANDBOX_QUERY_H
#define SANDBOX_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* The first value of that name, percent-decoded ('+' is a space), put in place of what out holds. False: not there, or
 * a broken escape, or more than out may hold. */
bool query_text(struct kk_sv query, const char *name, struct kk_buf *out);
/* A whole number; absent: fallback. False: something else stands there. */
bool query_number(struct kk_sv query, const char *name, int64_t fallback, int64_t *ret);

#endif
