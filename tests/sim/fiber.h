/* sim/fiber.h: a function with a stack of its own that can stop in its middle and go on later, so that one thread plays
 * many processes, and one of them can stall inside any call while the others go on. */
#ifndef KK_SIM_FIBER_H
#define KK_SIM_FIBER_H

#include <stdbool.h>

struct fiber;
struct fiber *fiber_create(void (*run)(void *ctx), void *ctx);
/* It has run to its end, or never began. NULL is fine. */
void fiber_destroy(struct fiber *fiber);
/* From the main stack: runs it until it yields or ends. */
void fiber_resume(struct fiber *fiber);
/* From inside it: back to whoever resumed it. */
void fiber_yield(struct fiber *fiber);
bool fiber_is_over(const struct fiber *fiber);

#endif
