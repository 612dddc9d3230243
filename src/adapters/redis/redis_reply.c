/* RESP2 as far as a script's answers need it. An answer is read from its first byte whenever more has come: ours fit
 * one or two reads, and what is read twice costs less than a state that survives in between. */
#include <stdlib.h>

#include "adapters/redis/redis_priv.h"

void redis_add_words(struct kk_buf *out, const struct kk_sv *words, size_t count)
{
    kk_buf_addc(out, '*');
    kk_buf_add_i64(out, (int64_t)count);
    kk_buf_add(out, KK_SV("\r\n"));
    for (size_t i = 0; i < count; i++) {
        kk_buf_addc(out, '$');
        kk_buf_add_i64(out, (int64_t)words[i].len);
        kk_buf_add(out, KK_SV("\r\n"));
        kk_buf_add(out, words[i]);
        kk_buf_add(out, KK_SV("\r\n"));
    }
}

static enum kk_code add_node(struct redis_reader *reader, struct redis_node node, struct kk_err *err)
{
    if (reader->count == reader->cap) {
        size_t cap = reader->cap ? 2 * reader->cap : 64;
        struct redis_node *grown;

        if (cap > 2 * (size_t)REDIS_NODES_MAX)
            return kk_fail(err, KK_MISMATCH, "Redis gave an answer of too many values");
        grown = realloc(reader->node, cap * sizeof(*grown));
        if (!grown)
            return kk_fail(err, KK_NO_MEMORY, "no memory for an answer of Redis");
        reader->node = grown;
        reader->cap = cap;
    }
    reader->node[reader->count++] = node;
    return KK_OK;
}

/* The line at *rest without its end; false: it is not there yet. */
static bool cut_line(struct kk_sv *rest, struct kk_sv *ret_line)
{
    size_t end = kk_sv_find(*rest, KK_SV("\r\n"));

    if (end >= rest->len)
        return false;
    *ret_line = (struct kk_sv){rest->ptr, end};
    *rest = (struct kk_sv){rest->ptr + end + 2, rest->len - end - 2};
    return true;
}

static enum kk_code strange(struct kk_err *err)
{
    return kk_fail(err, KK_MISMATCH, "the other side does not speak as a Redis does; is its address right?");
}

/* The bytes of a text of a known length, and its line's end. */
static bool cut_text(struct kk_sv *rest, int64_t len, struct kk_sv *ret_text)
{
    if (rest->len < (size_t)len + 2)
        return false;
    *ret_text = (struct kk_sv){rest->ptr, (size_t)len};
    *rest = (struct kk_sv){rest->ptr + len + 2, rest->len - (size_t)len - 2};
    return true;
}

/* One value without its members. *ret_whole false: more must come. */
static enum kk_code read_value(struct kk_sv *rest, struct redis_node *ret, bool *ret_whole, struct kk_err *err)
{
    struct kk_sv line = {0};
    int64_t number = 0;
    char kind;

    *ret_whole = false;
    if (rest->len && (!rest->ptr[0] || !strchr("+-:$*", rest->ptr[0])))
        return strange(err);
    if (!cut_line(rest, &line))
        return KK_OK;
    kind = line.ptr[0];
    line = (struct kk_sv){line.ptr + 1, line.len - 1};
    *ret_whole = true;
    if (kind == '+' || kind == '-') {
        *ret = (struct redis_node){.kind = kind == '+' ? REDIS_TEXT : REDIS_ERROR, .text = line};
        return KK_OK;
    }
    if (!kk_sv_i64(line, &number))
        return strange(err);
    if (kind == ':') {
        *ret = (struct redis_node){.kind = REDIS_NUMBER, .number = number};
        return KK_OK;
    }
    if (number < -1 || number > (kind == '$' ? REDIS_ANSWER_MAX_BYTES : REDIS_NODES_MAX))
        return kk_fail(err, KK_MISMATCH, "Redis gave an answer that is too large");
    *ret = (struct redis_node){.kind = number < 0 ? REDIS_NIL : kind == '*' ? REDIS_LIST : REDIS_TEXT};
    if (kind == '*')
        ret->number = number < 0 ? 0 : number;
    else if (number >= 0)
        *ret_whole = cut_text(rest, number, &ret->text);
    return KK_OK;
}

enum kk_code redis_read(struct redis_reader *reader, struct kk_sv bytes, size_t *ret_used, struct kk_err *err)
{
    int64_t due[REDIS_DEPTH_MAX + 1] = {1}; /* values that are still to come, at each depth */
    struct kk_sv rest = bytes;
    int depth = 0;

    *ret_used = 0;
    reader->count = 0;
    while (depth >= 0) {
        struct redis_node node = {.kind = REDIS_NIL};
        bool is_whole;
        enum kk_code rc = read_value(&rest, &node, &is_whole, err);

        if (!rc && is_whole)
            rc = add_node(reader, node, err);
        if (rc || !is_whole)
            return rc;
        due[depth]--;
        if (node.kind == REDIS_LIST && node.number > 0) {
            if (depth == REDIS_DEPTH_MAX)
                return kk_fail(err, KK_MISMATCH, "Redis gave an answer that is too deep");
            due[++depth] = node.number;
        }
        while (depth >= 0 && due[depth] == 0)
            depth--;
    }
    *ret_used = bytes.len - rest.len;
    return KK_OK;
}

void redis_reader_done(struct redis_reader *reader)
{
    free(reader->node);
    *reader = (struct redis_reader){0};
}
