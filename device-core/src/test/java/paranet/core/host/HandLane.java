package paranet.core.host;

import paranet.core.device.BusLane;

/** The lane of a {@link HandBus}: it has the work that a test gives it, once each duty cycle. */
final class HandLane extends IdleLane implements BusLane {
    private final Runnable work;
    private boolean woken;
    int left;
    int moved;

    /** {@code work} runs for each of the frames that a test adds. */
    HandLane(Runnable work) {
        this.work = work;
    }

    /** Worker's thread: so many frames more, one each duty cycle. */
    void add(int frames) {
        left += frames;
        woken = true;
    }

    @Override
    public boolean takeWoken() {
        boolean taken = woken;
        woken = false;
        return taken;
    }

    @Override
    public int drainTransmit() {
        if (left == 0) {
            return 0;
        }
        left--;
        moved++;
        work.run();
        return 1;
    }

    @Override
    public boolean arm() {
        return left == 0;
    }
}
