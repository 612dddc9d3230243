#include "adapters/aws/aws_error.h"

#include <string.h>

#include "adapters/aws/aws.h"
#include "base/json.h"

static const struct known {
    const char *name;
    enum kk_code code;
    const char *advice;
} known[] = {
    {"AccessDenied", KK_DENIED, "the role lacks this right: add it to its policy"},
    {"AccessDeniedException", KK_DENIED, "the role lacks this right: add it to its policy"},
    {"InvalidAccessKeyId", KK_DENIED, "the access key is not known: check AWS_ACCESS_KEY_ID or the profile"},
    {"InvalidClientTokenId", KK_DENIED, "the access key is not known: check AWS_ACCESS_KEY_ID or the profile"},
    {"UnrecognizedClientException", KK_DENIED, "the access key is not known: check AWS_ACCESS_KEY_ID or the profile"},
    {"SignatureDoesNotMatch", KK_DENIED, "the secret key does not belong to the access key"},
    {"ExpiredToken", KK_DENIED, "the credentials have ended: renew them"},
    {"ExpiredTokenException", KK_DENIED, "the credentials have ended: renew them"},
    {"InvalidSignatureException", KK_DENIED, "the secret key does not belong to the access key"},
    {"RequestTimeTooSkewed", KK_DENIED, "this machine's clock is wrong: set it right"},
    {"RequestExpired", KK_DENIED, "this machine's clock is wrong: set it right"},
    {"NoSuchBucket", KK_NOT_FOUND, "there is no such bucket: make it, or check its name and region"},
    {"NoSuchKey", KK_NOT_FOUND, ""},
    {"PermanentRedirect", KK_BAD_INPUT, "the bucket is in another region: name it with ?region="},
    {"AuthorizationHeaderMalformed", KK_BAD_INPUT, "the bucket is in another region: name it with ?region="},
    {"IllegalLocationConstraintException", KK_BAD_INPUT, "the bucket is in another region: name it with ?region="},
    {"PreconditionFailed", KK_CONFLICT, ""},
    {"ConditionalRequestConflict", KK_BUSY, ""},
    {"QueueDoesNotExist", KK_NOT_FOUND, "there is no such queue here: check region and name"},
    {"NonExistentQueue", KK_NOT_FOUND, "there is no such queue here: check region and name"},
    {"ResourceNotFoundException", KK_NOT_FOUND, "there is none of that name here: check region and name"},
    {"ConflictException", KK_CONFLICT, ""},
    {"ServiceQuotaExceededException", KK_FULL, "a limit of the account is reached: ask AWS for more"},
    {"SlowDown", KK_LIMITED, ""},
    {"Throttling", KK_LIMITED, ""},
    {"ThrottlingException", KK_LIMITED, ""},
    {"RequestThrottled", KK_LIMITED, ""},
    {"TooManyRequestsException", KK_LIMITED, ""},
};

static const struct known *find(const char *name)
{
    for (size_t i = 0; i < KK_COUNT(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    return NULL;
}

/* "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue" */
static struct kk_sv last_part(struct kk_sv name)
{
    for (size_t i = name.len; i > 0; i--)
        if (name.ptr[i - 1] == '#' || name.ptr[i - 1] == '.')
            return (struct kk_sv){name.ptr + i, name.len - i};
    return name;
}

/* "User: arn:… is not authorized to perform: sqs:SendMessage on resource: …" */
static void read_action(struct kk_sv message, struct aws_error *ret)
{
    struct kk_sv before = KK_SV("not authorized to perform: "), rest;
    size_t at = kk_sv_find(message, before);

    if (at == message.len)
        return;
    rest = (struct kk_sv){message.ptr + at + before.len, message.len - at - before.len};
    kk_sv_copy(kk_sv_trim(kk_sv_cut(&rest, ' ')), ret->action, sizeof(ret->action));
}

static void read_body(struct kk_sv body, struct aws_error *ret)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv name = {0}, message = {0}, rest = body;

    if (body.len && body.ptr[0] == '{' && kk_json_parse(body, &json, NULL) == KK_OK) {
        kk_jv_str(kk_jv_get(kk_json_root(json), "__type"), &name);
        if (!kk_jv_str(kk_jv_get(kk_json_root(json), "message"), &message))
            kk_jv_str(kk_jv_get(kk_json_root(json), "Message"), &message);
    } else {
        name = aws_xml_next(&rest, "Code");
        rest = body;
        message = aws_xml_next(&rest, "Message");
    }
    kk_sv_copy(last_part(name), ret->name, sizeof(ret->name));
    read_action(message, ret);
    if (message.len >= sizeof(ret->message))
        message.len = sizeof(ret->message) - 1;
    kk_sv_copy(message, ret->message, sizeof(ret->message));
}

void aws_error_read(int http_status, struct kk_sv type, struct kk_sv body, struct aws_error *ret)
{
    const struct known *row;

    *ret = (struct aws_error){0};
    if (http_status >= 200 && http_status < 300)
        return;
    read_body(body, ret);
    if (!ret->name[0]) /* "ThrottlingException:http://internal…" */
        kk_sv_copy(kk_sv_cut(&type, ':'), ret->name, sizeof(ret->name));
    row = find(ret->name);
    ret->is_skew = strcmp(ret->name, "RequestTimeTooSkewed") == 0 || strcmp(ret->name, "RequestExpired") == 0 ||
                   strstr(ret->message, "Signature expired") || strstr(ret->message, "Signature not yet current");
    ret->is_old_key = strncmp(ret->name, "ExpiredToken", 12) == 0;
    if (row)
        ret->code = row->code;
    else if (http_status == 429 || http_status == 503)
        ret->code = KK_LIMITED;
    else if (http_status >= 500)
        ret->code = KK_UNAVAILABLE;
    else if (http_status == 404)
        ret->code = KK_NOT_FOUND;
    else if (http_status == 412 || http_status == 409)
        ret->code = KK_CONFLICT;
    else
        ret->code = http_status == 403 ? KK_DENIED : KK_BAD_INPUT;
}

const char *aws_error_advice(const struct aws_error *error)
{
    const struct known *row = find(error->name);

    return error->is_skew ? "this machine's clock is wrong: set it right" : row ? row->advice : "";
}
