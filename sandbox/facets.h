/* sandbox/facets.h: the groupResult of a list: what kinds of items the seller has, counted. */
#ifndef SANDBOX_FACETS_H
#define SANDBOX_FACETS_H

#include "sandbox/noise.h"
#include "sandbox/world.h"

void facets_write(const struct world *world, const struct world_seller *seller, struct noise *noise,
                  struct kk_buf *out);

#endif
