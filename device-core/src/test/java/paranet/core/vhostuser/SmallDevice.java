package paranet.core.vhostuser;

import paranet.core.device.Device;
import paranet.core.device.DeviceLane;
import paranet.core.virtqueue.RingFeature;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A device with two queue pairs and a control queue, ten bytes of configuration and a memory. */
final class SmallDevice implements Device {
    static final long CSUM = 1L; // offered
    static final long TSO = 1L << 11; // offered, requires CSUM
    static final long MTU = 1L << 3; // offered
    static final long CTRL_RX = 1L << 18; // tolerated
    static final long UFO = 1L << 14; // neither

    static final int CONFIG_BYTES = 10;

    /** The first six bytes of configuration may be written. */
    static final int WRITABLE_BYTES = 6;

    final List<String> told = new ArrayList<>();
    final byte[] config = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    long negotiated;
    int status;
    long features = CSUM | TSO | MTU | RingFeature.VERSION_1 | RingFeature.RING_PACKED;

    @Override
    public long features() {
        return features;
    }

    @Override
    public long tolerated() {
        return CTRL_RX;
    }

    @Override
    public int queuePairs() {
        return 2;
    }

    @Override
    public int vrings() {
        return 5;
    }

    @Override
    public boolean isControl(int vring) {
        return vring == 4;
    }

    @Override
    public void negotiate(long features) {
        told.add("negotiate 0x%x".formatted(features));
        negotiated = features;
    }

    @Override
    public String objection(long features) {
        return (features & TSO) != 0 && (features & CSUM) == 0 ? "TSO needs CSUM" : null;
    }

    @Override
    public int configBytes() {
        return CONFIG_BYTES;
    }

    @Override
    public void readConfig(int offset, byte[] to) {
        System.arraycopy(config, offset, to, 0, to.length);
    }

    @Override
    public boolean writeConfig(int offset, byte[] from, boolean migration) {
        if (!migration && offset + from.length > WRITABLE_BYTES) {
            return false;
        }
        System.arraycopy(from, 0, config, offset, from.length);
        return true;
    }

    @Override
    public void status(int status) {
        told.add("status " + status);
        if (status == 0) {
            negotiated = 0;
        }
        this.status = status;
    }

    @Override
    public int status() {
        return status;
    }

    @Override
    public boolean mtu(int bytes) {
        told.add("mtu " + bytes);
        return bytes != 1000; // a whim, so that there is something to refuse
    }

    @Override
    public void announce(byte[] mac) {
        told.add("announce " + HexFormat.of().formatHex(mac));
    }

    @Override
    public void reset() {
        told.add("reset");
        negotiated = 0;
        status = 0;
    }

    @Override
    public int lanes() {
        return 1;
    }

    @Override
    public DeviceLane lane(int lane) {
        throw new AssertionError("a session has no business with lanes");
    }

    @Override
    public int laneOf(int vring) {
        return 0;
    }

    @Override
    public void onConfigChange(Runnable listener) {
        throw new AssertionError("the connection listens, not the session");
    }

    @Override
    public void onPairsChange(Runnable listener) {
        throw new AssertionError("the port listens, not the session");
    }
}
