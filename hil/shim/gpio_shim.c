/*
 * Shows a process GPIO chips and watchdogs that live in the bench's board process.
 *
 * Preloaded (LD_PRELOAD) into an unchanged program. /dev/gpiochip<N> and /dev/watchdog[<N>] are
 * opened at the board, over the socket named by DENBAN_BOARD_SOCKET; it answers with one end of a
 * pipe, which is the program's descriptor from then on. So read, write, poll, dup, close, fork and
 * passing it on are the kernel's own work, and the board learns of the last close, and of a killed
 * owner, from its end. Only path look-ups and ioctl are forwarded; an ioctl names its device by the
 * pipe's inode, so there is no table of descriptors here. Not covered: fopen of a device, relative
 * paths and symbolic links to one.
 */
#define _GNU_SOURCE
#include "board_call.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/watchdog.h>

#define GPIO_IOCTL_TYPE 0xB4
#define ABSENT "/dev/.not-on-this-board"
#define WATCHDOG_STAND_IN "/dev/zero" /* character devices whose stat is shown for the board's */
#define GPIO_STAND_IN "/dev/full"
#define GPIO_STAND_IN_SUBSYSTEM "/sys/dev/char/1:7/subsystem"

static ssize_t ask(uint32_t op, uint32_t index, const char *text, struct answer *answer, int *fd)
{
    struct call call = {.op = op, .request = index, .size = (uint32_t)strlen(text)};
    memcpy(call.payload, text, call.size);
    return exchange(&call, answer, fd);
}

/* ---- paths ---- */

static int is_device_name(const char *name) /* "gpiochip<N>", "watchdog", "watchdog<N>" */
{
    if (strncmp(name, "gpiochip", 8) && strncmp(name, "watchdog", 8))
        return 0;
    return name[8 + strspn(name + 8, "0123456789")] == 0 && (name[8] || name[0] == 'w');
}

static int is_device(const char *path)
{
    return path && !strncmp(path, "/dev/", 5) && is_device_name(path + 5) && has_board();
}

static int on_board(const char *path)
{
    struct answer answer;
    int fd;
    return ask(OP_EXISTS, 0, path, &answer, &fd) >= 0;
}

/* The path to look at instead; a device of this machine is never shown in place of the board's. */
static const char *shown(const char *path)
{
    if (!is_device(path))
        return path;
    if (!on_board(path))
        return ABSENT;
    return strstr(path, "gpio") ? GPIO_STAND_IN : WATCHDOG_STAND_IN;
}

static int open_device(const char *path, int flags)
{
    struct answer answer;
    int fd;
    if (ask(OP_OPEN, 0, path, &answer, &fd) < 0)
        return -1;
    if (!(flags & O_CLOEXEC))
        fcntl(fd, F_SETFD, 0);
    if (flags & O_NONBLOCK)
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

/*
 * A hook is defined under a C name of its own and the library's symbol, so that the headers'
 * prototypes, which differ between versions and widths of the C library, do not matter.
 */
#define NEXT(symbol, type, params)                                                                 \
    static type(*next) params;                                                                     \
    if (!next)                                                                                     \
        *(void **)&next = dlsym(RTLD_NEXT, #symbol)
#define LOOK(symbol, params, args)                                                                 \
    int hook_##symbol params __asm__(#symbol);                                                     \
    int hook_##symbol params                                                                       \
    {                                                                                              \
        NEXT(symbol, int, params);                                                                 \
        path = shown(path);                                                                        \
        return next args;                                                                          \
    }
#define MODE_ARGUMENT                                                                              \
    va_list list;                                                                                  \
    va_start(list, flags);                                                                         \
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;                              \
    va_end(list)
#define OPEN(symbol)                                                                               \
    int hook_##symbol(const char *path, int flags, ...) __asm__(#symbol);                          \
    int hook_##symbol(const char *path, int flags, ...)                                            \
    {                                                                                              \
        NEXT(symbol, int, (const char *, int, ...));                                               \
        MODE_ARGUMENT;                                                                             \
        return is_device(path) ? open_device(path, flags) : next(path, flags, mode);               \
    }
#define OPENAT(symbol)                                                                             \
    int hook_##symbol(int at, const char *path, int flags, ...) __asm__(#symbol);                  \
    int hook_##symbol(int at, const char *path, int flags, ...)                                    \
    {                                                                                              \
        NEXT(symbol, int, (int, const char *, int, ...));                                          \
        MODE_ARGUMENT;                                                                             \
        return is_device(path) ? open_device(path, flags) : next(at, path, flags, mode);           \
    }

OPEN(open) OPEN(open64) OPEN(__open_2) OPEN(__open64_2)
OPENAT(openat) OPENAT(openat64) OPENAT(__openat_2) OPENAT(__openat64_2)

#define PLAIN (const char *path, void *into)
LOOK(stat, PLAIN, (path, into)) LOOK(stat64, PLAIN, (path, into))
LOOK(lstat, PLAIN, (path, into)) LOOK(lstat64, PLAIN, (path, into))
LOOK(__stat64_time64, PLAIN, (path, into)) LOOK(__lstat64_time64, PLAIN, (path, into))
#define OLD (int version, const char *path, void *into) /* C libraries before 2.33 */
LOOK(__xstat, OLD, (version, path, into)) LOOK(__xstat64, OLD, (version, path, into))
LOOK(__lxstat, OLD, (version, path, into)) LOOK(__lxstat64, OLD, (version, path, into))
#define AT (int at, const char *path, void *into, int flags)
LOOK(fstatat, AT, (at, path, into, flags)) LOOK(fstatat64, AT, (at, path, into, flags))
LOOK(__fstatat64_time64, AT, (at, path, into, flags))
#define STATX (int at, const char *path, int flags, unsigned mask, void *into)
LOOK(statx, STATX, (at, path, flags, mask, into))
LOOK(access, (const char *path, int mode), (path, mode))
LOOK(faccessat, (int at, const char *path, int mode, int flags), (at, path, mode, flags))

char *hook_realpath(const char *path, char *resolved) __asm__("realpath");
char *hook_realpath(const char *path, char *resolved)
{
    NEXT(realpath, char *, (const char *, char *));
    const char *answer = NULL;
    if (path && !strcmp(path, GPIO_STAND_IN_SUBSYSTEM) && has_board())
        answer = "/sys/bus/gpio"; /* how libgpiod tells a GPIO chip from another device */
    else if (is_device(path) && on_board(path))
        answer = path;
    if (!answer)
        return next(path, resolved);
    return resolved ? strcpy(resolved, answer) : strdup(answer);
}

/* ---- listing /dev ---- */

static int is_dev(DIR *directory)
{
    struct stat here, dev;
    return !fstat(dirfd(directory), &here) && !stat("/dev", &dev) && here.st_ino == dev.st_ino &&
           here.st_dev == dev.st_dev && has_board();
}

static struct dirent *list_entry(DIR *directory, struct dirent *(*next)(DIR *))
{
    static __thread DIR *adding; /* the directory whose own entries are at an end */
    static __thread uint32_t index;
    static __thread struct dirent entry;
    struct dirent *real;
    struct answer answer;
    int before = errno, fd;
    do
        real = next(directory);
    while (real && is_device_name(real->d_name) && is_dev(directory));
    if (real) {
        adding = NULL;
        return real;
    }
    if (errno != before || !is_dev(directory))
        return NULL;
    index = adding == directory ? index + 1 : 0;
    adding = directory;
    ssize_t size = ask(OP_LIST, index, "", &answer, &fd);
    errno = before;
    if (size <= 0 || (size_t)size >= sizeof entry.d_name) {
        adding = NULL;
        return NULL;
    }
    entry.d_ino = 1 + index;
    entry.d_reclen = sizeof entry;
    entry.d_type = DT_CHR;
    memcpy(entry.d_name, answer.payload, (size_t)size);
    entry.d_name[size] = 0;
    return &entry;
}

#define LISTING(symbol)                                                                            \
    struct dirent *hook_##symbol(DIR *directory) __asm__(#symbol);                                 \
    struct dirent *hook_##symbol(DIR *directory)                                                   \
    {                                                                                              \
        NEXT(symbol, struct dirent *, (DIR *));                                                    \
        return list_entry(directory, next);                                                        \
    }
LISTING(readdir64)
#if __SIZEOF_POINTER__ == 8 /* elsewhere struct dirent here is readdir64's alone */
LISTING(readdir)
#endif

/* ---- ioctl ---- */

static int is_forwarded(int fd, unsigned long request, struct stat *device)
{
    unsigned type = _IOC_TYPE(request);
    return (type == GPIO_IOCTL_TYPE || type == WATCHDOG_IOCTL_BASE) && has_board() &&
           !fstat(fd, device) && S_ISFIFO(device->st_mode) &&
           _IOC_SIZE(request) <= PAYLOAD_BYTES_MAX;
}

static int forward_ioctl(struct stat *device, unsigned long request, char *argument)
{
    struct call call = {.op = OP_IOCTL, .request = (uint32_t)request, .inode = device->st_ino};
    struct answer answer;
    int fd;
    /* WDIOC_KEEPALIVE declares an int that the kernel never touches: callers pass anything */
    if (request != WDIOC_KEEPALIVE && _IOC_SIZE(request)) {
        if ((uintptr_t)argument < 4096) {
            errno = EFAULT;
            return -1;
        }
        call.size = _IOC_SIZE(request);
        memcpy(call.payload, argument, call.size);
    }
    ssize_t size = exchange(&call, &answer, &fd);
    if (size < 0)
        return -1;
    if (call.size && size <= (ssize_t)call.size)
        memcpy(argument, answer.payload, (size_t)size);
    if (fd >= 0) /* requests that make a descriptor end in it (struct gpio_v2_line_request) */
        memcpy(argument + call.size - sizeof fd, &fd, sizeof fd);
    return answer.result;
}

#define IOCTL(symbol)                                                                              \
    int hook_##symbol(int fd, unsigned long request, ...) __asm__(#symbol);                        \
    int hook_##symbol(int fd, unsigned long request, ...)                                          \
    {                                                                                              \
        struct stat device;                                                                        \
        NEXT(symbol, int, (int, unsigned long, ...));                                              \
        va_list list;                                                                              \
        va_start(list, request);                                                                   \
        char *argument = va_arg(list, char *);                                                     \
        va_end(list);                                                                              \
        return is_forwarded(fd, request, &device) ? forward_ioctl(&device, request, argument)      \
                                                  : next(fd, request, argument);                   \
    }
IOCTL(ioctl) IOCTL(__ioctl_time64)
