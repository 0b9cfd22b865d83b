/*
 * Faults on demand, for LD_PRELOAD: counts the calls by which a program changes files under a
 * folder, and at one of them kills the process or fails the call. support/faults.py drives it.
 *
 *   FAULTS_UNDER=DIR      calls on files under this folder count (its real path)
 *   FAULTS_PROGRAM=NAME   only in processes of this name; unset: in all
 *   FAULTS_COUNT=FILE     where the count is kept, 8 bytes, shared by parent and children
 *   FAULTS_AT=N           acts at the N-th counted call, the first is 1; 0: only counts
 *   FAULTS_ACT=kill       SIGKILL before the call is made
 *   FAULTS_ACT=torn       the same, after half of it when it writes
 *   FAULTS_ACT=ENOSPC     a call that needs room fails so (others are made)
 *   FAULTS_ACT=EIO        the call fails so
 *   FAULTS_ACT=slow       the call is made 0.1 s later: a disk that others keep busy
 *   FAULTS_STAY=1         every later one fails as well: a disk that is full stays full
 *   FAULTS_TRACE=FILE     gets a line for each counted call: number, name, path
 *   FAULTS_CLOCK=SECONDS  the clock is so many seconds ahead (negative: behind)
 *
 * The calls are made as system calls, so that nothing has to be looked up. What libc writes for
 * itself (stdio) is not seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum act { ACT_NONE, ACT_KILL, ACT_TORN, ACT_ENOSPC, ACT_EIO, ACT_SLOW };

static const char *under;
static size_t under_length;
static uint64_t at;
static enum act act;
static bool stay;
static long clock_ahead;
static int trace = -1;
static _Atomic uint64_t own_count;
static _Atomic uint64_t *counted = &own_count;

static enum act act_of(const char *name)
{
    return name == NULL                  ? ACT_NONE
           : strcmp(name, "kill") == 0   ? ACT_KILL
           : strcmp(name, "torn") == 0   ? ACT_TORN
           : strcmp(name, "ENOSPC") == 0 ? ACT_ENOSPC
           : strcmp(name, "EIO") == 0    ? ACT_EIO
           : strcmp(name, "slow") == 0   ? ACT_SLOW
                                         : ACT_NONE;
}

static int open_raw(const char *path, int flags)
{
    return (int) syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

static void share_count(const char *path)
{
    int fd = open_raw(path, O_RDWR | O_CREAT);

    if (fd < 0)
        return;
    if (syscall(SYS_ftruncate, fd, (off_t) sizeof *counted) == 0) {
        void *shared = mmap(NULL, sizeof *counted, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (shared != MAP_FAILED)
            counted = shared;
    }
    close(fd);
}

__attribute__((constructor)) static void read_orders(void)
{
    const char *program = getenv("FAULTS_PROGRAM");
    const char *number = getenv("FAULTS_AT");
    const char *count = getenv("FAULTS_COUNT");
    const char *file = getenv("FAULTS_TRACE");

    if (program != NULL && strcmp(program, program_invocation_short_name) != 0)
        return;
    clock_ahead = getenv("FAULTS_CLOCK") ? strtol(getenv("FAULTS_CLOCK"), NULL, 10) : 0;
    at = number ? strtoull(number, NULL, 10) : 0;
    act = act_of(getenv("FAULTS_ACT"));
    stay = getenv("FAULTS_STAY") != NULL;
    if (count != NULL)
        share_count(count);
    if (file != NULL)
        trace = open_raw(file, O_WRONLY | O_CREAT | O_APPEND);
    under = getenv("FAULTS_UNDER");
    under_length = under ? strlen(under) : 0;
}

/* The absolute path of a file named so, or (path NULL) of a descriptor. */
static bool resolve(int fd, const char *path, char result[PATH_MAX])
{
    char link[64];
    ssize_t length = 0;

    if (path != NULL && path[0] == '/') {
        snprintf(result, PATH_MAX, "%s", path);
        return true;
    }
    snprintf(link, sizeof link, fd == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", fd);
    length = readlink(link, result, PATH_MAX - 1);
    if (length < 0)
        return false;
    result[length] = '\0';
    if (path != NULL)
        snprintf(result + length, (size_t) (PATH_MAX - length), "/%s", path);
    return true;
}

static void note(uint64_t number, const char *call, const char *path)
{
    char line[PATH_MAX + 64];
    int length =
        snprintf(line, sizeof line, "%llu %s %s\n", (unsigned long long) number, call, path);

    if (trace >= 0 && length > 0)
        syscall(SYS_write, trace, line, (size_t) length);
}

static void be_slow(void)
{
    const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};

    nanosleep(&pause, NULL);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

enum needs { NEEDS_NOTHING, NEEDS_ROOM, WRITES };

/* Counts a call. Returns 0 when it is to be made, the error that it is to fail with, or -1 when
 * half of it is to be written before the end. */
static int strikes(const char *call, enum needs needs, int fd, const char *path)
{
    char name[PATH_MAX];
    int kept = errno;
    bool ours = under_length > 0 && resolve(fd, path, name) &&
                strncmp(name, under, under_length) == 0 &&
                (name[under_length] == '/' || name[under_length] == '\0');

    errno = kept;
    if (!ours)
        return 0;
    uint64_t number = atomic_fetch_add(counted, 1) + 1;
    note(number, call, name);
    if (at == 0 || number < at || (number > at && !stay))
        return 0;
    if (act == ACT_SLOW)
        be_slow();
    if (act == ACT_KILL || (act == ACT_TORN && needs != WRITES))
        die();
    if (act == ACT_TORN)
        return -1;
    if (act == ACT_ENOSPC)
        return needs != NEEDS_NOTHING ? ENOSPC : 0;
    return act == ACT_EIO ? EIO : 0;
}

/* Fails a call that returns -1 when it fails. */
#define STRUCK(call, needs, fd, path)                                                          \
    do {                                                                                       \
        int fault = strikes(call, needs, fd, path);                                            \
        if (fault > 0) {                                                                       \
            errno = fault;                                                                     \
            return -1;                                                                         \
        }                                                                                      \
    } while (false)

/* ---- writing ------------------------------------------------------------------------------ */

ssize_t write(int fd, const void *data, size_t length)
{
    int fault = strikes("write", WRITES, fd, NULL);

    if (fault > 0) {
        errno = fault;
        return -1;
    }
    if (fault < 0) {
        syscall(SYS_write, fd, data, length / 2);
        die();
    }
    return syscall(SYS_write, fd, data, length);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
    int fault = strikes("pwrite", WRITES, fd, NULL);

    if (fault > 0) {
        errno = fault;
        return -1;
    }
    if (fault < 0) {
        syscall(SYS_pwrite64, fd, data, length / 2, offset);
        die();
    }
    return syscall(SYS_pwrite64, fd, data, length, offset);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
    return pwrite64(fd, data, length, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    int fault = strikes("writev", WRITES, fd, NULL);

    if (fault > 0) {
        errno = fault;
        return -1;
    }
    if (fault < 0) {
        syscall(SYS_writev, fd, parts, (count + 1) / 2);
        die();
    }
    return syscall(SYS_writev, fd, parts, count);
}

ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset,
                        size_t length, unsigned flags)
{
    STRUCK("copy_file_range", NEEDS_ROOM, to, NULL);
    return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, length, flags);
}

int ftruncate64(int fd, off64_t length)
{
    STRUCK("ftruncate", NEEDS_ROOM, fd, NULL);
    return (int) syscall(SYS_ftruncate, fd, length);
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t length)
{
    STRUCK("fallocate", NEEDS_ROOM, fd, NULL);
    return (int) syscall(SYS_fallocate, fd, mode, offset, length);
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    return fallocate64(fd, mode, offset, length);
}

int posix_fallocate64(int fd, off64_t offset, off64_t length)
{
    return fallocate64(fd, 0, offset, length) == 0 ? 0 : errno;
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
    return posix_fallocate64(fd, offset, length);
}

/* ---- making durable ----------------------------------------------------------------------- */

int fsync(int fd)
{
    STRUCK("fsync", NEEDS_NOTHING, fd, NULL);
    return (int) syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    STRUCK("fdatasync", NEEDS_NOTHING, fd, NULL);
    return (int) syscall(SYS_fdatasync, fd);
}

int syncfs(int fd)
{
    STRUCK("syncfs", NEEDS_NOTHING, fd, NULL);
    return (int) syscall(SYS_syncfs, fd);
}

/* ---- names -------------------------------------------------------------------------------- */

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    STRUCK("rename", NEEDS_NOTHING, to_folder, to);
    return (int) syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    STRUCK("link", NEEDS_ROOM, to_folder, to);
    return (int) syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlinkat(const char *target, int folder, const char *path)
{
    STRUCK("symlink", NEEDS_ROOM, folder, path);
    return (int) syscall(SYS_symlinkat, target, folder, path);
}

int symlink(const char *target, const char *path)
{
    return symlinkat(target, AT_FDCWD, path);
}

int unlinkat(int folder, const char *path, int flags)
{
    STRUCK((flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", NEEDS_NOTHING, folder, path);
    return (int) syscall(SYS_unlinkat, folder, path, flags);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* libc's own goes past unlinkat() above. */
int remove(const char *path)
{
    if (unlinkat(AT_FDCWD, path, 0) == 0)
        return 0;
    return errno == EISDIR ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : -1;
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    STRUCK("mkdir", NEEDS_ROOM, folder, path);
    return (int) syscall(SYS_mkdirat, folder, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE)
        STRUCK("create", NEEDS_ROOM, folder, path);
    return (int) syscall(SYS_openat, folder, path, flags, mode);
}

/* The mode stands there only where a file may be made. */
#define OPEN_MODE(last, flags, mode)                                                           \
    mode_t mode = 0;                                                                           \
    if (((flags) &O_CREAT) != 0 || ((flags) &O_TMPFILE) == O_TMPFILE) {                        \
        va_list arguments;                                                                     \
        va_start(arguments, last);                                                             \
        mode = va_arg(arguments, mode_t);                                                      \
        va_end(arguments);                                                                     \
    }

int openat64(int folder, const char *path, int flags, ...)
{
    OPEN_MODE(flags, flags, mode)
    return open_at(folder, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    OPEN_MODE(flags, flags, mode)
    return open_at(folder, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    OPEN_MODE(flags, flags, mode)
    return open_at(AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    OPEN_MODE(flags, flags, mode)
    return open_at(AT_FDCWD, path, flags, mode);
}

/* Fortified calls of open() without a mode. */
int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}

int creat64(const char *path, mode_t mode)
{
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int creat(const char *path, mode_t mode)
{
    return creat64(path, mode);
}

/* ---- the clock ---------------------------------------------------------------------------- */

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = (int) syscall(SYS_clock_gettime, clock, time);

    if (result == 0 && clock == CLOCK_REALTIME)
        time->tv_sec += clock_ahead;
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    struct timespec now;

    (void) zone;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}
