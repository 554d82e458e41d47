package paranet.guest.sim;

import paranet.core.ioq.Doorbell;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.WakeupQueue;
import paranet.core.mitigation.AvoidedBy;
import paranet.core.mitigation.CallLedger;
import paranet.core.mitigation.DeviceCalls;
import paranet.core.mitigation.DimPolicy;
import paranet.core.mitigation.DimTuner;
import paranet.core.mitigation.EventFold;
import paranet.core.mitigation.GuestCalls;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueCalls;
import paranet.core.mitigation.QueueView;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One guest and its devices on a virtual clock. Rings have both their real sides, and calls are
 * decided by what a worker would ask; the worker itself is never late.
 *
 * <p>Threading: confined to one thread.
 */
public final class Simulation implements AutoCloseable {
    private static final int WAKEUP_BUDGET = 1 << 16;
    private static final long SAMPLE_NANOS = 100_000;

    private final Setup setup;
    private final VirtualClock clock = new VirtualClock();
    private final Tally tally = new Tally();
    private final List<VirtualCpu> cpus = new ArrayList<>();
    private final List<SimulatedDevice> devices = new ArrayList<>();
    private final List<SimulatedQueue> queues = new ArrayList<>();
    private final Traffic traffic;
    private final SplittableRandom random; // of what goes wrong
    private final EventQueue events; // null but on a bus
    private final WakeupQueue wakeups =
            new WakeupQueue() {
                @Override
                public void schedule(ShmSignal signal) {
                    clock.after(0, () -> signal.wakeup(WAKEUP_BUDGET));
                }

                @Override
                public boolean isServing() {
                    return false;
                }
            };

    public Simulation(Setup setup) {
        this.setup = setup;
        for (int i = 0; i < setup.cpus(); i++) {
            cpus.add(new VirtualCpu(clock, setup.costs(), tally));
        }
        events =
                setup.model().isVenet()
                        ? new EventQueue(
                                clock,
                                cpus.getFirst(),
                                wakeups,
                                setup.assumptions().of("guest-event-nanos"))
                        : null;
        attach();
        random = new SplittableRandom(~setup.seed());
        traffic = new Traffic(this, new SplittableRandom(setup.seed()));
    }

    private void attach() {
        GuestCalls guest = setup.policy().guestCalls();
        InterruptLine common =
                new InterruptLine(
                        cpus.getFirst(),
                        () -> setup.devices() * setup.costs().heavyNanos(),
                        () -> {
                            tally.isrReads += setup.devices();
                            lookAt(queues);
                        });
        for (int i = 0; i < setup.devices(); i++) {
            VirtualCpu cpu =
                    setup.model().lines == DeviceModel.Lines.QUEUE
                                    || setup.model().lines == DeviceModel.Lines.DEVICE
                            ? cpus.get(i % cpus.size())
                            : cpus.getFirst();
            attach(guest.device(), cpu, common);
        }
    }

    private void attach(DeviceCalls calls, VirtualCpu cpu, InterruptLine common) {
        int first = queues.size();
        double nanosPerByte = 8e9 / setup.linkBitsPerSecond();
        InterruptLine shared =
                setup.model().readsIsr()
                        ? common
                        : new InterruptLine(
                                cpu, () -> 0, () -> lookAt(queues.subList(first, first + 2)));
        ReceiveQueue receive =
                new ReceiveQueue(
                        clock,
                        tally,
                        ring(true, first, cpu, shared),
                        queueCalls(QueueView.Kind.RECEIVE, calls),
                        theorems(QueueView.Kind.RECEIVE),
                        cpu,
                        setup.costs().serviceNanos(),
                        setup.assumptions().of("service-byte-ps"));
        queues.add(receive);
        TransmitQueue transmit =
                new TransmitQueue(
                        clock,
                        tally,
                        ring(false, first + 1, cpu, shared),
                        queueCalls(QueueView.Kind.TRANSMIT, calls),
                        theorems(QueueView.Kind.TRANSMIT),
                        cpu,
                        setup.assumptions(),
                        setup.model().isKickHeavy()
                                ? setup.costs().heavyNanos()
                                : setup.costs().lightNanos(),
                        setup.model().transmitBatch(setup.policy().text().equals("none")),
                        nanosPerByte);
        queues.add(transmit);
        if (!setup.model().isVenet()) {
            receive.reaps(transmit); // as Linux's virtio-net; the driver of 2009 has no such look
        }
        devices.add(new SimulatedDevice(receive, transmit, cpu, new Headers(clock), nanosPerByte));
    }

    private Theorems theorems(QueueView.Kind kind) {
        PolicyOptions options =
                setup.policy() instanceof PolicyChoice.Shipped shipped ? shipped.options() : null;
        return new Theorems(options, kind, setup.model().showsArms());
    }

    private QueueCalls queueCalls(QueueView.Kind kind, DeviceCalls calls) {
        EventFold fold = events == null ? null : events.fold();
        return new QueueCalls(
                kind,
                RingPair.SIZE,
                setup.policy().policy(kind, RingPair.SIZE, calls),
                calls,
                fold,
                setup.costs());
    }

    private RingPair ring(boolean toGuest, int index, VirtualCpu cpu, InterruptLine shared) {
        Runnable told = () -> queues.get(index).interrupted();
        if (setup.model().isVenet()) {
            int[] handle = new int[1];
            Doorbell event = () -> events.signal(handle[0]);
            IoqPair pair = new IoqPair(toGuest, event, told, wakeups);
            handle[0] = events.add(pair);
            return pair;
        }
        InterruptLine line =
                setup.model().lines == DeviceModel.Lines.QUEUE
                        ? new InterruptLine(cpu, () -> 0, told)
                        : shared;
        return new VirtioPair(setup.model().ring.features, toGuest, line::raise);
    }

    /** An interrupt that may be of any of these. */
    private static void lookAt(List<SimulatedQueue> some) {
        for (SimulatedQueue queue : some) {
            if (queue.ring.hasDone()) {
                queue.interrupted();
            }
        }
    }

    /** Begins a kind of traffic. */
    public void start(Flow flow) {
        traffic.start(flow);
    }

    /** From now on something goes wrong every so often. */
    public void disturb(Disturbance kind) {
        if (kind == Disturbance.HOSTILE) {
            queues.forEach(SimulatedQueue::distrust);
        }
        clock.after(
                1 + random.nextLong(2 * kind.meanNanos),
                () -> {
                    happen(kind);
                    disturb(kind);
                });
    }

    private void happen(Disturbance kind) {
        SimulatedDevice device = devices.get(random.nextInt(devices.size()));
        switch (kind) {
            case PREEMPTION -> cpus.get(random.nextInt(cpus.size())).steal(10_000_000);
            case STALL -> {
                long nanos = random.nextLong(80_000_000);
                cpus.forEach(cpu -> cpu.steal(nanos));
            }
            case RECONNECT -> {
                if (!device.receive().isStopped()) {
                    device.receive().stop();
                    device.transmit().stop();
                    clock.after(
                            random.nextLong(1_000_000),
                            () -> {
                                device.receive().goOn();
                                device.transmit().goOn();
                            });
                }
            }
            case HOSTILE -> queues.get(random.nextInt(queues.size())).scribble(random);
        }
    }

    /** Decisions about calls so far, at each of which the theorems were looked at. */
    public long decisions() {
        long sum = 0;
        for (SimulatedQueue queue : queues) {
            sum += queue.decisions();
        }
        return sum;
    }

    /** Writes down what the first device's receive queue goes through from now on. */
    public void record(Strip strip) {
        queues.getFirst().record(strip);
    }

    /** Lets virtual time pass, and tells what happened in it. */
    public Outcome run(long nanos) {
        tally.clear();
        if (events != null) {
            events.clearTimes();
        }
        Accounts before = accounts();
        int dimProfile = pass(nanos);
        return new Outcome(
                nanos,
                accounts().since(before),
                tally,
                events == null ? 0 : events.windowNanos(),
                dimProfile,
                setup.cpus());
    }

    /** The profile that policy dim of the first queue was in most of the time, or -1. */
    private int pass(long nanos) {
        int[] samples = new int[DimTuner.PROFILES];
        int most = -1;
        long end = clock.nowNanos() + nanos;
        while (clock.nowNanos() < end) {
            clock.runUntil(Math.min(end, clock.nowNanos() + SAMPLE_NANOS));
            if (queues.getFirst().calls.policy() instanceof DimPolicy dim) {
                int profile = dim.tuner().profile();
                samples[profile]++;
                if (most < 0 || samples[profile] > samples[most]) {
                    most = profile;
                }
            }
        }
        return most;
    }

    private Accounts accounts() {
        Accounts sum = new Accounts();
        for (SimulatedQueue queue : queues) {
            CallLedger ledger = queue.calls.ledger();
            sum.opportunities += ledger.opportunities();
            sum.signals += ledger.signals();
            sum.told += ledger.calls();
            sum.watchdogRecalls += ledger.watchdogRecalls();
            sum.demoted += ledger.urgentDemoted();
            sum.recalls += ledger.recalls();
            sum.unconditional += ledger.unconditionalCalls();
            if (queue instanceof TransmitQueue) {
                sum.completions += ledger.opportunities();
                sum.completionsInterrupting +=
                        ledger.calls()
                                + ledger.avoided(AvoidedBy.SAME_QUEUE_HOLD)
                                + ledger.avoided(AvoidedBy.FRAME_CAP);
            }
            for (AvoidedBy cause : AvoidedBy.values()) {
                sum.avoided.merge(cause, ledger.avoided(cause), Long::sum);
            }
        }
        if (events != null) {
            sum.signals = events.fold().events();
        }
        return sum;
    }

    VirtualClock clock() {
        return clock;
    }

    Tally tally() {
        return tally;
    }

    Assumptions assumptions() {
        return setup.assumptions();
    }

    List<SimulatedDevice> devices() {
        return devices;
    }

    @Override
    public void close() {
        for (SimulatedQueue queue : queues) {
            queue.close();
        }
        if (events != null) {
            events.close();
        }
    }
}
