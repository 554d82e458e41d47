package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import paranet.core.linux.NetworkLink;
import paranet.core.linux.NetworkNamespace;
import paranet.guest.demo.BackendFigures;
import paranet.guest.demo.Demo;
import paranet.guest.demo.DemoOptions;
import paranet.guest.demo.DemoSide;
import paranet.guest.demo.Terminal;
import paranet.guest.frame.GuestFrame;
import paranet.tap.TapBridge;
import paranet.tap.TapDevice;
import paranet.venet.VenetOptions;
import paranet.venet.wire.VenetCapability;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A guest on a bus and this machine's kernel, with a TAP in a namespace between them: ping, UDP and
 * TCP, every byte verified, for each set of capabilities.
 */
@Tag("tap") // needs /dev/net/tun and a network namespace of its own
class VenetTapEndToEndTest {
    private static final String TAP = "venet0";
    private static final int SECONDS = 2;

    /** Notes the largest frames on their way. */
    private static final class Measured implements NetworkDriver, FramePort {
        private final VenetGuest guest;
        private final VenetDriver port;
        private int longestOut;
        private int longestIn;

        Measured(VenetGuest guest) {
            this.guest = guest;
            this.port = guest.pair(0);
        }

        @Override
        public boolean send(GuestFrame frame) {
            longestOut = Math.max(longestOut, frame.length());
            return port.send(frame);
        }

        @Override
        public boolean receive(GuestFrame into) {
            boolean came = port.receive(into);
            longestIn = came ? Math.max(longestIn, into.length()) : longestIn;
            return came;
        }

        @Override
        public boolean hasRoom() {
            return port.hasRoom();
        }

        @Override
        public void flush() {
            port.flush();
        }

        @Override
        public long framesSent() {
            return port.framesSent();
        }

        @Override
        public long framesReceived() {
            return port.framesReceived();
        }

        @Override
        public int pairs() {
            return 1;
        }

        @Override
        public FramePort pair(int index) {
            return this;
        }

        @Override
        public void await(long nanosMax, boolean forRoom) throws IOException {
            guest.await(nanosMax, forRoom);
        }

        @Override
        public boolean leavesChecksums() {
            return guest.leavesChecksums();
        }

        @Override
        public boolean leavesSegments() {
            return guest.leavesSegments();
        }

        @Override
        public long calls() {
            return guest.calls();
        }

        @Override
        public long events() {
            return guest.events();
        }

        @Override
        public long kicks() {
            return guest.kicks();
        }

        @Override
        public void close() {
            guest.close();
        }
    }

    private static Measured talk(VenetDriverOptions options) throws Exception {
        return NetworkNamespace.call(
                () -> {
                    Inet4Address kernel = (Inet4Address) InetAddress.getByName("10.7.0.1");
                    Inet4Address guest = (Inet4Address) InetAddress.getByName("10.7.0.2");
                    ByteArrayOutputStream shown = new ByteArrayOutputStream();
                    try (TapDevice tap = TapDevice.open(TAP, 1, false);
                            NetworkLink links = NetworkLink.open();
                            Backend backend = new Backend();
                            Backend.ServedBus bus = backend.listenBus(0)) {
                        bus.plugIn(VenetOptions.DEFAULT, new TapBridge(tap));
                        links.address(TAP, kernel, 24);
                        links.up(TAP, true);
                        Measured driver =
                                new Measured(
                                        VenetEchoEndToEndTest.open(
                                                bus, BusOptions.usual(5), options, 1));
                        int status =
                                Demo.run(
                                        new DemoOptions(
                                                List.of(
                                                        new DemoSide(
                                                                "venet",
                                                                () -> driver,
                                                                kernel,
                                                                guest,
                                                                () ->
                                                                        new BackendFigures(
                                                                                0,
                                                                                0,
                                                                                bus.device(0)
                                                                                        .drops()))),
                                                SECONDS,
                                                5,
                                                Terminal.NONE),
                                        new PrintStream(shown, true, StandardCharsets.UTF_8),
                                        () -> false);
                        String text = shown.toString(StandardCharsets.UTF_8);
                        assertEquals(0, status, text);
                        assertEquals(
                                5, text.lines().filter(line -> line.contains("  ok ")).count());
                        return driver;
                    }
                });
    }

    @Test
    void segmentsOfTcpAreLeftToTheOtherSideBothWays() throws Exception {
        for (ChainShape shape : new ChainShape[] {ChainShape.WHOLE, ChainShape.MIXED}) {
            Measured driver = talk(VenetDriverOptions.usual(5).withShape(shape));
            assertTrue(driver.longestOut > 10_000, "longest sent: " + driver.longestOut);
            assertTrue(driver.longestIn > 10_000, "longest received: " + driver.longestIn);
        }
    }

    @Test
    void aFlatDeviceCarriesItAllInFramesOfTheMtu() throws Exception {
        Measured driver = talk(VenetDriverOptions.flat(6));
        assertEquals(1514, driver.longestOut);
        assertEquals(1514, driver.longestIn);
    }

    @Test
    void everyOtherSetOfCapabilitiesCarriesItToo() throws Exception {
        int segments = VenetCapability.SG | VenetCapability.SG_TSO4;
        int[][] sets = {
            {VenetCapability.SG, 0, 0},
            {VenetCapability.SG, VenetCapability.EVENTQ_TXC, VenetCapability.SG},
            {segments, VenetCapability.EVENTQ_LINKSTATE, 0},
            {segments | VenetCapability.SG_PMTD, VenetCapability.EVENTQ_TXC, 0},
            {0, VenetDriverOptions.EVENTS_ORIGINAL, VenetDriverOptions.RECEIVE_ORIGINAL},
        };
        for (int[] set : sets) {
            talk(VenetDriverOptions.usual(7).withCapabilities(set[0], set[1], set[2]));
        }
    }
}
