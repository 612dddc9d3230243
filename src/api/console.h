/* api/console.h: the operators' pages (docs/console.md): files that travel in the binary, and who is logged in. */
#ifndef KK_API_CONSOLE_H
#define KK_API_CONSOLE_H

#include "api/call.h"

struct console_file { /* the table of them comes from the build (web/build); it ends with a NULL path */
    const char *path, *type, *etag;
    const char *plain, *gzip; /* gzip NULL: it would not be smaller */
    size_t plain_bytes, gzip_bytes;
    bool is_named_by_content; /* so that it never changes under its address */
};
extern const struct console_file console_files[];

/* True: the path is one of the files, and it is answered. They are for anyone: they hold no data. */
bool console_answer(struct api_call *call);
/* The key that the cookie of a session stands for, as the store knows it now. KK_NOT_FOUND: there is no such cookie,
 * and no session. KK_DENIED: the key is no longer good, or a write lacks the token against forgery; err says which. */
enum kk_code console_key(struct api_call *call, struct kk_err *err);

enum kk_code console_login(struct api_call *call, struct kk_err *err);
enum kk_code console_show_session(struct api_call *call, struct kk_err *err);
enum kk_code console_logout(struct api_call *call, struct kk_err *err);

#endif
