/* sandbox/token.h: texts that look like what the real site gives: tokens, ids, dates. */
#ifndef SANDBOX_TOKEN_H
#define SANDBOX_TOKEN_H

#include <stddef.h>
#include <stdint.h>

/* Three base64url parts, as a JWT has; the second tells the number and the times. Cut where bytes is too small. */
void token_write(uint64_t seed, int64_t number, int64_t issued_at_ms, int64_t expires_at_ms, char *ret, size_t bytes);
#define TOKEN_NID_BYTES 37
void token_nid(uint64_t dice, char ret_nid[TOKEN_NID_BYTES]); /* UUID v4 */

enum date_form { DATE_SPACES, DATE_DASHES }; /* "24 Feb 2026" or "24-Feb-2026" */
#define TOKEN_DATE_BYTES 40
/* "Tue, 24 Feb 2026 00:00:00 GMT" */
void token_date(int64_t wall_ms, enum date_form form, char ret_text[TOKEN_DATE_BYTES]);

#endif
