#include "cmd/logline.h"

#include "base/json.h"
#include "cmd/table.h"

void logline_json(void *ctx, struct kk_sv line)
{
    fwrite(line.ptr, 1, line.len, ctx); /* whole lines; the stream is unbuffered */
}

static enum table_colour level_colour(struct kk_sv level)
{
    return kk_sv_eq(level, KK_SV("error"))  ? TABLE_RED
           : kk_sv_eq(level, KK_SV("warn")) ? TABLE_YELLOW
           : kk_sv_eq(level, KK_SV("info")) ? TABLE_PLAIN
                                            : TABLE_DIM;
}

/* What comes from outside may hold escapes; on a terminal they would be obeyed. */
static void put_text(FILE *out, struct kk_sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= ' ' && text.ptr[i] != 0x7F)
            fputc(text.ptr[i], out);
}

/* "09:30:00 run.ended  seller_id=luxmaison run_id=3" */
void logline_human(void *ctx, struct kk_sv line)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv at = {0}, level = {0}, event = {0}, text;
    FILE *out = ctx;
    int64_t number;

    if (kk_json_parse(line, &json, NULL)) {
        logline_json(ctx, line);
        return;
    }
    struct kk_jv root = kk_json_root(json);

    kk_jv_str(kk_jv_get(root, "at"), &at);
    kk_jv_str(kk_jv_get(root, "level"), &level);
    kk_jv_str(kk_jv_get(root, "event"), &event);
    if (at.len >= 19)
        fprintf(out, "%s%.8s%s ", terminal_paint(out, TABLE_DIM), at.ptr + 11, terminal_paint(out, TABLE_PLAIN));
    fprintf(out, "%s%-18.*s%s", terminal_paint(out, level_colour(level)), (int)event.len, event.len ? event.ptr : "",
            terminal_paint(out, TABLE_PLAIN));
    for (struct kk_jiter it = kk_jv_iter(root); kk_jiter_next(&it);) {
        if (kk_sv_eq(it.key, KK_SV("at")) || kk_sv_eq(it.key, KK_SV("level")) || kk_sv_eq(it.key, KK_SV("event")))
            continue;
        fputc(' ', out);
        put_text(out, it.key);
        fputc('=', out);
        if (kk_jv_i64(it.value, &number))
            fprintf(out, "%" PRId64, number);
        else if (kk_jv_str(it.value, &text))
            put_text(out, text);
    }
    fputc('\n', out);
}
