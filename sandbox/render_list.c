#include "sandbox/render.h"

#include "base/json.h"
#include "sandbox/dice.h"
#include "sandbox/facets.h"
#include "sandbox/noise.h"

#define LIST_WIDTH 300
#define LIST_HEIGHT 400

int64_t render_discount_rate(int64_t now, int64_t before)
{
    if (before <= 0 || now < 0 || now > before)
        return 0;
    return (200 * (before - now) + before) / (2 * before);
}

/* The items of a page: how many, and where the first stands in seller->shown, from which one goes down. */
static size_t page_items(const struct render_page *page, size_t *ret_first)
{
    size_t count = page->seller->shown_count;

    if (page->number > (int64_t)count / page->size)
        return 0;

    size_t skip = (size_t)(page->number * page->size);

    if (skip >= count)
        return 0;
    *ret_first = count - 1 - skip;
    return count - skip < (size_t)page->size ? count - skip : (size_t)page->size;
}

static void write_tags(struct noise *noise, const struct world_item *item, struct kk_buf *out)
{
    kk_jw_key(out, "tagList");
    kk_jw_open(out, '[');
    if (item->shipping_fee == 0 || noise_is(noise, 8)) {
        kk_jw_open(out, '{');
        kk_jw_key_str(out, "title", KK_SV("무료배송"));
        kk_jw_key_str(out, "textColor", KK_SV("#888888"));
        kk_jw_key_str(out, "bgColor", KK_SV("#ffffff"));
        kk_jw_key_str(out, "borderColor", KK_SV("#dddddd"));
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
}

static void write_rate(struct noise *noise, struct kk_buf *out, const char *key, int64_t rate)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64 "%s", rate, noise->is_varied && noise_is(noise, 3) ? "%" : "");
    kk_jw_key_str(out, key, kk_sv_of(text));
}

static void write_entry(const struct render *render, const struct world_item *item, bool is_odd, bool is_damaged,
                        struct kk_buf *out)
{
    KK_CLEANUP(noise_done) struct noise noise;
    int64_t rate = render_discount_rate(item->discount_price, item->normal_price);
    char landing[128];

    noise_init(&noise, dice_mix(render->seed, (uint64_t)item->item_no), render->is_plain);
    snprintf(landing, sizeof(landing), "https://m.web.mustit.co.kr/v2/m/product/product_detail/%" PRId64,
             item->item_no);
    kk_jw_open(out, '{');
    if (!is_damaged)
        noise_number(&noise, out, "itemNo", item->item_no);
    kk_jw_key(out, "imageUrlList");
    kk_jw_open(out, '[');
    for (unsigned i = 0; i < item->image_count; i++)
        noise_image(&noise, out, item->image[i], LIST_WIDTH, LIST_HEIGHT);
    kk_jw_close(out, ']');
    noise_text(&noise, out, "brandName", item->brand_name);
    kk_jw_key_str(out, "landingUrl", kk_sv_of(landing));
    noise_text(&noise, out, "name", item->name);
    noise_money(&noise, out, "price", item->discount_price);
    write_tags(&noise, item, out);
    noise_money(&noise, out, "originalPrice", item->normal_price);
    noise_money(&noise, out, "normalPrice", item->normal_price);
    write_rate(&noise, out, "discountRate", rate);
    noise_flag(&noise, out, "likeStatus");
    write_rate(&noise, out, "appDiscountRate", rate);
    noise_money(&noise, out, "appPrice", item->discount_price);
    kk_jw_key_str(out, "likeImageUrl",
                  noise_is(&noise, 2) ? KK_SV("https://image.mustit.co.kr/common/like_on.png") : KK_SV(""));
    kk_jw_key_str(out, "webSpacingInfo", is_odd ? KK_SV("odd") : KK_SV("even"));
    kk_jw_close(out, '}');
}

/* Up to, but without, the last item. */
void render_list_head(const struct render *render, const struct render_page *page, struct kk_buf *out)
{
    KK_CLEANUP(noise_done) struct noise noise;
    size_t first = 0, count = page_items(page, &first);

    noise_init(&noise, render->seed, render->is_plain);
    kk_jw_open(out, '{');
    if (render->damage != DAMAGE_PART && !(render->damage == DAMAGE_MISSING && count == 0))
        noise_number(&noise, out, "count", (int64_t)page->seller->shown_count);
    kk_jw_key_str(out, "indexName", noise_is(&noise, 2) ? KK_SV("item-idx-b") : KK_SV("item-idx-a"));
    facets_write(render->world, page->seller, &noise, out);
    if (render->damage == DAMAGE_ROOT)
        return;
    kk_jw_key(out, "items");
    if (render->damage == DAMAGE_TYPE) {
        kk_buf_add(out, KK_SV("{\"message\":null}"));
        return;
    }
    kk_jw_open(out, '[');
    for (size_t i = 0; i + 1 < count; i++)
        write_entry(render, page->seller->shown[first - i], i % 2 == 0, false, out);
    if (count > 1)
        kk_buf_addc(out, ',');
}

void render_list_tail(const struct render *render, const struct render_page *page, struct kk_buf *out)
{
    size_t first = 0, count = page_items(page, &first);

    if (render->damage != DAMAGE_ROOT && render->damage != DAMAGE_TYPE) {
        if (count > 0)
            write_entry(render, page->seller->shown[first - (count - 1)], count % 2 == 1,
                        render->damage == DAMAGE_MISSING, out);
        kk_buf_addc(out, ']');
    }
    kk_buf_addc(out, '}');
}
