/* cmd/office.h: what the commands that people type have in common: ports opened, names looked up, news passed on. */
#ifndef KK_CMD_OFFICE_H
#define KK_CMD_OFFICE_H

#include "cmd/commands.h"
#include "cmd/wire.h"

/* Opens what the command needs; the exit status, 0 when it is open. */
int office_open(struct wire *office, struct call *call, unsigned parts);

/* A number from the command line; false, with a sentence said, when it is none. */
bool office_id(const char *text, const char *what, int64_t *ret);
/* An agent by its id or name. KK_NOT_FOUND names the nearest. */
enum kk_code office_find_agent(struct store *store, const char *text, struct agent *ret, struct kk_err *err);
/* A seller; KK_NOT_FOUND names the nearest. */
enum kk_code office_find_seller(struct store *store, const char *text, struct seller *ret, struct kk_err *err);

#endif
