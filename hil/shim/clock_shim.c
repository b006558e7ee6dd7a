/*
 * The wall clock of a program under test, set by the bench as somebody's hand would set it.
 *
 * DENBAN_CLOCK_FILE names a file of eight bytes: the signed difference in ns to the machine's clock,
 * which may change at any moment. Only CLOCK_REALTIME moves; what decides runs on other clocks.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000LL

static volatile const int64_t *difference_ns;

__attribute__((constructor)) static void find_clock_file(void)
{
    const char *path = getenv("DENBAN_CLOCK_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *difference_ns, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        difference_ns = map;
}

#define CLOCK(symbol, time_type, seconds, ns)                                                      \
    int hook_##symbol(clockid_t clock, time_type *now) __asm__(#symbol);                           \
    int hook_##symbol(clockid_t clock, time_type *now)                                             \
    {                                                                                              \
        static int (*next)(clockid_t, time_type *);                                                \
        if (!next)                                                                                 \
            *(void **)&next = dlsym(RTLD_NEXT, #symbol);                                           \
        int result = next(clock, now);                                                             \
        if (result == 0 && clock == CLOCK_REALTIME && difference_ns) {                             \
            int64_t moved = (int64_t)now->seconds * NS_PER_S + now->ns + *difference_ns;           \
            now->seconds = moved / NS_PER_S;                                                       \
            now->ns = moved % NS_PER_S;                                                            \
        }                                                                                          \
        return result;                                                                             \
    }

CLOCK(clock_gettime, struct timespec, tv_sec, tv_nsec)
#if __SIZEOF_POINTER__ == 4 /* the form of programs with 64-bit time on a 32-bit machine */
struct wide_time {
    int64_t seconds;
    long ns, padding;
};
CLOCK(__clock_gettime64, struct wide_time, seconds, ns)
#endif
