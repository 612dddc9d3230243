#include "adapters/sink/recent.h"

static uint64_t hash_of(struct kk_sv id)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */

    for (size_t i = 0; i < id.len; i++)
        hash = (hash ^ (unsigned char)id.ptr[i]) * UINT64_C(0x100000001B3);
    return hash;
}

void recent_add(struct recent *recent, struct kk_sv id)
{
    size_t at = recent->count % RECENT_MAX;

    if (id.len == 0 || !kk_sv_copy(id, recent->id[at], RECENT_ID_BYTES))
        return;
    recent->hash[at] = hash_of(id);
    recent->count++;
}

/* A walk over 16 KiB of hashes: a third of a microsecond, and nothing to keep in order. */
bool recent_has(const struct recent *recent, struct kk_sv id)
{
    size_t filled = recent->count < RECENT_MAX ? recent->count : RECENT_MAX;
    uint64_t hash = hash_of(id);

    for (size_t i = 0; i < filled; i++)
        if (recent->hash[i] == hash && kk_sv_eq(kk_sv_of(recent->id[i]), id))
            return true;
    return false;
}
