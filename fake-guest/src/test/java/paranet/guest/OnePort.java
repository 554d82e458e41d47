package paranet.guest;

import java.io.IOException;

/**
 * One device of a guest on a bus, for traffic of its own while others come and go. Closing it
 * closes nothing.
 *
 * <p>Threading: confined to the thread of its bus.
 */
record OnePort(VenetGuest guest, VenetDriver driver) implements NetworkDriver {
    /** The device of this number. */
    static OnePort of(VenetGuest guest, int devid) {
        for (int i = 0; i < guest.pairs(); i++) {
            if (guest.pair(i).devid() == devid) {
                return new OnePort(guest, guest.pair(i));
            }
        }
        throw new AssertionError("no device " + devid);
    }

    @Override
    public int pairs() {
        return 1;
    }

    @Override
    public FramePort pair(int index) {
        return driver;
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
    public void close() {}
}
