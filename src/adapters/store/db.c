/* What all drivers share: nesting, the cache of prepared statements, and the words of a dialect. */
#include "adapters/store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define SQL_MAX_BYTES (64 * 1024)

void db_init(struct db *db, const struct db_ops *ops)
{
    *db = (struct db){.ops = ops};
    db->broken.db = db;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    while (db->depth > 0)
        db_rollback(db);
    for (size_t i = 0; i < DB_CACHE_SLOTS; i++)
        if (db->cache[i].handle)
            db->ops->finalize(db->cache[i].handle);
    while (db->spares) {
        struct db_stmt *spare = db->spares;

        db->spares = spare->next_spare;
        free(spare);
    }
    db->ops->close(db);
}

/* ---- transactions ---- */

/* A failure that says nothing about what was asked, only that the database cannot go on. */
static bool is_failure(enum kk_code code)
{
    return kk_code_may_retry(code) || code == KK_CORRUPT;
}

static void doom(struct db *db, const char *why)
{
    if (db->depth == 0 || db->is_doomed)
        return;
    db->is_doomed = true;
    kk_fail(&db->why_doomed, KK_CONFLICT, "the transaction cannot go on: %s", why);
}

static enum kk_code refuse_doomed(const struct db *db, struct kk_err *err)
{
    return kk_fail(err, KK_CONFLICT, "%s", db->why_doomed.msg);
}

static void ended(struct db *db)
{
    db->depth = 0;
    db->is_doomed = false;
    if (db->on_end)
        db->on_end(db->on_end_ctx);
}

enum kk_code db_begin(struct db *db, struct kk_err *err)
{
    enum kk_code rc;

    if (db->is_doomed)
        return refuse_doomed(db, err);
    if (db->depth == 0) {
        rc = db->ops->begin(db, err);
        if (rc)
            return rc;
    }
    db->depth++;
    return KK_OK;
}

enum kk_code db_commit(struct db *db, struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    KK_ASSERT(db->depth > 0);
    if (db->depth > 1) {
        db->depth--;
        return db->is_doomed ? refuse_doomed(db, err) : KK_OK;
    }
    rc = db->is_doomed ? refuse_doomed(db, err) : db->ops->commit(db, err);
    if (rc)
        db->ops->rollback(db);
    ended(db);
    return rc;
}

void db_rollback(struct db *db)
{
    if (db->depth == 0)
        return;
    if (db->depth > 1) {
        doom(db, "a part of it was rolled back");
        db->depth--;
        return;
    }
    db->ops->rollback(db);
    ended(db);
}

enum kk_code db_end(struct db *db, enum kk_code rc, struct kk_err *err)
{
    bool says_no = rc == KK_NOT_FOUND || rc == KK_CONFLICT;
    enum kk_code end;

    if (rc && !says_no) {
        db_rollback(db);
        return rc;
    }
    end = db_commit(db, rc ? NULL : err);
    return rc ? rc : end;
}

/* ---- the dialect ---- */

static const char *word_text(const struct db_ops *ops, struct kk_sv name)
{
    for (size_t i = 0; i < ops->word_count; i++)
        if (kk_sv_eq(name, kk_sv_of(ops->words[i].name)))
            return ops->words[i].text;
    return NULL;
}

static void add_word(const struct db_ops *ops, struct kk_sv word, struct kk_buf *out)
{
    struct kk_sv name = kk_sv_cut(&word, '(');
    const char *text = word_text(ops, name);

    KK_ASSERT(text); /* only our own statements come here */
    if (word.len)
        word.len--; /* the closing parenthesis */
    for (; *text; text++) {
        if (*text == '$')
            kk_buf_add(out, word);
        else
            kk_buf_addc(out, *text);
    }
}

void db_expand(const struct db_ops *ops, struct kk_sv text, struct kk_buf *out)
{
    while (text.len) {
        kk_buf_add(out, kk_sv_cut(&text, '{'));
        if (text.len)
            add_word(ops, kk_sv_cut(&text, '}'), out);
    }
}

enum kk_code db_exec(struct db *db, const char *text, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf sql = KK_BUF(SQL_MAX_BYTES);
    enum kk_code rc;

    db_expand(db->ops, kk_sv_of(text), &sql);
    rc = kk_buf_check(&sql, "a statement", err);
    return rc ? rc : db->ops->exec(db, kk_buf_cstr(&sql), err);
}

/* ---- statements ---- */

static struct db_stmt *break_use(struct db *db, enum kk_code code)
{
    db->broken.failed = code;
    return &db->broken;
}

static enum kk_code prepare(struct db *db, const char *text, void **ret_handle)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf sql = KK_BUF(SQL_MAX_BYTES);
    enum kk_code rc;

    db_expand(db->ops, kk_sv_of(text), &sql);
    rc = kk_buf_check(&sql, "a statement", &db->why_broken);
    return rc ? rc : db->ops->prepare(db, kk_buf_cstr(&sql), ret_handle, &db->why_broken);
}

static struct db_stmt *find_slot(struct db *db, const struct db_sql *sql)
{
    size_t at = ((uintptr_t)sql >> 3) * 0x9E3779B1u >> 7;

    for (;; at++) {
        struct db_stmt *slot = &db->cache[at % DB_CACHE_SLOTS];

        if (slot->sql == sql || !slot->sql)
            return slot;
    }
}

static struct db_stmt *open_spare(struct db *db, const char *text)
{
    struct db_stmt *q = db->spares;
    void *handle = NULL;
    enum kk_code rc = prepare(db, text, &handle);

    if (rc)
        return break_use(db, rc);
    if (q)
        db->spares = q->next_spare;
    else
        q = malloc(sizeof(*q));
    if (!q) {
        db->ops->finalize(handle);
        return break_use(db, kk_fail(&db->why_broken, KK_NO_MEMORY, "no memory for a statement"));
    }
    *q = (struct db_stmt){.db = db, .handle = handle, .is_spare = true, .is_busy = true};
    return q;
}

struct db_stmt *db_use_text(struct db *db, const char *text)
{
    if (db->is_doomed)
        return break_use(db, refuse_doomed(db, &db->why_broken));
    return open_spare(db, text);
}

struct db_stmt *db_use(struct db *db, const struct db_sql *sql)
{
    struct db_stmt *q = find_slot(db, sql);
    enum kk_code rc;

    if (db->is_doomed)
        return break_use(db, refuse_doomed(db, &db->why_broken));
    if (q->is_busy) /* a row function asks what is being answered to it */
        return open_spare(db, sql->text);
    if (!q->handle) {
        KK_ASSERT(db->cached_count < DB_CACHE_SLOTS / 2);
        rc = prepare(db, sql->text, &q->handle);
        if (rc)
            return break_use(db, rc);
        q->db = db;
        q->sql = sql;
        db->cached_count++;
    }
    q->put_at = 0;
    q->get_at = 0;
    q->failed = KK_OK;
    q->bad_column = NULL;
    q->is_busy = true;
    return q;
}

void db_put_int(struct db_stmt *q, int64_t number)
{
    if (!q->failed)
        q->failed = q->db->ops->bind_int(q->handle, q->put_at++, number);
}

void db_put_text(struct db_stmt *q, struct kk_sv text)
{
    if (!q->failed)
        q->failed = q->db->ops->bind_text(q->handle, q->put_at++, text);
}

void db_put_cstr(struct db_stmt *q, const char *text)
{
    db_put_text(q, kk_sv_of(text));
}

void db_put_blob(struct db_stmt *q, struct kk_sv bytes)
{
    if (!q->failed)
        q->failed = q->db->ops->bind_blob(q->handle, q->put_at++, bytes);
}

void db_put_null(struct db_stmt *q)
{
    if (!q->failed)
        q->failed = q->db->ops->bind_null(q->handle, q->put_at++);
}

void db_put_hash(struct db_stmt *q, const struct kk_hash *hash)
{
    if (!hash || kk_hash_is_zero(hash))
        db_put_null(q);
    else
        db_put_blob(q, (struct kk_sv){(const char *)hash->byte, KK_HASH_BYTES});
}

void db_done(struct db_stmt *q)
{
    if (!q->is_busy)
        return;
    q->is_busy = false;
    if (!q->is_spare) {
        q->db->ops->reset(q->handle);
        return;
    }
    q->db->ops->finalize(q->handle);
    q->handle = NULL;
    q->next_spare = q->db->spares;
    q->db->spares = q;
}

static enum kk_code fail_use(struct db_stmt *q, struct kk_err *err)
{
    struct db *db = q->db;
    enum kk_code code = q->failed;

    if (q == &db->broken) {
        if (err)
            *err = db->why_broken;
    } else {
        kk_fail(err, code, code == KK_NO_MEMORY ? "no memory for a value" : "a value is too long for the database");
        db_done(q);
    }
    if (is_failure(code))
        doom(db, err ? err->msg : kk_code_name(code));
    return code;
}

bool db_row(struct db_stmt *q, enum kk_code *ret_rc, struct kk_err *err)
{
    struct db *db = q->db;
    struct kk_err why; /* set by a failure only: a step is too frequent to clear it each time */
    bool has_row = false;
    enum kk_code rc;

    if (q->failed) {
        *ret_rc = fail_use(q, err);
        return false;
    }
    rc = db->ops->step(db, q->handle, &has_row, &why);
    if (rc) {
        if (err)
            *err = why;
        if (is_failure(rc))
            doom(db, why.msg);
    }
    q->get_at = 0;
    if (!has_row)
        db_done(q);
    *ret_rc = rc;
    return has_row;
}

enum kk_code db_run(struct db_stmt *q, int64_t *ret_changes, struct kk_err *err)
{
    struct db *db = q->db;
    enum kk_code rc;
    bool has_row = db_row(q, &rc, err);

    KK_ASSERT(!has_row); /* a statement that gives rows is read by db_row() */
    if (!rc && ret_changes)
        *ret_changes = db->ops->changes(db);
    return rc;
}

enum kk_code db_run_new(struct db_stmt *q, bool *ret_is_new, struct kk_err *err)
{
    struct kk_err why;
    enum kk_code rc = db_run(q, NULL, &why);

    if (rc && rc != KK_CONFLICT) {
        if (err)
            *err = why;
        return rc;
    }
    *ret_is_new = !rc;
    return KK_OK;
}

enum kk_code db_number(struct db_stmt *q, int64_t *ret, struct kk_err *err)
{
    enum kk_code rc;

    if (!db_row(q, &rc, err))
        return rc;
    if (!q->db->ops->column_is_null(q->handle, 0))
        *ret = db_get_int(q);
    db_done(q);
    return KK_OK;
}

/* ---- columns ---- */

int64_t db_get_int(struct db_stmt *q)
{
    return q->db->ops->column_int(q->handle, q->get_at++);
}

bool db_get_bool(struct db_stmt *q)
{
    return db_get_int(q) != 0;
}

struct kk_sv db_get_sv(struct db_stmt *q)
{
    return q->db->ops->column_bytes(q->handle, q->get_at++);
}

void db_bad(struct db_stmt *q, const char *column)
{
    if (!q->bad_column)
        q->bad_column = column;
}

void db_get_copy(struct db_stmt *q, char *dst, size_t dst_bytes)
{
    if (!kk_sv_copy(db_get_sv(q), dst, dst_bytes))
        db_bad(q, "a text");
}

void db_get_buf(struct db_stmt *q, struct kk_buf *out)
{
    kk_buf_clear(out);
    kk_buf_add(out, db_get_sv(q));
}

void db_get_hash(struct db_stmt *q, struct kk_hash *ret)
{
    struct kk_sv bytes = db_get_sv(q);

    *ret = (struct kk_hash){0};
    if (bytes.len == KK_HASH_BYTES)
        memcpy(ret->byte, bytes.ptr, KK_HASH_BYTES);
    else if (bytes.len)
        db_bad(q, "a hash");
}

enum kk_code db_row_check(struct db_stmt *q, const char *table, struct kk_err *err)
{
    const char *column = q->bad_column;

    if (!column)
        return KK_OK;
    q->bad_column = NULL;
    return kk_fail(err, KK_CORRUPT, "a row of table %s holds %s that kkachi did not write", table, column);
}
