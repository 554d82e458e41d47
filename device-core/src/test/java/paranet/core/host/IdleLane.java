package paranet.core.host;

import paranet.core.device.DeviceLane;
import paranet.core.virtqueue.DeviceVirtqueue;

/** A lane with nothing to do. */
class IdleLane implements DeviceLane {
    @Override
    public void attach(int vring, DeviceVirtqueue queue) {}

    @Override
    public void enable(int vring, boolean enabled) {}

    @Override
    public void kicked(int vring) {}

    @Override
    public void detach(int vring) {}

    @Override
    public int drainTransmit() {
        return 0;
    }

    @Override
    public int fillReceive() {
        return 0;
    }

    @Override
    public boolean arm() {
        return true;
    }

    @Override
    public void disarm() {}

    @Override
    public int sourceDescriptor() {
        return NO_DESCRIPTOR;
    }

    @Override
    public int sinkDescriptor() {
        return NO_DESCRIPTOR;
    }

    @Override
    public long transmittedFrames() {
        return 0;
    }

    @Override
    public long receivedFrames() {
        return 0;
    }
}
