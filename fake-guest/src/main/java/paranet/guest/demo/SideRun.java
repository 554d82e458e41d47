package paranet.guest.demo;

import org.HdrHistogram.Histogram;

import paranet.guest.NetworkDriver;
import paranet.guest.frame.MacAddress;
import paranet.guest.stack.GuestStack;
import paranet.guest.stack.StackConfig;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * What a demo does with one guest: ARP and ping, a UDP echo, 1 MiB over TCP each way however the
 * connection was opened, then bulk TCP both ways for the rest of the time. Every byte is verified.
 *
 * <p>Threading: the thread that made it pings and reads; a second one works through the list; the
 * guest and each kernel socket have their own.
 */
final class SideRun implements AutoCloseable {
    private static final int PINGS_FIRST = 5;
    private static final long PING_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final int DATAGRAMS = 100;
    private static final int DATAGRAM_BYTES_MAX = 1400;
    private static final int DATAGRAM_MILLIS_MAX = 2_000;
    private static final int DATAGRAM_TRIES = 3;
    private static final int EXCHANGE_BYTES = 1 << 20;
    private static final int GUEST_PORT = 5001;
    private static final int GUEST_BULK_PORT = 5002;
    private static final int CONNECT_MILLIS_MAX = 5_000;
    private static final long STEP_SECONDS_MAX = 20;
    private static final int SEGMENT_BYTES_MAX = 65_000;
    private static final int WINDOW_BYTES = 1 << 20;
    private static final long TIME_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final int MTU = 1500;
    private static final MacAddress GUEST_MAC = new MacAddress(0x02_50_61_72_61_02L);

    private final DemoSide side;
    private final DemoOptions options;
    private final BooleanSupplier stop;
    private final Pattern pattern;
    private final GuestThread guest;
    private final int kernelAddress;
    private final Check ping = new Check("ARP and ping");
    private final Check udp = new Check("UDP echo");
    private final Check fromGuest = new Check("TCP, guest opens");
    private final Check fromKernel = new Check("TCP, kernel opens");
    private final Check bulk = new Check("TCP, bulk");
    private final List<Check> checks = List.of(ping, udp, fromGuest, fromKernel, bulk);
    private final CompletableFuture<Void> work = new CompletableFuture<>();
    private final Thread worker;
    private final Histogram allRoundTrips;
    private final long start = System.nanoTime();
    private final Rates.Counts first;
    private Rates.Counts before;
    private int pingSequence;

    private SideRun(DemoSide side, DemoOptions options, BooleanSupplier stop, GuestThread guest) {
        this.side = side;
        this.options = options;
        this.stop = stop;
        this.guest = guest;
        this.pattern = new Pattern(options.seed());
        this.kernelAddress = number(side.kernelAddress());
        this.first = counts();
        this.before = first;
        this.allRoundTrips = guest.roundTrips();
        this.worker =
                Thread.ofPlatform()
                        .daemon(true)
                        .name("demo")
                        .start(
                                () -> {
                                    workThrough();
                                    work.complete(null);
                                });
    }

    /** Connects a guest and begins. */
    static SideRun start(DemoSide side, DemoOptions options, BooleanSupplier stop)
            throws IOException {
        NetworkDriver driver = side.opener().open();
        GuestThread guest = new GuestThread(driver, stackConfig(side, options.seed(), driver));
        return new SideRun(side, options, stop, guest);
    }

    private static StackConfig stackConfig(DemoSide side, long seed, NetworkDriver driver) {
        return new StackConfig(
                GUEST_MAC,
                number(side.guestAddress()),
                MTU,
                driver.leavesChecksums(),
                driver.leavesSegments() ? SEGMENT_BYTES_MAX : 0,
                WINDOW_BYTES,
                TIME_WAIT_NANOS,
                seed);
    }

    private static int number(Inet4Address address) {
        return ByteBuffer.wrap(address.getAddress()).getInt();
    }

    /** Completes when the list is worked through. */
    CompletableFuture<Void> work() {
        return work;
    }

    boolean isOver() {
        return work.isDone() || guest.ended().isDone();
    }

    void pingOnce() {
        int sequence = pingSequence++ & 0xffff;
        guest.execute((stack, now) -> stack.ping(kernelAddress, sequence, 56, now));
    }

    /** What happened since this was last asked. */
    SideView recent() {
        Rates.Counts now = counts();
        Histogram roundTrips = guest.roundTrips();
        allRoundTrips.add(roundTrips);
        SideView view = view(Rates.between(before, now), roundTrips);
        before = now;
        return view;
    }

    /** What happened from the start. */
    SideView whole() {
        allRoundTrips.add(guest.roundTrips());
        return view(Rates.between(first, counts()), allRoundTrips);
    }

    private SideView view(Rates rates, Histogram roundTrips) {
        return new SideView(side.title(), rates, roundTrips, side.backend().get().drops(), checks);
    }

    boolean hasPassed() {
        return checks.stream().noneMatch(check -> check.state() == Check.State.FAILED)
                && guest.counters().badChecksum() == 0
                && !guest.ended().isDone();
    }

    /** What else went wrong, in words, a line each. */
    List<String> troubles() {
        List<String> troubles = new ArrayList<>();
        if (guest.counters().badChecksum() > 0) {
            troubles.add(
                    String.format(
                            Locale.ROOT,
                            "%s: %,d packets reached the guest with a wrong checksum",
                            side.title(),
                            guest.counters().badChecksum()));
        }
        if (guest.ended().isCompletedExceptionally()) {
            troubles.add(
                    "%s: the guest failed: %s"
                            .formatted(side.title(), guest.ended().exceptionNow().getMessage()));
        }
        return troubles;
    }

    /** Ends the list where it stands. */
    void interrupt() {
        worker.interrupt();
    }

    @Override
    public void close() {
        worker.interrupt();
        guest.close();
    }

    private Rates.Counts counts() {
        BackendFigures figures = side.backend().get();
        return new Rates.Counts(
                System.nanoTime(),
                guest.framesOut(),
                guest.bytesOut(),
                guest.framesIn(),
                guest.bytesIn(),
                figures.calls(),
                figures.kicks());
    }

    // The list.

    /** One step of the list: says what it proved, or throws. */
    @FunctionalInterface
    private interface Step {
        String prove() throws IOException, InterruptedException;
    }

    private void workThrough() {
        prove(ping, this::pings);
        prove(udp, this::datagrams);
        prove(fromGuest, this::guestOpens);
        prove(fromKernel, this::kernelOpens);
        prove(bulk, this::bulk);
        if (ping.state() == Check.State.DONE) {
            ping.done("%,d answered".formatted(guest.pingsAnswered()));
        }
    }

    private void prove(Check check, Step step) {
        if (stop.getAsBoolean()) {
            return;
        }
        check.running("");
        try {
            check.done(step.prove());
        } catch (IOException e) {
            check.failed(e.getMessage() == null ? e.toString() : e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            check.failed("interrupted");
        }
    }

    private String pings() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(STEP_SECONDS_MAX);
        while (guest.pingsAnswered() < PINGS_FIRST) {
            if (System.nanoTime() > deadline) {
                throw new IOException("the kernel answered no ping");
            }
            if (stop.getAsBoolean()) {
                return "stopped early";
            }
            TimeUnit.NANOSECONDS.sleep(PING_EVERY_NANOS);
        }
        return "the kernel answers";
    }

    private String datagrams() throws IOException {
        SplittableRandom random = new SplittableRandom(options.seed());
        int again = 0;
        try (DatagramSocket socket =
                new DatagramSocket(new InetSocketAddress(side.kernelAddress(), 0))) {
            socket.setSoTimeout(DATAGRAM_MILLIS_MAX);
            for (int i = 0; i < DATAGRAMS; i++) {
                byte[] payload = new byte[4 + random.nextInt(DATAGRAM_BYTES_MAX)];
                random.nextBytes(payload);
                ByteBuffer.wrap(payload).putInt(i);
                int tries = 1;
                while (!echoed(socket, payload)) {
                    if (tries++ == DATAGRAM_TRIES) {
                        throw new IOException("datagram %d never came back".formatted(i));
                    }
                    again++;
                }
            }
        }
        return "%d of %d datagrams came back%s"
                .formatted(
                        DATAGRAMS, DATAGRAMS, again == 0 ? "" : ", %d sent again".formatted(again));
    }

    private boolean echoed(DatagramSocket socket, byte[] payload) throws IOException {
        socket.send(
                new DatagramPacket(
                        payload, payload.length, side.guestAddress(), GuestStack.ECHO_PORT));
        DatagramPacket answer = new DatagramPacket(new byte[65_535], 65_535);
        try {
            socket.receive(answer);
            while (answer.getLength() >= 4
                    && !Arrays.equals(answer.getData(), 0, 4, payload, 0, 4)) {
                socket.receive(answer); // of an earlier try
            }
        } catch (SocketTimeoutException e) {
            return false;
        }
        if (!Arrays.equals(answer.getData(), 0, answer.getLength(), payload, 0, payload.length)) {
            throw new IOException("a datagram came back changed");
        }
        return true;
    }

    private String guestOpens() throws IOException, InterruptedException {
        StreamApplication application = new StreamApplication(pattern, EXCHANGE_BYTES);
        try (ServerSocket listening = listening()) {
            int port = listening.getLocalPort();
            guest.execute((stack, now) -> stack.connect(kernelAddress, port, application));
            return exchange(application, listening.accept());
        }
    }

    private ServerSocket listening() throws IOException {
        ServerSocket listening = new ServerSocket();
        listening.setSoTimeout(CONNECT_MILLIS_MAX);
        listening.bind(new InetSocketAddress(side.kernelAddress(), 0));
        return listening;
    }

    private String kernelOpens() throws IOException, InterruptedException {
        StreamApplication application = new StreamApplication(pattern, EXCHANGE_BYTES);
        return exchange(application, connected(GUEST_PORT, application));
    }

    private Socket connected(int port, StreamApplication application) throws IOException {
        CompletableFuture<Void> listens = new CompletableFuture<>();
        guest.execute(
                (stack, now) -> {
                    stack.listen(port, application);
                    listens.complete(null);
                });
        listens.join();
        Socket socket = new Socket();
        try {
            socket.connect(new InetSocketAddress(side.guestAddress(), port), CONNECT_MILLIS_MAX);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private String exchange(StreamApplication application, Socket socket)
            throws IOException, InterruptedException {
        KernelStream kernel = KernelStream.start(socket, pattern, EXCHANGE_BYTES);
        awaitEnd(application, kernel);
        requireEqual("guest to kernel", EXCHANGE_BYTES, kernel.received());
        requireEqual("kernel to guest", EXCHANGE_BYTES, application.received());
        return "1 MiB each way, verified, FIN both ways";
    }

    private static void awaitEnd(StreamApplication application, KernelStream kernel)
            throws IOException, InterruptedException {
        try {
            String why =
                    application
                            .ended()
                            .thenCombine(
                                    kernel.ended(),
                                    (guest, host) -> guest.isEmpty() ? host : "guest: " + guest)
                            .get(STEP_SECONDS_MAX, TimeUnit.SECONDS);
            if (!why.isEmpty()) {
                throw new IOException(why);
            }
        } catch (TimeoutException e) {
            kernel.close();
            throw new IOException(
                    "stuck: guest sent %,d and received %,d, kernel sent %,d and received %,d"
                            .formatted(
                                    application.sent(),
                                    application.received(),
                                    kernel.sent(),
                                    kernel.received()),
                    e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    private static void requireEqual(String what, long sent, long received) throws IOException {
        if (sent != received) {
            throw new IOException(
                    "%s: %,d bytes sent, %,d received".formatted(what, sent, received));
        }
    }

    private String bulk() throws IOException, InterruptedException {
        StreamApplication up = new StreamApplication(pattern, Long.MAX_VALUE);
        StreamApplication down = new StreamApplication(pattern, 0);
        try (ServerSocket listening = listening()) {
            int port = listening.getLocalPort();
            guest.execute((stack, now) -> stack.connect(kernelAddress, port, up));
            KernelStream upKernel = KernelStream.start(listening.accept(), pattern, 0);
            KernelStream downKernel =
                    KernelStream.start(connected(GUEST_BULK_PORT, down), pattern, Long.MAX_VALUE);
            long until = start + TimeUnit.SECONDS.toNanos(options.seconds());
            while (System.nanoTime() < until
                    && !stop.getAsBoolean()
                    && !up.ended().isDone()
                    && !down.ended().isDone()) {
                bulk.running(volume(upKernel.received(), down.received()));
                TimeUnit.MILLISECONDS.sleep(50);
            }
            up.finish();
            downKernel.finish();
            awaitEnd(up, upKernel);
            awaitEnd(down, downKernel);
            requireEqual("guest to kernel", up.sent(), upKernel.received());
            requireEqual("kernel to guest", downKernel.sent(), down.received());
            return volume(upKernel.received(), down.received()) + ", verified";
        } catch (SocketException e) {
            throw new IOException("bulk: " + e.getMessage(), e);
        }
    }

    private static String volume(long up, long down) {
        return String.format(
                Locale.ROOT, "%,d MiB to the kernel, %,d MiB to the guest", up >> 20, down >> 20);
    }
}
