package paranet.virtionet;

import paranet.core.device.DeviceLane;
import paranet.core.device.FrameSorter;
import paranet.core.frame.DropCounters;
import paranet.core.frame.FrameSink;
import paranet.core.frame.FrameSource;
import paranet.core.virtqueue.DeviceVirtqueue;

import java.util.concurrent.atomic.AtomicLong;

/**
 * One queue pair, and in the first lane the control queue (virtio 1.3, 5.1.2): receiveq is ring 2N,
 * transmitq 2N+1.
 *
 * <p>Threading: confined to one QueueWorker; the counters may be read by any thread.
 */
final class VirtioNetLane implements DeviceLane {
    private static final int NO_RING = -1;

    private final VirtioNetDevice device;
    private final int pair;
    private final DropCounters drops = new DropCounters();
    private final AtomicLong transmitted = new AtomicLong(); // written by the worker alone
    private final AtomicLong received = new AtomicLong();
    private final TransmitQueue transmit;
    private final ReceiveQueue receive;
    private final ControlQueue control;
    private int controlRing = NO_RING;

    VirtioNetLane(VirtioNetDevice device, int pair, FrameSink sink, FrameSource source) {
        this.device = device;
        this.pair = pair;
        this.transmit = new TransmitQueue(sink, drops);
        this.receive = new ReceiveQueue(source, drops);
        this.control = new ControlQueue(device, drops);
    }

    DropCounters drops() {
        return drops;
    }

    @Override
    public void attach(int vring, DeviceVirtqueue queue) {
        if (device.isControl(vring)) {
            control.attach(queue);
            controlRing = vring;
        } else if (vring == 2 * pair) {
            receive.attach(queue);
        } else if (vring == 2 * pair + 1) {
            transmit.attach(queue);
        }
        // A ring that is neither, because its control queue was not negotiated, lies idle.
    }

    @Override
    public void enable(int vring, boolean enabled) {
        if (vring == controlRing) {
            control.enable(enabled);
        } else if (vring == 2 * pair) {
            receive.enable(enabled);
            device.pairEnabled(pair, enabled);
            device.ringEnabled(vring, enabled);
        } else if (vring == 2 * pair + 1) {
            transmit.enable(enabled);
            device.ringEnabled(vring, enabled);
        }
    }

    @Override
    public void kicked(int vring) {
        if (vring == controlRing) {
            control.kicked();
        } else if (vring == 2 * pair + 1) {
            transmit.kicked();
        }
    }

    @Override
    public void detach(int vring) {
        if (vring == controlRing) {
            control.detach();
            controlRing = NO_RING;
        } else if (vring == 2 * pair) {
            receive.detach();
            device.pairEnabled(pair, false);
            device.ringStopped(vring);
        } else if (vring == 2 * pair + 1) {
            transmit.detach();
            device.ringStopped(vring);
        }
    }

    @Override
    public int drainTransmit() {
        int commands = control.serve();
        int moved = transmit.drain(device.state());
        if (moved > 0) {
            transmitted.setOpaque(transmitted.getPlain() + transmit.sent());
        }
        return commands + moved;
    }

    @Override
    public int fillReceive() {
        int moved = receive.fill(device.state());
        if (moved > 0) {
            received.setOpaque(received.getPlain() + receive.given());
        }
        return moved;
    }

    @Override
    public boolean arm() {
        boolean commandsQuiet = control.arm();
        boolean transmitQuiet = transmit.arm();
        boolean receiveQuiet = receive.arm(device.state());
        return commandsQuiet && transmitQuiet && receiveQuiet;
    }

    @Override
    public void disarm() {
        control.disarm();
        transmit.disarm();
        receive.disarm();
    }

    @Override
    public int sourceDescriptor() {
        return receive.sourceDescriptor(device.state());
    }

    @Override
    public int sinkDescriptor() {
        return transmit.sinkDescriptor();
    }

    @Override
    public void sorter(FrameSorter sorter) {
        transmit.sorter(sorter);
        receive.sorter(sorter);
    }

    @Override
    public long transmittedFrames() {
        return transmitted.getOpaque();
    }

    @Override
    public long receivedFrames() {
        return received.getOpaque();
    }
}
