package paranet.core.host;

import io.netty.channel.IoEventLoop;

import paranet.core.linux.Fd;
import paranet.core.linux.WakeDescriptor;

import java.io.IOException;

/**
 * The descriptor by which a guest says that it made buffers available. An eventfd is watched by its
 * edges and never read; a pipe or socket is read empty, else its writer would block one day.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class Kick implements AutoCloseable {
    private final Fd fd;
    private final DescriptorWatch watch;

    /** Owns {@code fd} from here on, also when it throws. */
    Kick(Fd fd, IoEventLoop loop, Runnable kicked) throws IOException {
        this.fd = fd;
        try {
            WakeDescriptor.Kind kind = WakeDescriptor.kind(fd);
            boolean drain = kind != WakeDescriptor.Kind.COUNTER;
            watch =
                    DescriptorWatch.on(
                            loop,
                            fd.number(),
                            drain ? DescriptorWatch.READABLE : DescriptorWatch.READABLE_EDGE,
                            ops -> {
                                if (drain && !WakeDescriptor.drain(fd, kind)) {
                                    hangUp();
                                }
                                kicked.run();
                            });
        } catch (IOException e) {
            fd.close();
            throw e;
        }
    }

    /** The writer is gone: a level-triggered descriptor at its end would wake us for ever. */
    private void hangUp() {
        watch.interest(DescriptorWatch.NOTHING);
    }

    @Override
    public void close() {
        watch.cancel();
        fd.close();
    }
}
