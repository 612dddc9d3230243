#include "cmd/office.h"

#include <pwd.h>

#include "cmd/nearest.h"
#include "cmd/say.h"
#include "ports/store.h"

/* "name@host", for whoever asks later. */
static void who_am_i(char ret[65])
{
    const struct passwd *user = getpwuid(getuid());
    char host[32] = "";

    gethostname(host, sizeof(host) - 1);
    snprintf(ret, 65, "%.30s@%.30s", user ? user->pw_name : "?", host);
}

int office_open(struct wire *office, struct call *call, unsigned parts)
{
    struct kk_err err = {0};

    if (wire_open(office, &call->config, parts, &err))
        return say_failure(&err);
    who_am_i(office->who);
    office->app.who = office->who;
    return EXIT_DONE;
}

bool office_id(const char *text, const char *what, int64_t *ret)
{
    if (kk_sv_i64(kk_sv_of(text), ret) && *ret > 0)
        return true;
    say_usage("\"%.60s\" is no %s: a number above 0", text, what);
    return false;
}

/* ---- sellers ---- */

struct seller_search {
    struct kk_sv typed;
    char name[SELLER_ID_BYTES];
    struct nearest nearest;
};

static bool try_seller(void *ctx, const struct seller *seller)
{
    struct seller_search *search = ctx;
    const char *before = search->nearest.name;
    int distance = search->nearest.distance;

    nearest_try(&search->nearest, search->typed, seller->seller_id);
    if (search->nearest.name && (search->nearest.name != before || search->nearest.distance != distance)) {
        kk_sv_copy(kk_sv_of(seller->seller_id), search->name, sizeof(search->name));
        search->nearest.name = search->name;
    }
    return true;
}

enum kk_code office_find_seller(struct store *store, const char *text, struct seller *ret, struct kk_err *err)
{
    struct seller_search search = {.typed = kk_sv_of(text)};
    enum kk_code rc = seller_id_check(search.typed, err);

    if (!rc)
        rc = store_get_seller(store, search.typed, ret, err);
    if (rc != KK_NOT_FOUND)
        return rc;
    rc = store_each_seller(store, try_seller, &search, err);
    if (rc)
        return rc;
    if (search.nearest.name)
        return kk_fail(err, KK_NOT_FOUND, "there is no seller \"%.70s\"; did you mean %s?", text, search.nearest.name);
    return kk_fail(err, KK_NOT_FOUND, "there is no seller \"%.70s\"; `kkachi seller add` registers one", text);
}

/* ---- agents ---- */

struct agent_search {
    const char *typed;
    int64_t id; /* 0: a name was typed */
    struct agent *ret;
    bool is_found;
};

static bool try_agent(void *ctx, const struct agent *agent)
{
    struct agent_search *search = ctx;

    if (search->id ? agent->id != search->id : strcmp(agent->name, search->typed) != 0)
        return true;
    *search->ret = *agent;
    search->is_found = true;
    return false;
}

enum kk_code office_find_agent(struct store *store, const char *text, struct agent *ret, struct kk_err *err)
{
    struct agent_search search = {.typed = text, .ret = ret};
    enum kk_code rc;

    if (!kk_sv_i64(kk_sv_of(text), &search.id) || search.id < 0)
        search.id = 0;
    rc = store_each_agent(store, try_agent, &search, err);
    if (rc)
        return rc;
    return search.is_found
               ? KK_OK
               : kk_fail(err, KK_NOT_FOUND, "there is no agent \"%.70s\"; `kkachi agent list` shows them", text);
}
