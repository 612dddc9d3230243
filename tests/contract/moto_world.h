/* contract/moto_world.h: an AWS emulator of the tests (moto's server, from build/aws-venv) on a free port. */
#ifndef KK_TESTS_MOTO_WORLD_H
#define KK_TESTS_MOTO_WORLD_H

#include <stdbool.h>

#include "adapters/aws/aws.h"

/* Starts it. False, after a sentence: `tools/aws-venv` was not run here, so the tests of what cannot be. */
bool moto_start(const char *what);
void moto_stop(void); /* that process and no other; nothing started: nothing */
extern char moto_endpoint[64];
/* Its clock goes on by so much at once. */
void moto_pass(int64_t ms);
/* Forgets all that is in it, and how far its clock went on. */
void moto_reset(void);
/* A session with keys that it takes. aws_close(). */
struct aws *moto_aws(void);

#endif
