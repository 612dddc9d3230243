/* Foreign bytes as a configuration file: what is refused is refused with a sentence, what is taken is whole and can be
 * shown, and no secret is in either. */
#include "base/assert.h"
#include "base/text.h"
#include "cmd/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_taken(const struct config *config)
{
    for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
        KK_CLEANUP(kk_buf_done) struct kk_buf shown = KK_BUF(4 * CONFIG_VALUE_MAX_BYTES);
        enum config_key key = (enum config_key)i;
        const struct config_row *row = config_row(key);
        struct kk_sv text = config_text(config, key);

        config_show(config, key, &shown);
        KK_ASSERT(!shown.failed && kk_utf8_valid(text));
        KK_ASSERT(config->value[i].origin == CONFIG_FROM_DEFAULT || config->value[i].where.len > 0);
        if (row->secrecy == CONFIG_SECRET)
            KK_ASSERT(kk_sv_eq(kk_buf_sv(&shown), text.len ? KK_SV("***") : KK_SV("")));
        if (row->type == CONFIG_INT || row->type == CONFIG_DURATION || row->type == CONFIG_SIZE)
            KK_ASSERT(config->value[i].number >= row->min && config->value[i].number <= row->max);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kk_sv text = {(const char *)data, size};
    struct config config;
    struct kk_err err = {0};
    enum kk_code rc = config_read_text(&config, text, "f", &err);

    KK_ASSERT(rc == KK_OK || rc == KK_BAD_INPUT);
    if (rc)
        KK_ASSERT(kk_sv_starts(kk_sv_of(err.msg), KK_SV("f:")) && kk_utf8_valid(kk_sv_of(err.msg)));
    else
        check_taken(&config);
    config_done(&config);
    return 0;
}
