package paranet.core.host;

import paranet.core.device.Bus;
import paranet.core.device.BusControl;
import paranet.core.device.BusError;

import java.util.List;
import java.util.function.Supplier;

/**
 * A bus as its session sees it: each method runs at the worker, which then does what the bus has
 * left to do, and answers when that is done.
 *
 * <p>When guest memory vanishes under a method, its answer is the error that comes closest, and the
 * connection is ended soon.
 *
 * <p>Threading: confined to the control thread.
 */
final class BusAtWorker implements BusControl {
    private final Bus bus;
    private final ServedBus served;
    private final QueueWorker worker;
    private final BusNews news;
    private final CallsOfBus calls;

    BusAtWorker(Bus bus, ServedBus served, QueueWorker worker, BusNews news, CallsOfBus calls) {
        this.bus = bus;
        this.served = served;
        this.worker = worker;
        this.news = news;
        this.calls = calls;
    }

    private <T> T perform(Supplier<T> command, T otherwise) {
        return worker.call(() -> served.perform(command, otherwise));
    }

    private void perform(Runnable command) {
        var _ =
                perform(
                        () -> {
                            command.run();
                            return true;
                        },
                        false);
    }

    @Override
    public long capabilities() {
        return perform(bus::capabilities, 0L);
    }

    @Override
    public void negotiate(long capabilities) {
        perform(() -> bus.negotiate(capabilities));
        news.clear(); // it was about what is gone
    }

    @Override
    public void reset() {
        worker.call(
                () -> {
                    served.reset();
                    return null;
                });
        news.clear();
    }

    @Override
    public int addEventq(int count, long ring, long data) {
        return perform(() -> bus.addEventq(count, ring, data), BusError.EFAULT);
    }

    @Override
    public int eventqCount() {
        return perform(bus::eventqCount, 0);
    }

    @Override
    public void ready() {
        perform(bus::ready);
    }

    @Override
    public int call(int channel, int vector, int length, long guestAddress) {
        return perform(() -> calls.call(channel, vector, length, guestAddress), BusError.EFAULT);
    }

    @Override
    public boolean hasSignal(int handle) {
        return perform(() -> bus.hasSignal(handle), false);
    }

    @Override
    public boolean signalled(int handle) {
        return perform(() -> served.signalled(handle), false);
    }

    @Override
    public boolean eventqKicked(int index) {
        return perform(() -> served.eventqKicked(index), false);
    }

    @Override
    public int setDoorbell(long guestAddress, int bits) {
        return perform(() -> bus.setDoorbell(guestAddress, bits), BusError.EFAULT);
    }

    @Override
    public void doorbell() {
        perform(bus::doorbell);
    }

    @Override
    public int addFastcall(int channel, int length, long guestAddress) {
        return perform(() -> bus.addFastcall(channel, length, guestAddress), BusError.EFAULT);
    }

    @Override
    public int dropFastcall(int channel) {
        return perform(() -> bus.dropFastcall(channel), BusError.ENOENT);
    }

    @Override
    public List<LiveRange> liveRanges() {
        return perform(bus::liveRanges, List.of());
    }
}
