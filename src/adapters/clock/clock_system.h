/* adapters/clock/clock_system.h: the machine's own time and chance. */
#ifndef KK_ADAPTERS_CLOCK_SYSTEM_H
#define KK_ADAPTERS_CLOCK_SYSTEM_H

#include "base/clock.h"
#include "base/rng.h"

struct kk_clock clock_system(void); /* from any thread */
struct kk_rng rng_system(void);     /* from any thread; getrandom(2), fit for secrets */

#endif
