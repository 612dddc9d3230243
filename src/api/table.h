/* api/table.h: what can be asked, as three tables that check every request before a handler sees it and that write the
 * OpenAPI document: routes, the kinds of what they take, and the shapes of what they give. A name means the same in
 * every route. */
#ifndef KK_API_TABLE_H
#define KK_API_TABLE_H

#include "base/bytes.h"
#include "core/api_key.h"

struct api_call;

/* new route? Nothing else: the document, the role matrix and the fuzzer read this table. */
struct api_route {
    const char *method, *path; /* "/v1/sellers/{sellerId}": {name} is a kind */
    enum api_role role;
    enum kk_code (*handle)(struct api_call *call, struct kk_err *err);
    const char *meaning;
    /* Names with blanks between: of the body's members (POST, PATCH) or of the query's parameters; "@If-Match" is a
     * header, "status:TaskState" has a kind of another name, "period!" must be there. NULL: nothing. */
    const char *takes;
    /* "201 Seller", "200 [Task]" (a page of them), "200 text/plain". NULL: it is not for programs, and not in the
     * document. */
    const char *gives;
    const char *fails; /* further statuses, as in "404 409"; NULL: none but those that follow from the rest */
};
extern const struct api_route api_routes[]; /* ends with a NULL method */

enum api_form { API_TEXT, API_WHOLE, API_FLAG };
struct api_kind {
    const char *name;
    enum api_form form;
    int64_t min, max;                   /* of a number; of a text's characters */
    const char *pattern;                /* for the document: exactly what is_good says; NULL: any text */
    const char *values;                 /* the only ones, with blanks between; NULL: others too */
    bool (*is_good)(struct kk_sv text); /* NULL: what stands here is all */
    const char *meaning;                /* a sentence that also tells what is wrong with another value */
};
/* NULL: there is no such kind. */
const struct api_kind *api_kind_of(struct kk_sv name);
/* Whether the text, as it stands in an address, a header or a JSON string, is of the kind. */
bool api_kind_fits(const struct api_kind *kind, struct kk_sv text);

struct api_take { /* one name of a route's takes, read */
    struct kk_sv name;
    const struct api_kind *kind;
    bool is_header, is_needed;
};
/* Cuts the next one off *rest. False: there is none left. */
bool api_take_next(struct kk_sv *rest, struct api_take *ret);

/* Members with blanks between, each a text unless it says otherwise: "id:int at:time? changes:[FieldChange]"; '?' may
 * be null, '*' may be absent. A shape whose text begins with '|' is one of these words. */
struct api_shape {
    const char *name, *members;
};
extern const struct api_shape api_shapes[]; /* ends with a NULL name */

/* Checks path, query, headers and body of a call whose route is known. False: it was refused. */
bool api_check(struct api_call *call);

#define OPENAPI_MAX_BYTES ((size_t)1024 * 1024)
/* The OpenAPI 3.1 document of the tables. is_pretty: with line ends, for people. */
void openapi_write(bool is_pretty, struct kk_buf *out);

#endif
