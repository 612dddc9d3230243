/* adapters/store/store_seal.h: the key to the agents' tokens in a store. A process that sends requests needs it; to all
 * others a token is something that an agent has (struct agent, is_shut). */
#ifndef KK_ADAPTERS_STORE_STORE_SEAL_H
#define KK_ADAPTERS_STORE_STORE_SEAL_H

#include "adapters/crypto/seal.h"
#include "ports/store.h"

/* Keeps seal. The first key leaves a mark in the store, and seals what stands there in plain text; a later one must fit
 * the mark. KK_DENIED: it is another key; the sentence says what to do. */
enum kk_code store_use_seal(struct store *store, const struct seal *seal, struct kk_err *err);
/* The same question alone: KK_NOT_FOUND: no key was used yet. Nothing is written. */
enum kk_code store_check_seal(struct store *store, const struct seal *seal, struct kk_err *err);

#endif
