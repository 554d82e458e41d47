package paranet.core.host;

import paranet.core.frame.FrameBridge;

import java.io.IOException;
import java.util.function.BooleanSupplier;

/**
 * Follows the link of a network side: tells whether it is up at the start, and whenever that
 * changes, without polling. The descriptor belongs to the {@link FrameBridge}, which is closed
 * after the watch.
 *
 * <p>Threading: any thread may call close().
 */
public final class LinkWatch implements AutoCloseable {
    /** Who wants to know; called on the control thread. */
    @FunctionalInterface
    public interface Listener {
        void linkUp(boolean up);
    }

    private final ControlLoop control;
    private final BooleanSupplier state;
    private final Listener listener;
    private boolean up;
    private DescriptorWatch watch; // null where there is nothing to watch

    private LinkWatch(ControlLoop control, BooleanSupplier state, Listener listener) {
        this.control = control;
        this.state = state;
        this.listener = listener;
    }

    /**
     * Watches from now on; the listener knows the present state when this returns.
     *
     * @param descriptor what {@link FrameBridge#linkDescriptor} answers
     * @param state asks {@link FrameBridge#linkUp}; called on the control thread
     * @throws IOException if the bridge's descriptor cannot be waited for
     */
    public static LinkWatch open(
            ControlLoop control, int descriptor, BooleanSupplier state, Listener listener)
            throws IOException {
        LinkWatch link = new LinkWatch(control, state, listener);
        try {
            control.call(
                    () -> {
                        link.start(descriptor);
                        return null;
                    });
            return link;
        } catch (Exception e) {
            throw e instanceof IOException io ? io : new IOException("the link's state", e);
        }
    }

    private void start(int descriptor) throws IOException {
        if (descriptor != FrameBridge.NO_DESCRIPTOR) {
            watch =
                    DescriptorWatch.on(
                            control.loop(), descriptor, DescriptorWatch.READABLE, _ -> look());
        }
        up = state.getAsBoolean();
        listener.linkUp(up);
    }

    private void look() {
        boolean now = state.getAsBoolean();
        if (now != up) {
            up = now;
            listener.linkUp(now);
        }
    }

    /** Ends the watch: no call of the listener begins after this. */
    @Override
    public void close() {
        try {
            control.call(
                    () -> {
                        if (watch != null) {
                            watch.cancel();
                        }
                        return null;
                    });
        } catch (Exception e) {
            throw new IllegalStateException("the link's watch does not end", e);
        }
    }
}
