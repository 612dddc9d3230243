/* Random requests, signed here and by AWS's own library: the same to the letter. */
#include "adapters/aws/sigv4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/rng.h"
#include "support/check.h"
#include "support/folder.h"

#define PYTHON "build/aws-venv/bin/python"
#define SCRIPT "tests/aws/check_signatures.py"
#define REQUESTS 2000
#define WALL_MS INT64_C(1795852800000) /* 20261128T080000Z, as the script has it */

static struct kk_rng rng;

/* Letters that make trouble in addresses, Korean among them. */
static struct kk_sv random_text(char *to, size_t max_parts, const char *const *parts, size_t part_count)
{
    size_t count = 1 + (size_t)kk_rng_below(&rng, max_parts), len = 0;

    for (size_t i = 0; i < count; i++) {
        const char *part = parts[kk_rng_below(&rng, part_count)];

        memcpy(to + len, part, strlen(part));
        len += strlen(part);
    }
    to[len] = '\0';
    return (struct kk_sv){to, len};
}

static struct kk_sv random_word(char *to)
{
    static const char *const parts[] = {"a", "Z", "9", "-", "_", ".", "~", " ", "+", "=", "&", "%",  "%20", "*",
                                        ":", "@", "!", "'", "(", ")", ",", ";", "[", "]", "|", "까", "치",  "é"};

    return random_text(to, 8, parts, KK_COUNT(parts));
}

static struct kk_sv random_path(char *to)
{
    static const char *const parts[] = {"/a", "/b c", "/d+e", "/=f", "/%41", "/까치", "/x~y", "/(z)", "/q:r@s"};

    return random_text(to, 4, parts, KK_COUNT(parts));
}

static void write_pairs(struct kk_buf *out, const char *key, const struct sigv4_pair *pairs, size_t count)
{
    kk_jw_key(out, key);
    kk_jw_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        kk_jw_open(out, '[');
        kk_jw_str(out, pairs[i].name);
        kk_jw_str(out, pairs[i].value);
        kk_jw_close(out, ']');
    }
    kk_jw_close(out, ']');
}

static void write_request(struct kk_buf *out, const struct sigv4_request *request, const struct sigv4_key *key,
                          const struct kk_buf *target, const struct kk_buf *headers)
{
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "method", request->method);
    kk_jw_key_str(out, "host", request->host);
    kk_jw_key_str(out, "path", request->path);
    write_pairs(out, "query", request->query, request->query_count);
    write_pairs(out, "headers", request->headers, request->header_count);
    kk_jw_key_str(out, "body", request->body);
    kk_jw_key_str(out, "region", request->region);
    kk_jw_key_str(out, "service", request->service);
    kk_jw_key_str(out, "token", key->token);
    kk_jw_key_str(out, "our_target", kk_buf_sv(target));
    kk_jw_key_str(out, "our_headers", kk_buf_sv(headers));
    kk_jw_close(out, '}');
    kk_buf_addc(out, '\n');
}

static void add_random_request(struct kk_buf *out, int number)
{
    static const char *const methods[] = {"GET", "PUT", "POST", "DELETE"};
    KK_CLEANUP(kk_buf_done) struct kk_buf target = KK_BUF(65536), headers = KK_BUF(65536);
    char path[256], words[8][128], body[256], names[4][32];
    struct sigv4_pair query[4], header[3];
    struct sigv4_key key = {KK_SV("AKIDEXAMPLE"), KK_SV("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), {0}};
    struct sigv4_request request = {.query = query, .headers = header};
    struct kk_err err = {0};

    request.method = kk_sv_of(methods[kk_rng_below(&rng, KK_COUNT(methods))]);
    request.is_s3 = kk_rng_chance(&rng, 1, 2);
    request.service = request.is_s3 ? KK_SV("s3") : KK_SV("sqs");
    request.region = KK_SV("ap-northeast-2");
    request.host = kk_rng_chance(&rng, 1, 2) ? KK_SV("sqs.ap-northeast-2.amazonaws.com") : KK_SV("127.0.0.1:5000");
    request.path = number % 5 == 0 ? KK_SV("/") : random_path(path);
    request.query_count = (size_t)kk_rng_below(&rng, 4);
    for (size_t i = 0; i < request.query_count; i++) {
        snprintf(names[i], sizeof(names[i]), "%c-k%zu", "zaMq"[i], i);
        query[i] = (struct sigv4_pair){kk_sv_of(names[i]), random_word(words[i])};
    }
    header[0] = (struct sigv4_pair){KK_SV("content-type"), KK_SV("application/x-amz-json-1.0")};
    header[1] = (struct sigv4_pair){KK_SV("x-amz-target"), KK_SV("AmazonSQS.SendMessageBatch")};
    header[2] = (struct sigv4_pair){KK_SV("if-none-match"), KK_SV("*")};
    request.header_count = (size_t)kk_rng_below(&rng, 4);
    if (kk_rng_chance(&rng, 1, 2))
        request.body = random_word(body);
    if (kk_rng_chance(&rng, 1, 2))
        key.token = KK_SV("IQoJb3JpZ2luX2VjE/+token==");
    CHECK_OK(sigv4_sign(&request, &key, WALL_MS, &target, &headers, &err), &err);
    write_request(out, &request, &key, &target, &headers);
}

static void botocore_signs_the_same(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf lines = KK_BUF(16 * 1024 * 1024);
    char folder[TEST_PATH_BYTES], path[TEST_PATH_BYTES], command[3 * TEST_PATH_BYTES];
    struct kk_rng_seeded seeded;
    int status;

    (void)state;
    rng = kk_rng_from_seed(&seeded, 20261128);
    for (int i = 0; i < REQUESTS; i++)
        add_random_request(&lines, i);
    CHECK(!lines.failed);
    test_folder_make(folder);
    test_path(folder, "requests", path);
    test_file_write(path, kk_buf_sv(&lines));
    snprintf(command, sizeof(command), PYTHON " " SCRIPT " %s", path);
    status = system(command); // NOLINT(concurrency-mt-unsafe): one thread
    test_folder_remove(folder);
    CHECK_EQ(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(botocore_signs_the_same)};

    if (access(PYTHON, X_OK)) {
        print_message("1..1\nok 1 - signatures beside botocore's # SKIP no " PYTHON "; run tools/aws-venv\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
