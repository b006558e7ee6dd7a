/*
 * The connection of this process to the bench's board: one Unix socket, whose packets keep calls
 * and answers whole. Made when the process starts (exec) and made anew in a forked child, so that
 * no two processes share one; replaced when the program has closed it unawares.
 */
#define _GNU_SOURCE
#include "board_call.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTION_FD_MIN 512 /* low numbers are the program's, or passed to it by systemd */
#define CALL_HEADER offsetof(struct call, payload)
#define ANSWER_HEADER offsetof(struct answer, payload)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int connection = -1;
static ino_t connection_inode;

int has_board(void) { return getenv("DENBAN_BOARD_SOCKET") != NULL; }

static int connection_is_ours(void)
{
    struct stat now; /* a program that closes all descriptors may have got the number again */
    return connection >= 0 && fstat(connection, &now) == 0 && now.st_ino == connection_inode &&
           S_ISSOCK(now.st_mode);
}

static void connect_board(void)
{
    const char *path = getenv("DENBAN_BOARD_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    connection = -1;
    if (!path || strlen(path) >= sizeof address.sun_path)
        return;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, CONNECTION_FD_MIN);
    if (high >= 0) {
        close(fd);
        fd = high;
    }
    struct stat self;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) || fstat(fd, &self)) {
        close(fd);
        return;
    }
    connection = fd;
    connection_inode = self.st_ino;
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork_parent(void) { pthread_mutex_unlock(&lock); }
static void after_fork_child(void)
{
    if (connection_is_ours())
        close(connection); /* the parent's; a vforked child, which shares memory, is never here */
    connect_board();
    pthread_mutex_unlock(&lock);
}

/* Connecting at once tells the board which processes make up the machine that a watchdog resets. */
__attribute__((constructor)) static void attach(void)
{
    int before = errno;
    connect_board();
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
    errno = before;
}

ssize_t exchange(const struct call *call, struct answer *answer, int *fd)
{
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {answer, sizeof *answer};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1,
                             .msg_control = control, .msg_controllen = sizeof control};
    ssize_t got = -1;
    *fd = -1;
    pthread_mutex_lock(&lock);
    if (!connection_is_ours())
        connect_board();
    if (connection >= 0 && send(connection, call, CALL_HEADER + call->size, MSG_NOSIGNAL) >= 0)
        do
            got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
        while (got < 0 && errno == EINTR);
    if (got < (ssize_t)ANSWER_HEADER && connection >= 0) {
        close(connection); /* the board has gone: the next call looks for a new one */
        connection = -1;
    }
    pthread_mutex_unlock(&lock);
    if (got < (ssize_t)ANSWER_HEADER) {
        errno = ENODEV;
        return -1;
    }
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(header), sizeof *fd);
    if (answer->result < 0) {
        errno = answer->error;
        return -1;
    }
    return got - (ssize_t)ANSWER_HEADER;
}
