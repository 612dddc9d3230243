#include "sim/fiber.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "base/assert.h"

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define HAS_ASAN 1
#include <sanitizer/common_interface_defs.h>
#else
#define HAS_ASAN 0
#endif

#define STACK_BYTES ((size_t)(HAS_ASAN ? 4 : 1) * 1024 * 1024)
#define GUARD_BYTES ((size_t)4096)

struct fiber {
    void (*run)(void *ctx);
    void *ctx;
    char *stack; /* behind a page that must not be touched */
    ucontext_t here, back;
    bool has_begun, is_over;
    void *fake_here, *fake_back; /* the address sanitizer's own stacks */
    const void *back_bottom;
    size_t back_bytes;
};

static void began(struct fiber *fiber)
{
#if HAS_ASAN
    __sanitizer_finish_switch_fiber(fiber->fake_here, &fiber->back_bottom, &fiber->back_bytes);
#else
    (void)fiber;
#endif
}

static void go_back(struct fiber *fiber)
{
#if HAS_ASAN
    __sanitizer_start_switch_fiber(fiber->is_over ? NULL : &fiber->fake_here, fiber->back_bottom, fiber->back_bytes);
#endif
    swapcontext(&fiber->here, &fiber->back);
    began(fiber);
}

/* makecontext() passes only ints. */
static void enter(unsigned high, unsigned low)
{
    struct fiber *fiber = (struct fiber *)(((uintptr_t)high << 32) | low);

    began(fiber);
    fiber->run(fiber->ctx);
    fiber->is_over = true;
    go_back(fiber);
}

struct fiber *fiber_create(void (*run)(void *ctx), void *ctx)
{
    struct fiber *fiber = calloc(1, sizeof(*fiber));
    uintptr_t self = (uintptr_t)fiber;

    KK_ASSERT(fiber);
    fiber->run = run;
    fiber->ctx = ctx;
    fiber->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    KK_ASSERT(fiber->stack != MAP_FAILED);
    KK_ASSERT(mprotect(fiber->stack, GUARD_BYTES, PROT_NONE) == 0);
    KK_ASSERT(getcontext(&fiber->here) == 0);
    fiber->here.uc_stack.ss_sp = fiber->stack + GUARD_BYTES;
    fiber->here.uc_stack.ss_size = STACK_BYTES - GUARD_BYTES;
    makecontext(&fiber->here, (void (*)(void))enter, 2, (unsigned)(self >> 32), (unsigned)(self & 0xFFFFFFFFu));
    return fiber;
}

void fiber_destroy(struct fiber *fiber)
{
    if (!fiber)
        return;
    KK_ASSERT(fiber->is_over || !fiber->has_begun);
    munmap(fiber->stack, STACK_BYTES);
    free(fiber);
}

void fiber_resume(struct fiber *fiber)
{
    KK_ASSERT(!fiber->is_over);
    fiber->has_begun = true;
#if HAS_ASAN
    __sanitizer_start_switch_fiber(&fiber->fake_back, fiber->here.uc_stack.ss_sp, fiber->here.uc_stack.ss_size);
#endif
    swapcontext(&fiber->back, &fiber->here);
#if HAS_ASAN
    __sanitizer_finish_switch_fiber(fiber->fake_back, NULL, NULL);
#endif
}

void fiber_yield(struct fiber *fiber)
{
    go_back(fiber);
}

bool fiber_is_over(const struct fiber *fiber)
{
    return fiber->is_over;
}
