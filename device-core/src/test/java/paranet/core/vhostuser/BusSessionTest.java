package paranet.core.vhostuser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.device.BusControl;
import paranet.core.linux.Fd;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/** Conversations with a bus, in bytes: what may be said when, and what is answered. */
class BusSessionTest {
    private static final int NEGOTIATE = 0x7600;
    private static final int SET_EVENTQ = 0x7601;
    private static final int READY = 0x7602;
    private static final int CALL = 0x7603;
    private static final int SIGNAL_KICK = 0x7604;
    private static final int SET_DOORBELL = 0x7605;
    private static final int SHMSIGNAL = 0x7606;
    private static final int EVENTQ_KICK = 0x7607;
    private static final int FASTCALL_ADD = 0x7608;
    private static final int FASTCALL_DROP = 0x7609;

    private static final int ENOENT = -2;
    private static final int EFAULT = -14;
    private static final int EEXIST = -17;
    private static final int EINVAL = -22;

    private static final int MULTI_EVENTQ = 1;
    private static final int DOORBELL_BITMAP = 2;
    private static final int FASTCALL = 4;
    private static final int INBAND = 8;

    private final BusFrontend frontend = new BusFrontend();
    private final SmallBus bus = frontend.bus;
    private final RecordingBusHost host = frontend.host;

    @AfterEach
    void everyDescriptorGoesBackAtTheEnd() {
        Set<Fd> owned = host.owned();
        frontend.session.close();
        for (Fd each : owned) {
            assertTrue(each.isClosed());
        }
        assertEquals(Set.of(), host.owned());
        assertEquals("reset", bus.told.getLast());
    }

    private int refusedWithDescriptors(int id, ByteBuffer payload, int descriptors)
            throws ProtocolException {
        Fd[] came = new Fd[descriptors];
        for (int i = 0; i < descriptors; i++) {
            came[i] = Frontend.fd();
        }
        int result = frontend.result(id, payload, came);
        for (Fd each : came) {
            assertTrue(each.isClosed());
        }
        return result;
    }

    private String broken(int id, int flags, ByteBuffer payload, Fd... descriptors) {
        String message =
                assertThrows(
                                ProtocolException.class,
                                () -> frontend.say(id, flags, payload, descriptors))
                        .getMessage();
        for (Fd each : descriptors) {
            assertTrue(each.isClosed());
        }
        return message;
    }

    @Test
    void offersBit30AndThreeProtocolFeaturesAndNothingElse() throws ProtocolException {
        assertEquals(1L << 30, frontend.say(1, 1, Frontend.nothing()).getLong(12));
        assertEquals(
                1L << 56 | 1L << 15 | 1L << 3, frontend.say(15, 1, Frontend.nothing()).getLong(12));
        frontend.say(2, 1, Frontend.u64(1L << 30 | 1));
        assertEquals(
                "SET_FEATURES refused: bits 0x1 were not offered (0x40000000 were)",
                frontend.refused);
        frontend.say(16, 1, Frontend.u64(1));
        assertEquals(
                "SET_PROTOCOL_FEATURES refused: bits 0x1 were not offered (0x100000000008008 were)",
                frontend.refused);
    }

    @Test
    void acknowledgesBaseMessagesThatAskForIt() throws ProtocolException {
        assertEquals(0, frontend.say(16, 9, Frontend.u64(1L << 56 | 8)).getLong(12));
        assertEquals(0, frontend.say(3, 9, Frontend.nothing()).getLong(12));
        assertEquals(1, frontend.say(20, 9, Frontend.u64(1500)).getLong(12));
        assertEquals(
                "request 20 refused: unknown or not offered, 8 bytes of payload ignored",
                frontend.refused);
        assertEquals(
                1, frontend.say(37, 9, Frontend.slot(Frontend.LOW), Frontend.fd()).getLong(12));
        assertEquals(
                "ADD_MEM_REG refused: protocol feature CONFIGURE_MEM_SLOTS was not negotiated"
                        + " (0x100000000000008 was)",
                frontend.refused);
        assertEquals(509, frontend.say(36, 1, Frontend.nothing()).getLong(12));
    }

    @Test
    void opensInOrder() throws ProtocolException {
        frontend.withMemory();
        ByteBuffer reply =
                frontend.say(NEGOTIATE, 1, BusFrontend.negotiation(BusFrontend.MAGIC, 1, 0x1f));
        assertEquals(1, reply.getInt(12));
        assertEquals(BusFrontend.MAGIC, reply.getInt(20));
        assertEquals(1, reply.getInt(24));
        assertEquals(0xf, reply.getLong(28), "asked for and supported");
        assertEquals(
                0,
                frontend.result(
                        SET_EVENTQ, BusFrontend.eventq(0, 0), Frontend.fd(), Frontend.fd()));
        assertEquals(0, frontend.result(READY, BusFrontend.number(1)));
        assertEquals(
                List.of("reset", "negotiate 0xf", "eventq 64 0x1000 0x2000", "ready"), bus.told);
        assertEquals(Set.of("call 0", "eventq kick 0"), host.held.keySet());
    }

    @Test
    void isClosedUntilItIsNegotiated() throws ProtocolException {
        for (boolean vbus : new boolean[] {false, true}) {
            if (vbus) {
                frontend.withMemory();
            }
            assertEquals(EINVAL, refusedWithDescriptors(SET_EVENTQ, BusFrontend.eventq(0, 0), 2));
            assertEquals(EINVAL, frontend.result(READY, BusFrontend.number(1)));
            assertEquals(EINVAL, frontend.result(CALL, BusFrontend.call(0, 0, 16, 0x4000)));
            assertEquals(EINVAL, refusedWithDescriptors(SIGNAL_KICK, BusFrontend.number(0), 1));
            assertEquals(
                    EINVAL, refusedWithDescriptors(SET_DOORBELL, BusFrontend.doorbell(0, 64), 1));
            assertEquals(EINVAL, refusedWithDescriptors(FASTCALL_ADD, BusFrontend.fastcall(0), 2));
            assertEquals(EINVAL, frontend.result(FASTCALL_DROP, BusFrontend.number(0)));
            assertNull(frontend.say(SHMSIGNAL, 9, BusFrontend.number(0)));
            assertNull(frontend.say(EVENTQ_KICK, 9, BusFrontend.number(0)));
        }
        assertEquals(4, frontend.session.dropped());
        assertEquals(List.of(), bus.told);
    }

    @Test
    void negotiatesOnlyWithTheFeatureAndMemory() throws ProtocolException {
        ByteBuffer good = BusFrontend.negotiation(BusFrontend.MAGIC, 1, 0);
        assertEquals(EINVAL, frontend.result(NEGOTIATE, good.duplicate().order(good.order())));
        frontend.tell(16, Frontend.u64(1L << 56));
        assertEquals(EINVAL, frontend.result(NEGOTIATE, good.duplicate().order(good.order())));
        frontend.tell(5, Frontend.table(Frontend.LOW), Frontend.fd());
        assertEquals(1, frontend.result(NEGOTIATE, good));
    }

    @Test
    void refusesAnotherMagicOrVersionAndResetsNothing() throws ProtocolException {
        frontend.ready(0);
        bus.told.clear();
        for (ByteBuffer bad :
                List.of(
                        BusFrontend.negotiation(BusFrontend.MAGIC + 1, 1, 0xf),
                        BusFrontend.negotiation(BusFrontend.MAGIC, 2, 0xf),
                        BusFrontend.negotiation(BusFrontend.MAGIC, 0, 0xf))) {
            ByteBuffer reply = frontend.say(NEGOTIATE, 1, bad);
            assertEquals(24, reply.getInt(8));
            assertEquals(EINVAL, reply.getInt(12));
            assertEquals(BusFrontend.MAGIC, reply.getInt(20));
            assertEquals(1, reply.getInt(24));
            assertEquals(0, reply.getLong(28));
        }
        assertEquals(List.of(), bus.told);
        assertEquals(0, frontend.result(CALL, BusFrontend.call(0, 0, 16, 0x4000)));
    }

    @Test
    void negotiatingAgainResetsAllButMemory() throws ProtocolException {
        frontend.ready(BusFrontend.ALL);
        bus.signals.add(0);
        assertEquals(0, frontend.result(SIGNAL_KICK, BusFrontend.number(0), Frontend.fd()));
        Set<Fd> before = Set.copyOf(host.held.values());
        assertEquals(3, before.size());
        assertEquals(
                1,
                frontend.result(
                        NEGOTIATE, BusFrontend.negotiation(BusFrontend.MAGIC, 1, MULTI_EVENTQ)));
        for (Fd each : before) {
            assertTrue(each.isClosed());
        }
        assertEquals(List.of(Frontend.LOW), host.regions);
        assertEquals(EINVAL, frontend.result(READY, BusFrontend.number(1)), "its queue is gone");
        assertEquals(
                EINVAL,
                refusedWithDescriptors(SET_DOORBELL, BusFrontend.doorbell(0, 64), 1),
                "so is the capability");
    }

    @Test
    void takesEventQueuesInOrderAndOnlyBeforeReady() throws ProtocolException {
        frontend.negotiated(MULTI_EVENTQ);
        assertEquals(EINVAL, refusedWithDescriptors(SET_EVENTQ, BusFrontend.eventq(1, 0), 2));
        assertEquals(EINVAL, refusedWithDescriptors(SET_EVENTQ, BusFrontend.eventq(0, 1), 2));
        bus.result = EFAULT;
        assertEquals(EFAULT, refusedWithDescriptors(SET_EVENTQ, BusFrontend.eventq(0, 0), 2));
        assertEquals(Set.of(), host.held.keySet());
        bus.result = 0;
        for (int i = 0; i < 8; i++) {
            assertEquals(
                    0,
                    frontend.result(
                            SET_EVENTQ, BusFrontend.eventq(i, 0), Frontend.fd(), Frontend.fd()));
        }
        assertEquals(EINVAL, refusedWithDescriptors(SET_EVENTQ, BusFrontend.eventq(8, 0), 2));
        assertEquals(16, host.held.size());
        assertEquals(EINVAL, frontend.result(READY, BusFrontend.number(7)));
        assertEquals(EINVAL, frontend.result(READY, BusFrontend.number(9)));
        assertEquals(0, frontend.result(READY, BusFrontend.number(8)));
        assertEquals(EINVAL, frontend.result(READY, BusFrontend.number(8)));
        assertEquals(EINVAL, refusedWithDescriptors(SET_EVENTQ, BusFrontend.eventq(8, 0), 2));
    }

    @Test
    void isReadyWithOneQueueUnlessMoreWereNegotiated() throws ProtocolException {
        frontend.negotiated(0);
        assertEquals(EINVAL, frontend.result(READY, BusFrontend.number(0)));
        for (int i = 0; i < 2; i++) {
            assertEquals(
                    0,
                    frontend.result(
                            SET_EVENTQ, BusFrontend.eventq(i, 0), Frontend.fd(), Frontend.fd()));
        }
        assertEquals(EINVAL, frontend.result(READY, BusFrontend.number(2)));
        assertFalse(bus.told.contains("ready"));
    }

    @Test
    void takesAQueueWithoutDescriptorsOnlyInBand() throws ProtocolException {
        frontend.negotiated(0);
        assertEquals(EINVAL, frontend.result(SET_EVENTQ, BusFrontend.eventq(0, 0)));
        assertEquals(
                1,
                frontend.result(NEGOTIATE, BusFrontend.negotiation(BusFrontend.MAGIC, 1, INBAND)));
        assertEquals(0, frontend.result(SET_EVENTQ, BusFrontend.eventq(0, 0)));
        assertEquals("eventq 0 in-band", host.told.getLast());
        assertEquals(
                0,
                frontend.result(
                        SET_EVENTQ, BusFrontend.eventq(1, 0), Frontend.fd(), Frontend.fd()));
    }

    @Test
    void answersACallWithItsResultAndChannel() throws ProtocolException {
        frontend.negotiated(0);
        bus.result = 100;
        ByteBuffer reply = frontend.say(CALL, 1, BusFrontend.call(7, 2, 32, 0x4000));
        assertEquals(100, reply.getInt(12));
        assertEquals(7, reply.getInt(16));
        assertEquals("call 2 32 0x4000", bus.told.getLast());
        bus.result = ENOENT;
        reply = frontend.say(CALL, 9, BusFrontend.call(8, 1, 8, 0x4000));
        assertEquals(ENOENT, reply.getInt(12));
        assertEquals(8, reply.getInt(16));
    }

    @Test
    void bindsAKickToASignalAndTreatsThatAsOne() throws ProtocolException {
        frontend.ready(0);
        assertEquals(ENOENT, refusedWithDescriptors(SIGNAL_KICK, BusFrontend.number(3), 1));
        bus.signals.add(3);
        Fd first = Frontend.fd();
        assertEquals(0, frontend.result(SIGNAL_KICK, BusFrontend.number(3), first));
        assertEquals("signalled 3", bus.told.getLast());
        Fd second = Frontend.fd();
        assertEquals(0, frontend.result(SIGNAL_KICK, BusFrontend.number(3), second));
        assertTrue(first.isClosed());
        assertFalse(second.isClosed());
        int told = bus.told.size();
        host.refuses = true;
        assertEquals(EINVAL, refusedWithDescriptors(SIGNAL_KICK, BusFrontend.number(3), 1));
        assertFalse(bus.told.subList(told, bus.told.size()).contains("signalled 3"));
        assertFalse(second.isClosed());
    }

    private void callAndHaveItWait(int channel, int vector) throws ProtocolException {
        ByteBuffer reply = frontend.say(CALL, 1, BusFrontend.call(channel, vector, 8, 0x4000));
        assertEquals(null, reply);
        assertEquals(null, frontend.refused);
    }

    private static Reply answer(int channel, int result) {
        return new Reply.BusResult(CALL, result, channel);
    }

    /** V10: in order on a channel, whatever others do; V6: the socket is served meanwhile. */
    @Test
    void callsBehindALateAnswerWaitForItAndThoseOfOtherChannelsDoNot() throws ProtocolException {
        frontend.ready(0);
        bus.result = BusControl.LATER;
        callAndHaveItWait(1, 7);
        bus.result = 5;
        bus.told.clear();
        callAndHaveItWait(1, 8);
        callAndHaveItWait(1, 9);
        assertEquals(5, frontend.result(CALL, BusFrontend.call(2, 10, 8, 0x4000)));
        assertEquals(List.of("call 10 8 0x4000"), bus.told);
        frontend.session.answered(1, -2);
        assertEquals(List.of(answer(1, -2), answer(1, 5), answer(1, 5)), host.replies);
        assertEquals("call 9 8 0x4000", bus.told.getLast());
        assertEquals(5, frontend.result(CALL, BusFrontend.call(1, 11, 8, 0x4000)));
    }

    @Test
    void oneThatWaitedMayBeAnsweredLaterItself() throws ProtocolException {
        frontend.ready(0);
        bus.result = BusControl.LATER;
        callAndHaveItWait(1, 7);
        callAndHaveItWait(1, 8);
        callAndHaveItWait(1, 9);
        frontend.session.answered(1, 0);
        assertEquals(List.of(answer(1, 0)), host.replies);
        assertEquals("call 8 8 0x4000", bus.told.getLast());
        bus.result = 3;
        frontend.session.answered(1, 1);
        assertEquals(List.of(answer(1, 0), answer(1, 1), answer(1, 3)), host.replies);
        frontend.session.answered(1, 1);
        assertEquals(3, host.replies.size(), "nobody asked");
    }

    @Test
    void moreThan64CallsThatWaitEndTheConnection() throws ProtocolException {
        frontend.ready(0);
        bus.result = BusControl.LATER;
        callAndHaveItWait(1, 7);
        callAndHaveItWait(2, 7);
        for (int i = 0; i < 64; i++) {
            callAndHaveItWait(1 + i % 2, 8);
        }
        ProtocolException end =
                assertThrows(ProtocolException.class, () -> callAndHaveItWait(1, 8));
        assertTrue(end.getMessage().contains("more than 64 calls wait"), end.getMessage());
    }

    @Test
    void callsCountAsLongAsTheyWait() throws ProtocolException {
        frontend.ready(0);
        for (int round = 0; round < 2; round++) {
            bus.result = BusControl.LATER;
            callAndHaveItWait(1, 7);
            for (int i = 0; i < 64; i++) {
                callAndHaveItWait(1, 8);
            }
            bus.result = 0;
            frontend.session.answered(1, 0);
        }
        bus.result = BusControl.LATER;
        callAndHaveItWait(1, 7);
        for (int i = 0; i < 64; i++) {
            callAndHaveItWait(1, 8);
        }
        frontend.session.answered(1, 0); // and the next is begun, so 63 wait
        callAndHaveItWait(1, 8);
        assertThrows(ProtocolException.class, () -> callAndHaveItWait(1, 8));
    }

    @Test
    void negotiateAnswersFirstWhatIsNotAnsweredYet() throws ProtocolException {
        frontend.ready(0);
        bus.result = BusControl.LATER;
        callAndHaveItWait(2, 7);
        callAndHaveItWait(1, 7);
        callAndHaveItWait(1, 8);
        bus.told.clear();
        ByteBuffer none = BusFrontend.negotiation(0, 1, 0);
        assertEquals(EINVAL, frontend.result(NEGOTIATE, none));
        assertEquals(List.of(), host.replies, "a refused one resets nothing");
        ByteBuffer good = BusFrontend.negotiation(BusFrontend.MAGIC, 1, 0);
        assertEquals(1, frontend.result(NEGOTIATE, good));
        assertEquals(List.of(answer(1, 0), answer(1, EINVAL), answer(2, 0)), host.replies);
        assertFalse(bus.told.contains("call 8 8 0x4000"));
        frontend.session.answered(1, 0);
        assertEquals(3, host.replies.size());
    }

    @Test
    void nothingIsAnsweredAfterTheEnd() throws ProtocolException {
        frontend.ready(0);
        bus.result = BusControl.LATER;
        callAndHaveItWait(1, 7);
        callAndHaveItWait(1, 8);
        frontend.session.close();
        assertEquals(List.of(), host.replies);
        assertFalse(bus.told.contains("call 8 8 0x4000"));
    }

    @Test
    void setsADoorbellOnlyIfNegotiatedAndTreatsThatAsOneKick() throws ProtocolException {
        frontend.ready(MULTI_EVENTQ | FASTCALL | INBAND);
        assertEquals(EINVAL, refusedWithDescriptors(SET_DOORBELL, BusFrontend.doorbell(0, 64), 1));
        assertEquals(
                1,
                frontend.result(
                        NEGOTIATE, BusFrontend.negotiation(BusFrontend.MAGIC, 1, DOORBELL_BITMAP)));
        Fd first = Frontend.fd();
        assertEquals(0, frontend.result(SET_DOORBELL, BusFrontend.doorbell(0x40, 128), first));
        assertEquals("setDoorbell 0x40 128", bus.told.get(bus.told.size() - 2));
        assertEquals("doorbell", bus.told.getLast());
        bus.result = EFAULT;
        assertEquals(EFAULT, refusedWithDescriptors(SET_DOORBELL, BusFrontend.doorbell(0, 64), 1));
        assertFalse(first.isClosed(), "the doorbell before is still there");
        bus.result = 0;
        assertEquals(0, frontend.result(SET_DOORBELL, BusFrontend.doorbell(0, 64), Frontend.fd()));
        assertTrue(first.isClosed());
    }

    @Test
    void addsAndDropsChannelsOnlyIfNegotiated() throws ProtocolException {
        frontend.ready(MULTI_EVENTQ | DOORBELL_BITMAP | INBAND);
        assertEquals(EINVAL, refusedWithDescriptors(FASTCALL_ADD, BusFrontend.fastcall(0), 2));
        assertEquals(EINVAL, frontend.result(FASTCALL_DROP, BusFrontend.number(0)));
        assertEquals(
                1,
                frontend.result(
                        NEGOTIATE, BusFrontend.negotiation(BusFrontend.MAGIC, 1, FASTCALL)));
        Fd start = Frontend.fd();
        Fd done = Frontend.fd();
        assertEquals(0, frontend.result(FASTCALL_ADD, BusFrontend.fastcall(5), start, done));
        assertEquals("addFastcall 5 24 0x3000", bus.told.getLast());
        assertEquals(EEXIST, refusedWithDescriptors(FASTCALL_ADD, BusFrontend.fastcall(5), 2));
        assertEquals(ENOENT, frontend.result(FASTCALL_DROP, BusFrontend.number(6)));
        assertFalse(start.isClosed());
        assertEquals(0, frontend.result(FASTCALL_DROP, BusFrontend.number(5)));
        assertTrue(start.isClosed() && done.isClosed());
    }

    @Test
    void refusesDescriptorsThatWakeNobodyBeforeTheBusHearsOfIt() throws ProtocolException {
        frontend.negotiated(BusFrontend.ALL);
        host.wakes = false;
        bus.told.clear();
        host.told.clear();
        assertEquals(EINVAL, refusedWithDescriptors(SET_EVENTQ, BusFrontend.eventq(0, 0), 2));
        assertEquals(
                EINVAL, refusedWithDescriptors(SET_DOORBELL, BusFrontend.doorbell(0x3000, 64), 1));
        assertEquals(EINVAL, refusedWithDescriptors(FASTCALL_ADD, BusFrontend.fastcall(5), 2));
        assertEquals(List.of(), bus.told);
        assertEquals(List.of(), host.told);
        assertEquals(0, frontend.result(SET_EVENTQ, BusFrontend.eventq(0, 0)), "in-band");
        host.wakes = true;
        Fd call = Frontend.fd();
        Fd kick = Frontend.fd();
        assertEquals(0, frontend.result(SET_EVENTQ, BusFrontend.eventq(1, 0), call, kick));
    }

    @Test
    void takesShmsignalAndEventqKickWithOrWithoutInband() throws ProtocolException {
        frontend.ready(0);
        bus.signals.add(4);
        assertNull(frontend.say(SHMSIGNAL, 9, BusFrontend.number(4)));
        assertEquals("signalled 4", bus.told.getLast());
        assertNull(frontend.say(EVENTQ_KICK, 9, BusFrontend.number(0)));
        assertEquals("eventqKicked 0", bus.told.getLast());
        assertEquals(0, frontend.session.dropped());
        assertNull(frontend.say(SHMSIGNAL, 1, BusFrontend.number(5)));
        assertNull(frontend.say(EVENTQ_KICK, 1, BusFrontend.number(1)));
        assertNull(frontend.refused);
        assertEquals(2, frontend.session.dropped());
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 1, 7})
    void takesMemoryThatIsAlignedHereAsInTheGuest(long off) throws ProtocolException {
        frontend.withMemory();
        MemoryRegion shifted = new MemoryRegion(0x10000 + off, 0x1000 + off, 0x5000, off);
        frontend.tell(37, Frontend.slot(shifted), Frontend.fd());
        for (MemoryRegion bad :
                List.of(
                        new MemoryRegion(0x20000 + off, 0x1000, 0x9000, 0),
                        new MemoryRegion(0x20000, 0x1000 + off, 0x9000, 0),
                        new MemoryRegion(0x20000, 0x1000, 0x9000, off))) {
            assertEquals(1, frontend.say(37, 9, Frontend.slot(bad), Frontend.fd()).getLong(12));
            assertTrue(frontend.refused.contains("differ modulo 8"), frontend.refused);
            assertEquals(1, frontend.say(5, 9, Frontend.table(bad), Frontend.fd()).getLong(12));
        }
        assertEquals(List.of(Frontend.LOW, shifted), host.regions);
    }

    @Test
    void aRefusedTableThatNobodyHearsOfEndsTheConnection() throws ProtocolException {
        frontend.withMemory();
        assertEquals(1, frontend.say(5, 9, Frontend.table()).getLong(12));
        assertTrue(broken(5, 1, Frontend.table()).endsWith("(no acknowledgement could say so)"));
        assertTrue(
                broken(38, 1, Frontend.slot(Frontend.HIGH))
                        .startsWith("REM_MEM_REG: no such region"));
        assertEquals(1, frontend.say(38, 9, Frontend.slot(Frontend.HIGH)).getLong(12));
        host.refuses = true;
        Fd file = Frontend.fd();
        assertEquals(
                "SET_MEM_TABLE: host: memory (no acknowledgement could say so)",
                broken(5, 1, Frontend.table(Frontend.LOW), file));
        assertNull(frontend.say(37, 1, Frontend.slot(Frontend.HIGH), Frontend.fd()));
        assertEquals("ADD_MEM_REG refused: host: memory", frontend.refused);
    }

    @Test
    void withoutReplyAckNobodyHearsOfARefusal() throws ProtocolException {
        frontend.tell(16, Frontend.u64(1L << 56));
        assertTrue(broken(5, 9, Frontend.table()).endsWith("(no acknowledgement could say so)"));
    }

    @Test
    void keepsTheRegionsThatAreInUse() throws ProtocolException {
        frontend.ready(0);
        frontend.tell(37, Frontend.slot(Frontend.HIGH), Frontend.fd());
        bus.live.add(new BusControl.LiveRange(0x100f00, 0x100));
        assertEquals(1, frontend.say(38, 9, Frontend.slot(Frontend.HIGH)).getLong(12));
        assertEquals(
                "REM_MEM_REG refused: in use: 0x100 bytes at guest address 0x100f00",
                frontend.refused);
        frontend.tell(38, Frontend.slot(Frontend.LOW));
        bus.live.clear();
        frontend.tell(38, Frontend.slot(Frontend.HIGH));
    }

    @Test
    void aNewTableKeepsWhatIsInUseAtTheSamePlaceOfTheSameFile() throws ProtocolException {
        frontend.ready(0);
        bus.live.add(new BusControl.LiveRange(0x8000, 0x8000));
        MemoryRegion same = new MemoryRegion(0x8000, 0x8000, 0x7f0000000000L, 0x8000);
        frontend.tell(5, Frontend.table(Frontend.HIGH, same), Frontend.fd(), Frontend.fd());
        for (MemoryRegion bad :
                List.of(
                        new MemoryRegion(0x8000, 0x8000, 0x7f0000000000L, 0),
                        new MemoryRegion(0x8000, 0x7ff8, 0x7f0000000000L, 0x8000),
                        new MemoryRegion(0x8008, 0x8000, 0x7f0000000000L, 0x8008),
                        Frontend.HIGH)) {
            assertEquals(1, frontend.say(5, 9, Frontend.table(bad), Frontend.fd()).getLong(12));
            assertTrue(frontend.refused.contains("does not preserve"), frontend.refused);
        }
        host.sameFile = false;
        assertEquals(1, frontend.say(5, 9, Frontend.table(same), Frontend.fd()).getLong(12));
        assertEquals(List.of(Frontend.HIGH, same), host.regions);
        bus.live.clear();
        frontend.tell(5, Frontend.table(Frontend.LOW), Frontend.fd());
    }

    @Test
    void doesNotGiveUpTheBusWhileItIsOpen() throws ProtocolException {
        frontend.negotiated(0);
        frontend.say(16, 1, Frontend.u64(8));
        assertEquals(
                "SET_PROTOCOL_FEATURES refused: 0x8 lacks VBUS, which is in use", frontend.refused);
        assertEquals(0, frontend.result(CALL, BusFrontend.call(0, 0, 16, 0)));
    }

    @Test
    void aClosedSessionTakesNothing() throws ProtocolException {
        frontend.ready(0);
        frontend.session.close();
        Fd kick = Frontend.fd();
        assertThrows(
                IllegalStateException.class,
                () -> frontend.say(SIGNAL_KICK, 1, BusFrontend.number(0), kick));
        assertTrue(kick.isClosed());
    }
}
