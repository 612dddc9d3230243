/* sandbox/modules.h: the modules of a detail page that say nothing about the item's own state: counters, other
 * sellers' offers, banners. They are there to be ignored. */
#ifndef SANDBOX_MODULES_H
#define SANDBOX_MODULES_H

#include "sandbox/noise.h"
#include "sandbox/world.h"

struct module { /* what a module is written from */
    const struct world *world;
    const struct world_item *item;
    const char *seller_id; /* as the page names it */
    struct noise *noise;
};

void module_open(struct kk_buf *out, const char *type, char bracket); /* {"type":…,"data":{ or [ */
void module_close(struct kk_buf *out, char bracket);

void module_login(const struct module *module, struct kk_buf *out);
void module_margin(const struct module *module, struct kk_buf *out);
void module_benefit(const struct module *module, struct kk_buf *out);
void module_seller(const struct module *module, struct kk_buf *out);
void module_catalog(const struct module *module, struct kk_buf *out);
void module_promotions(const struct module *module, struct kk_buf *out);
void module_lazy(const struct module *module, struct kk_buf *out);
void module_promotion(const struct module *module, struct kk_buf *out);
void module_tabs(const struct module *module, struct kk_buf *out);
void module_unknown(const struct module *module, struct kk_buf *out); /* of a type nobody knows yet */

#endif
