#include "ports/fetcher.h"

struct kk_sv fetch_header_next(struct kk_sv *rest, const char *name)
{
    struct kk_sv wanted = kk_sv_of(name);

    while (rest->len > 0) {
        struct kk_sv line = kk_sv_cut(rest, '\n');
        struct kk_sv line_name = kk_sv_cut(&line, ':');

        if (line.ptr && kk_sv_eq(line_name, wanted))
            return kk_sv_trim(line);
    }
    return (struct kk_sv){0};
}

struct kk_sv fetch_header(struct kk_sv headers, const char *name)
{
    return fetch_header_next(&headers, name);
}
