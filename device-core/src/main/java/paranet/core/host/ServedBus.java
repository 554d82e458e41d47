package paranet.core.host;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.device.Bus;
import paranet.core.device.BusLane;
import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.linux.LinuxException;
import paranet.core.linux.WakeDescriptor;
import paranet.core.memory.GuestMemory;
import paranet.core.mitigation.MitigationPolicy;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.function.Supplier;

/**
 * One bus at its worker: the frames of all of its devices, the descriptors by which its guest tells
 * and is told, and what the bus has left to do after each call of a method of its.
 *
 * <p>In one duty cycle all lanes are served, and then the guest is interrupted, once an event
 * queue: what happened to many devices is told by one interrupt. Descriptors only note what they
 * were told, so everything that touches guest memory happens inside {@link #serve} or {@link
 * #perform}; a fault there ends this connection.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class ServedBus implements Duty {
    private static final Logger LOG = LoggerFactory.getLogger(ServedBus.class);

    /** A descriptor of the guest's, and what it means to the bus. */
    private final class Told {
        private final Runnable meaning;
        private boolean waits;

        private Told(Runnable meaning) {
            this.meaning = meaning;
        }

        private void tell() {
            if (!waits) {
                waits = true;
                told.add(this);
            }
        }
    }

    private record Fastcall(Kick start, EventFd done, CallsOfBus.Channel calls) {}

    private record Lane(BusLane lane, PolledLane frames) {}

    private final String port;
    private final Bus bus;
    private final QueueWorker worker;
    private final BusCounters counters;
    private final BusNews news;

    private final ArrayDeque<Told> told = new ArrayDeque<>();
    private final List<ServedEventq> eventqs = new ArrayList<>();
    private final HashMap<Integer, Kick> signals = new HashMap<>(); // by handle
    private final HashMap<Integer, Fastcall> fastcalls = new HashMap<>(); // by channel
    private Kick doorbell;

    private List<? extends BusLane> lanesSeen = List.of();
    private Lane[] lanes = {};
    private boolean left; // work that the bus put off
    private boolean callIsNear; // so it is waited for awake
    private boolean idle;
    private boolean broken;
    private long due = MitigationPolicy.NOTHING;

    ServedBus(String port, Bus bus, QueueWorker worker, BusCounters counters, BusNews news) {
        this.port = port;
        this.bus = bus;
        this.worker = worker;
        this.counters = counters;
        this.news = news;
    }

    @Override
    public boolean isActive() {
        return !broken && (left || callIsNear || !told.isEmpty() || hasActiveLane());
    }

    private boolean hasActiveLane() {
        for (Lane each : lanes) {
            if (each.frames().isActive()) {
                return true;
            }
        }
        return false;
    }

    @Override
    public boolean isIdle() {
        return idle;
    }

    @Override
    public long dueNanos() {
        return due;
    }

    @Override
    public void serve(long nowNanos, boolean mayPoll) {
        try {
            bus.begin(nowNanos);
            idle = told.isEmpty();
            for (int i = told.size(); i > 0; i--) {
                Told each = told.remove();
                each.waits = false;
                each.meaning.run();
            }
            for (Lane each : lanes) {
                PolledLane frames = each.frames();
                if (frames.isActive()) {
                    frames.move(nowNanos);
                    idle &= frames.isIdle();
                    if (frames.isTired(nowNanos, mayPoll)) {
                        frames.rest();
                    }
                }
            }
            settle(nowNanos);
            idle &= !left;
        } catch (InternalError e) {
            breakDown(e);
        }
    }

    /**
     * Runs a command of the control plane on the bus, and then what it left to do.
     *
     * @param otherwise the answer when guest memory vanished, now or before
     */
    <T> T perform(Supplier<T> command, T otherwise) {
        if (broken) {
            return otherwise;
        }
        try {
            bus.begin(System.nanoTime());
            T result = command.get();
            QueueWorker.deliverFault();
            settle(System.nanoTime());
            QueueWorker.deliverFault();
            return result;
        } catch (InternalError e) {
            breakDown(e);
            return otherwise;
        }
    }

    /**
     * Runs a command of whoever owns the bus, and then what it left to do.
     *
     * @return false when guest memory vanished meanwhile
     */
    boolean change(Runnable command) {
        if (broken) {
            forget(); // so that it touches no memory, whatever the command tells it
            command.run();
            takeLanes();
            return true;
        }
        return perform(
                () -> {
                    command.run();
                    return true;
                },
                false);
    }

    /** What is due after any method of the bus. */
    private void settle(long nowNanos) {
        left = bus.step(nowNanos);
        takeLanes();
        for (Lane each : lanes) {
            if (each.lane().takeWoken()) {
                each.frames().wake();
            }
        }
        for (int handle : bus.takeClosedSignals()) {
            close(signals.remove(handle));
        }
        for (Bus.Answer answer : bus.takeFastcalls()) {
            Fastcall fastcall = fastcalls.get(answer.channel());
            if (fastcall != null) {
                fastcall.calls().answered(answer.result());
                if (fastcall.done() != null) {
                    worker.signal(fastcall.done());
                }
            }
        }
        for (Bus.Answer answer : bus.takeAnswers()) {
            news.answer(answer);
        }
        for (String broken : bus.takeFaults()) {
            counters.deviceFault();
            LOG.warn("{}: {}", port, broken);
        }
        tellGuest();
        due = bus.dueNanos();
        callIsNear = bus.callDueNanos() - nowNanos <= ServedLane.AWAKE_NANOS;
        String fault = bus.fault();
        if (fault != null) {
            breakDown(fault);
        }
    }

    private void tellGuest() {
        int interrupts = bus.takeInterrupts();
        for (int i = 0; i < eventqs.size(); i++) {
            ServedEventq eventq = eventqs.get(i);
            eventq.published(bus.published(i));
            if ((interrupts & 1 << i) != 0) {
                eventq.interrupt();
            }
        }
    }

    /** The same lanes go on; those of devices that are gone let go of the network. */
    @SuppressWarnings("ReferenceEquality") // another list says that lanes changed (Bus.lanes)
    private void takeLanes() {
        if (bus.lanes() == lanesSeen) {
            return;
        }
        lanesSeen = bus.lanes();
        List<Lane> next = new ArrayList<>();
        for (BusLane lane : lanesSeen) {
            next.add(served(lane));
        }
        for (Lane before : lanes) {
            if (!next.contains(before)) {
                before.frames().release();
            }
        }
        lanes = next.toArray(Lane[]::new);
    }

    private Lane served(BusLane lane) {
        for (Lane each : lanes) {
            if (each.lane().equals(lane)) {
                return each;
            }
        }
        return new Lane(lane, worker.frames(port, lane));
    }

    /**
     * Takes the descriptors of the event queue that was added last; both are null in-band. One that
     * cannot be used is logged and closed.
     */
    void eventq(int index, Fd call, Fd kick) {
        EventFd interrupts = null;
        Kick room = null;
        if (call != null) {
            interrupts = adopt("call", call);
            room =
                    watch(
                            "kick of event queue " + index,
                            kick,
                            () -> counters.kick(index),
                            () -> bus.eventqKicked(index));
        }
        eventqs.add(
                new ServedEventq(index, call == null, interrupts, room, worker, counters, news));
    }

    /** The guest's memory from now on; what was there before is not touched any more. */
    void memory(GuestMemory memory) {
        if (!broken) { // else it touches none until it starts over
            bus.memory(memory);
        }
    }

    /** The guest told in-band that it made room. */
    boolean eventqKicked(int index) {
        boolean known = bus.eventqKicked(index);
        if (known) {
            counters.kick(index);
        }
        return known;
    }

    /** The guest told a signal in-band. */
    boolean signalled(int handle) {
        counters.doorbell();
        return bus.signalled(handle);
    }

    /**
     * Takes the descriptor of a signal in place of the one before.
     *
     * @return false when it cannot be waited for; then the one before stays
     */
    boolean signalKick(int handle, Fd kick) {
        if (!bus.hasSignal(handle)) { // it ended in the meantime
            kick.close();
            return true;
        }
        Kick watched =
                watch(
                        "kick of signal " + handle,
                        kick,
                        counters::doorbell,
                        () -> bus.signalled(handle));
        if (watched == null) {
            return false;
        }
        close(signals.put(handle, watched));
        return true;
    }

    /** Takes the descriptor of the bitmap in place of the one before. */
    void doorbellKick(Fd kick) {
        close(doorbell);
        doorbell = watch("kick of the doorbell", kick, counters::doorbell, bus::doorbell);
    }

    /**
     * Takes the descriptors of a channel; null when it is dropped. What {@code start} counted by
     * now is about no call of this channel: its descriptor is complete only once this is answered.
     */
    void fastcall(int channel, Fd start, Fd done, CallsOfBus.Channel calls) {
        close(fastcalls.remove(channel));
        if (start != null) {
            WakeDescriptor.empty(start);
            fastcalls.put(
                    channel,
                    new Fastcall(
                            watch("start of channel " + channel, start, () -> {}, calls::call),
                            adopt("done of channel " + channel, done),
                            calls));
        }
    }

    /** Null when the descriptor cannot be waited for. */
    private Kick watch(String what, Fd fd, Runnable count, Runnable meaning) {
        Told each = new Told(meaning);
        try {
            return new Kick(
                    fd,
                    worker.loop(),
                    () -> {
                        count.run();
                        each.tell();
                    });
        } catch (IOException e) {
            LOG.warn("{}: {}: {}", port, what, e.getMessage());
            return null;
        }
    }

    private EventFd adopt(String what, Fd fd) {
        try {
            return EventFd.adopt(fd);
        } catch (LinuxException e) {
            LOG.warn("{}: {} descriptor: {}", port, what, e.getMessage());
            return null;
        }
    }

    private static void close(Kick kick) {
        if (kick != null) {
            kick.close();
        }
    }

    private static void close(Fastcall fastcall) {
        if (fastcall != null) {
            close(fastcall.start());
            if (fastcall.done() != null) {
                fastcall.done().close();
            }
        }
    }

    /** Closes every descriptor of event queues, signals, bitmap and channels. */
    void release() {
        eventqs.forEach(ServedEventq::close);
        eventqs.clear();
        signals.values().forEach(ServedBus::close);
        signals.clear();
        fastcalls.values().forEach(ServedBus::close);
        fastcalls.clear();
        close(doorbell);
        doorbell = null;
        told.clear();
    }

    /** The connection is over: the bus forgets it, and whatever it had to tell goes nowhere. */
    void reset() {
        forget();
        release();
        var _ = bus.takeInterrupts();
        var _ = bus.takeAnswers();
        var _ = bus.takeFastcalls();
        broken = false;
        settle(System.nanoTime());
    }

    private void forget() {
        bus.reset();
        bus.memory(GuestMemory.EMPTY);
    }

    /** Lets go of the network of all devices, at the end of the port. */
    void close() {
        for (Lane each : lanes) {
            each.frames().release();
        }
        lanes = new Lane[0];
        lanesSeen = List.of();
    }

    @Override
    public boolean breakDown(InternalError cause) {
        if (broken) {
            return false;
        }
        breakDown("guest memory vanished (" + cause.getMessage() + ")");
        return true;
    }

    private void breakDown(String why) {
        broken = true;
        due = MitigationPolicy.NOTHING;
        callIsNear = false;
        LOG.warn("{}: the bus stops until its front end connects again: {}", port, why);
        news.fault(why);
    }
}
