package paranet.core.host;

import io.netty.channel.IoEventLoop;
import io.netty.channel.epoll.EpollIoOps;

import paranet.core.device.FrameLane;

import java.io.IOException;

/**
 * The frames of one lane at its worker. While active the lane is polled each duty cycle; once it
 * has nothing to do it is armed and sleeps until a descriptor of the network or its owner wakes it.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class PolledLane {
    /** While nothing announces frames, an empty source (a system call) is asked this seldom. */
    private static final long SOURCE_POLL_NANOS = 10_000;

    private static final long RATE_WINDOW_NANOS = 1_000_000;

    private final String port;
    private final FrameLane lane;
    private final IoEventLoop loop;
    private final BusyPoll busyPoll;

    private boolean active;
    private boolean armed = true; // a lane begins asleep
    private boolean idle;
    private boolean sourceReady;
    private long sourcePolledNanos;
    private long idleSinceNanos;
    private long windowStartNanos;
    private int windowFrames;
    private boolean busyWindow;

    private DescriptorWatch networkWatch;
    private int watched = FrameLane.NO_DESCRIPTOR;

    PolledLane(String port, FrameLane lane, IoEventLoop loop, BusyPoll busyPoll) {
        this.port = port;
        this.lane = lane;
        this.loop = loop;
        this.busyPoll = busyPoll;
    }

    boolean isActive() {
        return active;
    }

    /** Whether the last {@link #move} found nothing to do. */
    boolean isIdle() {
        return idle;
    }

    /** Something may be there to do: poll again. Guest memory is not touched before that. */
    void wake() {
        active = true;
    }

    /** Polls no more, whatever there is to do, until it is woken. */
    void stop() {
        active = false;
    }

    /** One batch in either direction; returns the frames moved. */
    int move(long nowNanos) {
        if (armed) {
            armed = false;
            lane.disarm();
        }
        int moved = lane.drainTransmit();
        if (sourceReady
                || lane.sourceDescriptor() == FrameLane.NO_DESCRIPTOR
                || nowNanos - sourcePolledNanos >= SOURCE_POLL_NANOS) {
            int received = lane.fillReceive();
            sourceReady = received > 0;
            sourcePolledNanos = nowNanos;
            moved += received;
        }
        windowFrames += moved;
        if (nowNanos - windowStartNanos >= RATE_WINDOW_NANOS) {
            busyWindow = windowFrames >= busyPoll.framesPerMilli();
            windowFrames = 0;
            windowStartNanos = nowNanos;
        }
        idle = moved == 0;
        if (!idle) {
            idleSinceNanos = nowNanos;
        }
        return moved;
    }

    /** Whether nothing moved for so long that polling on does not pay. */
    boolean isTired(long nowNanos, boolean mayPoll) {
        return idle && !(mayPoll && busyWindow && nowNanos - idleSinceNanos < busyPoll.nanos());
    }

    /** Goes to sleep, unless arming the lane finds work. */
    void rest() {
        armed = true;
        if (lane.arm()) {
            active = false;
            watchNetwork();
        }
    }

    /** Asleep for good: nothing is watched any more. */
    void release() {
        active = false;
        armed = true;
        if (networkWatch != null) {
            networkWatch.cancel();
            networkWatch = null;
            watched = FrameLane.NO_DESCRIPTOR;
        }
    }

    private void watchNetwork() {
        int source = lane.sourceDescriptor();
        int sink = lane.sinkDescriptor();
        EpollIoOps interest = DescriptorWatch.NOTHING;
        if (source != FrameLane.NO_DESCRIPTOR && sink != FrameLane.NO_DESCRIPTOR) {
            interest = DescriptorWatch.READABLE.with(DescriptorWatch.WRITABLE);
        } else if (source != FrameLane.NO_DESCRIPTOR) {
            interest = DescriptorWatch.READABLE;
        } else if (sink != FrameLane.NO_DESCRIPTOR) {
            interest = DescriptorWatch.WRITABLE;
        }
        watch(source == FrameLane.NO_DESCRIPTOR ? sink : source, interest);
    }

    /** Source and sink of a lane share one descriptor, or only one of them has any. */
    private void watch(int descriptor, EpollIoOps interest) {
        if (descriptor != watched && descriptor != FrameLane.NO_DESCRIPTOR) {
            if (networkWatch != null) {
                networkWatch.cancel();
                networkWatch = null;
            }
            try {
                networkWatch = DescriptorWatch.on(loop, descriptor, interest, this::networkReady);
                watched = descriptor;
            } catch (IOException e) {
                throw new IllegalStateException("network side of " + port, e);
            }
        } else if (networkWatch != null) {
            networkWatch.interest(interest);
        }
    }

    private void networkReady(EpollIoOps ops) {
        sourceReady = true;
        if (!active) {
            networkWatch.interest(DescriptorWatch.NOTHING);
            wake();
        }
    }
}
