/* sandbox/replay.h: recorded answers, served for the seller and the item they were recorded from.
 *
 * A folder's *.json files are told apart by their shape: a root with "items" and "count" is a seller's list; one with
 * "moduleList" a detail (its ProductInfoModule names the item); an array whose rows have "optionNo" an item's options.
 * A list names no seller: it belongs to the one in its first image's address (…/product/SELLER/…), else to the one the
 * recorded details name when they name only one. */
#ifndef SANDBOX_REPLAY_H
#define SANDBOX_REPLAY_H

#include "base/bytes.h"

#define REPLAY_FILES_MAX 10000
#define REPLAY_FILE_MAX_BYTES ((size_t)32 * 1024 * 1024)

enum replay_kind { REPLAY_LIST, REPLAY_DETAIL, REPLAY_OPTIONS };

struct replay;
/* KK_NOT_FOUND: no such folder, or nothing in it that can be served. KK_BAD_INPUT: a file is no such answer. */
enum kk_code replay_open(const char *dir, struct replay **ret_replay, struct kk_err *err);
void replay_close(struct replay *replay); /* NULL is fine */

/* The bytes as recorded; false: nothing was recorded for it. */
bool replay_list(const struct replay *replay, struct kk_sv seller_id, struct kk_sv *ret_body);
bool replay_item(const struct replay *replay, enum replay_kind kind, int64_t item_no, struct kk_sv *ret_body);

#endif
