#include "cmd/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/clock.h"

#define STOP_STEP_MS 20

/* In the new process: only what is safe between fork and exec. It has a process group of its own, so that Ctrl-C at the
 * terminal reaches only the parent, which then ends its children in order. */
_Noreturn static void become(const char *const *argv, pid_t parent, int out, int log)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0);
    if (getppid() != parent)
        _exit(1); /* it ended before we could ask to be told */
    if (dup2(out, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
        _exit(1);
    execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

enum kk_code child_start(struct child *child, const char *const *argv, const char *log, bool is_heard,
                         struct kk_err *err)
{
    int fds[3] = {-1, -1, open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)}; /* read, write, log */
    pid_t parent = getpid();

    *child = (struct child){.out_fd = -1};
    if (fds[2] < 0)
        return kk_fail(err, KK_DENIED, "%.150s: %s", log, strerror(errno));
    if (is_heard && pipe2(fds, O_CLOEXEC)) {
        close_all(fds, 3);
        return kk_fail(err, KK_UNAVAILABLE, "no pipe: %s", strerror(errno));
    }
    child->pid = fork();
    if (child->pid == 0)
        become(argv, parent, is_heard ? fds[1] : fds[2], fds[2]);
    if (child->pid < 0) {
        child->pid = 0;
        close_all(fds, 3);
        return kk_fail(err, KK_UNAVAILABLE, "no process can be started: %s", strerror(errno));
    }
    child->out_fd = fds[0];
    close_all(fds + 1, 2);
    return KK_OK;
}

enum kk_code child_read_line(struct child *child, int64_t timeout_ms, struct kk_buf *ret_line, struct kk_err *err)
{
    struct pollfd wait = {.fd = child->out_fd, .events = POLLIN};
    char byte;

    while (poll(&wait, 1, (int)timeout_ms) == 1) {
        ssize_t got = read(child->out_fd, &byte, 1);

        if (got <= 0)
            return kk_fail(err, KK_UNAVAILABLE, "it ended before it said anything");
        if (byte == '\n')
            return kk_buf_check(ret_line, "its first line", err);
        kk_buf_addc(ret_line, byte);
    }
    return kk_fail(err, KK_TIMEOUT, "it said nothing for %d s", (int)(timeout_ms / KK_SECOND_MS));
}

bool child_is_running(struct child *child)
{
    if (child->pid > 0 && waitpid(child->pid, NULL, WNOHANG) != 0)
        child->pid = 0;
    return child->pid > 0;
}

void child_stop(struct child *child, int64_t timeout_ms)
{
    const struct timespec step = {.tv_nsec = STOP_STEP_MS * 1000000L};

    if (child->pid > 0)
        kill(child->pid, SIGTERM);
    for (int64_t waited = 0; child_is_running(child) && waited < timeout_ms; waited += STOP_STEP_MS)
        nanosleep(&step, NULL);
    if (child_is_running(child)) {
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
        child->pid = 0;
    }
    if (child->out_fd >= 0)
        close(child->out_fd);
    child->out_fd = -1;
}
