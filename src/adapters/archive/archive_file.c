/* Bodies wait in memory until they are a block: one zstd frame over all of a batch, because the pages of one site
 * repeat each other. A frame over 64 pages is a third of 64 frames and costs half the CPU. What is read back is read
 * rarely, so that unpacking a whole block for one body is the cheaper side. Nothing is written to the database before
 * a block is full or sync() is called, so that no lock is held while a batch is collected. */
#include "adapters/archive/archive_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "adapters/disk/folder.h"
#include "adapters/store/db.h"
#include "adapters/store/db_sqlite.h"
#include "base/assert.h"
#include "base/clock.h"
#include "ports/archive.h"

#define SCHEMA 1
#define ZSTD_LEVEL 1
#define BLOCK_MAX_BYTES (1024 * 1024)
#define BLOCK_MAX_BODIES 1024
#define ALONE_BYTES (BLOCK_MAX_BYTES / 2) /* from here on a body is a block of its own, and is not copied */
#define BODY_MAX_BYTES (256 * 1024 * 1024)
#define IDLE_BUFFER_MAX_BYTES (2 * BLOCK_MAX_BYTES)

struct entry { /* of a body in the block that is being collected */
    struct kk_hash key;
    size_t at, bytes;
};

struct archive_file {
    struct archive base;
    struct db *db;
    const struct kk_clock *clock; /* kept */
    char path[FOLDER_PATH_BYTES];
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker; /* made when first needed */
    struct kk_buf raw, packed;
    struct entry entries[BLOCK_MAX_BODIES];
    size_t entry_count;
    bool is_in_transaction;
    struct kk_err lost; /* code not KK_OK: what was put since the last sync() is gone, and why */
    int64_t read_block_id;
    struct kk_buf read_raw; /* that block, unpacked: the next body asked for is often beside the last */
};
static const struct archive_ops file_ops;

static struct archive_file *self_of(struct archive *a)
{
    KK_ASSERT(a && a->ops == &file_ops);
    return (struct archive_file *)a;
}

static void give_back_if_large(struct kk_buf *buf)
{
    size_t max_bytes = buf->max_bytes;

    if (buf->cap > IDLE_BUFFER_MAX_BYTES)
        kk_buf_done(buf);
    kk_buf_clear(buf);
    buf->max_bytes = max_bytes;
}

/* Writing */

static void forget_collected(struct archive_file *self)
{
    self->entry_count = 0;
    kk_buf_clear(&self->raw);
}

static enum kk_code pack(struct archive_file *self, struct kk_sv raw, struct kk_err *err)
{
    size_t bound = ZSTD_compressBound(raw.len);

    kk_buf_clear(&self->packed);

    char *room = kk_buf_room(&self->packed, bound);

    if (!room)
        return kk_fail(err, KK_NO_MEMORY, "no memory to compress %zu bytes", raw.len);

    size_t len = ZSTD_compress2(self->packer, room, bound, raw.ptr, raw.len);

    if (ZSTD_isError(len))
        return kk_fail(err, KK_NO_MEMORY, "zstd: %s", ZSTD_getErrorName(len));
    self->packed.len = len;
    return KK_OK;
}

/* *ret_is_new false: a body of that key is there already. */
static enum kk_code add_body(struct archive_file *self, const struct entry *entry, int64_t block_id, bool *ret_is_new,
                             struct kk_err *err)
{
    static const struct db_sql sql = {"INSERT OR IGNORE INTO body (key, block_id, at, bytes) VALUES (?, ?, ?, ?)"};
    struct db_stmt *q = db_use(self->db, &sql);
    int64_t change_count = 0;

    db_put_blob(q, (struct kk_sv){(const char *)entry->key.byte, KK_HASH_BYTES});
    db_put_int(q, block_id);
    db_put_int(q, (int64_t)entry->at);
    db_put_int(q, (int64_t)entry->bytes);

    enum kk_code rc = db_run(q, &change_count, err);

    *ret_is_new = change_count > 0;
    return rc;
}

static enum kk_code add_block(struct archive_file *self, int64_t block_id, size_t raw_bytes, size_t body_count,
                              struct kk_err *err)
{
    static const struct db_sql add = {"INSERT INTO block (id, created_at_ms, raw_bytes, zstd) VALUES (?, ?, ?, ?)"};
    static const struct db_sql count = {"UPDATE total SET body_count = body_count + ?, raw_bytes = raw_bytes + ?"};
    struct db_stmt *q = db_use(self->db, &add);

    db_put_int(q, block_id);
    db_put_int(q, kk_wall_ms(self->clock));
    db_put_int(q, (int64_t)raw_bytes);
    db_put_blob(q, kk_buf_sv(&self->packed));

    enum kk_code rc = db_run(q, NULL, err);

    if (rc)
        return rc;
    q = db_use(self->db, &count);
    db_put_int(q, (int64_t)body_count);
    db_put_int(q, (int64_t)raw_bytes);
    return db_run(q, NULL, err);
}

static enum kk_code begin(struct archive_file *self, struct kk_err *err)
{
    enum kk_code rc = self->is_in_transaction ? KK_OK : db_begin(self->db, err);

    if (!rc)
        self->is_in_transaction = true;
    return rc;
}

/* Writes the bodies of raw that are not there yet; raw is closed up over those that are. Their keys go first: a body
 * that is known then costs one look into an index, and no compression. */
static enum kk_code write_block(struct archive_file *self, char *raw, struct entry *entries, size_t count,
                                struct kk_err *err)
{
    static const struct db_sql next_id = {"SELECT coalesce(max(id), 0) + 1 FROM block"};
    int64_t block_id = 0;
    size_t new_count = 0, len = 0;
    enum kk_code rc = begin(self, err);

    if (!rc)
        rc = db_number(db_use(self->db, &next_id), &block_id, err);
    for (size_t i = 0; i < count && !rc; i++) {
        size_t from = entries[i].at;
        bool is_new = false;

        entries[i].at = len;
        rc = add_body(self, &entries[i], block_id, &is_new, err);
        if (!is_new)
            continue;
        if (from != len)
            memmove(raw + len, raw + from, entries[i].bytes);
        len += entries[i].bytes;
        new_count++;
    }
    if (rc || new_count == 0)
        return rc;
    rc = pack(self, (struct kk_sv){raw, len}, err);
    return rc ? rc : add_block(self, block_id, len, new_count, err);
}

static enum kk_code write_collected(struct archive_file *self, struct kk_err *err)
{
    if (self->entry_count == 0)
        return KK_OK;

    enum kk_code rc = write_block(self, self->raw.ptr, self->entries, self->entry_count, err);

    forget_collected(self);
    return rc;
}

/* Nothing of this batch is kept; whoever calls sync() must hear of it, also when it was a put() that failed. */
static enum kk_code lose_batch(struct archive_file *self, enum kk_code code, const struct kk_err *why)
{
    if (self->is_in_transaction)
        db_rollback(self->db);
    self->is_in_transaction = false;
    forget_collected(self);
    self->lost = *why;
    self->lost.code = code;
    return code;
}

static enum kk_code tell_lost(const struct archive_file *self, struct kk_err *err)
{
    return kk_fail(err, self->lost.code, "archive: %s", self->lost.msg);
}

static bool is_collected(const struct archive_file *self, const struct kk_hash *key)
{
    for (size_t i = 0; i < self->entry_count; i++)
        if (kk_hash_eq(&self->entries[i].key, key))
            return true;
    return false;
}

static enum kk_code collect(struct archive_file *self, const struct kk_hash *key, struct kk_sv body, struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    if (body.len >= ALONE_BYTES) {
        struct entry alone = {.key = *key, .bytes = body.len};

        rc = write_block(self, (char *)body.ptr, &alone, 1, err); /* one body is never moved */
        give_back_if_large(&self->packed);
        return rc;
    }
    if (self->entry_count == BLOCK_MAX_BODIES || self->raw.len + body.len > BLOCK_MAX_BYTES)
        rc = write_collected(self, err);
    if (rc)
        return rc;
    self->entries[self->entry_count] = (struct entry){.key = *key, .at = self->raw.len, .bytes = body.len};
    kk_buf_add(&self->raw, body);
    if (self->raw.failed)
        return kk_buf_check(&self->raw, "the bodies in hand", err);
    self->entry_count++;
    return KK_OK;
}

static enum kk_code file_put(struct archive *a, struct kk_sv body, struct kk_hash *ret_key, struct kk_err *err)
{
    struct archive_file *self = self_of(a);
    struct kk_hash key = kk_sha256(body);
    struct kk_err why = {0};
    enum kk_code rc;

    if (self->lost.code)
        return tell_lost(self, err);
    if (body.len > BODY_MAX_BYTES)
        return kk_fail(err, KK_BAD_INPUT, "archive: a body of %zu bytes is too large", body.len);
    if (!is_collected(self, &key)) {
        rc = collect(self, &key, body, &why);
        if (rc) {
            lose_batch(self, rc, &why);
            return tell_lost(self, err);
        }
    }
    *ret_key = key;
    return KK_OK;
}

static enum kk_code file_sync(struct archive *a, struct kk_err *err)
{
    struct archive_file *self = self_of(a);
    struct kk_err why = {0};
    enum kk_code rc = self->lost.code;

    if (!rc) {
        rc = write_collected(self, &why);
        if (!rc && self->is_in_transaction) {
            self->is_in_transaction = false; /* a commit ends it, whatever it returns */
            rc = db_commit(self->db, &why);
        }
        if (rc)
            lose_batch(self, rc, &why);
    }
    if (rc)
        tell_lost(self, err);
    self->lost = (struct kk_err){0};
    return rc;
}

/* Reading */

static enum kk_code corrupt(const struct archive_file *self, int64_t block_id, struct kk_err *err)
{
    return kk_fail(err, KK_CORRUPT, "archive: block %" PRId64 " of %s is damaged", block_id, self->path);
}

static enum kk_code unpack(struct archive_file *self, struct kk_sv packed, int64_t block_id, size_t raw_bytes,
                           struct kk_err *err)
{
    char *room;

    if (!self->unpacker)
        self->unpacker = ZSTD_createDCtx();
    give_back_if_large(&self->read_raw);
    room = self->unpacker ? kk_buf_room(&self->read_raw, raw_bytes) : NULL;
    if (!room)
        return kk_fail(err, KK_NO_MEMORY, "archive: no memory to unpack %zu bytes", raw_bytes);

    size_t len = ZSTD_decompressDCtx(self->unpacker, room, raw_bytes, packed.ptr, packed.len);

    if (ZSTD_isError(len) || len != raw_bytes)
        return corrupt(self, block_id, err);
    self->read_raw.len = len;
    return KK_OK;
}

static enum kk_code read_block(struct archive_file *self, int64_t block_id, struct kk_err *err)
{
    static const struct db_sql sql = {"SELECT raw_bytes, zstd FROM block WHERE id = ?"};
    struct db_stmt *q = db_use(self->db, &sql);
    enum kk_code rc = KK_OK;

    self->read_block_id = 0;
    db_put_int(q, block_id);
    if (!db_row(q, &rc, err))
        return rc ? rc : corrupt(self, block_id, err);

    int64_t raw_bytes = db_get_int(q);
    struct kk_sv packed = db_get_sv(q);

    rc = raw_bytes < 0 || raw_bytes > BODY_MAX_BYTES ? corrupt(self, block_id, err)
                                                     : unpack(self, packed, block_id, (size_t)raw_bytes, err);
    db_done(q);
    if (!rc)
        self->read_block_id = block_id;
    return rc;
}

struct place {
    int64_t block_id, at, bytes;
};

static enum kk_code find_body(struct archive_file *self, const struct kk_hash *key, struct place *ret,
                              struct kk_err *err)
{
    static const struct db_sql sql = {"SELECT block_id, at, bytes FROM body WHERE key = ?"};
    struct db_stmt *q = db_use(self->db, &sql);
    char text[KK_HASH_TEXT_BYTES];
    enum kk_code rc = KK_OK;

    db_put_blob(q, (struct kk_sv){(const char *)key->byte, KK_HASH_BYTES});
    if (!db_row(q, &rc, err)) {
        kk_hash_text(key, text);
        return rc ? rc : kk_fail(err, KK_NOT_FOUND, "no body %s in %s", text, self->path);
    }
    ret->block_id = db_get_int(q);
    ret->at = db_get_int(q);
    ret->bytes = db_get_int(q);
    db_done(q);
    return KK_OK;
}

/* The body in the unpacked block; false: there is none of that hash. */
static bool body_of(const struct archive_file *self, const struct place *place, const struct kk_hash *key,
                    struct kk_sv *ret)
{
    int64_t len = (int64_t)self->read_raw.len;

    if (place->at < 0 || place->bytes < 0 || place->at > len || place->bytes > len - place->at)
        return false;
    *ret = (struct kk_sv){self->read_raw.ptr + place->at, (size_t)place->bytes};

    struct kk_hash hash = kk_sha256(*ret);

    return kk_hash_eq(&hash, key);
}

static enum kk_code file_get(struct archive *a, const struct kk_hash *key, struct kk_buf *ret_body, struct kk_err *err)
{
    struct archive_file *self = self_of(a);
    struct kk_sv body = {0};
    struct place place = {0};
    enum kk_code rc = find_body(self, key, &place, err);

    if (rc)
        return rc;
    /* A block's number may be given again after a rollback, or by another process: what does not fit is read anew. */
    if (place.block_id != self->read_block_id || !body_of(self, &place, key, &body)) {
        rc = read_block(self, place.block_id, err);
        if (rc)
            return rc;
        if (!body_of(self, &place, key, &body))
            return corrupt(self, place.block_id, err);
    }
    kk_buf_add(ret_body, body);
    return kk_buf_check(ret_body, "the body", err);
}

static enum kk_code file_size(struct archive *a, int64_t *ret_count, int64_t *ret_bytes, struct kk_err *err)
{
    static const struct db_sql bodies = {"SELECT body_count FROM total"};
    static const struct db_sql pages = {"SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"};
    struct archive_file *self = self_of(a);
    enum kk_code rc = db_number(db_use(self->db, &bodies), ret_count, err);

    return rc ? rc : db_number(db_use(self->db, &pages), ret_bytes, err);
}

static void file_close(struct archive *a)
{
    struct archive_file *self = self_of(a);

    db_close(self->db); /* rolls back what was not synced */
    ZSTD_freeCCtx(self->packer);
    ZSTD_freeDCtx(self->unpacker);
    kk_buf_done(&self->raw);
    kk_buf_done(&self->packed);
    kk_buf_done(&self->read_raw);
    free(self);
}

static const struct archive_ops file_ops = {
    .name = "file",
    .put = file_put,
    .sync = file_sync,
    .get = file_get,
    .size = file_size,
    .close = file_close,
};

/* Opening */

static const char schema[] =
    "CREATE TABLE block (id INTEGER NOT NULL PRIMARY KEY, created_at_ms INTEGER NOT NULL, raw_bytes INTEGER NOT NULL,"
    " zstd BLOB NOT NULL);"
    "CREATE TABLE body (key BLOB NOT NULL PRIMARY KEY, block_id INTEGER NOT NULL, at INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE total (body_count INTEGER NOT NULL, raw_bytes INTEGER NOT NULL);"
    "INSERT INTO total VALUES (0, 0);"
    "PRAGMA user_version = 1;";

static enum kk_code read_version(struct archive_file *self, int64_t *ret, struct kk_err *err)
{
    static const struct db_sql sql = {"PRAGMA user_version"};

    return db_number(db_use(self->db, &sql), ret, err);
}

/* Looks again inside the transaction: two processes may find an empty file at once. */
static enum kk_code make_schema(struct archive_file *self, struct kk_err *err)
{
    int64_t version = 0;
    enum kk_code rc = db_begin(self->db, err);

    if (rc)
        return rc;
    rc = read_version(self, &version, err);
    if (!rc && version == 0)
        rc = db_exec(self->db, schema, err);
    return db_end(self->db, rc, err);
}

static enum kk_code open_db(struct archive_file *self, const char *vfs, struct kk_err *err)
{
    struct db_sqlite_options options = {.vfs = vfs, .setting = "archive.url"};
    int64_t version = 0;
    enum kk_code rc = db_sqlite_open(self->path, &options, &self->db, err);

    if (!rc) /* keys fall at random, so that a larger cache hardly hits more; short checkpoints hold the loop less */
        rc = db_exec(self->db, "PRAGMA cache_size = -2048; PRAGMA wal_autocheckpoint = 1000", err);
    if (!rc)
        rc = read_version(self, &version, err);
    if (!rc && version > SCHEMA)
        rc = kk_fail(err, KK_TOO_NEW, "%s was written by a newer kkachi (schema %" PRId64 ", this one knows %d)",
                     self->path, version, SCHEMA);
    if (!rc && version < SCHEMA)
        rc = make_schema(self, err);
    return rc;
}

enum kk_code archive_file_open(const char *dir, const char *vfs, const struct kk_clock *clock,
                               struct archive **ret_archive, struct kk_err *err)
{
    struct archive_file *self = calloc(1, sizeof(*self));
    enum kk_code rc = KK_OK;

    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the archive");
    self->base.ops = &file_ops;
    self->clock = clock;
    self->raw = KK_BUF(BLOCK_MAX_BYTES);
    self->packed = KK_BUF(ZSTD_compressBound(BODY_MAX_BYTES));
    self->read_raw = KK_BUF(BODY_MAX_BYTES);
    self->packer = ZSTD_createCCtx();
    if (!self->packer || ZSTD_isError(ZSTD_CCtx_setParameter(self->packer, ZSTD_c_compressionLevel, ZSTD_LEVEL)))
        rc = kk_fail(err, KK_NO_MEMORY, "no memory for the archive");
    if (!rc && snprintf(self->path, sizeof(self->path), "%s/archive.db", dir) >= (int)sizeof(self->path))
        rc = kk_fail(err, KK_BAD_INPUT, "the archive's path is longer than %zu bytes", sizeof(self->path) - 1);
    if (!rc && !vfs)
        rc = folder_make(dir, err);
    if (!rc)
        rc = open_db(self, vfs, err);
    if (rc) {
        file_close(&self->base);
        return kk_while(err, rc, "archive");
    }
    *ret_archive = &self->base;
    return KK_OK;
}
