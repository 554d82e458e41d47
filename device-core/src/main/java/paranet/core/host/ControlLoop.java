package paranet.core.host;

import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The one thread of the control plane: sockets of all ports, their sessions, timers.
 *
 * <p>Threading: any thread may call everything here.
 */
public final class ControlLoop implements AutoCloseable {
    private final MultiThreadIoEventLoopGroup group;
    private final IoEventLoop loop;

    /** Starts the thread. */
    public ControlLoop() {
        group =
                new MultiThreadIoEventLoopGroup(
                        1,
                        Thread.ofPlatform().name("control").daemon(true).factory(),
                        EpollIoHandler.newFactory());
        loop = group.next();
    }

    IoEventLoop loop() {
        return loop;
    }

    void execute(Runnable command) {
        loop.execute(command);
    }

    void schedule(Runnable command, long millis) {
        var _ = loop.schedule(command, millis, TimeUnit.MILLISECONDS);
    }

    /** Runs a command on the control thread, at once if this is it, and waits for its answer. */
    public <T> T call(Callable<T> command) throws Exception {
        if (loop.inEventLoop()) {
            return command.call();
        }
        try {
            return loop.submit(command).get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Ends the thread after the commands already given. */
    @Override
    public void close() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
