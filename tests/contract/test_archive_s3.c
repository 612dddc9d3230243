/* The archive in a bucket of an emulator: the contract, and what a bucket means. */
#include "adapters/archive/archive_s3.h"

#include <stdio.h>
#include <stdlib.h>

#include "contract/archive_contract.h"
#include "contract/moto_world.h"
#include "support/check.h"

static struct aws *aws;
static struct kk_err err;

static struct archive *open_at(const char *place)
{
    struct archive *archive = NULL;
    char url[160];

    snprintf(url, sizeof(url), "s3://%s?endpoint=%s", place, moto_endpoint);
    CHECK_OK(archive_s3_open(aws, kk_sv_of(url), &archive, &err), &err);
    return archive;
}

static void make(void *ctx)
{
    struct archive *archive;

    (void)ctx;
    moto_reset();
    aws = moto_aws();
    archive = open_at("raw-bodies/kkachi/raw");
    CHECK_OK(archive_s3_create(archive, &err), &err);
    archive_close(archive);
}

static struct archive *open_archive(void *ctx)
{
    (void)ctx;
    return open_at("raw-bodies/kkachi/raw");
}

static void remove_all(void *ctx)
{
    (void)ctx;
    aws_close(aws);
    aws = NULL;
}

static void a_missing_bucket_is_named(void **state)
{
    struct archive *archive;
    int64_t count, bytes;
    struct kk_hash key;

    (void)state;
    make(NULL);
    archive = open_at("no-such-bucket");
    CHECK_EQ(archive_size(archive, &count, &bytes, &err), KK_NOT_FOUND);
    CHECK(kk_sv_find(kk_sv_of(err.msg), KK_SV("there is no such bucket")) < strlen(err.msg));
    CHECK_OK(archive_put(archive, KK_SV("x"), &key, &err), &err);
    CHECK_EQ(archive_sync(archive, &err), KK_NOT_FOUND);
    CHECK_OK(archive_sync(archive, &err), &err); /* told once */
    archive_close(archive);
    remove_all(NULL);
}

static void a_body_is_encrypted_where_that_is_asked(void **state)
{
    struct archive *archive = NULL;
    char url[200];
    struct kk_hash key;

    (void)state;
    make(NULL);
    snprintf(url, sizeof(url), "s3://raw-bodies/e?sse=AES256&endpoint=%s", moto_endpoint);
    CHECK_OK(archive_s3_open(aws, kk_sv_of(url), &archive, &err), &err);
    CHECK_OK(archive_put(archive, KK_SV("secret"), &key, &err), &err);
    CHECK_OK(archive_sync(archive, &err), &err);
    archive_close(archive);
    remove_all(NULL);
}

static void a_bad_address_is_refused(void **state)
{
    static const char *const bad[] = {"s3:bucket",
                                      "s3://",
                                      "s3://BUCKET/x",
                                      "s3://bucket/x?colour=red",
                                      "s3://bucket/x?sse=rot13",
                                      "s3://bucket/x?endpoint=ftp://x"};
    struct archive *archive = NULL;

    (void)state;
    aws = moto_aws();
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK_EQ(archive_s3_open(aws, kk_sv_of(bad[i]), &archive, &err), KK_BAD_INPUT);
    remove_all(NULL);
}

int main(void)
{
    static const struct archive_world contract = {.make = make, .open = open_archive, .remove = remove_all};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_bucket_is_named),
        cmocka_unit_test(a_body_is_encrypted_where_that_is_asked),
        cmocka_unit_test(a_bad_address_is_refused),
    };
    int failed;

    if (!moto_start("the archive on S3"))
        return 0;
    failed = archive_contract_run("archive_s3", &contract) + cmocka_run_group_tests(tests, NULL, NULL);
    moto_stop();
    return failed;
}
