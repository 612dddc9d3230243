/* cmd/lock.h: who runs on a data folder. `kkachi up` holds it alone, `kkachi run` shares it; the kernel lets go of it
 * when a process dies, however it dies. The file names the last holder, for people. */
#ifndef KK_CMD_LOCK_H
#define KK_CMD_LOCK_H

#include "base/bytes.h"

#define LOCK_FILE "kkachi.lock"

struct lock {
    int fd; /* -1: not held */
    bool is_alone;
};
/* Takes the lock of the folder and holds it until lock_give(): alone where that can be, else, for one that may share,
 * together with others that share it. KK_CONFLICT: the sentence says who has it. KK_DENIED, KK_FULL: the file cannot be
 * written. who names the holder for people: "up", "run". */
enum kk_code lock_take(const char *dir, const char *who, bool may_share, struct lock *ret, struct kk_err *err);
/* Lets others in that share it. */
void lock_share(struct lock *lock);
void lock_give(struct lock *lock);
/* Does anybody run on the folder? Takes nothing. who, if not NULL, is told what the file says. */
bool lock_is_held(const char *dir, char *ret_who, size_t who_bytes);

#endif
