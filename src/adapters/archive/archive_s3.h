/* adapters/archive/archive_s3.h: bodies as objects of a bucket (archive.url "s3://BUCKET/PREFIX"). */
#ifndef KK_ADAPTERS_ARCHIVE_S3_H
#define KK_ADAPTERS_ARCHIVE_S3_H

#include "base/bytes.h"

struct archive;
struct aws;

/* url: s3://BUCKET[/PREFIX][?region=&endpoint=&sse=AES256|aws:kms&kms_key=]. Keeps aws. Asks for nothing yet. Gives
 * *ret_archive (archive_close). KK_BAD_INPUT, KK_NO_MEMORY. */
enum kk_code archive_s3_open(struct aws *aws, struct kk_sv url, struct archive **ret_archive, struct kk_err *err);
/* Makes the bucket of that address where there is none: private, as AWS makes them. */
enum kk_code archive_s3_create(struct archive *archive, struct kk_err *err);

#endif
