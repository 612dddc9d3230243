/* adapters/aws/credentials.h: the key that requests are signed with, found where AWS's own tools find it.
 *
 * In turn: the environment, the shared credentials and config files (AWS_PROFILE), the container's endpoint (ECS), the
 * machine's own (EC2, IMDSv2). Keys that end are renewed before they do; where that fails the old one is used while it
 * lasts. Blocks for at most a few seconds where an endpoint is asked. */
#ifndef KK_ADAPTERS_AWS_CREDENTIALS_H
#define KK_ADAPTERS_AWS_CREDENTIALS_H

#include "adapters/aws/sigv4.h"
#include "base/clock.h"

#define AWS_TOKEN_BYTES 8192
#define AWS_REGION_BYTES 40

struct http;

struct credentials { /* zeroed: none yet; credentials_wipe() before it goes */
    char access_key[160], secret[160], token[AWS_TOKEN_BYTES];
    int64_t ends_at_ms, look_at_ms; /* wall clock; 0: does not end; not before */
    const char *from;               /* "the environment" … */
};

/* Finds or renews. http: for blocking calls alone, nobody else's transfers are in it. KK_DENIED: there are none, and
 * the sentence says where they may be put; KK_UNAVAILABLE, KK_MISMATCH. */
enum kk_code credentials_get(struct credentials *keys, struct http *http, const struct kk_clock *clock,
                             struct kk_err *err);
/* Borrows keys. */
struct sigv4_key credentials_key(const struct credentials *keys);
void credentials_wipe(struct credentials *keys);
/* AWS_REGION, AWS_DEFAULT_REGION, or the profile's region; empty: none. */
void credentials_region(char ret[AWS_REGION_BYTES]);
/* The value of a key in an INI text's section, the last one given; empty: none. For the files' reader and its tests. */
struct kk_sv credentials_ini(struct kk_sv text, struct kk_sv section, struct kk_sv key);

#endif
