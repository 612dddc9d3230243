#include "sandbox/render.h"

#include "base/json.h"
#include "sandbox/noise.h"

static void write_row(const struct render *render, const struct world_item *item, const struct world_option *option,
                      struct noise *noise, struct kk_buf *out)
{
    kk_jw_open(out, '{');
    if (render->damage != DAMAGE_PART)
        noise_number(noise, out, "optionNo", option->option_no);
    noise_number(noise, out, "itemNo", item->item_no);
    noise_text(noise, out, "color", option->color);
    noise_text(noise, out, "size", option->size);
    kk_jw_key_str(out, "shippingType", KK_SV("NONE"));
    if (render->damage == DAMAGE_TYPE) {
        kk_jw_key(out, "stock");
        kk_buf_add(out, KK_SV("{}"));
    } else if (render->damage != DAMAGE_MISSING)
        noise_number(noise, out, "stock", option->stock);
    noise_text(noise, out, "sizeGuide", "");
    kk_jw_close(out, '}');
}

void render_options(const struct render *render, const struct world_item *item, struct kk_buf *out)
{
    KK_CLEANUP(noise_done) struct noise noise;

    noise_init(&noise, render->seed, render->is_plain);
    if (render->damage == DAMAGE_ROOT || (render->damage != DAMAGE_NONE && item->option_count == 0)) {
        kk_buf_add(out, KK_SV("{\"options\":[],\"message\":\"ok\"}"));
        return;
    }
    kk_jw_open(out, '[');
    /* Ascending as a rule; sometimes from elsewhere on, since the order says nothing. */
    unsigned from = noise_is(&noise, 4) && item->option_count ? (unsigned)noise_below(&noise, item->option_count) : 0;
    for (unsigned i = 0; i < item->option_count; i++)
        write_row(render, item, &item->option[(from + i) % item->option_count], &noise, out);
    kk_jw_close(out, ']');
}
