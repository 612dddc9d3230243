/* Why an item or a seller stands where it stands. */
#include "api/call.h"
#include "app/why.h"

static enum kk_code answer(struct api_call *call, const struct why *why)
{
    api_begin(call, 200);
    why_show(call->app, why, &call->answer);
    return api_end(call);
}

enum kk_code api_why_item(struct api_call *call, struct kk_err *err)
{
    KK_CLEANUP(why_done) struct why why = {0};
    int64_t item_no;
    enum kk_code rc;

    if (!api_path_id(call, 2, &item_no))
        return KK_OK;
    rc = why_item(call->app, item_no, &why, err);
    return rc ? rc : answer(call, &why);
}

enum kk_code api_why_seller(struct api_call *call, struct kk_err *err)
{
    KK_CLEANUP(why_done) struct why why = {0};
    enum kk_code rc = why_seller(call->app, call->part[2], &why, err);

    return rc ? rc : answer(call, &why);
}
