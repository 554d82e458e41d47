package paranet.virtionet;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.device.DeviceLane;
import paranet.core.frame.DropCounters;
import paranet.core.frame.DropReason;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.virtqueue.ChainFault;
import paranet.core.virtqueue.DescriptorChain;
import paranet.core.virtqueue.DeviceVirtqueue;
import paranet.core.virtqueue.RingFault;
import paranet.core.virtqueue.RingPosition;
import paranet.virtionet.wire.VirtioNetConfig;
import paranet.virtionet.wire.VirtioNetCtrl;

/**
 * Serves the control queue (virtio 1.3, 5.1.6.5): each command is read once, checked in its form
 * here and in its meaning by the device, and answered. A command nobody knows is answered by {@link
 * VirtioNetCtrl#ERR}: a driver that waits for an answer always gets one.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class ControlQueue {
    private static final Logger LOG = LoggerFactory.getLogger(ControlQueue.class);

    /** Commands answered in one batch. */
    static final int BATCH_MAX = 16;

    /** Longest command; the address tables of a Linux guest may be long. */
    static final int COMMAND_BYTES_MAX = 65536;

    private static final int PIECES_MAX = 64;

    private final VirtioNetDevice device;
    private final DropCounters drops;

    private DeviceVirtqueue queue;
    private boolean enabled;
    private boolean unseen; // a disabled ring may have changed since it was last looked at
    private IoVec readable;
    private IoVec writable;
    private DescriptorChain chain;
    private NativeBuffer command;
    private NativeBuffer resultCopy;
    private byte[] result; // of the command in hand, or null

    ControlQueue(VirtioNetDevice device, DropCounters drops) {
        this.device = device;
        this.drops = drops;
    }

    void attach(DeviceVirtqueue started) {
        detach();
        queue = started;
        enabled = false;
        unseen = true;
        readable = new IoVec(PIECES_MAX);
        writable = new IoVec(PIECES_MAX);
        chain = new DescriptorChain(readable, writable);
        command = NativeBuffer.allocate(COMMAND_BYTES_MAX);
        resultCopy = NativeBuffer.allocate(VirtioNetCtrl.COAL_BYTES);
        if (isFresh(started.position())) {
            device.forgetCommands();
        }
    }

    /**
     * A ring that stands at its very beginning is a new driver's: what the one before it commanded
     * is over. Front ends exist that begin anew without a word (UML does, docs/spec-coverage.md).
     */
    private static boolean isFresh(RingPosition position) {
        return position.availIndex() == 0
                && position.usedIndex() == 0
                && position.availWrap() == position.usedWrap();
    }

    void detach() {
        if (queue == null) {
            return;
        }
        queue = null;
        readable.close();
        writable.close();
        command.close();
        resultCopy.close();
    }

    /** Commands are answered either way, but a disabled ring is looked at only when kicked. */
    void enable(boolean on) {
        enabled = on;
        unseen = true;
    }

    /** The guest kicked ({@link DeviceLane#kicked}). */
    void kicked() {
        unseen = true;
    }

    private boolean isToBeLookedAt() {
        return queue != null && queue.fault() == RingFault.NONE && (enabled || unseen);
    }

    /** One batch; commands answered. */
    int serve() {
        if (!isToBeLookedAt()) {
            return 0;
        }
        int answered = 0;
        while (answered < BATCH_MAX) {
            readable.clear();
            writable.clear();
            if (!queue.next(chain)) {
                break;
            }
            queue.complete(chain, answer());
            answered++;
        }
        if (answered > 0) {
            queue.flush();
        }
        return answered;
    }

    boolean arm() {
        if (!isToBeLookedAt()) {
            return true;
        }
        boolean quiet = queue.enableKicks();
        unseen = !quiet;
        return quiet;
    }

    void disarm() {
        if (enabled && isToBeLookedAt()) {
            queue.disableKicks();
        }
    }

    /** Carries out the chain in hand; bytes written. */
    private int answer() {
        if (chain.fault() != ChainFault.NONE) {
            drops.count(TransmitQueue.reason(chain.fault()));
            return 0;
        }
        if (chain.writableBytes() == 0) {
            drops.count(DropReason.CHAIN_WRONG_DIRECTION); // no room for an answer
            return 0;
        }
        int ack = VirtioNetCtrl.ERR;
        result = null;
        long bytes = chain.readableBytes();
        if (bytes >= VirtioNetCtrl.DATA && bytes <= COMMAND_BYTES_MAX) {
            readable.copyOut(0, command.address(), bytes);
            ack = carryOut((int) bytes) ? VirtioNetCtrl.OK : VirtioNetCtrl.ERR;
        }
        SharedMemory.putLe8(writable.baseOf(0), ack);
        return 1 + putResult();
    }

    /** What follows the answer (command-specific-result), as far as there is room for it. */
    private int putResult() {
        byte[] what = result;
        result = null;
        if (what == null) {
            return 0;
        }
        SharedMemory.copy(what, 0, resultCopy.address(), what.length);
        writable.copyIn(1, resultCopy.address(), what.length);
        return what.length;
    }

    private boolean carryOut(int bytes) {
        int commandClass = SharedMemory.le8(command.address() + VirtioNetCtrl.CLASS);
        int number = SharedMemory.le8(command.address() + VirtioNetCtrl.COMMAND);
        boolean done = carryOut(commandClass, number, bytes - VirtioNetCtrl.DATA);
        LOG.debug(
                "control command {}.{}, {} bytes of data: {}",
                commandClass,
                number,
                bytes - VirtioNetCtrl.DATA,
                done ? "done" : "refused");
        return done;
    }

    private boolean carryOut(int commandClass, int number, int dataBytes) {
        long data = command.address() + VirtioNetCtrl.DATA;
        return switch (commandClass) {
            case VirtioNetCtrl.RX -> dataBytes == 1 && receiveMode(number, SharedMemory.le8(data));
            case VirtioNetCtrl.MAC ->
                    switch (number) {
                        case VirtioNetCtrl.MAC_TABLE_SET -> tables(data, dataBytes);
                        case VirtioNetCtrl.MAC_ADDR_SET ->
                                dataBytes == VirtioNetConfig.MAC_BYTES
                                        && device.ownAddress(MacAddress.at(data));
                        default -> false;
                    };
            case VirtioNetCtrl.VLAN ->
                    dataBytes == 2
                            && (number == VirtioNetCtrl.VLAN_ADD
                                    || number == VirtioNetCtrl.VLAN_DEL)
                            && device.vlan(
                                    SharedMemory.le16(data), number == VirtioNetCtrl.VLAN_ADD);
            case VirtioNetCtrl.ANNOUNCE ->
                    number == VirtioNetCtrl.ANNOUNCE_ACK
                            && dataBytes == 0
                            && device.announceAcknowledged();
            case VirtioNetCtrl.MQ ->
                    number == VirtioNetCtrl.MQ_VQ_PAIRS_SET
                            && dataBytes == 2
                            && device.commandPairs(SharedMemory.le16(data));
            case VirtioNetCtrl.GUEST_OFFLOADS ->
                    number == VirtioNetCtrl.GUEST_OFFLOADS_SET
                            && dataBytes == 8
                            && device.guestOffloads(SharedMemory.le64(data));
            case VirtioNetCtrl.NOTF_COAL -> limits(number, data, dataBytes);
            default -> false;
        };
    }

    private boolean receiveMode(int number, int on) {
        return number <= VirtioNetCtrl.RX_NOBCAST && on <= 1 && device.receiveMode(number, on == 1);
    }

    private boolean limits(int number, long data, int dataBytes) {
        return switch (number) {
            case VirtioNetCtrl.NOTF_COAL_TX_SET, VirtioNetCtrl.NOTF_COAL_RX_SET ->
                    dataBytes == VirtioNetCtrl.COAL_BYTES
                            && device.limitAll(number, maxPackets(data), maxUsecs(data));
            case VirtioNetCtrl.NOTF_COAL_VQ_SET ->
                    dataBytes == VirtioNetCtrl.COAL_VQ_BYTES
                            && device.limit(
                                    SharedMemory.le16(data + VirtioNetCtrl.COAL_VQ_INDEX),
                                    maxPackets(data + VirtioNetCtrl.COAL_VQ_COAL),
                                    maxUsecs(data + VirtioNetCtrl.COAL_VQ_COAL));
            case VirtioNetCtrl.NOTF_COAL_VQ_GET ->
                    dataBytes >= VirtioNetCtrl.COAL_VQ_COAL
                            && dataBytes <= VirtioNetCtrl.COAL_VQ_BYTES
                            && limitsOf(SharedMemory.le16(data + VirtioNetCtrl.COAL_VQ_INDEX));
            default -> false;
        };
    }

    private boolean limitsOf(int vring) {
        byte[] limits = device.limitsOf(vring);
        if (limits == null || writable.length() < 1 + limits.length) {
            return false;
        }
        result = limits;
        return true;
    }

    private static long maxPackets(long coal) {
        return SharedMemory.le32(coal + VirtioNetCtrl.COAL_MAX_PACKETS) & 0xffffffffL;
    }

    private static long maxUsecs(long coal) {
        return SharedMemory.le32(coal + VirtioNetCtrl.COAL_MAX_USECS) & 0xffffffffL;
    }

    /** Two tables, one behind the other, that fill the data to the last byte. */
    private boolean tables(long data, int dataBytes) {
        int unicastBytes = tableBytes(data, dataBytes);
        if (unicastBytes < 0) {
            return false;
        }
        long rest = data + unicastBytes;
        int multicastBytes = tableBytes(rest, dataBytes - unicastBytes);
        return multicastBytes >= 0
                && unicastBytes + multicastBytes == dataBytes
                && device.addressTables(table(data), table(rest));
    }

    /** Bytes of the table at {@code data}, or -1 when it does not lie within {@code bytes}. */
    private static int tableBytes(long data, int bytes) {
        if (bytes < 4) {
            return -1;
        }
        long table = 4 + (SharedMemory.le32(data) & 0xffffffffL) * (long) VirtioNetConfig.MAC_BYTES;
        return table <= bytes ? (int) table : -1;
    }

    private static long[] table(long data) {
        long[] addresses = new long[SharedMemory.le32(data)];
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = MacAddress.at(data + 4 + (long) i * VirtioNetConfig.MAC_BYTES).bits();
        }
        return addresses;
    }
}
