#include "adapters/aws/aws_url.h"

static bool is_known(struct kk_sv name, const char *const *known)
{
    for (; *known; known++)
        if (kk_sv_eq(name, kk_sv_of(*known)))
            return true;
    return false;
}

enum kk_code aws_url_parse(struct kk_sv url, const char *const *known, struct aws_url *ret, struct kk_err *err)
{
    size_t at = kk_sv_find(url, KK_SV("://"));
    struct kk_sv rest, query;

    *ret = (struct aws_url){0};
    if (at == url.len)
        return kk_fail(err, KK_BAD_INPUT, "the address has no // behind its scheme");
    query = (struct kk_sv){url.ptr + at + 3, url.len - at - 3};
    rest = kk_sv_cut(&query, '?');
    ret->host = kk_sv_cut(&rest, '/');
    ret->path = rest;
    while (query.len) {
        struct kk_sv value = kk_sv_cut(&query, '&');
        struct kk_sv name = kk_sv_cut(&value, '=');

        if (!is_known(name, known))
            return kk_fail(err, KK_BAD_INPUT, "the parameter \"%.*s\" is not known here",
                           name.len < 40 ? (int)name.len : 40, name.ptr);
        if (ret->parameter_count == AWS_URL_PARAMETERS_MAX)
            return kk_fail(err, KK_BAD_INPUT, "the address has more than %d parameters", AWS_URL_PARAMETERS_MAX);
        ret->parameter[ret->parameter_count].name = name;
        ret->parameter[ret->parameter_count++].value = value;
    }
    return KK_OK;
}

struct kk_sv aws_url_get(const struct aws_url *url, const char *name)
{
    for (size_t i = 0; i < url->parameter_count; i++)
        if (kk_sv_eq(url->parameter[i].name, kk_sv_of(name)))
            return url->parameter[i].value;
    return (struct kk_sv){0};
}
