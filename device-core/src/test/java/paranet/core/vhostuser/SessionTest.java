package paranet.core.vhostuser;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.linux.Fd;
import paranet.core.virtqueue.RingFeature;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Conversations in bytes. The numbers of facts are those of docs/spec-coverage.md. */
class SessionTest {
    private static final int V = Frontend.VERSION;
    private static final int ASKING = Frontend.VERSION | Frontend.NEED_REPLY;
    private static final long BIT_30 = 1L << 30;

    private final Frontend frontend = new Frontend();
    private final SmallDevice device = frontend.device;
    private final RecordingHost host = frontend.host;

    @AfterEach
    void everyDescriptorGoesBackAtTheEnd() {
        Set<Fd> owned = host.owned();
        frontend.session.close();
        for (Fd each : owned) {
            assertTrue(each.isClosed());
        }
        assertEquals(Set.of(), host.owned());
    }

    /** Says something that must be refused, with and without asking for an acknowledgement. */
    private String refused(int id, ByteBuffer payload) throws ProtocolException {
        assertNull(frontend.say(id, V, payload.duplicate().order(payload.order())));
        String quietly = frontend.refused;
        assertNotNull(quietly);
        assertEquals(1, frontend.ask(id, payload));
        assertEquals(quietly, frontend.refused);
        return quietly;
    }

    @Test
    @DisplayName("fact 4: a message with a reply of its own gets no second one")
    void repliesOnce() throws ProtocolException {
        frontend.negotiated();
        ByteBuffer none = Frontend.nothing();
        for (int id : new int[] {1, 15, 17, 36, 40}) {
            ByteBuffer reply = frontend.say(id, ASKING, none);
            assertEquals(20, reply.remaining(), "one reply of one number");
            assertArrayEquals(bytes(frontend.say(id, V, none)), bytes(reply));
        }
        assertEquals(20, frontend.say(11, ASKING, Frontend.state(0, 0)).remaining());
        assertEquals(
                12 + 12 + 1, frontend.say(24, ASKING, Frontend.config(0, 0, (byte) 0)).remaining());
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(buffer.position(), bytes);
        return bytes;
    }

    @Test
    @DisplayName("fact 4: REPLY_ACK answers 0 for done, and not 0 for refused")
    void acknowledges() throws ProtocolException {
        frontend.negotiated();
        assertEquals(0, frontend.ask(3, Frontend.nothing()));
        assertEquals(0, frontend.ask(8, Frontend.state(0, 256)));
        assertEquals(1, frontend.ask(8, Frontend.state(0, 0)));
    }

    @Test
    @DisplayName("fact 4: nothing is acknowledged unless asked for and negotiated")
    void acknowledgesOnlyWhenDue() throws ProtocolException {
        assertNull(frontend.say(8, ASKING, Frontend.state(0, 256)));
        assertNull(frontend.say(8, ASKING, Frontend.state(0, 0)));
        frontend.tell(16, Frontend.u64(8));
        assertNull(frontend.say(8, V, Frontend.state(0, 256)));
        assertNull(frontend.say(8, V, Frontend.state(0, 0)));
        frontend.tell(16, Frontend.u64(1));
        assertNull(frontend.say(8, ASKING, Frontend.state(0, 256)));
    }

    @Test
    @DisplayName("fact 5: SET_PROTOCOL_FEATURES with REPLY_ACK in it is acknowledged itself")
    void acknowledgesItsOwnNegotiation() throws ProtocolException {
        assertEquals(0, frontend.ask(16, Frontend.u64(8)));
        assertEquals(0, frontend.ask(16, Frontend.u64(0)), "it was negotiated when it was sent");
        assertNull(frontend.say(16, ASKING, Frontend.u64(1)));
        // Bit 1 is not offered; who asks for REPLY_ACK with it waits for an answer all the same.
        assertEquals(1, frontend.ask(16, Frontend.u64(2 | 8)));
    }

    @Test
    @DisplayName("fact 5: REPLY_ACK works without bit 30 and without GET_PROTOCOL_FEATURES")
    void acknowledgesWithoutBit30() throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        assertEquals(0, frontend.ask(2, Frontend.u64(0)));
        assertEquals(0, frontend.ask(3, Frontend.nothing()));
    }

    @Test
    @DisplayName("bit 56 is no feature of a virtio device, and 0x76xx are unknown requests")
    void offersNoBusAndKnowsNoMessageOfOne() throws ProtocolException {
        assertEquals(0, frontend.get(15, Frontend.nothing()) >>> 56 & 1);
        assertEquals(
                "SET_PROTOCOL_FEATURES refused: bits 0x100000000000000 were not offered (0x1a23d"
                        + " were)",
                refusedQuietly(16, Frontend.u64(1L << 56)));
        frontend.negotiated();
        for (int id = 0x7600; id <= 0x7680; id++) {
            assertEquals(
                    "request %d refused: unknown or not offered, 8 bytes of payload ignored"
                            .formatted(id),
                    refused(id, Frontend.bytes(8)));
        }
    }

    private String refusedQuietly(int id, ByteBuffer payload) throws ProtocolException {
        assertNull(frontend.say(id, V, payload));
        return frontend.refused;
    }

    @Test
    @DisplayName("fact 6: GET_FEATURES is answered at any time")
    void answersGetFeaturesAtAnyTime() throws ProtocolException {
        long offered = device.features | BIT_30;
        assertEquals(offered, frontend.get(1, Frontend.nothing()));
        frontend.negotiated().withMemory();
        frontend.start(0).number();
        assertEquals(offered, frontend.get(1, Frontend.nothing()));
        frontend.get(11, Frontend.state(0, 0));
        assertEquals(offered, frontend.get(1, Frontend.nothing()));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 6, 7, 22, 23, 26, 28, 31, 32, 33, 35, 41, 42, 45, 46, 0x7600, -1})
    @DisplayName("fact 7: an unknown request is logged and ignored, or answered if it asks")
    void ignoresUnknownRequests(int id) throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        Fd came = Frontend.fd();
        assertNull(frontend.say(id, V, Frontend.bytes(24), came));
        assertTrue(came.isClosed());
        assertEquals(
                "request %s refused: unknown or not offered, 24 bytes of payload ignored"
                        .formatted(Integer.toUnsignedString(id)),
                frontend.refused);
        assertEquals(1, frontend.ask(id, Frontend.bytes(24)));
        assertEquals(0, frontend.ask(3, Frontend.nothing()), "the connection lives");
    }

    @Test
    @DisplayName("fact 9: protocol features are settled before SET_FEATURES and without bit 30")
    void settlesProtocolFeaturesFirst() throws ProtocolException {
        assertEquals(0x1a23dL, frontend.get(15, Frontend.nothing()));
        frontend.tell(16, Frontend.u64(0x1a23dL));
        frontend.tell(2, Frontend.u64(0));
        assertEquals(0x1a23dL, frontend.get(15, Frontend.nothing()));
        assertEquals(0, frontend.ask(20, Frontend.u64(1500)), "NET_MTU stays negotiated");
    }

    @Test
    void refusesProtocolFeaturesThatWereNotOffered() throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        for (int bit : new int[] {1, 6, 7, 8, 10, 11, 12, 14, 17, 18, 19, 63}) {
            assertEquals(
                    "SET_PROTOCOL_FEATURES refused: bits 0x%x were not offered (0x1a23d were)"
                            .formatted(1L << bit),
                    refused(16, Frontend.u64(8 | (1L << bit))));
        }
        assertEquals(1, frontend.ask(20, Frontend.u64(1500)), "nothing was negotiated");
    }

    @Test
    @DisplayName("fact 10: SET_FEATURES without bit 30 enables all rings, with it none")
    void enablesAllRingsWithoutBit30() throws ProtocolException {
        frontend.tell(2, Frontend.u64(BIT_30));
        assertEquals(Set.of(), host.enabled);
        frontend.tell(2, Frontend.u64(0));
        assertEquals(Set.of(0, 1, 2, 3, 4), host.enabled);
        frontend.tell(2, Frontend.u64(BIT_30));
        assertEquals(Set.of(0, 1, 2, 3, 4), host.enabled, "what runs is not disabled by it");
    }

    @Test
    @DisplayName("fact 10: a ring that starts is enabled as the features said")
    void startsRingsEnabledWithoutBit30() throws ProtocolException {
        frontend.tell(2, Frontend.u64(0));
        frontend.withMemory().start(0).number();
        assertTrue(host.told.contains("startVring 0 enabled"));
    }

    @Test
    @DisplayName("fact 10: with bit 30 a ring starts disabled and waits for SET_VRING_ENABLE")
    void startsRingsDisabledWithBit30() throws ProtocolException {
        frontend.negotiated().withMemory().start(0).number();
        assertTrue(host.told.contains("startVring 0 disabled"));
        frontend.tell(18, Frontend.state(0, 1));
        assertEquals(Set.of(0), host.enabled);
    }

    @Test
    @DisplayName("fact 10: UML's second SET_FEATURES, without bit 30, enables rings that wait")
    void enablesRingsAtASecondSetFeatures() throws ProtocolException {
        frontend.tell(2, Frontend.u64(BIT_30 | RingFeature.VERSION_1));
        frontend.tell(2, Frontend.u64(RingFeature.VERSION_1));
        frontend.withMemory().start(1).number();
        assertTrue(host.told.contains("startVring 1 enabled"));
    }

    @Test
    @DisplayName("fact 11: bits that live in the front end are masked away, others refused")
    void masksToleratedFeatures() throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        frontend.tell(2, Frontend.u64(BIT_30 | SmallDevice.CSUM | SmallDevice.CTRL_RX));
        assertEquals(SmallDevice.CSUM, device.negotiated);
        assertEquals(
                "SET_FEATURES refused: bits 0x4000 were not offered (0x540000809 were)",
                refused(2, Frontend.u64(SmallDevice.UFO | SmallDevice.CTRL_RX)));
        refused(2, Frontend.u64(1L << 26)); // no dirty log
        assertEquals(SmallDevice.CSUM, device.negotiated, "nothing changed");
        assertEquals(Set.of(), host.enabled);
    }

    @Test
    @DisplayName("fact 12: a new connection offers the same features and the same memory slots")
    void offersTheSameAfterReconnecting() throws ProtocolException {
        frontend.negotiated().withMemory().start(0).number();
        long features = frontend.get(1, Frontend.nothing());
        long protocol = frontend.get(15, Frontend.nothing());
        long slots = frontend.get(36, Frontend.nothing());
        frontend.session.close();
        try (Session again = new Session(device, host)) {
            assertEquals(
                    new Reply.Features(features),
                    again.handle(new FrontendRequest.GetFeatures(), false).reply());
            assertEquals(
                    new Reply.ProtocolFeatures(protocol),
                    again.handle(new FrontendRequest.GetProtocolFeatures(), false).reply());
            assertEquals(
                    new Reply.MaxMemSlots((int) slots),
                    again.handle(new FrontendRequest.GetMaxMemSlots(), false).reply());
        }
    }

    @Test
    @DisplayName("fact 13: features without those they need are refused")
    void asksTheDeviceAboutFeatures() throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        assertEquals(
                "SET_FEATURES refused: 0x800: TSO needs CSUM",
                refused(2, Frontend.u64(SmallDevice.TSO)));
        assertEquals(List.of(), device.told);
        assertEquals(0, frontend.ask(2, Frontend.u64(SmallDevice.TSO | SmallDevice.CSUM)));
    }

    @Test
    @DisplayName("fact 15: enabled is independent of started")
    void enablesStoppedAndStartedRings() throws ProtocolException {
        frontend.negotiated().withMemory();
        frontend.tell(18, Frontend.state(0, 1));
        frontend.start(0).number();
        assertTrue(host.told.contains("startVring 0 enabled"));
        frontend.tell(18, Frontend.state(0, 0));
        assertEquals(Set.of(0), host.started.keySet(), "disabled, it stays started");
        frontend.get(11, Frontend.state(0, 0));
        frontend.tell(18, Frontend.state(0, 1));
        assertEquals(Set.of(), host.started.keySet(), "enabled, it stays stopped");
        frontend.tell(12, Frontend.u64(0x100));
        assertEquals("startVring 0 enabled", host.told.getLast());
    }

    @Test
    @DisplayName("facts 15 and 18: SET_VRING_ENABLE is obeyed without bit 30; only 0 and 1 count")
    void enablesWithoutBit30() throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        frontend.tell(18, Frontend.state(3, 1));
        assertEquals(Set.of(3), host.enabled);
        assertEquals(
                "SET_VRING_ENABLE refused: 2 is neither 0 nor 1",
                refused(18, Frontend.state(3, 2)));
        assertEquals(Set.of(3), host.enabled);
    }

    @Test
    @DisplayName("facts 16 and 17: a ring starts at SET_VRING_KICK, before any enable or kick")
    void startsAtSetVringKick() throws ProtocolException {
        frontend.negotiated().withMemory().describe(2);
        assertEquals(Set.of(), host.started.keySet());
        Fd kick = Frontend.fd();
        frontend.tell(12, Frontend.u64(2), kick);
        VringSetup setup = host.started.get(2);
        assertEquals(256, setup.size());
        assertEquals(0x7f0000000000L, setup.desc());
        assertEquals(0x7f0000001000L, setup.avail());
        assertEquals(0x7f0000002000L, setup.used());
        assertEquals(0, setup.base());
        assertEquals(device.negotiated, setup.features());
        assertSame(kick, setup.kick());
        assertFalse(kick.isClosed());
    }

    @Test
    @DisplayName("fact 16: a ring without size or addresses does not start")
    void needsSizeAndAddresses() throws ProtocolException {
        frontend.negotiated().withMemory();
        Fd kick = Frontend.fd();
        assertEquals(1, frontend.ask(12, Frontend.u64(0), kick));
        assertEquals("SET_VRING_KICK refused: no size was set", frontend.refused);
        assertTrue(kick.isClosed());
        frontend.tell(8, Frontend.state(0, 256));
        assertEquals(1, frontend.ask(12, Frontend.u64(0x100)));
        assertEquals("SET_VRING_KICK refused: no addresses were set", frontend.refused);
        frontend.tell(9, Frontend.addresses(0, 0, 0, 0, 0));
        assertEquals(0, frontend.ask(12, Frontend.u64(0x100)));
        assertEquals(Set.of(0), host.started.keySet());
    }

    @Test
    @DisplayName("fact 18: without a kick descriptor the ring is polled")
    void startsAPolledRing() throws ProtocolException {
        frontend.negotiated().withMemory().describe(0);
        frontend.tell(12, Frontend.u64(0x100));
        assertNull(host.started.get(0).kick());
    }

    @Test
    void anotherKickDescriptorGoesOnWhereTheRingStands() throws ProtocolException {
        frontend.negotiated().withMemory();
        Fd first = frontend.start(0);
        host.position = 77;
        Fd second = Frontend.fd();
        frontend.tell(12, Frontend.u64(0), second);
        assertTrue(first.isClosed());
        assertEquals(77, host.started.get(0).base());
        assertSame(second, host.started.get(0).kick());
    }

    @Test
    @DisplayName("facts 18 and 20: call and err descriptors come, change and go at any time")
    void replacesCallAndErr() throws ProtocolException {
        Fd early = Frontend.fd();
        frontend.tell(13, Frontend.u64(1), early); // UML and DPDK: before anything else
        frontend.negotiated().withMemory().start(1).number();
        Fd late = Frontend.fd();
        frontend.tell(13, Frontend.u64(1), late);
        assertTrue(early.isClosed());
        assertSame(late, host.calls.get(1));
        frontend.tell(13, Frontend.u64(0x101));
        assertTrue(late.isClosed());
        assertNull(host.calls.get(1));
        Fd err = Frontend.fd();
        frontend.tell(14, Frontend.u64(1), err);
        assertSame(err, host.errs.get(1));
        frontend.tell(14, Frontend.u64(0x101));
        assertTrue(err.isClosed());
        assertEquals(Set.of(1), host.started.keySet(), "the ring runs on");
    }

    @Test
    @DisplayName("fact 21: GET_VRING_BASE stops the ring and answers 8 bytes: index and position")
    void stopsAtGetVringBase() throws ProtocolException {
        frontend.negotiated().withMemory();
        Fd kick = frontend.start(2);
        Fd call = Frontend.fd();
        Fd err = Frontend.fd();
        frontend.tell(13, Frontend.u64(2), call);
        frontend.tell(14, Frontend.u64(2), err);
        host.position = 0xfedcba98L;
        ByteBuffer reply = frontend.say(11, V, Frontend.state(2, 0x1234));
        reply.order(ByteOrder.nativeOrder());
        assertEquals(8, reply.getInt(8));
        assertEquals(2, reply.getInt(12));
        assertEquals(0xfedcba98, reply.getInt(16));
        assertEquals(Set.of(), host.started.keySet());
        assertTrue(kick.isClosed());
        assertTrue(call.isClosed());
        assertFalse(err.isClosed(), "QEMU sends it only once");
        assertArrayEquals(
                bytes(reply), bytes(frontend.say(11, V, Frontend.state(2, 0))), "asked twice");
    }

    @Test
    @DisplayName("fact 21: a ring that never started stands at its base")
    void answersGetVringBaseOfAStoppedRing() throws ProtocolException {
        frontend.negotiated();
        frontend.tell(10, Frontend.state(1, 0x4321));
        assertEquals(1 | (0x4321L << 32), frontend.get(11, Frontend.state(1, 0)));
        assertEquals(2, frontend.get(11, Frontend.state(2, 0)));
    }

    @Test
    void aRingThatBrokeIsStillAnsweredFor() throws ProtocolException {
        frontend.negotiated().withMemory();
        frontend.start(0).number();
        host.breakVring(0);
        assertEquals(0, frontend.get(11, Frontend.state(0, 0)));
        frontend.tell(12, Frontend.u64(0x100));
        assertEquals(Set.of(0), host.started.keySet());
    }

    @Test
    @DisplayName("fact 21: after it the ring starts again where it stood, with only a kick")
    void restartsWhereItStood() throws ProtocolException {
        frontend.negotiated().withMemory();
        frontend.start(0).number();
        host.position = 5;
        frontend.get(11, Frontend.state(0, 0));
        frontend.tell(12, Frontend.u64(0x100));
        assertEquals(5, host.started.get(0).base());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 0x8000, 0x80008000, 0x12348765})
    @DisplayName("fact 22: the base of a packed ring passes with all its 32 bits")
    void passesPackedBases(int base) throws ProtocolException {
        frontend.tell(2, Frontend.u64(RingFeature.RING_PACKED | RingFeature.VERSION_1));
        frontend.withMemory().describe(0);
        frontend.tell(10, Frontend.state(0, base));
        frontend.tell(12, Frontend.u64(0x100));
        assertEquals(base, host.started.get(0).base());
        assertEquals(Integer.toUnsignedLong(base) << 32, frontend.get(11, Frontend.state(0, 0)));
    }

    @Test
    @DisplayName("fact 22: the base of a split ring has 16 bits")
    void boundsSplitBases() throws ProtocolException {
        frontend.negotiated();
        assertEquals(0, frontend.ask(10, Frontend.state(0, 0xffff)));
        assertEquals(
                "SET_VRING_BASE refused: base 0x10000 of a split ring is over 0xffff",
                refused(10, Frontend.state(0, 0x10000)));
        assertEquals(0xffffL << 32, frontend.get(11, Frontend.state(0, 0)), "nothing changed");
    }

    @Test
    @DisplayName("facts 23 and 50: the size of a split ring is a power of two up to 32768")
    void boundsSplitSizes() throws ProtocolException {
        frontend.negotiated();
        for (int size = 1; size <= 32768; size *= 2) {
            assertEquals(0, frontend.ask(8, Frontend.state(0, size)));
        }
        for (int size : new int[] {0, 65536, -1, Integer.MIN_VALUE}) {
            assertEquals(
                    "SET_VRING_NUM refused: size %s is not in 1..32768"
                            .formatted(Integer.toUnsignedString(size)),
                    refused(8, Frontend.state(0, size)));
        }
        for (int size : new int[] {3, 255, 32767}) {
            assertEquals(
                    "SET_VRING_NUM refused: size %d of a split ring is not a power of two"
                            .formatted(size),
                    refused(8, Frontend.state(0, size)));
        }
    }

    @Test
    @DisplayName("facts 23 and 50: the size of a packed ring is any number up to 32768")
    void boundsPackedSizes() throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        frontend.tell(2, Frontend.u64(RingFeature.RING_PACKED | RingFeature.VERSION_1));
        for (int size : new int[] {1, 3, 255, 32767, 32768}) {
            assertEquals(0, frontend.ask(8, Frontend.state(0, size)));
        }
        refused(8, Frontend.state(0, 0));
        refused(8, Frontend.state(0, 32769));
    }

    @Test
    @DisplayName("fact 23: a ring that turns split with a packed ring's size does not start")
    void checksAgainAtTheStart() throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        frontend.tell(2, Frontend.u64(RingFeature.RING_PACKED));
        frontend.withMemory().describe(0);
        frontend.tell(8, Frontend.state(0, 100));
        frontend.tell(2, Frontend.u64(0));
        assertEquals(1, frontend.ask(12, Frontend.u64(0x100)));
        assertEquals(
                "SET_VRING_KICK refused: size 100 of a split ring is not a power of two",
                frontend.refused);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 255, 256, -1})
    @DisplayName("fact 50: a ring index out of bounds is refused by every message")
    void boundsRingIndices(int index) throws ProtocolException {
        frontend.negotiated();
        String rule = " refused: ring %s, there are 5".formatted(Integer.toUnsignedString(index));
        assertEquals("SET_VRING_NUM" + rule, refused(8, Frontend.state(index, 256)));
        assertEquals("SET_VRING_BASE" + rule, refused(10, Frontend.state(index, 0)));
        assertEquals("GET_VRING_BASE" + rule, refused(11, Frontend.state(index, 0)));
        assertEquals("SET_VRING_ENABLE" + rule, refused(18, Frontend.state(index, 1)));
        assertEquals("SET_VRING_ADDR" + rule, refused(9, Frontend.addresses(index, 0, 0, 0, 0)));
        if (index >= 0 && index <= 255) {
            for (int id : new int[] {12, 13, 14}) {
                assertEquals(
                        MessageType.of(id).name() + rule, refused(id, Frontend.u64(0x100 | index)));
                Fd came = Frontend.fd();
                assertEquals(1, frontend.ask(id, Frontend.u64(index), came));
                assertTrue(came.isClosed());
            }
        }
        assertEquals(List.of(), host.told);
    }

    @Test
    @DisplayName("fact 24: ring addresses are aligned as the ring format demands")
    void checksAlignment() throws ProtocolException {
        frontend.negotiated();
        assertEquals(0, frontend.ask(9, Frontend.addresses(0, 0, 16, 4, 2)));
        assertEquals(
                "SET_VRING_ADDR refused: descriptor address 0x8 is not a multiple of 16",
                refused(9, Frontend.addresses(0, 0, 8, 4, 2)));
        assertEquals(
                "SET_VRING_ADDR refused: used address 0x2 is not a multiple of 4",
                refused(9, Frontend.addresses(0, 0, 16, 2, 2)));
        assertEquals(
                "SET_VRING_ADDR refused: available address 0x1 is not a multiple of 2",
                refused(9, Frontend.addresses(0, 0, 16, 4, 1)));
        frontend.tell(2, Frontend.u64(RingFeature.RING_PACKED));
        refused(9, Frontend.addresses(0, 0, 16, 4, 2)); // an event structure has 4 bytes
    }

    @Test
    @DisplayName("fact 24: addresses sent again with only the flag changed leave the ring running")
    void goesOnWhenOnlyTheFlagChanges() throws ProtocolException {
        frontend.negotiated().withMemory();
        frontend.start(0).number();
        frontend.tell(
                9, Frontend.addresses(0, 1, 0x7f0000000000L, 0x7f0000002000L, 0x7f0000001000L));
        assertEquals(Set.of(0), host.started.keySet());
        assertEquals(
                "SET_VRING_ADDR refused: flags 0x2, only 0x1 is defined",
                refused(9, Frontend.addresses(0, 2, 0, 0, 0)));
        assertEquals(Set.of(0), host.started.keySet());
        frontend.tell(
                9, Frontend.addresses(0, 0, 0x7f0000000000L, 0x7f0000002000L, 0x7f0000001800L));
        assertEquals(Set.of(), host.started.keySet());
    }

    @Test
    @DisplayName("fact 25: GET_QUEUE_NUM answers queue pairs, MQ negotiated or not")
    void answersQueuePairs() throws ProtocolException {
        assertEquals(2, frontend.get(17, Frontend.nothing()));
        frontend.tell(16, Frontend.u64(1));
        assertEquals(2, frontend.get(17, Frontend.nothing()));
    }

    @Test
    @DisplayName("fact 28: regions that are empty, wrap around or overlap are refused")
    void checksRegions() throws ProtocolException {
        frontend.negotiated().withMemory();
        List<MemoryRegion> before = List.copyOf(host.regions);
        MemoryRegion[][] wrong = {
            {new MemoryRegion(0, 0, 0, 0)},
            {new MemoryRegion(0, -1, 0, 0)},
            {new MemoryRegion(-4096, 8192, 0, 0)},
            {new MemoryRegion(0, 8192, -4096, 0)},
            {new MemoryRegion(0, 4096, 0, Long.MAX_VALUE)},
            {new MemoryRegion(0, 4096, 0, -4096)},
            {new MemoryRegion(0, MemorySlots.MAPPED_BYTES_MAX + 1, 0, 0)},
            {new MemoryRegion(0, 4096, 0, MemorySlots.MAPPED_BYTES_MAX)},
            {
                new MemoryRegion(0, 1L << 41, 0, 0),
                new MemoryRegion(1L << 50, 1L << 41, 1L << 50, 0),
                new MemoryRegion(1L << 51, 1, 1L << 51, 0)
            },
            {new MemoryRegion(0, 8192, 0, 0), new MemoryRegion(4096, 8192, 1 << 20, 0)},
            {new MemoryRegion(0, 8192, 0, 0), new MemoryRegion(1 << 20, 8192, 4096, 0)},
            {new MemoryRegion(4096, 4096, 0, 0), new MemoryRegion(0, 1 << 20, 1 << 20, 0)},
        };
        for (MemoryRegion[] regions : wrong) {
            Fd[] files = new Fd[regions.length];
            for (int i = 0; i < files.length; i++) {
                files[i] = Frontend.fd();
            }
            assertEquals(1, frontend.ask(5, Frontend.table(regions), files));
            assertTrue(frontend.refused.startsWith("SET_MEM_TABLE refused: "), frontend.refused);
            for (Fd each : files) {
                assertTrue(each.isClosed());
            }
            assertEquals(before, host.regions);
        }
        // Regions may touch, and the very last byte may belong to one.
        Fd[] files = {Frontend.fd(), Frontend.fd()};
        frontend.tell(
                5,
                Frontend.table(
                        new MemoryRegion(-8192, 4096, -4096, 0),
                        new MemoryRegion(-4096, 4096, -8192, 0)),
                files);
        assertEquals(2, host.regions.size());
    }

    @Test
    @DisplayName("fact 30: a new memory table replaces the old one while rings run")
    void replacesMemoryUnderRunningRings() throws ProtocolException {
        frontend.negotiated().withMemory();
        frontend.start(0).number();
        Fd old = host.files.getFirst();
        Fd file = Frontend.fd();
        frontend.tell(5, Frontend.table(Frontend.HIGH), file);
        assertEquals(List.of(Frontend.HIGH), host.regions);
        assertTrue(old.isClosed());
        assertFalse(file.isClosed());
        assertEquals(Set.of(0), host.started.keySet());
        assertEquals("replaceMemory 1", host.told.getLast());
    }

    @Test
    @DisplayName("fact 30: memory that the host cannot map is refused and the old table stays")
    void keepsTheOldTableWhenTheHostRefuses() throws ProtocolException {
        frontend.negotiated().withMemory();
        host.refuses = true;
        Fd file = Frontend.fd();
        assertEquals(1, frontend.ask(5, Frontend.table(Frontend.HIGH), file));
        assertEquals("SET_MEM_TABLE refused: host: memory", frontend.refused);
        assertTrue(file.isClosed());
        assertEquals(List.of(Frontend.LOW), host.regions);
        assertEquals(1, frontend.ask(37, Frontend.slot(Frontend.HIGH), Frontend.fd()));
        host.refuses = false;
        assertEquals(0, frontend.ask(37, Frontend.slot(Frontend.HIGH), Frontend.fd()));
        host.refuses = true;
        assertEquals(1, frontend.ask(38, Frontend.slot(Frontend.HIGH)));
        host.refuses = false;
        assertEquals(0, frontend.ask(38, Frontend.slot(Frontend.HIGH)));
    }

    @Test
    @DisplayName("fact 31: regions are added and removed one by one, up to 509")
    void addsAndRemovesRegions() throws ProtocolException {
        frontend.negotiated();
        assertEquals(509, frontend.get(36, Frontend.nothing()));
        for (int i = 0; i < 509; i++) {
            MemoryRegion region = new MemoryRegion(i * 4096L, 4096, i * 4096L, 0);
            assertEquals(0, frontend.ask(37, Frontend.slot(region), Frontend.fd()));
        }
        MemoryRegion tooMany = new MemoryRegion(509 * 4096L, 4096, 509 * 4096L, 0);
        assertEquals(1, frontend.ask(37, Frontend.slot(tooMany), Frontend.fd()));
        assertEquals("ADD_MEM_REG refused: all 509 memory slots are in use", frontend.refused);
        Fd again = Frontend.fd();
        MemoryRegion gone = new MemoryRegion(4096, 4096, 4096, 0xbad000); // offset does not matter
        Fd file = host.files.get(1);
        assertEquals(0, frontend.ask(38, Frontend.slot(gone), again));
        assertTrue(file.isClosed());
        assertTrue(again.isClosed());
        assertEquals(508, host.regions.size());
        assertEquals(1, frontend.ask(38, Frontend.slot(gone)));
        assertEquals(
                "REM_MEM_REG refused: no such region: guest 0x1000, front end 0x1000, size 0x1000,"
                        + " mmap offset 0xbad000",
                frontend.refused);
        assertEquals(1, frontend.ask(37, Frontend.slot(Frontend.LOW), Frontend.fd()), "overlaps");
    }

    @Test
    @DisplayName("fact 33: RESET_OWNER keeps memory and connection, and disables rings at most")
    void resetOwnerKeepsMemory() throws ProtocolException {
        frontend.negotiated().withMemory();
        frontend.start(0).number();
        frontend.tell(18, Frontend.state(0, 1));
        frontend.tell(4, Frontend.nothing());
        assertEquals(Set.of(), host.enabled);
        assertEquals(Set.of(0), host.started.keySet());
        assertEquals(List.of(Frontend.LOW), host.regions);
        assertEquals(0, frontend.ask(3, Frontend.nothing()));
    }

    @Test
    @DisplayName("fact 33: who cannot enable rings does not lose them to RESET_OWNER")
    void resetOwnerLeavesRingsThatNobodyEnables() throws ProtocolException {
        frontend.tell(2, Frontend.u64(0));
        frontend.tell(4, Frontend.nothing());
        assertEquals(Set.of(0, 1, 2, 3, 4), host.enabled);
    }

    @Test
    @DisplayName("fact 33: RESET_DEVICE stops rings and forgets device state, not the connection")
    void resetsTheDevice() throws ProtocolException {
        frontend.negotiated().withMemory();
        Fd kick = frontend.start(0);
        frontend.tell(18, Frontend.state(0, 1));
        Fd call = Frontend.fd();
        frontend.tell(13, Frontend.u64(0), call);
        assertEquals(0, frontend.ask(34, Frontend.nothing()));
        assertEquals(Set.of(), host.started.keySet());
        assertEquals(Set.of(), host.enabled);
        assertTrue(kick.isClosed());
        assertFalse(call.isClosed());
        assertEquals("reset", device.told.getLast());
        assertEquals(List.of(Frontend.LOW), host.regions);
        assertEquals(1, frontend.ask(12, Frontend.u64(0x100)), "the ring must be described anew");
        frontend.describe(0);
        assertEquals(0, frontend.ask(12, Frontend.u64(0x100)));
    }

    @Test
    @DisplayName("fact 34: status 0 resets the device, not memory nor connection")
    void statusZeroResets() throws ProtocolException {
        frontend.negotiated().withMemory();
        frontend.start(0).number();
        frontend.tell(39, Frontend.u64(0xf));
        assertEquals(0xf, frontend.get(40, Frontend.nothing()));
        assertEquals(Set.of(0), host.started.keySet());
        frontend.tell(39, Frontend.u64(0xffffffffffffff00L)); // low 8 bits count
        assertEquals("status 0", device.told.getLast());
        assertEquals(Set.of(), host.started.keySet());
        assertEquals(List.of(Frontend.LOW), host.regions);
        assertEquals(0, frontend.get(40, Frontend.nothing()));
        assertEquals(0, frontend.ask(39, Frontend.u64(0x10b)));
        assertEquals(0xb, frontend.get(40, Frontend.nothing()));
    }

    @Test
    @DisplayName("fact 36: GET_CONFIG answers as many bytes as asked, from any offset")
    void readsConfig() throws ProtocolException {
        frontend.negotiated();
        for (int size = 1; size <= 6; size++) { // UML reads the MAC byte by byte
            ByteBuffer reply = frontend.say(24, V, Frontend.config(0, 0, new byte[size]));
            reply.order(ByteOrder.nativeOrder());
            assertEquals(12 + size, reply.getInt(8));
            assertEquals(0, reply.getInt(12));
            assertEquals(size, reply.getInt(16));
            assertEquals(size, reply.get(12 + 12 + size - 1));
        }
        ByteBuffer tail = frontend.say(24, V, Frontend.config(8, 0, (byte) 0, (byte) 0));
        assertEquals(9, tail.get(24));
        assertEquals(10, tail.get(25));
    }

    @Test
    @DisplayName("fact 36: a range outside of configuration space is answered without payload")
    void failsToReadConfigOutside() throws ProtocolException {
        frontend.negotiated();
        int[][] outside = {{0, 11}, {10, 1}, {9, 2}, {-1, 1}, {0, 0}, {0, 257}, {4, -1}};
        for (int[] range : outside) {
            ByteBuffer payload = Frontend.config(range[0], 0, (byte) 0).putInt(4, range[1]);
            ByteBuffer reply = frontend.say(24, ASKING, payload);
            assertEquals(12, reply.remaining());
            assertEquals(0, reply.order(ByteOrder.nativeOrder()).getInt(8));
            assertTrue(frontend.refused.startsWith("GET_CONFIG refused: "), frontend.refused);
        }
    }

    @Test
    @DisplayName("fact 37: SET_CONFIG writes writable fields, and all of them when migrating")
    void writesConfig() throws ProtocolException {
        frontend.negotiated();
        assertEquals(0, frontend.ask(25, Frontend.config(4, 0, (byte) 50, (byte) 60)));
        assertEquals(50, device.config[4]);
        assertEquals(
                "SET_CONFIG refused: 2 bytes at 5 are not all writable",
                refused(25, Frontend.config(5, 0, (byte) 1, (byte) 1)));
        assertEquals(60, device.config[5]);
        assertEquals(0, frontend.ask(25, Frontend.config(5, 1, (byte) 61, (byte) 70)));
        assertEquals(70, device.config[6]);
        assertEquals(
                "SET_CONFIG refused: flags 0x2, must be 0 or 1",
                refused(25, Frontend.config(0, 2, (byte) 1)));
        assertEquals(
                "SET_CONFIG refused: 2 bytes at 9, configuration has 10",
                refused(25, Frontend.config(9, 1, (byte) 1, (byte) 1)));
        refused(25, Frontend.config(0, 0));
    }

    @Test
    @DisplayName("fact 38: NET_SET_MTU needs its protocol feature, virtio's MTU and 68 to 65535")
    void setsTheMtu() throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        assertEquals(
                "NET_SET_MTU refused: protocol feature NET_MTU was not negotiated (0x8 was)",
                refused(20, Frontend.u64(1500)));
        frontend.tell(16, Frontend.u64(0x18));
        for (long mtu : new long[] {68, 1500, 65535}) {
            assertEquals(0, frontend.ask(20, Frontend.u64(mtu)));
            assertEquals("mtu " + mtu, device.told.getLast());
        }
        for (long mtu : new long[] {0, 67, 65536, 0x1000005dcL, -1}) {
            assertEquals(
                    "NET_SET_MTU refused: %s bytes is not in 68..65535"
                            .formatted(Long.toUnsignedString(mtu)),
                    refused(20, Frontend.u64(mtu)));
        }
        assertEquals(
                "NET_SET_MTU refused: 1000 bytes does not suit the device",
                refused(20, Frontend.u64(1000)));
        device.features &= ~SmallDevice.MTU;
        assertEquals(
                "NET_SET_MTU refused: 1500 bytes, but MTU was not offered",
                refused(20, Frontend.u64(1500)));
    }

    @Test
    @DisplayName("fact 39: SEND_RARP makes the device announce the MAC")
    void announcesTheMac() throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        ByteBuffer mac = ByteBuffer.wrap(new byte[] {0x52, 0x54, 0, (byte) 0xab, 2, 3, 9, 9});
        assertEquals(
                "SEND_RARP refused: protocol feature RARP was not negotiated (0x8 was)",
                refused(19, mac));
        frontend.tell(16, Frontend.u64(0xc));
        assertEquals(0, frontend.ask(19, mac));
        assertEquals(List.of("announce 525400ab0203"), device.told);
        refused(19, ByteBuffer.wrap(new byte[8]));
        assertEquals(
                "SEND_RARP refused: 01:00:5e:00:00:01 is not a station's address",
                refused(19, ByteBuffer.wrap(new byte[] {1, 0, 0x5e, 0, 0, 1, 0, 0})));
        assertEquals(List.of("announce 525400ab0203"), device.told);
    }

    @Test
    @DisplayName("fact 54: a table without regions is refused, and says what to look for")
    void explainsMissingSharedMemory() throws ProtocolException {
        frontend.negotiated();
        assertEquals(
                "SET_MEM_TABLE refused: no regions; is the guest's memory shared, as with"
                        + " memory-backend-memfd,share=on?",
                refused(5, Frontend.table()));
    }

    @Test
    @DisplayName("section 4: UML's driver rebinds without a word and its rings start again")
    void restartsRingsOfARebindingDriver() throws ProtocolException {
        frontend.tell(16, Frontend.u64(0x228));
        frontend.tell(2, Frontend.u64(BIT_30 | RingFeature.VERSION_1));
        frontend.withMemory();
        List<Fd> kicks = new ArrayList<>();
        for (int ring = 0; ring < 2; ring++) {
            kicks.add(frontend.start(ring));
            frontend.tell(18, Frontend.state(ring, 1));
        }
        host.position = 99;
        // Unbinding: no GET_VRING_BASE, only this.
        frontend.tell(18, Frontend.state(0, 0));
        frontend.tell(18, Frontend.state(1, 0));
        frontend.get(1, Frontend.nothing());
        assertEquals(Set.of(0, 1), host.started.keySet());
        // Binding again.
        frontend.tell(2, Frontend.u64(BIT_30 | RingFeature.VERSION_1));
        frontend.withMemory();
        for (int ring = 0; ring < 2; ring++) {
            frontend.tell(13, Frontend.u64(ring), Frontend.fd());
            assertTrue(host.started.containsKey(ring));
            frontend.tell(8, Frontend.state(ring, 256));
            assertFalse(host.started.containsKey(ring), "the first word of a ring ends it");
            frontend.tell(10, Frontend.state(ring, 0));
            frontend.describe(ring);
        }
        for (int ring = 0; ring < 2; ring++) {
            assertTrue(kicks.get(ring).isClosed());
            frontend.tell(12, Frontend.u64(ring), Frontend.fd());
            assertEquals(0, host.started.get(ring).base(), "not where the old driver stood");
            frontend.tell(18, Frontend.state(ring, 1));
        }
        assertEquals(Set.of(0, 1), host.enabled);
    }

    @Test
    @DisplayName("section 4: a ring's size, base or place ends it, whichever comes first")
    void setUpMessagesEndAStartedRing() throws ProtocolException {
        frontend.negotiated().withMemory();
        frontend.start(0).number();
        host.position = 7;
        frontend.tell(8, Frontend.state(0, 256));
        assertEquals(Set.of(), host.started.keySet());
        frontend.tell(12, Frontend.u64(0x100));
        assertEquals(7, host.started.get(0).base(), "where it stood");
        frontend.tell(10, Frontend.state(0, 3));
        assertEquals(Set.of(), host.started.keySet());
        frontend.tell(12, Frontend.u64(0x100));
        assertEquals(3, host.started.get(0).base());
        refused(8, Frontend.state(0, 3));
        refused(10, Frontend.state(0, -1));
        refused(9, Frontend.addresses(0, 0, 1, 0, 0));
        assertEquals(Set.of(0), host.started.keySet(), "what is refused ends nothing");
    }

    @Test
    @DisplayName("section 4: other features end the rings that run with the old ones")
    void otherFeaturesEndStartedRings() throws ProtocolException {
        frontend.tell(2, Frontend.u64(BIT_30));
        frontend.withMemory().start(0).number();
        frontend.tell(2, Frontend.u64(BIT_30 | SmallDevice.CTRL_RX));
        assertEquals(Set.of(0), host.started.keySet(), "the same for the device");
        frontend.tell(2, Frontend.u64(BIT_30 | SmallDevice.CSUM));
        assertEquals(Set.of(), host.started.keySet());
    }

    @Test
    @DisplayName("section 4: SET_BACKEND_REQ_FD hands over the channel UML insists on")
    void takesTheBackendChannel() throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        Fd early = Frontend.fd();
        assertEquals(1, frontend.ask(21, Frontend.nothing(), early));
        assertTrue(early.isClosed());
        frontend.tell(16, Frontend.u64(0x20));
        Fd plain = Frontend.fd();
        frontend.tell(21, Frontend.nothing(), plain);
        assertSame(plain, host.channel);
        assertFalse(host.channelReplyAck);
        frontend.tell(16, Frontend.u64(0x28));
        Fd acknowledged = Frontend.fd();
        assertEquals(0, frontend.ask(21, Frontend.nothing(), acknowledged));
        assertTrue(plain.isClosed());
        assertSame(acknowledged, host.channel);
        assertTrue(host.channelReplyAck);
    }

    @Test
    void everyMessageOfAFeatureIsRefusedWithoutIt() throws ProtocolException {
        frontend.tell(16, Frontend.u64(8));
        ByteBuffer none = Frontend.nothing();
        refused(34, none);
        refused(38, Frontend.slot(Frontend.LOW));
        refused(39, Frontend.u64(1));
        refused(25, Frontend.config(0, 0, (byte) 1));
        Fd file = Frontend.fd();
        assertEquals(1, frontend.ask(37, Frontend.slot(Frontend.LOW), file));
        assertTrue(file.isClosed());
        assertEquals(List.of(), host.told);
        assertEquals(List.of(), device.told);
        // What has a reply of its own is answered all the same.
        assertEquals(509, frontend.get(36, none));
        assertEquals(0, frontend.get(40, none));
        assertEquals(25, frontend.say(24, V, Frontend.config(0, 0, (byte) 0)).remaining());
    }

    @Test
    void aRingThatTheHostRefusesStaysStopped() throws ProtocolException {
        frontend.negotiated().withMemory().describe(0);
        host.refuses = true;
        Fd kick = Frontend.fd();
        assertEquals(1, frontend.ask(12, Frontend.u64(0), kick));
        assertEquals("SET_VRING_KICK refused: host: ring outside of memory", frontend.refused);
        assertTrue(kick.isClosed());
        host.refuses = false;
        assertEquals(0, frontend.ask(12, Frontend.u64(0x100)));
        assertEquals(Set.of(0), host.started.keySet());
    }

    @Test
    void closingStopsRingsUnmapsMemoryAndResetsTheDevice() throws ProtocolException {
        frontend.negotiated().withMemory();
        List<Fd> given = new ArrayList<>(host.files);
        given.add(frontend.start(1));
        for (int id : new int[] {13, 14}) {
            Fd fd = Frontend.fd();
            frontend.tell(id, Frontend.u64(1), fd);
            given.add(fd);
        }
        Fd channel = Frontend.fd();
        frontend.tell(21, Frontend.nothing(), channel);
        given.add(channel);
        host.told.clear();
        frontend.session.close();
        assertEquals(
                List.of(
                        "stopVring 1",
                        "callVring 1 none",
                        "errVring 1 none",
                        "endBackendChannel",
                        "replaceMemory 0"),
                host.told);
        for (Fd each : given) {
            assertTrue(each.isClosed());
        }
        assertEquals("reset", device.told.getLast());
        frontend.session.close();
        assertEquals(5, host.told.size(), "closing twice is closing once");
        Fd late = Frontend.fd();
        assertThrows(IllegalStateException.class, () -> frontend.say(12, V, Frontend.u64(0), late));
        assertTrue(late.isClosed());
    }
}
