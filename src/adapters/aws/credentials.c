#include "adapters/aws/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/aws/aws_wait.h"
#include "adapters/http/http_error.h"
#include "base/json.h"

#define FILE_MAX_BYTES (256 * 1024)
#define PATH_MAX_BYTES 1024
#define RENEW_BEFORE_MS (5 * KK_MINUTE_MS)
#define RENEW_AGAIN_MS (30 * KK_SECOND_MS)
#define ENDPOINT_TIMEOUT_MS (2 * KK_SECOND_MS)
#define CONTAINER_HOST "http://169.254.170.2"
#define MACHINE_HOST "http://169.254.169.254"
#define ANSWER_MAX_BYTES (64 * 1024)

static struct kk_sv from_environment(const char *name)
{
    return kk_sv_trim(kk_sv_of(getenv(name)));
}

/* ---- files ---- */

static void read_file(const char *path, struct kk_buf *out)
{
    FILE *file = fopen(path, "re");
    char chunk[4096];
    size_t len;

    if (!file)
        return;
    do { /* a short read is the file's end */
        len = fread(chunk, 1, sizeof(chunk), file);
        kk_buf_add(out, (struct kk_sv){chunk, len});
    } while (len == sizeof(chunk) && !out->failed);
    fclose(file);
    if (out->failed)
        kk_buf_clear(out);
}

static void read_shared(const char *variable, const char *name, struct kk_buf *out)
{
    struct kk_sv named = from_environment(variable), home = from_environment("HOME");
    char path[PATH_MAX_BYTES];

    if (named.len)
        snprintf(path, sizeof(path), KK_SV_FMT, KK_SV_ARG(named));
    else
        snprintf(path, sizeof(path), KK_SV_FMT "/.aws/%s", KK_SV_ARG(home), name);
    read_file(path, out);
}

/* "[name]"; the config file says "[profile name]" of all but the default. */
static bool is_section(struct kk_sv line, struct kk_sv section)
{
    struct kk_sv name;

    if (line.len < 2 || line.ptr[0] != '[')
        return false;
    name = (struct kk_sv){line.ptr + 1, line.len - 1};
    name = kk_sv_trim(kk_sv_cut(&name, ']'));
    if (kk_sv_starts(name, KK_SV("profile ")))
        name = kk_sv_trim((struct kk_sv){name.ptr + 8, name.len - 8});
    return kk_sv_eq(name, section);
}

struct kk_sv credentials_ini(struct kk_sv text, struct kk_sv section, struct kk_sv key)
{
    struct kk_sv rest = text, found = {0};
    bool is_here = false;

    while (rest.ptr && rest.len) {
        struct kk_sv line = kk_sv_cut(&rest, '\n'), value;

        while (line.len && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (line.len && line.ptr[0] == '[')
            is_here = is_section(line, section);
        if (!is_here || !line.len || strchr("[#; \t", line.ptr[0])) /* a blank first: it belongs to the line before */
            continue;
        value = line;
        if (kk_sv_eq(kk_sv_trim(kk_sv_cut(&value, '=')), key))
            found = kk_sv_trim(value);
    }
    return found;
}

static struct kk_sv profile(void)
{
    struct kk_sv name = from_environment("AWS_PROFILE");

    return name.len ? name : KK_SV("default");
}

void credentials_region(char ret[AWS_REGION_BYTES])
{
    KK_CLEANUP(kk_buf_done) struct kk_buf config = KK_BUF(FILE_MAX_BYTES);
    struct kk_sv region = from_environment("AWS_REGION");

    if (!region.len)
        region = from_environment("AWS_DEFAULT_REGION");
    if (!region.len) {
        read_shared("AWS_CONFIG_FILE", "config", &config);
        region = credentials_ini(kk_buf_sv(&config), profile(), KK_SV("region"));
    }
    kk_sv_copy(region, ret, AWS_REGION_BYTES);
}

/* ---- one source each; false: it has none ---- */

static bool keep(struct credentials *keys, struct kk_sv access_key, struct kk_sv secret, struct kk_sv token,
                 const char *from)
{
    if (!access_key.len || !secret.len || !kk_sv_copy(access_key, keys->access_key, sizeof(keys->access_key)) ||
        !kk_sv_copy(secret, keys->secret, sizeof(keys->secret)) || !kk_sv_copy(token, keys->token, sizeof(keys->token)))
        return false;
    keys->from = from;
    keys->ends_at_ms = 0;
    return true;
}

static bool find_in_environment(struct credentials *keys)
{
    return keep(keys, from_environment("AWS_ACCESS_KEY_ID"), from_environment("AWS_SECRET_ACCESS_KEY"),
                from_environment("AWS_SESSION_TOKEN"), "the environment");
}

static bool find_in_files(struct credentials *keys)
{
    static const struct {
        const char *variable, *name, *from;
    } files[] = {{"AWS_SHARED_CREDENTIALS_FILE", "credentials", "the shared credentials file"},
                 {"AWS_CONFIG_FILE", "config", "the shared config file"}};
    bool is_found = false;

    for (size_t i = 0; !is_found && i < KK_COUNT(files); i++) {
        KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(FILE_MAX_BYTES);
        struct kk_sv all;

        read_shared(files[i].variable, files[i].name, &text);
        all = kk_buf_sv(&text);
        is_found = keep(keys, credentials_ini(all, profile(), KK_SV("aws_access_key_id")),
                        credentials_ini(all, profile(), KK_SV("aws_secret_access_key")),
                        credentials_ini(all, profile(), KK_SV("aws_session_token")), files[i].from);
        if (text.ptr)
            explicit_bzero(text.ptr, text.cap);
    }
    return is_found;
}

/* ---- endpoints ---- */

static enum kk_code ask(struct http *http, enum http_method method, const char *url, const char *headers,
                        struct kk_buf *ret_body, struct kk_err *err)
{
    const struct http_request request = {.method = method,
                                         .url = kk_sv_of(url),
                                         .headers = kk_sv_of(headers),
                                         .timeout_ms = ENDPOINT_TIMEOUT_MS,
                                         .max_body_bytes = ANSWER_MAX_BYTES,
                                         .max_header_bytes = ANSWER_MAX_BYTES};
    struct kk_sv host = http_authority(kk_sv_of(url));
    int status = 0;
    enum kk_code rc = aws_wait(http, &request, &status, ret_body, err);

    if (rc)
        return kk_while(err, rc, "ask " KK_SV_FMT " for credentials", KK_SV_ARG(host));
    if (status != 200)
        return kk_fail(err, KK_DENIED,
                       KK_SV_FMT " gives no credentials: it answered %d; has the task or the machine a role?",
                       KK_SV_ARG(host), status);
    return KK_OK;
}

/* "2026-11-22T09:30:00Z" */
static int64_t time_of(struct kk_sv text)
{
    int year, month, day, hour, minute, second;
    char copy[KK_ISO_BYTES];

    if (!kk_sv_copy(text, copy, sizeof(copy)) ||
        sscanf(copy, "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) != 6 || month < 1 ||
        month > 12)
        return 0;
    return kk_time_from_civil(year, month, day, hour, minute, second);
}

static enum kk_code read_answer(struct credentials *keys, const struct kk_buf *body, const char *from,
                                struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv access_key = {0}, secret = {0}, token = {0}, ends = {0};
    struct kk_jv root;
    enum kk_code rc = kk_json_parse(kk_buf_sv(body), &json, err);

    if (rc)
        return kk_while(err, rc, "credentials of %s", from);
    root = kk_json_root(json);
    kk_jv_str(kk_jv_get(root, "AccessKeyId"), &access_key);
    kk_jv_str(kk_jv_get(root, "SecretAccessKey"), &secret);
    kk_jv_str(kk_jv_get(root, "Token"), &token);
    kk_jv_str(kk_jv_get(root, "Expiration"), &ends);
    if (!keep(keys, access_key, secret, token, from))
        return kk_fail(err, KK_MISMATCH, "the answer of %s holds no credentials", from);
    keys->ends_at_ms = time_of(ends);
    return KK_OK;
}

/* A token of ours must not be sent to any host that a variable names. */
static bool is_near(struct kk_sv url)
{
    static const char *const hosts[] = {"127.0.0.1",      "localhost", "169.254.170.2",
                                        "169.254.170.23", "[::1]",     "[fd00:ec2::23]"};
    struct kk_sv host = http_authority(url);

    if (kk_sv_starts(url, KK_SV("https://")))
        return true;
    for (size_t i = 0; i < KK_COUNT(hosts); i++) {
        struct kk_sv near = kk_sv_of(hosts[i]);

        if (kk_sv_starts(host, near) && (host.len == near.len || host.ptr[near.len] == ':'))
            return true;
    }
    return false;
}

static enum kk_code ask_container(struct credentials *keys, struct http *http, struct kk_sv relative, struct kk_sv full,
                                  struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(ANSWER_MAX_BYTES), token = KK_BUF(AWS_TOKEN_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf url = KK_BUF(4096), headers = KK_BUF(2 * AWS_TOKEN_BYTES);
    struct kk_sv file = from_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    enum kk_code rc;

    if (relative.len)
        kk_buf_add(&url, KK_SV(CONTAINER_HOST));
    kk_buf_add(&url, relative.len ? relative : full);
    if (!is_near(kk_buf_sv(&url)))
        return kk_fail(err, KK_BAD_INPUT, "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor of this machine");
    if (file.len) {
        char path[PATH_MAX_BYTES];

        if (kk_sv_copy(file, path, sizeof(path)))
            read_file(path, &token);
    } else {
        kk_buf_add(&token, from_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    }
    while (token.len && (token.ptr[token.len - 1] == '\n' || token.ptr[token.len - 1] == '\r'))
        token.len--;
    if (token.len)
        kk_buf_addf(&headers, "Authorization: " KK_SV_FMT "\n", KK_SV_ARG(kk_buf_sv(&token)));
    rc = ask(http, HTTP_GET, kk_buf_cstr(&url), kk_buf_cstr(&headers), &body, err);
    return rc ? rc : read_answer(keys, &body, "the container's endpoint", err);
}

/* IMDSv2: a token first, then the role's name, then its key. */
static enum kk_code ask_machine(struct credentials *keys, struct http *http, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(ANSWER_MAX_BYTES), token = KK_BUF(1024);
    KK_CLEANUP(kk_buf_done) struct kk_buf url = KK_BUF(2048), header = KK_BUF(2048), role = KK_BUF(512);
    struct kk_sv host = from_environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    enum kk_code rc;

    while (host.len && host.ptr[host.len - 1] == '/')
        host.len--;
    if (!host.len)
        host = KK_SV(MACHINE_HOST);
    kk_buf_addf(&url, KK_SV_FMT "/latest/api/token", KK_SV_ARG(host));
    rc = ask(http, HTTP_PUT, kk_buf_cstr(&url), "X-aws-ec2-metadata-token-ttl-seconds: 21600\n", &token, err);
    if (rc)
        return rc;
    kk_buf_addf(&header, "X-aws-ec2-metadata-token: " KK_SV_FMT "\n", KK_SV_ARG(kk_buf_sv(&token)));
    kk_buf_clear(&url);
    kk_buf_addf(&url, KK_SV_FMT "/latest/meta-data/iam/security-credentials/", KK_SV_ARG(host));
    rc = ask(http, HTTP_GET, kk_buf_cstr(&url), kk_buf_cstr(&header), &role, err);
    if (rc)
        return rc;

    struct kk_sv rest = kk_buf_sv(&role);
    struct kk_sv name = kk_sv_trim(kk_sv_cut(&rest, '\n'));

    kk_buf_addf(&url, KK_SV_FMT, KK_SV_ARG(name));
    rc = ask(http, HTTP_GET, kk_buf_cstr(&url), kk_buf_cstr(&header), &body, err);
    return rc ? rc : read_answer(keys, &body, "the machine's role", err);
}

/* ---- all together ---- */

static enum kk_code find(struct credentials *keys, struct http *http, struct kk_err *err)
{
    struct kk_sv relative = from_environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    struct kk_sv full = from_environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    enum kk_code rc;

    if (find_in_environment(keys) || find_in_files(keys))
        return KK_OK;
    if (relative.len || full.len)
        return ask_container(keys, http, relative, full, err);
    rc = kk_sv_eq_ci(from_environment("AWS_EC2_METADATA_DISABLED"), KK_SV("true")) ? KK_DENIED
                                                                                   : ask_machine(keys, http, err);
    if (rc)
        return kk_fail(err, KK_DENIED,
                       "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
                       "or give the task or the machine a role");
    return KK_OK;
}

enum kk_code credentials_get(struct credentials *keys, struct http *http, const struct kk_clock *clock,
                             struct kk_err *err)
{
    int64_t now_ms = kk_wall_ms(clock);
    bool is_good = keys->from && (!keys->ends_at_ms || now_ms < keys->ends_at_ms);
    struct credentials found = {.from = NULL};
    enum kk_code rc;

    if (is_good && (!keys->ends_at_ms || now_ms < keys->ends_at_ms - RENEW_BEFORE_MS || now_ms < keys->look_at_ms))
        return KK_OK;
    rc = find(&found, http, err);
    if (!rc)
        *keys = found;
    keys->look_at_ms = now_ms + RENEW_AGAIN_MS;
    explicit_bzero(&found, sizeof(found));
    return is_good ? KK_OK : rc;
}

struct sigv4_key credentials_key(const struct credentials *keys)
{
    return (struct sigv4_key){kk_sv_of(keys->access_key), kk_sv_of(keys->secret), kk_sv_of(keys->token)};
}

void credentials_wipe(struct credentials *keys)
{
    explicit_bzero(keys, sizeof(*keys));
}
