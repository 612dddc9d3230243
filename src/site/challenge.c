/* A challenge is only recognized, so that the crawler stops; nothing here or elsewhere tries to get past one. */
#include "site/session.h"

#define LOOK_BYTES 16384 /* a title stands at the start of a page */

static struct kk_sv skip_blank(struct kk_sv text)
{
    if (kk_sv_starts(text, KK_SV("\xEF\xBB\xBF"))) /* a byte order mark */
        text = (struct kk_sv){text.ptr + 3, text.len - 3};
    while (text.len > 0 && (text.ptr[0] == ' ' || (text.ptr[0] >= '\t' && text.ptr[0] <= '\r'))) {
        text.ptr++;
        text.len--;
    }
    return text;
}

static bool starts_ci(struct kk_sv text, struct kk_sv prefix)
{
    return text.len >= prefix.len && kk_sv_eq_ci((struct kk_sv){text.ptr, prefix.len}, prefix);
}

/* What is behind the first needle, whatever the case of its letters; an empty view: it is not there. */
static struct kk_sv behind_ci(struct kk_sv text, struct kk_sv needle)
{
    for (; text.len >= needle.len; text.ptr++, text.len--)
        if (starts_ci(text, needle))
            return (struct kk_sv){text.ptr + needle.len, text.len - needle.len};
    return (struct kk_sv){0};
}

/* A page with one of the known titles. */
static bool has_title(struct kk_sv page)
{
    static const struct kk_sv titles[] = {
        {"just a moment", 13}, {"human verification", 18}, {"attention required", 18}, {"access denied", 13}};
    struct kk_sv title = behind_ci(page, KK_SV("<title"));

    title = kk_sv_cut(&title, '<');
    for (size_t i = 0; i < KK_COUNT(titles); i++)
        if (behind_ci(title, titles[i]).ptr)
            return true;
    return false;
}

static bool starts_as_html(struct kk_sv page)
{
    static const struct kk_sv starts[] = {{"<!doctype html", 14}, {"<html", 5}, {"<head", 5},   {"<body", 5},
                                          {"<title", 6},          {"<meta", 5}, {"<script", 7}, {"<!--", 4}};

    for (size_t i = 0; i < KK_COUNT(starts); i++)
        if (starts_ci(page, starts[i]))
            return true;
    return false;
}

bool session_is_challenge(struct kk_sv content_type, struct kk_sv body)
{
    struct kk_sv page = skip_blank(body), type = kk_sv_trim(content_type);

    /* JSON under a wrong label is JSON, whatever words are in it; and a body that is not there is no page. */
    if (page.len == 0 || page.ptr[0] == '{' || page.ptr[0] == '[')
        return false;
    if (starts_ci(type, KK_SV("text/html")) || starts_ci(type, KK_SV("application/xhtml")))
        return true;
    if (!starts_ci(type, KK_SV("text/plain")) && starts_as_html(page))
        return true;
    return has_title((struct kk_sv){page.ptr, page.len < LOOK_BYTES ? page.len : LOOK_BYTES});
}
