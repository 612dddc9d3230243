/* Statements are prepared on the server and keep their text, so that a new connection prepares them again by itself.
 * Results are taken whole, because a row function may ask the same connection something else. */
#include "adapters/store/db_mysql_priv.h"

#include <stdlib.h>
#include <string.h>

#define STATEMENT_MAX_BYTES ((size_t)64 * 1024)

struct value {
    char *bytes; /* owned */
    unsigned long size, len;
    int64_t number;
    my_bool is_null;
    bool is_number;
};

struct stmt {
    struct db_mysql *db;
    MYSQL_STMT *stmt; /* NULL: none on this connection */
    char *sql;        /* owned */
    uint64_t generation;
    size_t param_count, column_count;
    MYSQL_BIND *param, *column;
    int64_t *number; /* of the parameters */
    struct value *value;
    bool is_run;
};

static enum kk_code fail_memory(struct kk_err *err)
{
    return kk_fail(err, KK_NO_MEMORY, "no memory for a statement");
}

static enum kk_code fail_stmt(struct stmt *q, struct kk_err *err)
{
    return db_mysql_fail(q->db, mysql_stmt_errno(q->stmt), mysql_stmt_error(q->stmt), err);
}

/* ---- prepared, and again after a lost connection ---- */

static void drop(struct stmt *q)
{
    for (size_t i = 0; i < q->column_count; i++)
        free(q->value[i].bytes);
    free(q->column);
    free(q->value);
    if (q->stmt)
        mysql_stmt_close(q->stmt);
    q->stmt = NULL;
    q->column = NULL;
    q->value = NULL;
    q->column_count = 0;
}

void db_mysql_finalize(void *handle)
{
    struct stmt *q = handle;

    drop(q);
    free(q->param);
    free(q->number);
    free(q->sql);
    free(q);
}

static bool is_integer(enum enum_field_types type)
{
    return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_LONG ||
           type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_INT24;
}

static bool make_room(struct stmt *q)
{
    MYSQL_RES *meta = mysql_stmt_result_metadata(q->stmt);
    size_t count = mysql_stmt_field_count(q->stmt);

    if (!q->param) { /* what is bound outlives the connection */
        q->param_count = mysql_stmt_param_count(q->stmt);
        q->param = calloc(q->param_count + 1, sizeof(*q->param));
        q->number = calloc(q->param_count + 1, sizeof(*q->number));
    }
    q->column = calloc(count + 1, sizeof(*q->column));
    q->value = calloc(count + 1, sizeof(*q->value));
    if (q->column && q->value) {
        q->column_count = count;
        for (size_t i = 0; meta && i < count; i++)
            q->value[i].is_number = is_integer(mysql_fetch_field_direct(meta, (unsigned)i)->type);
    }
    if (meta)
        mysql_free_result(meta);
    return q->param && q->number && q->column && q->value;
}

static enum kk_code prepare_now(struct stmt *q, struct kk_err *err)
{
    my_bool yes = 1;
    enum kk_code rc = db_mysql_need(q->db, err);

    if (rc)
        return rc;
    if (q->stmt && q->generation == q->db->generation)
        return KK_OK;
    drop(q);
    q->stmt = mysql_stmt_init(q->db->conn);
    if (!q->stmt)
        return fail_memory(err);
    if (mysql_stmt_prepare(q->stmt, q->sql, strlen(q->sql))) {
        rc = fail_stmt(q, err);
        drop(q);
        return rc;
    }
    mysql_stmt_attr_set(q->stmt, STMT_ATTR_UPDATE_MAX_LENGTH, &yes);
    if (!make_room(q)) {
        drop(q);
        return fail_memory(err);
    }
    q->generation = q->db->generation;
    return KK_OK;
}

enum kk_code db_mysql_prepare(struct db *db, const char *sql, void **ret_handle, struct kk_err *err)
{
    struct stmt *q = calloc(1, sizeof(*q));
    enum kk_code rc;

    if (!q)
        return fail_memory(err);
    q->db = (struct db_mysql *)db;
    q->sql = strndup(sql, STATEMENT_MAX_BYTES);
    rc = q->sql ? prepare_now(q, err) : fail_memory(err);
    if (rc && db->depth == 0 && !q->db->is_open && q->sql)
        rc = prepare_now(q, err); /* the server had closed an idle connection: once more */
    if (rc)
        db_mysql_finalize(q);
    else
        *ret_handle = q;
    return rc;
}

/* ---- values in ---- */

static enum kk_code bind(struct stmt *q, int at, MYSQL_BIND bound)
{
    if ((size_t)at >= q->param_count)
        return KK_BAD_INPUT;
    q->param[at] = bound;
    return KK_OK;
}

enum kk_code db_mysql_bind_int(void *handle, int at, int64_t number)
{
    struct stmt *q = handle;
    enum kk_code rc = bind(q, at, (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &q->number[at]});

    if (!rc)
        q->number[at] = number;
    return rc;
}

static MYSQL_BIND bytes_of(struct kk_sv bytes, enum enum_field_types type)
{
    const char *ptr = bytes.len ? bytes.ptr : "";

    return (MYSQL_BIND){.buffer_type = type, .buffer = (void *)(uintptr_t)ptr, .buffer_length = bytes.len};
}

enum kk_code db_mysql_bind_text(void *handle, int at, struct kk_sv text)
{
    return bind(handle, at, bytes_of(text, MYSQL_TYPE_STRING));
}

enum kk_code db_mysql_bind_blob(void *handle, int at, struct kk_sv bytes)
{
    return bind(handle, at, bytes_of(bytes, MYSQL_TYPE_BLOB));
}

enum kk_code db_mysql_bind_null(void *handle, int at)
{
    return bind(handle, at, (MYSQL_BIND){.buffer_type = MYSQL_TYPE_NULL});
}

/* ---- rows out ---- */

static bool bind_columns(struct stmt *q)
{
    MYSQL_RES *meta = mysql_stmt_result_metadata(q->stmt);
    bool has_room = true;

    for (size_t i = 0; meta && i < q->column_count; i++) {
        struct value *v = &q->value[i];
        unsigned long need = mysql_fetch_field_direct(meta, (unsigned)i)->max_length + 1;

        if (!v->is_number && need > v->size) {
            char *bytes = realloc(v->bytes, need);

            has_room = has_room && bytes;
            v->size = bytes ? need : v->size;
            v->bytes = bytes ? bytes : v->bytes;
        }
        q->column[i] = (MYSQL_BIND){.buffer_type = v->is_number ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_BLOB,
                                    .buffer = v->is_number ? (void *)&v->number : (void *)v->bytes,
                                    .buffer_length = v->is_number ? sizeof(v->number) : v->size,
                                    .length = &v->len,
                                    .is_null = &v->is_null};
    }
    if (meta)
        mysql_free_result(meta);
    return has_room && !mysql_stmt_bind_result(q->stmt, q->column);
}

static enum kk_code execute(struct stmt *q, struct kk_err *err)
{
    enum kk_code rc = prepare_now(q, err);

    if (rc)
        return rc;
    if ((q->param_count && mysql_stmt_bind_param(q->stmt, q->param)) || mysql_stmt_execute(q->stmt))
        return fail_stmt(q, err);
    if (q->column_count && mysql_stmt_store_result(q->stmt))
        return fail_stmt(q, err);
    q->is_run = true;
    q->db->used_at_ms = db_mysql_mono_ms();
    if (q->column_count)
        return bind_columns(q) ? KK_OK : fail_memory(err);
    q->db->changes = (int64_t)mysql_stmt_affected_rows(q->stmt);
    q->db->last_id = (int64_t)mysql_stmt_insert_id(q->stmt);
    q->db->has_written |= q->db->changes > 0;
    return KK_OK;
}

/* A question alone may be asked once more, on a new connection; a change may have been made. */
static enum kk_code run(struct stmt *q, struct kk_err *err)
{
    enum kk_code rc = execute(q, err);

    if (rc && !q->db->is_open && q->db->base.depth == 0 && q->column_count)
        rc = execute(q, err);
    return rc;
}

enum kk_code db_mysql_step(struct db *db, void *handle, bool *ret_row, struct kk_err *err)
{
    struct stmt *q = handle;
    enum kk_code rc = q->is_run ? KK_OK : run(q, err);
    int fetched;

    (void)db;
    *ret_row = false;
    if (rc || !q->column_count)
        return rc;
    fetched = mysql_stmt_fetch(q->stmt);
    if (fetched == 1)
        return fail_stmt(q, err);
    *ret_row = fetched != MYSQL_NO_DATA;
    return KK_OK;
}

void db_mysql_reset(void *handle)
{
    struct stmt *q = handle;

    if (q->is_run && q->column_count)
        mysql_stmt_free_result(q->stmt); /* it was taken whole: nothing is asked of the server */
    q->is_run = false;
}

int64_t db_mysql_column_int(void *handle, int at)
{
    struct value *v = &((struct stmt *)handle)->value[at];

    if (v->is_null)
        return 0;
    if (v->is_number)
        return v->number;
    v->bytes[v->len < v->size ? v->len : v->size - 1] = '\0';
    return strtoll(v->bytes, NULL, 10); /* a sum is a decimal */
}

struct kk_sv db_mysql_column_bytes(void *handle, int at)
{
    const struct value *v = &((struct stmt *)handle)->value[at];

    return v->is_null || v->is_number ? (struct kk_sv){NULL, 0} : (struct kk_sv){v->bytes, v->len};
}

bool db_mysql_column_is_null(void *handle, int at)
{
    return ((struct stmt *)handle)->value[at].is_null;
}
