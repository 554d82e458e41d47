package paranet.core.host;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;

import java.io.IOException;

/**
 * One descriptor watched by one event loop. It never closes the descriptor; whoever owns that
 * cancels the watch first.
 *
 * <p>Threading: confined to the event loop it was made on.
 */
final class DescriptorWatch implements EpollIoHandle {
    /** Readable, told again until it is read empty. */
    static final EpollIoOps READABLE = EpollIoOps.EPOLLIN;

    /** Readable, told once per event; nobody needs to read (eventfds). */
    static final EpollIoOps READABLE_EDGE = EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLET);

    static final EpollIoOps WRITABLE = EpollIoOps.EPOLLOUT;

    /**
     * Nothing, apart from the end of the other side, told once. Not {@code NONE}: Netty 4.2.18
     * takes the descriptor out of the set for it, and then fails to change what is not in there.
     */
    static final EpollIoOps NOTHING = EpollIoOps.EPOLLET;

    /** What to do when the descriptor is ready. */
    interface Ready {
        void ready(EpollIoOps ops);
    }

    private final FileDescriptor fd;
    private final Ready listener;
    private IoRegistration registration;
    private EpollIoOps interest = NOTHING;

    private DescriptorWatch(int fd, Ready listener) {
        this.fd = new FileDescriptor(fd);
        this.listener = listener;
    }

    /**
     * Watches from now on; call on the loop's thread.
     *
     * @throws IOException if the descriptor cannot be waited for (a regular file: epoll_ctl(2),
     *     EPERM)
     */
    static DescriptorWatch on(IoEventLoop loop, int fd, EpollIoOps interest, Ready listener)
            throws IOException {
        DescriptorWatch watch = new DescriptorWatch(fd, listener);
        var registering = loop.register(watch);
        if (!registering.isDone() || !registering.isSuccess()) {
            throw new IOException(
                    "descriptor %d cannot be waited for".formatted(fd), registering.cause());
        }
        watch.registration = registering.getNow();
        try {
            watch.interest(interest);
        } catch (RuntimeException e) {
            watch.cancel(); // else the next descriptor of this number cannot be watched
            throw new IOException("descriptor %d cannot be waited for".formatted(fd), e);
        }
        return watch;
    }

    /** Changes what is watched for; one system call when it differs. */
    void interest(EpollIoOps wanted) {
        if (!wanted.equals(interest)) {
            registration.submit(wanted);
            interest = wanted;
        }
    }

    /** Ends the watch; the descriptor may be closed afterwards. */
    void cancel() {
        registration.cancel();
    }

    @Override
    public FileDescriptor fd() {
        return fd;
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
        listener.ready(((EpollIoEvent) event).ops());
    }

    @Override
    public void close() {
        // the descriptor's owner closes it
    }
}
