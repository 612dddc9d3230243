#include "contract/moto_world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/aws/aws_wait.h"
#include "adapters/clock/clock_system.h"
#include "support/check.h"

#define PYTHON "build/aws-venv/bin/python"
#define SERVER "tests/aws/moto_clock.py"
#define START_TRIES 300
#define START_WAIT_US 100000

extern char **environ;
char moto_endpoint[64];
static pid_t moto_pid;
static char clock_file[] = "/tmp/kk-moto-clock-XXXXXX";
static int64_t ahead_ms;
static struct kk_clock world_clock;
static struct kk_rng rng;

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    close(fd);
    return ntohs(address.sin_port);
}

static bool answers(void)
{
    const struct http_settings settings = {.max_transfers = 1};
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(1 << 20);
    struct http_request request = {
        .method = HTTP_POST, .timeout_ms = 5000, .max_body_bytes = 1 << 20, .max_header_bytes = 16384};
    struct http *http = NULL;
    char url[96];
    int status = 0;
    enum kk_code rc;

    snprintf(url, sizeof(url), "%s/moto-api/reset", moto_endpoint);
    request.url = kk_sv_of(url);
    CHECK(http_open(&settings, &http, NULL) == KK_OK);
    rc = aws_wait(http, &request, &status, &body, NULL);
    http_close(http);
    return !rc && status == 200;
}

static void write_clock(void)
{
    FILE *file = fopen(clock_file, "we");

    CHECK(file);
    fprintf(file, "%lld", (long long)ahead_ms);
    CHECK(fclose(file) == 0);
}

void moto_pass(int64_t ms)
{
    ahead_ms += ms;
    write_clock();
}

bool moto_start(const char *what)
{
    char port[8];
    char *arguments[] = {(char *)PYTHON, (char *)SERVER, (char *)"-H", (char *)"127.0.0.1", (char *)"-p", port, NULL};
    posix_spawn_file_actions_t files;
    int fd;

    if (access(PYTHON, X_OK)) {
        print_message("1..1\nok 1 - %s # SKIP no " PYTHON "; run tools/aws-venv\n", what);
        return false;
    }
    fd = mkstemp(clock_file);
    CHECK(fd >= 0 && close(fd) == 0);
    setenv("KK_MOTO_CLOCK", clock_file, 1);
    world_clock = clock_system();
    rng = rng_system();
    setenv("AWS_ACCESS_KEY_ID", "kkachi", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "of-the-tests", 1);
    setenv("AWS_REGION", "us-east-1", 1);
    snprintf(port, sizeof(port), "%d", free_port());
    snprintf(moto_endpoint, sizeof(moto_endpoint), "http://127.0.0.1:%s", port);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    CHECK(posix_spawn(&moto_pid, PYTHON, &files, NULL, arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&files);
    for (int i = 0; i < START_TRIES; i++) {
        if (answers())
            return true;
        usleep(START_WAIT_US);
    }
    moto_stop();
    print_error("moto's server does not start\n");
    exit(1);
}

void moto_stop(void)
{
    if (moto_pid > 0) {
        kill(moto_pid, SIGTERM);
        waitpid(moto_pid, NULL, 0);
    }
    moto_pid = 0;
    unlink(clock_file);
}

void moto_reset(void)
{
    ahead_ms = 0;
    write_clock();
    CHECK(answers());
}

struct aws *moto_aws(void)
{
    struct aws *aws = NULL;
    struct kk_err err = {0};

    CHECK_OK(aws_open(&world_clock, &rng, &aws, &err), &err);
    return aws;
}
