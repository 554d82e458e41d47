package paranet.guest;

import paranet.core.memory.SharedMemory;
import paranet.venet.wire.VbusCall;

import java.io.IOException;

/**
 * A guest's stand-in for a device on its bus: open, close, call, and memory shared with it (vbus,
 * struct vbus_device_proxy_ops). Results are the host's, errors negative.
 *
 * <p>Threading: confined to the thread of its bus.
 */
final class DeviceProxy {
    /** Where the data of a call stand in the block of arguments. */
    private static final int DATA = 64;

    private final BusFrontend bus;
    private final int devid;
    private final int channel;
    private long devh; // 0 while not open

    DeviceProxy(BusFrontend bus, int devid, int channel) {
        this.bus = bus;
        this.devid = devid;
        this.channel = channel;
    }

    int devid() {
        return devid;
    }

    long devh() {
        return devh;
    }

    /** Host address of the data of the next call, and of the last one's answer. */
    long data() {
        return bus.argsHost(channel) + DATA;
    }

    int open(int version) throws IOException {
        long args = bus.argsHost(channel);
        SharedMemory.putLe32(args + VbusCall.OPEN_DEVID, devid);
        SharedMemory.putLe32(args + VbusCall.OPEN_VERSION, version);
        SharedMemory.putLe64(args + VbusCall.OPEN_HANDLE, 0);
        int result = bus.call(channel, VbusCall.DEVOPEN, VbusCall.OPEN_BYTES);
        if (result >= 0) {
            devh = SharedMemory.le64(args + VbusCall.OPEN_HANDLE);
            if (devh == 0) {
                throw new IOException("DEVOPEN answers handle 0");
            }
        }
        return result;
    }

    int close() throws IOException {
        SharedMemory.putLe64(bus.argsHost(channel) + VbusCall.CLOSE_DEVH, devh);
        devh = 0;
        return bus.call(channel, VbusCall.DEVCLOSE, VbusCall.CLOSE_BYTES);
    }

    /** A verb with so many bytes of data. */
    int call(int function, int length) throws IOException {
        long args = bus.argsHost(channel);
        SharedMemory.putLe64(args + VbusCall.CALL_DEVH, devh);
        SharedMemory.putLe32(args + VbusCall.CALL_FUNC, function);
        SharedMemory.putLe32(args + VbusCall.CALL_LEN, length);
        SharedMemory.putLe64(args + VbusCall.CALL_FLAGS, 0);
        SharedMemory.putLe64(
                args + VbusCall.CALL_DATAP, length == 0 ? 0 : bus.argsGuest(channel) + DATA);
        return bus.call(channel, VbusCall.DEVCALL, VbusCall.CALL_BYTES);
    }

    /** Shares memory without a signal. */
    int shm(int id, long guestAddress, long bytes) throws IOException {
        return shm(id, guestAddress, bytes, VbusCall.SHM_NO_SIGNAL, 0, 0);
    }

    /** Shares memory with a signal in it, whose handle is the result. */
    int shm(int id, long guestAddress, long bytes, int signalOffset, int priority, long cookie)
            throws IOException {
        long args = bus.argsHost(channel);
        SharedMemory.putLe64(args + VbusCall.SHM_DEVH, devh);
        SharedMemory.putLe32(args + VbusCall.SHM_ID, id);
        SharedMemory.putLe32(args + VbusCall.SHM_LEN, (int) bytes);
        SharedMemory.putLe64(args + VbusCall.SHM_FLAGS, 0);
        SharedMemory.putLe32(args + VbusCall.SHM_SIGNAL_OFFSET, signalOffset);
        SharedMemory.putLe32(args + VbusCall.SHM_SIGNAL_PRIO, priority);
        SharedMemory.putLe64(args + VbusCall.SHM_SIGNAL_COOKIE, cookie);
        SharedMemory.putLe64(args + VbusCall.SHM_DATAP, guestAddress);
        return bus.call(channel, VbusCall.DEVSHM, VbusCall.SHM_BYTES);
    }
}
