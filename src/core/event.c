#include "core/change.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/json.h"

static const char *const type_names[] = {[CHANGE_CREATED] = "kkachi.product.created",
                                         [CHANGE_CHANGED] = "kkachi.product.changed",
                                         [CHANGE_REMOVED] = "kkachi.product.removed",
                                         [CHANGE_RETURNED] = "kkachi.product.returned"};

const char *change_type_name(enum change_type type)
{
    KK_ASSERT(type >= CHANGE_CREATED && type <= CHANGE_RETURNED);
    return type_names[type];
}

bool change_type_parse(struct kk_sv name, enum change_type *ret)
{
    for (int type = CHANGE_CREATED; type <= CHANGE_RETURNED; type++) {
        if (!kk_sv_eq(name, kk_sv_of(type_names[type])))
            continue;
        *ret = (enum change_type)type;
        return true;
    }
    return false;
}

static void key_hash(struct kk_buf *out, const char *key, const struct kk_hash *hash)
{
    char text[KK_HASH_TEXT_BYTES];

    kk_jw_key(out, key);
    if (kk_hash_is_zero(hash)) {
        kk_jw_null(out);
        return;
    }
    kk_hash_text(hash, text);
    kk_jw_str(out, kk_sv_of(text));
}

static void write_data(const struct change_event *event, struct kk_buf *out)
{
    kk_jw_key(out, "data");
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "sellerId", kk_sv_of(event->seller_id));
    kk_jw_key_i64(out, "itemNo", event->item_no);
    kk_jw_key_i64(out, "version", event->version);
    key_hash(out, "hash", &event->hash);
    key_hash(out, "previousHash", &event->previous_hash);
    kk_jw_key(out, "changes");
    kk_jw_raw(out, event->changes_json);
    kk_jw_key(out, "product");
    kk_jw_raw(out, event->product_json);
    kk_jw_close(out, '}');
}

void change_event_write(const struct change_event *event, struct kk_buf *out)
{
    char id[48], item[24], at[KK_ISO_BYTES];

    snprintf(item, sizeof(item), "%" PRId64, event->item_no);
    snprintf(id, sizeof(id), "%" PRId64 "-%" PRId64, event->item_no, event->version);
    kk_time_iso(event->at_ms, at);
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "specversion", KK_SV("1.0"));
    kk_jw_key_str(out, "id", kk_sv_of(id));
    kk_jw_key_str(out, "source", KK_SV("kkachi/mustit"));
    kk_jw_key_str(out, "type", kk_sv_of(change_type_name(event->type)));
    kk_jw_key_str(out, "subject", kk_sv_of(item));
    kk_jw_key_str(out, "time", kk_sv_of(at));
    kk_jw_key_str(out, "datacontenttype", KK_SV("application/json"));
    write_data(event, out);
    kk_jw_close(out, '}');
}
