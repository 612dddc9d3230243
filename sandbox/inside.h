/* sandbox/inside.h: what the files behind sandbox.h share. */
#ifndef SANDBOX_INSIDE_H
#define SANDBOX_INSIDE_H

#include "sandbox/body.h"
#include "sandbox/faults.h"
#include "sandbox/gate.h"
#include "sandbox/log.h"
#include "sandbox/replay.h"
#include "sandbox/reply.h"
#include "sandbox/sandbox.h"
#include "sandbox/world.h"

#define CONTROL_PREFIX "/__sandbox/"
#define HOME_HOP_PATH "/v2/m"

struct sandbox {
    struct sandbox_conf conf; /* its texts are not used after the start, but for list_path */
    char list_path[LOG_TARGET_BYTES];
    struct world *world;
    struct gate *gate;
    struct faults faults;
    struct body_store *bodies;
    struct log log;
    struct replay *replay;
    int64_t now_ms;                   /* the latest time that came in */
    int64_t started_at_ms, own_moves; /* moves made by itself since the start */
};

/* One request on its way. */
struct visit {
    const struct sandbox_request *request;
    struct kk_sv path, query;
    enum log_path kind;
    int64_t item_no; /* of a detail or options path */
    int64_t now_ms, token, wait_ms;
    uint64_t number, dice;
    int agent;
    enum gate_pass pass;
    enum fault fault;
    bool is_over_limit, is_dead_token;
};

/* answer.c: the site's own pages. */
void answer_home(struct sandbox *sandbox, const struct visit *visit, struct sandbox_reply *reply);
void answer_api(struct sandbox *sandbox, struct visit *visit, struct sandbox_reply *reply);
/* A refusal with a small JSON body. */
void answer_refusal(int status, const char *code, struct sandbox_reply *reply);
void answer_limited(struct sandbox *sandbox, const struct visit *visit, enum sandbox_retry_after form, int64_t wait_ms,
                    struct sandbox_reply *reply);

/* odd.c: faults. Instead of an answer (true: the reply is made), and to an answer that was made. */
bool odd_instead(struct sandbox *sandbox, const struct visit *visit, struct sandbox_reply *reply);
void odd_after(struct sandbox *sandbox, const struct visit *visit, struct sandbox_reply *reply);

/* control.c: everything under CONTROL_PREFIX. */
void control_respond(struct sandbox *sandbox, const struct visit *visit, struct sandbox_reply *reply);

#endif
