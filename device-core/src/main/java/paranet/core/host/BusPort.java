package paranet.core.host;

import paranet.core.device.AtomicBits;
import paranet.core.device.Bus;
import paranet.core.linux.AtomicClear;
import paranet.core.linux.Fd;
import paranet.core.linux.WakeDescriptor;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueReport;
import paranet.core.vhostuser.BusHost;
import paranet.core.vhostuser.BusSession;
import paranet.core.vhostuser.FrontendSession;
import paranet.core.vhostuser.MemoryRegion;
import paranet.core.vhostuser.Reply;
import paranet.core.vhostuser.RequestRefused;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/**
 * One bus as its front end finds it: its memory, its descriptors, and all of its devices at one
 * worker.
 *
 * <p>Order of taking memory away: the bus takes the new memory, its worker acknowledges, then the
 * old mapping goes.
 *
 * <p>Threading: the control thread does everything here that is not said to be for any thread.
 */
public final class BusPort extends FrontendPort {
    private final Bus bus;
    private final QueueWorker worker;
    private final BusCounters counters = new BusCounters();
    private final BusNews news;
    private final ServedBus served;
    private volatile PolicyOptions coalescing = new PolicyOptions.None();
    private PortMemory memory = PortMemory.EMPTY;
    private BusSession session; // of the last connection

    private BusPort(String name, Bus bus, ControlLoop control, QueueWorker worker) {
        super(name, control);
        this.bus = bus;
        this.worker = worker;
        this.news = new BusNews(() -> control.execute(this::takeNews));
        this.served = new ServedBus(name, bus, worker, counters, news);
    }

    /**
     * A port without a connection yet. From here on the bus is the worker's: {@link #call} and
     * {@link #later} reach it.
     *
     * @param name what log lines call it
     * @param worker who serves all devices of the bus
     */
    public static BusPort open(String name, Bus bus, ControlLoop control, QueueWorker worker) {
        BusPort port = new BusPort(name, bus, control, worker);
        worker.watchedBy(control);
        worker.call(
                () -> {
                    worker.add(port.served);
                    return null;
                });
        return port;
    }

    /** How a bus clears bits that its guest sets (docs/decisions/0020). */
    public static AtomicBits atomicBits() {
        return AtomicClear::bit;
    }

    /**
     * Runs a command at the worker, where the bus may be touched, and waits for its answer: plugs a
     * device in, pulls one out. What the bus has to tell its guest afterwards is told. Any thread
     * but the worker's.
     *
     * @throws IllegalStateException if guest memory vanished meanwhile, so that the front end is
     *     let go
     */
    public <T> T call(Supplier<T> command) {
        return worker.call(
                () -> {
                    List<T> answer = new ArrayList<>(1);
                    if (!served.change(() -> answer.add(command.get()))) {
                        throw new IllegalStateException(
                                name() + ": guest memory vanished; the front end is let go");
                    }
                    return answer.getFirst();
                });
    }

    /** As {@link #call}, without waiting, and for any thread. */
    public void later(Runnable command) {
        worker.later(() -> served.change(command));
    }

    /** When the guest is called, as it was last asked for. Any thread. */
    public PolicyOptions coalescing() {
        return coalescing;
    }

    /** Calls the guest in another way from now on, with no interruption. Any thread. */
    public synchronized void coalesce(PolicyOptions options) {
        coalescing = options;
        worker.call(
                () -> {
                    served.change(() -> bus.coalesce(options));
                    return null;
                });
    }

    /** How the queues stand now, by device. Any thread but the worker's. */
    public List<QueueReport> queues() {
        return worker.call(() -> bus.queues(System.nanoTime()));
    }

    /**
     * The latest decisions about a queue, the newest first, a line each; none for one that there is
     * not. Any thread but the worker's.
     */
    public List<String> explain(String queue) {
        return worker.call(() -> bus.explain(queue, System.nanoTime()));
    }

    /** What the port did so far. Any thread. */
    public BusCounters.Snapshot snapshot() {
        return counters.snapshot(bus.signalEvents(), bus.accounts());
    }

    @Override
    FrontendSession startSession() {
        counters.connected();
        CallsOfBus calls = new CallsOfBus(bus, trace());
        session =
                new BusSession(new BusAtWorker(bus, served, worker, news, calls), new Host(calls));
        return session;
    }

    /** What the worker has for the front end, or about it. */
    private void takeNews() {
        news.begin();
        String fault = news.takeFault();
        int interrupts = news.takeInterrupts();
        if (connection() == null) {
            return;
        }
        if (fault != null) {
            connection().close(fault);
            return;
        }
        connection().interrupt(interrupts);
        for (Bus.Answer answer = news.takeAnswer(); answer != null; answer = news.takeAnswer()) {
            session.answered(answer.channel(), answer.result());
        }
        connection().flush();
    }

    /** Lets the front end go, and the bus too. Any thread but the control thread. */
    @Override
    public void close() {
        super.close();
        worker.call(
                () -> {
                    worker.remove(served);
                    served.close();
                    return null;
                });
    }

    /** What the session makes happen. */
    private final class Host implements BusHost {
        private final CallsOfBus calls;

        private Host(CallsOfBus calls) {
            this.calls = calls;
        }

        @Override
        public void replaceMemory(List<MemoryRegion> regions, List<Fd> files)
                throws RequestRefused {
            switchTo(regions.isEmpty() ? PortMemory.EMPTY : PortMemory.of(regions, files));
        }

        @Override
        public void addMemory(MemoryRegion region, Fd file) throws RequestRefused {
            switchTo(memory.with(region, file));
        }

        @Override
        public void removeMemory(MemoryRegion region) throws RequestRefused {
            switchTo(memory.without(region));
        }

        private void switchTo(PortMemory next) {
            atWorker(() -> served.memory(next.memory()));
            PortMemory old = memory;
            memory = next;
            old.release(next);
        }

        @Override
        public boolean isSameFile(MemoryRegion region, Fd file) {
            return memory.isSameFile(region, file);
        }

        @Override
        public boolean canWake(Fd fd) {
            return WakeDescriptor.canWake(fd);
        }

        @Override
        public void eventq(int index, Fd call, Fd kick) {
            atWorker(() -> served.eventq(index, call, kick));
        }

        @Override
        public boolean signalKick(int handle, Fd kick) {
            return worker.call(() -> served.signalKick(handle, kick));
        }

        @Override
        public void doorbellKick(Fd kick) {
            atWorker(() -> served.doorbellKick(kick));
        }

        @Override
        public void fastcall(int channel, Fd start, Fd done) {
            atWorker(() -> served.fastcall(channel, start, done, calls.channel(channel)));
        }

        @Override
        public void reply(Reply reply) {
            connection().reply(reply);
        }

        @Override
        public void releaseBus() {
            atWorker(served::release);
        }

        private void atWorker(Runnable command) {
            worker.call(
                    (Callable<Void>)
                            () -> {
                                command.run();
                                return null;
                            });
        }
    }
}
