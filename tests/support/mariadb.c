#include "support/mariadb.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/folder.h"

#define SCRIPT "tools/test-mariadb"
#define START_TRIES 600
#define START_WAIT_US 50000
#define STATUS_NONE 77

extern char **environ;
char mariadb_socket[256];
int mariadb_port;
static char folder[TEST_PATH_BYTES];
static pid_t server;

static bool answers(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char greeting;
    bool is_there;

    CHECK(fd >= 0 && strlen(mariadb_socket) < sizeof(address.sun_path));
    memcpy(address.sun_path, mariadb_socket, strlen(mariadb_socket) + 1);
    is_there = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && read(fd, &greeting, 1) == 1;
    close(fd);
    return is_there;
}

/* "FOLDER PORT", or nothing when it could not be started. */
static bool read_place(int fd)
{
    FILE *in = fdopen(fd, "r");
    char line[TEST_PATH_BYTES + 16] = "";
    bool is_read;

    CHECK(in);
    is_read = fgets(line, sizeof(line), in) && sscanf(line, "%255s %d", folder, &mariadb_port) == 2;
    fclose(in);
    return is_read;
}

static void wait_for_it(void)
{
    snprintf(mariadb_socket, sizeof(mariadb_socket), "%.240s/sock", folder);
    for (int i = 0; i < START_TRIES; i++) {
        if (answers())
            return;
        usleep(START_WAIT_US);
    }
    print_error("MariaDB does not start; %s/log may say why\n", folder);
    exit(1);
}

bool mariadb_start(const char *what, const char *option)
{
    char *arguments[] = {(char *)SCRIPT, (char *)(uintptr_t)option, NULL};
    posix_spawn_file_actions_t files;
    int ends[2], status = 0;

    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    CHECK(posix_spawn(&server, SCRIPT, &files, NULL, arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    if (read_place(ends[0])) {
        wait_for_it();
        atexit(mariadb_stop);
        return true;
    }
    waitpid(server, &status, 0);
    server = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != STATUS_NONE)
        exit(1);
    print_message("1..1\nok 1 - %s # SKIP no MariaDB server on this machine\n", what);
    return false;
}

void mariadb_stop(void)
{
    if (server > 0) {
        kill(server, SIGKILL); /* nothing of it is kept */
        waitpid(server, NULL, 0);
        test_folder_remove(folder);
    }
    server = 0;
}
