/* base/text.h: Unicode, by libutf8proc, which stays behind this. */
#ifndef KK_BASE_TEXT_H
#define KK_BASE_TEXT_H

#include <stdbool.h>

#include "base/bytes.h"

bool kk_utf8_valid(struct kk_sv text);
/* Appends text in Unicode form NFC. Plain ASCII and ready-made Hangul take a fast path. KK_BAD_INPUT: no UTF-8. */
enum kk_code kk_nfc(struct kk_sv text, struct kk_buf *out, struct kk_err *err);
/* Columns on a terminal: 2 for a Hangul syllable, 0 for a combining mark; control characters count 0. */
int kk_text_columns(struct kk_sv text);
/* The longest start of text that takes at most columns, at a whole character. */
struct kk_sv kk_text_fit(struct kk_sv text, int columns);
/* Percent-encodes everything but unreserved characters (RFC 3986), once. */
void kk_percent_encode(struct kk_sv text, struct kk_buf *out);

#endif
