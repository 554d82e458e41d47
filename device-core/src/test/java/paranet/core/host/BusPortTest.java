package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import paranet.core.device.Bus;
import paranet.core.device.BusError;
import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.linux.Memfd;
import paranet.core.linux.SharedFlags;
import paranet.core.linux.UnixSocket;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A bus behind a real socket: who wakes whom, and what a front end can do to others. */
class BusPortTest {
    private final AtomicReference<Throwable> bug = new AtomicReference<>();
    private final ControlLoop control = new ControlLoop();
    private final QueueWorker worker = QueueWorker.start("bus-test", bug::set);
    private final HandBus bus = new HandBus();
    private BusPort port;
    private int peeked; // by a lane; else a compiler need not look at all

    @BeforeEach
    void open() {
        port = BusPort.open("test", bus, control, worker);
    }

    @AfterEach
    void close() {
        port.close();
        worker.close();
        control.close();
        assertEquals(null, bug.get());
    }

    private RawFrontend connect() throws Exception {
        return RawFrontend.connect(port, control);
    }

    private long count(String told) {
        return port.call(() -> bus.told.stream().filter(told::equals).count());
    }

    /** Asks again until it holds; at most ten seconds. */
    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "not within 10 s");
            Thread.onSpinWait();
        }
    }

    private <T> T atWorker(Supplier<T> question) {
        return port.call(question);
    }

    @Test
    void interruptsByTheCallDescriptor() throws Exception {
        try (RawFrontend frontend = connect().ready(0)) {
            RawFrontend.await(frontend.call); // READY announces what is on the bus
            port.later(() -> bus.event(0));
            RawFrontend.await(frontend.call);
            await(() -> port.snapshot().interrupts() == 2); // counted once it is written
            BusCounters.Eventq counts = port.snapshot().eventqs().getFirst();
            assertEquals(2, counts.events());
            assertFalse(frontend.hasMessage());
        }
    }

    @Test
    void interruptsInBandWhereThereIsNoDescriptor() throws Exception {
        try (RawFrontend frontend = connect().readyInBand()) {
            port.later(() -> bus.event(0));
            frontend.awaitInterrupt(0);
            assertEquals(2, port.snapshot().interrupts());
        }
    }

    @Test
    void isToldASignalByItsDescriptorByTheBitmapAndInBand() throws Exception {
        try (RawFrontend frontend = connect().ready(RawFrontend.ALL);
                EventFd kick = EventFd.open();
                EventFd doorbell = EventFd.open()) {
            assertEquals(0, frontend.callBus(0, HandBus.SIGNAL, 0));
            assertEquals(
                    0, frontend.result(RawFrontend.SIGNAL_KICK, RawFrontend.number(0), kick.fd()));
            assertEquals(1, count("signalled 0")); // bound, so treated as told
            kick.signal();
            await(() -> count("signalled 0") == 2);
            assertEquals(
                    0,
                    frontend.result(
                            RawFrontend.SET_DOORBELL, RawFrontend.doorbell(), doorbell.fd()));
            assertEquals(1, count("doorbell"));
            doorbell.signal();
            await(() -> count("doorbell") == 2);
            frontend.send(RawFrontend.SHMSIGNAL, RawFrontend.number(0));
            await(() -> count("signalled 0") == 3);
            assertTrue(port.snapshot().doorbells() >= 3);
        }
    }

    @Test
    void isToldOfRoomInAnEventQueueByItsDescriptorAndInBand() throws Exception {
        try (RawFrontend frontend = connect().ready(0)) {
            frontend.kick.signal();
            await(() -> count("eventqKicked 0") == 1);
            frontend.send(RawFrontend.EVENTQ_KICK, RawFrontend.number(0));
            await(() -> count("eventqKicked 0") == 2);
            assertEquals(2, port.snapshot().eventqs().getFirst().kicks());
        }
    }

    @Test
    void callsThroughAChannelInMemory() throws Exception {
        try (RawFrontend frontend = connect().ready(RawFrontend.ALL);
                EventFd start = EventFd.open();
                EventFd done = EventFd.open()) {
            assertEquals(
                    0,
                    frontend.result(
                            RawFrontend.FASTCALL_ADD,
                            RawFrontend.fastcall(3),
                            start.fd(),
                            done.fd()));
            start.signal();
            RawFrontend.await(done);
            assertEquals(1, count("fastcall 3"));
            assertEquals(0, frontend.result(RawFrontend.FASTCALL_DROP, RawFrontend.number(3)));
            start.signal();
            assertEquals(
                    BusError.ENOENT,
                    frontend.result(RawFrontend.FASTCALL_DROP, RawFrontend.number(3)));
            assertEquals(1, count("fastcall 3"));
        }
    }

    /** Its descriptor may be left over from whoever had the channel before. */
    @Test
    void aStartThatWasCountedBeforeTheChannelThereWasIsNoCall() throws Exception {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        port.traceTo(lines::add);
        try (RawFrontend frontend = connect().ready(RawFrontend.ALL);
                EventFd start = EventFd.open();
                EventFd done = EventFd.open()) {
            SharedFlags.blocking(start.fd());
            start.signal();
            assertEquals(
                    0,
                    frontend.result(
                            RawFrontend.FASTCALL_ADD,
                            RawFrontend.fastcall(3),
                            start.fd(),
                            done.fd()));
            assertEquals(BusError.EINVAL, frontend.callBus(1, 99, 0)); // a duty cycle later
            assertEquals(0, count("fastcall 3"));
            start.signal();
            RawFrontend.await(done);
            assertEquals(1, count("fastcall 3"));
            assertTrue(
                    lines.contains("= FASTCALL channel=3 at=16384 fastcalls=0 -> 0 fastcalls=1"),
                    lines::toString);
        }
    }

    @Test
    void whatAllDevicesDidInACycleIsToldByOneInterrupt() throws Exception {
        try (RawFrontend frontend = connect().ready(0)) {
            RawFrontend.await(frontend.call);
            HandLane one = new HandLane(() -> bus.event(0));
            HandLane two = new HandLane(() -> bus.event(0));
            long before = port.snapshot().interrupts();
            port.later(
                    () -> {
                        bus.lanes = List.of(one, two);
                        one.add(1);
                        two.add(1);
                    });
            await(() -> atWorker(() -> one.moved + two.moved) == 2);
            assertEquals(before + 1, port.snapshot().interrupts());
            assertEquals(before + 2, port.snapshot().events());
        }
    }

    @Test
    void anAnswerThatComesLaterHoldsUpItsChannelAlone() throws Exception {
        try (RawFrontend frontend = connect().ready(0)) {
            frontend.send(RawFrontend.CALL, RawFrontend.callOf(1, HandBus.WAIT, 0));
            frontend.send(RawFrontend.CALL, RawFrontend.callOf(1, HandBus.SIGNAL, 0));
            frontend.send(RawFrontend.SHMSIGNAL, RawFrontend.number(9));
            assertEquals(BusError.EINVAL, frontend.callBus(2, 99, 0));
            assertEquals(1, count("signalled 9"));
            assertEquals(0, count("call 1 " + HandBus.SIGNAL));
            port.later(() -> bus.answers.add(new Bus.Answer(1, -5)));
            assertEquals(-5, frontend.receive().result());
            assertEquals(0, frontend.receive().result());
            assertEquals(1, count("call 1 " + HandBus.SIGNAL));
        }
    }

    @Test
    void negotiatingAnswersWhatIsNotAnsweredYetAndALaterAnswerGoesNowhere() throws Exception {
        try (RawFrontend frontend = connect().ready(0)) {
            frontend.send(RawFrontend.CALL, RawFrontend.callOf(1, HandBus.WAIT, 0));
            frontend.send(RawFrontend.NEGOTIATE, RawFrontend.negotiation(0));
            RawFrontend.Message first = frontend.receive();
            assertEquals(RawFrontend.CALL, first.id());
            assertEquals(0, first.result());
            assertEquals(RawFrontend.NEGOTIATE, frontend.receive().id());
            frontend.send(RawFrontend.CALL, RawFrontend.callOf(1, HandBus.WAIT, 0));
            await(() -> count("call 1 " + HandBus.WAIT) == 2);
            port.later(() -> bus.answers.add(new Bus.Answer(1, -5)));
            assertEquals(-5, frontend.receive().result());
            port.later(() -> bus.answers.add(new Bus.Answer(1, -6)));
            assertEquals(BusError.EINVAL, frontend.callBus(1, 99, 0));
        }
    }

    @Test
    void aConnectionThatEndsWithAnAnswerOutstandingIsJustOver() throws Exception {
        try (RawFrontend frontend = connect().ready(0)) {
            frontend.send(RawFrontend.CALL, RawFrontend.callOf(1, HandBus.WAIT, 0));
            await(() -> count("call 1 " + HandBus.WAIT) == 1);
        }
        awaitGone();
        port.later(() -> bus.answers.add(new Bus.Answer(1, -5)));
        try (RawFrontend next = connect().ready(0)) {
            assertEquals(BusError.EINVAL, next.callBus(1, 99, 0));
        }
    }

    /** V8: never waits for a front end, and lets it go when it leaves a reply unread. */
    @Test
    void endsTheConnectionOfAFrontEndThatReadsNoReplies() throws Exception {
        control.call(
                () -> {
                    port.replyMillisMax(1);
                    return null;
                });
        try (RawFrontend frontend = connect()) {
            await(() -> isGone() || !asksForFeatures(frontend));
            awaitGone();
        }
    }

    /** Asks once more, if the back end still reads; false when it closed the connection. */
    private static boolean asksForFeatures(RawFrontend frontend) {
        try {
            frontend.trySend(1, RawFrontend.bytes(0));
            return true;
        } catch (IOException closed) {
            return false;
        }
    }

    /** V8: a flag for each event queue, however often it would be interrupted. */
    @Test
    void aFrontEndThatReadsNoInterruptsFindsOneWhenItDoes() throws Exception {
        try (RawFrontend frontend = connect().readyInBand()) {
            long before = port.snapshot().interrupts();
            control.call(
                    () -> { // the control thread is busy meanwhile, as with a full socket
                        for (int i = 0; i < 1000; i++) {
                            port.call(
                                    () -> {
                                        bus.event(0);
                                        return true;
                                    });
                        }
                        return null;
                    });
            assertEquals(before + 1000, port.snapshot().interrupts());
            frontend.awaitInterrupt(0);
            assertEquals(BusError.EINVAL, frontend.callBus(1, 99, 0)); // and no other before it
        }
    }

    @Test
    void tracesEveryMessageAndCall() throws Exception {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        port.traceTo(lines::add);
        try (RawFrontend frontend = connect().readyInBand()) {
            assertEquals(0, frontend.callBus(1, HandBus.SIGNAL, 0x20000));
            frontend.send(RawFrontend.CALL, RawFrontend.callOf(1, HandBus.WAIT, 0));
            frontend.send(RawFrontend.SHMSIGNAL, RawFrontend.number(0));
            frontend.awaitInterrupt(0);
        }
        assertEquals(
                List.of(
                        "> SET_FEATURES features=0x40000000",
                        "> SET_PROTOCOL_FEATURES features=0x100000000008008",
                        "> SET_OWNER",
                        "> SET_MEM_TABLE {guestAddress=0 size=0x10000 mmapOffset=0} +1 fd",
                        "> NEGOTIATE magic=0xbf53eef5 version=1 capabilities=15",
                        "< NEGOTIATE result=1 capabilities=15",
                        "> SET_EVENTQ index=0 flags=0 count=8 ring=4096 data=8192",
                        "< SET_EVENTQ result=0 aux=0",
                        "> READY eventqCount=1",
                        "< READY result=0 aux=0",
                        "< INTERRUPT eventq=0",
                        "> CALL channel=1 vector=0 length=16 guestAddress=0x20000",
                        "= vector=0 at=131072 signals=0 -> 0 signals=1",
                        "< CALL result=0 aux=1",
                        "> CALL channel=1 vector=3 length=16 guestAddress=0",
                        "= vector=3 at=0 signals=1 -> later",
                        "> SHMSIGNAL handle=0",
                        "< INTERRUPT eventq=0"),
                List.copyOf(lines));
    }

    /** A call in memory has no reply that would say what it came to. */
    @Test
    void tracesWhatACallInMemoryCameToLater() throws Exception {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        port.traceTo(lines::add);
        try (RawFrontend frontend = connect().ready(RawFrontend.ALL);
                EventFd start = EventFd.open();
                EventFd done = EventFd.open()) {
            int channel = HandBus.LATE_CHANNEL;
            for (int i = 0; i < 2; i++) {
                assertEquals(
                        0,
                        frontend.result(
                                RawFrontend.FASTCALL_ADD,
                                RawFrontend.fastcall(channel),
                                start.fd(),
                                done.fd()));
                long before = count("fastcall " + channel);
                start.signal();
                await(() -> count("fastcall " + channel) > before);
                if (i == 0) { // what is dropped comes to nothing
                    assertEquals(
                            0,
                            frontend.result(
                                    RawFrontend.FASTCALL_DROP, RawFrontend.number(channel)));
                }
            }
            port.later(() -> bus.fastcalls.add(new Bus.Answer(channel, -5)));
            RawFrontend.await(done);
            port.later(() -> bus.fastcalls.add(new Bus.Answer(channel, 0))); // is not outstanding
            RawFrontend.await(done);
        }
        String call = "= FASTCALL channel=7 at=16384 fastcalls=0 -> ";
        assertEquals(
                List.of(call + "later", call + "later", call + "-5"),
                List.copyOf(lines).stream().filter(line -> line.startsWith("=")).toList());
    }

    @Test
    void lanesComeAndGoWithTheirDevices() throws Exception {
        HandLane one = new HandLane(() -> {});
        HandLane two = new HandLane(() -> {});
        port.later(
                () -> {
                    bus.lanes = List.of(one, two);
                    one.add(100);
                    two.add(100);
                });
        await(() -> atWorker(() -> one.moved + two.moved) == 200);
        port.later(
                () -> {
                    bus.lanes = List.of(two);
                    one.add(100);
                    two.add(100);
                });
        await(() -> atWorker(() -> two.moved) == 200);
        assertEquals(100, atWorker(() -> one.moved));
    }

    @Test
    void stepsTheBusWhenItIsDueThoughNothingWakesIt() throws Exception {
        port.later(() -> bus.due = System.nanoTime() + 2_000_000);
        await(() -> count("due") == 1);
    }

    @Test
    void endsTheConnectionWhenTheGuestBrokeAnEventQueue() throws Exception {
        try (RawFrontend frontend = connect().ready(0)) {
            port.later(() -> bus.fault = "event queue 0: broken on purpose");
            frontend.awaitEnd();
        }
        try (RawFrontend next = connect().ready(0)) {
            RawFrontend.await(next.call);
        }
    }

    @Test
    void aBusThatStoppedHasNoMemoryForWhateverItsOwnerTellsIt() throws Exception {
        try (RawFrontend frontend = connect().ready(0)) {
            assertTrue(
                    control.call(
                            () -> { // so that the connection cannot end meanwhile
                                port.later(() -> bus.fault = "broken on purpose");
                                return port.call(() -> bus.memory == GuestMemory.EMPTY);
                            }));
            frontend.awaitEnd();
        }
    }

    /** What was broken is over with the connection, though nobody heard of it yet. */
    @Test
    void aFaultOfTheConnectionBeforeDoesNotEndTheNewerOne() throws Exception {
        try (RawFrontend older = connect().ready(0);
                UnixSocket newer =
                        control.call(
                                () -> {
                                    port.later(() -> bus.fault = "broken on purpose");
                                    port.call(() -> true);
                                    List<UnixSocket> pair = UnixSocket.pair();
                                    port.attach(pair.get(1), () -> {});
                                    return pair.get(0);
                                })) {
            older.awaitEnd();
            assertFalse(isGone());
            assertTrue(newer.fd().number() >= 0);
        }
    }

    @Test
    void aNewerConnectionFindsABusThatStartsOver() throws Exception {
        try (RawFrontend older = connect().ready(0)) {
            assertEquals(0, older.callBus(0, HandBus.SIGNAL, 0));
            long resets = count("reset");
            try (RawFrontend newer = connect()) {
                older.awaitEnd();
                assertEquals(resets + 1, count("reset"));
                newer.ready(0);
                assertEquals(0, newer.callBus(0, HandBus.SIGNAL, 0));
            }
        }
        await(() -> port.snapshot().connections() == 2);
    }

    @Test
    void negotiateClosesTheDescriptorsOfWhatWasBefore() throws Exception {
        try (RawFrontend frontend = connect().ready(RawFrontend.ALL);
                EventFd kick = EventFd.open()) {
            int before = descriptors();
            assertEquals(0, frontend.callBus(0, HandBus.SIGNAL, 0));
            assertEquals(
                    0, frontend.result(RawFrontend.SIGNAL_KICK, RawFrontend.number(0), kick.fd()));
            assertEquals(before + 1, descriptors());
            frontend.negotiate(0);
            assertEquals(before - 2, descriptors()); // the event queue's went too
            kick.signal();
            frontend.negotiate(0);
            assertEquals(1, count("signalled 0"));
        }
    }

    @Test
    void aSignalsDescriptorGoesWithTheSignal() throws Exception {
        try (RawFrontend frontend = connect().ready(0);
                EventFd kick = EventFd.open()) {
            int before = descriptors();
            assertEquals(0, frontend.callBus(0, HandBus.SIGNAL, 0));
            assertEquals(
                    0, frontend.result(RawFrontend.SIGNAL_KICK, RawFrontend.number(0), kick.fd()));
            assertEquals(
                    0, frontend.result(RawFrontend.SIGNAL_KICK, RawFrontend.number(0), kick.fd()));
            assertEquals(before + 1, descriptors());
            assertEquals(0, frontend.callBus(0, HandBus.END, 0));
            assertEquals(before, descriptors());
            assertEquals(
                    BusError.ENOENT,
                    frontend.result(RawFrontend.SIGNAL_KICK, RawFrontend.number(0), kick.fd()));
            assertEquals(before, descriptors());
        }
    }

    @Test
    void aNewMemoryTableOfTheSameFileGoesOnAndOneOfAnotherEndsTheConnection() throws Exception {
        try (RawFrontend frontend = connect().ready(0);
                Fd other = Memfd.create("other", RawFrontend.MEMORY_BYTES)) {
            SharedMemory.putLe32(frontend.memory.address() + 0x100, 4711);
            assertEquals(4711, frontend.callBus(0, HandBus.PEEK, 0x100));
            int maps = mappings();
            frontend.tellMemory();
            assertEquals(4711, frontend.callBus(0, HandBus.PEEK, 0x100));
            assertEquals(maps, mappings());
            frontend.tellMemory(other);
            frontend.awaitEnd();
        }
    }

    @Test
    void memoryCutUnderACallEndsThatConnectionAndItsNeighboursGoOn() throws Exception {
        HandBus otherBus = new HandBus();
        BusPort neighbour = BusPort.open("neighbour", otherBus, control, worker);
        try (RawFrontend bystander = RawFrontend.connect(neighbour, control).ready(0)) {
            for (int round = 0; round < 30; round++) { // interpreted, then compiled
                try (RawFrontend frontend = connect().ready(0)) {
                    for (int i = 0; i < 20; i++) {
                        assertEquals(0, frontend.callBus(0, HandBus.PEEK, 0x100));
                    }
                    Memfd.resize(frontend.file, 0);
                    frontend.send(RawFrontend.CALL, RawFrontend.callOf(0, HandBus.PEEK, 0x100));
                    frontend.awaitEnd();
                }
                assertEquals(0, bystander.callBus(0, HandBus.PEEK, 0x100));
            }
        } finally {
            neighbour.close();
        }
    }

    @Test
    void memoryCutUnderALaneEndsThatConnectionAndItsNeighboursGoOn() throws Exception {
        HandBus otherBus = new HandBus();
        BusPort neighbour = BusPort.open("neighbour", otherBus, control, worker);
        try (RawFrontend bystander = RawFrontend.connect(neighbour, control).ready(0)) {
            HandLane elsewhere = new HandLane(() -> {});
            neighbour.later(() -> otherBus.lanes = List.of(elsewhere));
            for (int round = 0; round < 10; round++) {
                try (RawFrontend frontend = connect().ready(0)) {
                    HandLane lane = new HandLane(() -> peeked += bus.peek(0x100));
                    port.later(
                            () -> {
                                bus.lanes = List.of(lane);
                                lane.add(Integer.MAX_VALUE); // until the end
                            });
                    await(() -> atWorker(() -> lane.moved) > 100);
                    Memfd.resize(frontend.file, 0);
                    frontend.awaitEnd();
                    port.later(
                            () -> {
                                bus.lanes = List.of();
                            });
                }
                int before = neighbour.call(() -> elsewhere.moved);
                neighbour.later(() -> elsewhere.add(100));
                await(() -> neighbour.call(() -> elsewhere.moved) == before + 100);
                assertEquals(0, bystander.callBus(0, HandBus.PEEK, 0x100));
            }
        } finally {
            neighbour.close();
        }
    }

    @Test
    void whatIsPluggedInWhileMemoryIsGoneIsThereForTheNextFrontEnd() throws Exception {
        try (RawFrontend frontend = connect().ready(0)) {
            Memfd.resize(frontend.file, 0);
            frontend.send(RawFrontend.CALL, RawFrontend.callOf(0, HandBus.PEEK, 0x100));
            HandLane lane = new HandLane(() -> {});
            port.call(() -> bus.lanes = List.of(lane));
            frontend.awaitEnd();
            try (RawFrontend _ = connect().ready(0)) {
                port.later(() -> lane.add(10));
                await(() -> atWorker(() -> lane.moved) == 10);
            }
        }
    }

    /** Nobody asks the worker for anything meanwhile: a timer finds out. */
    @Test
    void aGuestThatMadeItsInterruptBlockHoldsUpItsNeighboursForAMoment() throws Exception {
        HandBus otherBus = new HandBus();
        BusPort neighbour = BusPort.open("neighbour", otherBus, control, worker);
        try (RawFrontend bystander = RawFrontend.connect(neighbour, control).ready(0)) {
            RawFrontend.await(bystander.call);
            for (int i = 0; i < 2; i++) {
                try (RawFrontend frontend = connect().ready(0)) {
                    RawFrontend.await(frontend.call);
                    for (int j = 0; j < 2; j++) {
                        SharedFlags.blocking(frontend.call.fd());
                        FullEventFd.fill(frontend.call);
                        port.later(() -> bus.event(0));
                        neighbour.later(() -> otherBus.event(0));
                        RawFrontend.await(bystander.call);
                    }
                    int failed = i + 1;
                    await(() -> port.snapshot().eventqs().getFirst().interruptsFailed() == failed);
                }
            }
        }
        neighbour.close();
    }

    @Test
    void survivesEventDescriptorsThatAreBlockingFullOrNone() throws Exception {
        try (Fd regular = file();
                EventFd good = EventFd.open();
                RawFrontend frontend = connect().ready(0)) {
            SharedFlags.blocking(frontend.call.fd());
            FullEventFd.fill(frontend.call);
            port.later(() -> bus.event(0));
            await(() -> atWorker(() -> port.snapshot().interrupts()) >= 2); // a command frees it
            assertEquals(0, frontend.callBus(0, HandBus.SIGNAL, 0));
            assertEquals(
                    0, frontend.result(RawFrontend.SIGNAL_KICK, RawFrontend.number(0), good.fd()));
            assertEquals(1, count("signalled 0"));
            assertEquals(
                    BusError.EINVAL,
                    frontend.result(RawFrontend.SIGNAL_KICK, RawFrontend.number(0), regular));
            long before = count("signalled 0");
            good.signal();
            await(() -> count("signalled 0") == before + 1);
        }
    }

    /** Of each pair of descriptors it is enough that one wakes nobody. */
    @Test
    void refusesDescriptorsThatWakeNobodyAndKeepsWhatWasThere() throws Exception {
        try (Fd regular = file();
                EventFd good = EventFd.open();
                RawFrontend frontend = connect().negotiated(RawFrontend.ALL)) {
            Fd fine = good.fd();
            for (Fd[] pair : List.of(new Fd[] {regular, fine}, new Fd[] {fine, regular})) {
                assertEquals(
                        BusError.EINVAL,
                        frontend.result(RawFrontend.SET_EVENTQ, RawFrontend.eventq(0), pair));
                assertEquals(
                        BusError.EINVAL,
                        frontend.result(RawFrontend.FASTCALL_ADD, RawFrontend.fastcall(3), pair));
            }
            assertEquals(
                    0, frontend.result(RawFrontend.SET_EVENTQ, RawFrontend.eventq(0), fine, fine));
            assertEquals(0, frontend.result(RawFrontend.READY, RawFrontend.number(1)));
            assertEquals(
                    BusError.ENOENT,
                    frontend.result(RawFrontend.FASTCALL_DROP, RawFrontend.number(3)));
            assertEquals(
                    0, frontend.result(RawFrontend.SET_DOORBELL, RawFrontend.doorbell(), fine));
            assertEquals(
                    BusError.EINVAL,
                    frontend.result(RawFrontend.SET_DOORBELL, RawFrontend.doorbell(), regular));
            long before = count("doorbell");
            good.signal();
            await(() -> count("doorbell") > before);
        }
    }

    private static Fd file() throws IOException {
        return Memfd.create("regular", 4096);
    }

    @Test
    void leavesNothingBehind() throws Exception {
        try (RawFrontend frontend = connect().ready(RawFrontend.ALL)) {
            RawFrontend.await(frontend.call);
        }
        awaitGone();
        int descriptors = descriptors();
        int mappings = mappings();
        for (int i = 0; i < 10; i++) {
            try (RawFrontend frontend = connect().ready(RawFrontend.ALL)) {
                assertEquals(0, frontend.callBus(0, HandBus.SIGNAL, 0));
                assertEquals(
                        0,
                        frontend.result(
                                RawFrontend.SIGNAL_KICK,
                                RawFrontend.number(0),
                                frontend.kick.fd()));
                assertEquals(
                        0,
                        frontend.result(
                                RawFrontend.FASTCALL_ADD,
                                RawFrontend.fastcall(3),
                                frontend.call.fd(),
                                frontend.kick.fd()));
                assertEquals(
                        0,
                        frontend.result(
                                RawFrontend.SET_DOORBELL,
                                RawFrontend.doorbell(),
                                frontend.kick.fd()));
            }
            awaitGone();
        }
        assertEquals(descriptors, descriptors());
        assertEquals(mappings, mappings());
    }

    private void awaitGone() {
        await(this::isGone);
    }

    private boolean isGone() {
        try {
            return control.call(() -> port.connection() == null);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static int descriptors() throws IOException {
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            return (int) open.count();
        }
    }

    /** Of the files behind front ends' memory. */
    private static int mappings() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return (int) lines.filter(line -> line.contains("memfd:bus")).count();
        }
    }
}
