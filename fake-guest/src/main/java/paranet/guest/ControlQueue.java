package paranet.guest;

import paranet.core.linux.Readiness;
import paranet.core.memory.SharedMemory;
import paranet.guest.frame.MacAddress;
import paranet.virtionet.wire.VirtioNetConfig;
import paranet.virtionet.wire.VirtioNetCtrl;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The driver's end of the control queue (virtio 1.3, 5.1.6.5): one command at a time, waited for.
 *
 * <p>Threading: confined to one thread at a time.
 */
public final class ControlQueue implements AutoCloseable {
    private static final int COMMAND_BYTES_MAX = 4096;
    private static final int ACK_UNTOUCHED = 0x5a;
    private static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(30);

    private final GuestRing ring;
    private final GuestRam ram;
    private final long command;
    private final long ack;
    private final Readiness readiness = new Readiness(1);

    ControlQueue(GuestRing ring, GuestRam ram) {
        this.ring = ring;
        this.ram = ram;
        this.command = ram.allocate(COMMAND_BYTES_MAX, 8);
        this.ack = ram.allocate(1 + VirtioNetCtrl.COAL_BYTES, 1);
        readiness.watch(ring.callEvent().fd());
    }

    public GuestRing ring() {
        return ring;
    }

    /** Sends any command. Returns the ack: {@link VirtioNetCtrl#OK} or an error. */
    public int command(int controlClass, int number, byte[] data) throws IOException {
        return command(controlClass, number, data, 0);
    }

    private int command(int controlClass, int number, byte[] data, int resultBytes)
            throws IOException {
        long host = ram.host(command, COMMAND_BYTES_MAX);
        SharedMemory.putLe8(host + VirtioNetCtrl.CLASS, controlClass);
        SharedMemory.putLe8(host + VirtioNetCtrl.COMMAND, number);
        SharedMemory.copy(data, 0, host + VirtioNetCtrl.DATA, data.length);
        long ackHost = ram.host(ack, 1);
        SharedMemory.putLe8(ackHost, ACK_UNTOUCHED);
        // The header, the data and the ack in a buffer each, as Linux does.
        long[] addresses = {command, command + VirtioNetCtrl.DATA, ack};
        long[] lengths = {VirtioNetCtrl.DATA, data.length, 1 + resultBytes};
        boolean added =
                data.length > 0
                        ? ring.queue().add(addresses, lengths, 2, 1, 0, false)
                        : ring.queue()
                                .add(
                                        new long[] {command, ack},
                                        new long[] {VirtioNetCtrl.DATA, 1 + resultBytes},
                                        1,
                                        1,
                                        0,
                                        false);
        if (!added) {
            throw new IOException("control queue is full");
        }
        ring.publish();
        long start = System.nanoTime();
        while (!ring.queue().poll()) {
            if (System.nanoTime() - start > WAIT_NANOS_MAX) {
                throw new IOException(
                        "no answer to control command %d of class %d"
                                .formatted(number, controlClass));
            }
            if (ring.queue().enableInterrupts()) {
                readiness.await(100);
            }
            ring.calls();
        }
        int answer = SharedMemory.le8(ackHost);
        if (answer == ACK_UNTOUCHED) {
            throw new IOException("the device used the command without writing an ack");
        }
        return answer;
    }

    /** One of the receive modes, {@link VirtioNetCtrl#RX_PROMISC} and so on. */
    public int receiveMode(int mode, boolean on) throws IOException {
        return command(VirtioNetCtrl.RX, mode, new byte[] {(byte) (on ? 1 : 0)});
    }

    /** The addresses besides its own that the guest wants to hear. */
    public int macTable(List<MacAddress> unicast, List<MacAddress> multicast) throws IOException {
        byte[] data = new byte[8 + (unicast.size() + multicast.size()) * VirtioNetConfig.MAC_BYTES];
        int at = put(data, 0, unicast);
        put(data, at, multicast);
        return command(VirtioNetCtrl.MAC, VirtioNetCtrl.MAC_TABLE_SET, data);
    }

    private static int put(byte[] data, int start, List<MacAddress> addresses) {
        int at = start;
        data[at] = (byte) addresses.size();
        data[at + 1] = (byte) (addresses.size() >>> 8);
        at += 4;
        for (MacAddress address : addresses) {
            address.copyTo(data, at);
            at += MacAddress.BYTES;
        }
        return at;
    }

    public int macAddress(MacAddress address) throws IOException {
        return command(VirtioNetCtrl.MAC, VirtioNetCtrl.MAC_ADDR_SET, address.bytes());
    }

    /** Lets frames of a VLAN in, or not any more. */
    public int vlan(int id, boolean in) throws IOException {
        return command(
                VirtioNetCtrl.VLAN,
                in ? VirtioNetCtrl.VLAN_ADD : VirtioNetCtrl.VLAN_DEL,
                new byte[] {(byte) id, (byte) (id >>> 8)});
    }

    public int announceAck() throws IOException {
        return command(VirtioNetCtrl.ANNOUNCE, VirtioNetCtrl.ANNOUNCE_ACK, new byte[0]);
    }

    /** How many pairs the device may use from now on. */
    public int queuePairs(int pairs) throws IOException {
        return command(
                VirtioNetCtrl.MQ,
                VirtioNetCtrl.MQ_VQ_PAIRS_SET,
                new byte[] {(byte) pairs, (byte) (pairs >>> 8)});
    }

    /** Which offloads the guest accepts from now on. */
    public int guestOffloads(long features) throws IOException {
        byte[] data = new byte[8];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (features >>> (8 * i));
        }
        return command(VirtioNetCtrl.GUEST_OFFLOADS, VirtioNetCtrl.GUEST_OFFLOADS_SET, data);
    }

    /** Limits of notifications for all receive, or all transmit rings. */
    public int limitAll(boolean receive, int maxPackets, int maxUsecs) throws IOException {
        return command(
                VirtioNetCtrl.NOTF_COAL,
                receive ? VirtioNetCtrl.NOTF_COAL_RX_SET : VirtioNetCtrl.NOTF_COAL_TX_SET,
                limits(maxPackets, maxUsecs));
    }

    /** Limits of notifications for one ring. */
    public int limit(int vring, int maxPackets, int maxUsecs) throws IOException {
        return command(
                VirtioNetCtrl.NOTF_COAL,
                VirtioNetCtrl.NOTF_COAL_VQ_SET,
                ByteBuffer.allocate(VirtioNetCtrl.COAL_VQ_BYTES)
                        .put(ofRing(vring))
                        .put(limits(maxPackets, maxUsecs))
                        .array());
    }

    /** The limits of one ring as the device tells them: packets, then microseconds. */
    public List<Integer> limits(int vring) throws IOException {
        int answer =
                command(
                        VirtioNetCtrl.NOTF_COAL,
                        VirtioNetCtrl.NOTF_COAL_VQ_GET,
                        ofRing(vring),
                        VirtioNetCtrl.COAL_BYTES);
        if (answer != VirtioNetCtrl.OK) {
            throw new IOException("the device tells no limits of ring %d".formatted(vring));
        }
        long result = ram.host(ack, 1 + VirtioNetCtrl.COAL_BYTES) + 1;
        return List.of(
                SharedMemory.le32(result + VirtioNetCtrl.COAL_MAX_PACKETS),
                SharedMemory.le32(result + VirtioNetCtrl.COAL_MAX_USECS));
    }

    private static byte[] ofRing(int vring) {
        return ByteBuffer.allocate(VirtioNetCtrl.COAL_VQ_COAL)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) vring)
                .array();
    }

    private static byte[] limits(int maxPackets, int maxUsecs) {
        return ByteBuffer.allocate(VirtioNetCtrl.COAL_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(maxPackets)
                .putInt(maxUsecs)
                .array();
    }

    @Override
    public void close() {
        readiness.close();
    }
}
