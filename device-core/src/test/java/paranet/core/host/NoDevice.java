package paranet.core.host;

import paranet.core.device.Device;
import paranet.core.device.DeviceLane;
import paranet.core.virtqueue.RingFeature;

/** The least a device can be: two rings, whose chains nobody takes. */
final class NoDevice implements Device {
    static final long FEATURES = RingFeature.VERSION_1;

    private int status;

    @Override
    public long features() {
        return FEATURES;
    }

    @Override
    public long tolerated() {
        return 0;
    }

    @Override
    public int queuePairs() {
        return 1;
    }

    @Override
    public int vrings() {
        return 2;
    }

    @Override
    public boolean isControl(int vring) {
        return false;
    }

    @Override
    public void negotiate(long features) {}

    @Override
    public String objection(long features) {
        return null;
    }

    @Override
    public int configBytes() {
        return 0;
    }

    @Override
    public void readConfig(int offset, byte[] to) {}

    @Override
    public boolean writeConfig(int offset, byte[] from, boolean migration) {
        return false;
    }

    @Override
    public void status(int newStatus) {
        status = newStatus;
    }

    @Override
    public int status() {
        return status;
    }

    @Override
    public boolean mtu(int bytes) {
        return false;
    }

    @Override
    public void announce(byte[] mac) {}

    @Override
    public void reset() {}

    @Override
    public int lanes() {
        return 1;
    }

    @Override
    public DeviceLane lane(int lane) {
        return new IdleLane();
    }

    @Override
    public int laneOf(int vring) {
        return 0;
    }

    @Override
    public void onConfigChange(Runnable listener) {}

    @Override
    public void onPairsChange(Runnable listener) {}
}
