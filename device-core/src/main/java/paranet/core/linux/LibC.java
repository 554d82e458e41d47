package paranet.core.linux;

import jnr.ffi.Pointer;
import jnr.ffi.annotations.IgnoreError;

/**
 * The C library, a method per call, named after it. Memory travels as bare addresses; a negative
 * result leaves errno in {@link Native#errno}. Public only because jnr-ffi implements it from
 * another class loader.
 *
 * <p>Threading: any thread; errno belongs to the thread that called.
 */
public interface LibC {
    /** open(2). */
    int open(String path, int flags, int mode);

    /** close(2). */
    int close(int fd);

    /** read(2). */
    long read(int fd, long buffer, long bytes);

    /** write(2). */
    long write(int fd, long buffer, long bytes);

    /**
     * syscall(2): no point of cancellation, as {@code read} and {@code write} of a process with
     * threads are, which spares two atomic exchanges a call.
     */
    long syscall(long number, long fd, long buffer, long bytes);

    /**
     * syscall(2) for futex(2). With Pointers, because the stubs that jnr-ffi 2.3.4 assembles for
     * plain numbers lose the sixth argument.
     */
    long syscall(
            long number,
            Pointer futex,
            long operation,
            long wake,
            long wakeSecond,
            Pointer second,
            long change);

    /** readv(2). */
    long readv(int fd, long iovec, int count);

    /** preadv2(2), from where the descriptor is when {@code offset} is -1. */
    long preadv2(int fd, long iovec, int count, long offset, int flags);

    /** vmsplice(2). */
    long vmsplice(int fd, long iovec, long count, int flags);

    /** writev(2). */
    long writev(int fd, long iovec, int count);

    /** ioctl(2), whose argument is an address or a number. */
    int ioctl(int fd, long request, long argument);

    /** fcntl(2). */
    int fcntl(int fd, int command, long argument);

    /**
     * mmap(2). With Pointers, because the stubs that jnr-ffi 2.3.4 assembles for plain numbers lose
     * the sixth argument.
     */
    Pointer mmap(Pointer address, long bytes, int protection, int flags, int fd, long offset);

    /** munmap(2). */
    int munmap(long address, long bytes);

    /** madvise(2). */
    int madvise(long address, long bytes, int advice);

    /** eventfd(2). */
    int eventfd(int initial, int flags);

    /** memfd_create(2). */
    int memfd_create(String name, int flags);

    /** ftruncate(2). */
    int ftruncate(int fd, long bytes);

    /** socket(2). */
    int socket(int domain, int type, int protocol);

    /** socketpair(2). */
    int socketpair(int domain, int type, int protocol, long twoInts);

    /** bind(2). */
    int bind(int fd, long address, int bytes);

    /** listen(2). */
    int listen(int fd, int backlog);

    /** accept4(2). */
    int accept4(int fd, long address, long bytes, int flags);

    /** connect(2). */
    int connect(int fd, long address, int bytes);

    /** send(2). */
    long send(int fd, long buffer, long bytes, int flags);

    /** recv(2). */
    long recv(int fd, long buffer, long bytes, int flags);

    /** getsockopt(2). */
    int getsockopt(int fd, int level, int name, long value, long bytes);

    /** poll(2). */
    int poll(long fds, long count, int timeoutMillis);

    /** pipe2(2). */
    int pipe2(long twoInts, int flags);

    /** unshare(2), for the calling thread. */
    int unshare(int flags);

    /** getpid(2). */
    @IgnoreError
    int getpid();
}
