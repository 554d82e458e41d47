package paranet.core.ioq;

/**
 * What one side's signal calls, counted: its consumer does what a test says.
 *
 * <p>Threading: confined to one thread; another may be let in by {@link #serving}.
 */
final class SignalSide implements Doorbell, SignalConsumer, WakeupQueue {
    int rings;
    int skips;
    int services;
    int scheduled;
    boolean serving = true;
    Runnable consumer = () -> {};
    Runnable bell = () -> {};

    SignalWiring wiring() {
        return new SignalWiring(this, this, this);
    }

    @Override
    public void ring() {
        rings++;
        bell.run();
    }

    @Override
    public void skipped() {
        skips++;
    }

    @Override
    public void service() {
        services++;
        consumer.run();
    }

    @Override
    public void schedule(ShmSignal signal) {
        scheduled++;
    }

    @Override
    public boolean isServing() {
        return serving;
    }
}
