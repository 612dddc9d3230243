#include "cmd/config.h"

#include "base/assert.h"
#include "cmd/config_priv.h"

const char *const config_candidates[] = {"kkachi.conf", "/etc/kkachi/kkachi.conf", NULL};

/* ---- flags, and what keys mean together ---- */

static enum kk_code read_flags(struct config *config, const struct config_sources *from, struct kk_err *err)
{
    for (size_t i = 0; i < from->flag_count; i++) {
        const struct config_flag *flag = &from->flags[i];
        enum config_key key;
        char where[256];

        snprintf(where, sizeof(where), "--" KK_SV_FMT, CLIPPED(kk_sv_of(flag->key)));
        if (!config_find(kk_sv_of(flag->key), &key))
            return config_unknown(kk_sv_of(flag->key), where, err);

        enum kk_code rc = config_set(config, key, kk_sv_of(flag->value), CONFIG_FROM_FLAG, where, err);

        if (rc)
            return rc;
    }
    return KK_OK;
}

static enum kk_code fail_order(const struct config *config, enum config_key low, enum config_key high,
                               struct kk_err *err)
{
    const struct config_value *at = &config->value[high];

    if (at->origin == CONFIG_FROM_DEFAULT)
        at = &config->value[low];
    return kk_fail(err, KK_BAD_INPUT, "%.*s: %s (%.*s) must not be more than %s (%.*s)", (int)at->where.len,
                   at->where.ptr, config_row(low)->key, (int)config->value[low].text.len, config->value[low].text.ptr,
                   config_row(high)->key, (int)config->value[high].text.len, config->value[high].text.ptr);
}

static enum kk_code check_together(const struct config *config, struct kk_err *err)
{
    static const enum config_key pairs[][2] = {
        {CONFIG_TASK_BACKOFF, CONFIG_TASK_BACKOFF_MAX},
        {CONFIG_AGENT_COOLDOWN, CONFIG_AGENT_COOLDOWN_MAX},
        {CONFIG_LIMITER_GRANT_TTL, CONFIG_TASK_LEASE},
        {CONFIG_SITE_TIMEOUT, CONFIG_TASK_LEASE},
    };

    for (size_t i = 0; i < KK_COUNT(pairs); i++)
        if (config_number(config, pairs[i][0]) > config_number(config, pairs[i][1]))
            return fail_order(config, pairs[i][0], pairs[i][1], err);
    return KK_OK;
}

static enum kk_code read_defaults(struct config *config, struct kk_err *err)
{
    *config = (struct config){0};
    config->file.max_bytes = CONFIG_VALUE_MAX_BYTES;
    for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
        enum kk_code rc = config_set(config, (enum config_key)i, kk_sv_of(config_row((enum config_key)i)->value),
                                     CONFIG_FROM_DEFAULT, "", err);

        if (rc)
            return rc;
    }
    return KK_OK;
}

enum kk_code config_load(struct config *config, const struct config_sources *from, struct kk_err *err)
{
    enum kk_code rc = read_defaults(config, err);

    if (!rc)
        rc = config_read_files(config, from, err);
    if (!rc)
        rc = config_read_environment(config, from->environment, err);
    if (!rc)
        rc = read_flags(config, from, err);
    if (!rc)
        rc = check_together(config, err);
    return rc;
}

enum kk_code config_read_text(struct config *config, struct kk_sv text, const char *name, struct kk_err *err)
{
    enum kk_code rc = read_defaults(config, err);

    return rc ? rc : config_parse(config, text, name, err);
}

void config_done(struct config *config)
{
    if (!config)
        return;
    for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
        kk_buf_done(&config->value[i].text);
        kk_buf_done(&config->value[i].where);
    }
    kk_buf_done(&config->file);
}

/* ---- getters ---- */

struct kk_sv config_text(const struct config *config, enum config_key key)
{
    KK_ASSERT((unsigned)key < CONFIG_KEY_COUNT);
    return kk_buf_sv(&config->value[key].text);
}

const char *config_cstr(struct config *config, enum config_key key)
{
    KK_ASSERT((unsigned)key < CONFIG_KEY_COUNT);
    return kk_buf_cstr(&config->value[key].text);
}

int64_t config_number(const struct config *config, enum config_key key)
{
    KK_ASSERT((unsigned)key < CONFIG_KEY_COUNT);
    return config->value[key].number;
}
