package paranet.core.linux;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A network namespace with nothing in it, for one thread and the threads and processes it starts
 * (network_namespaces(7)): where tests make TAPs, addresses and routes that concern nobody else. It
 * lies in main code because tests of several modules share it.
 *
 * <p>Threading: any thread.
 */
public final class NetworkNamespace {
    private static final int CLONE_NEWNET = 0x40000000;

    private NetworkNamespace() {}

    /**
     * Runs on a thread of its own in a new namespace, which disappears with all its interfaces once
     * neither a thread nor a descriptor is left in it.
     *
     * @throws LinuxException EPERM without CAP_SYS_ADMIN
     * @throws Exception what {@code inside} throws
     */
    public static <T> T call(Callable<T> inside) throws Exception {
        FutureTask<T> task =
                new FutureTask<>(
                        () -> {
                            if (Native.LIBC.unshare(CLONE_NEWNET) < 0) {
                                throw Native.failure("unshare", "a new network namespace");
                            }
                            return inside.call();
                        });
        Thread thread = Thread.ofPlatform().name("network-namespace").start(task);
        try {
            T result = task.get();
            thread.join();
            return result;
        } catch (ExecutionException e) {
            thread.join();
            switch (e.getCause()) {
                case Exception exception -> throw exception;
                case Error error -> throw error;
                default -> throw e;
            }
        }
    }

    /** What {@link #call} runs when there is no result. */
    @FunctionalInterface
    public interface Action {
        void run() throws Exception;
    }

    /** {@link #call} without a result. */
    public static void run(Action inside) throws Exception {
        call(
                () -> {
                    inside.run();
                    return null;
                });
    }
}
