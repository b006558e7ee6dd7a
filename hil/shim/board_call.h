/*
 * One call to the bench's board process and its answer; board_call.c keeps the connection.
 */
#ifndef BOARD_CALL_H
#define BOARD_CALL_H
#include <stdint.h>
#include <sys/types.h>

enum { OP_EXISTS = 1, OP_LIST = 2, OP_OPEN = 3, OP_IOCTL = 4 };
#define PAYLOAD_BYTES_MAX 4096

struct call {
    uint32_t op, request; /* request: ioctl number, or index of OP_LIST */
    uint64_t inode;       /* of the pipe that stands for the device, OP_IOCTL only */
    uint32_t size, reserved;
    char payload[PAYLOAD_BYTES_MAX];
};
struct answer {
    int32_t result, error; /* as of the system call: -1 and errno */
    char payload[PAYLOAD_BYTES_MAX];
};

#pragma GCC visibility push(hidden) /* the program under test may have an "exchange" of its own */
/* Whether this process is to see a board at all (DENBAN_BOARD_SOCKET is set). */
int has_board(void);

/* Returns the answer's payload size, or -1 with errno (ENODEV: no board); *fd: -1 or a new one. */
ssize_t exchange(const struct call *call, struct answer *answer, int *fd);
#pragma GCC visibility pop
#endif
