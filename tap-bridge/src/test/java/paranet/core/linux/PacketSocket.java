package paranet.core.linux;

import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.util.Arrays;

/**
 * The kernel's end of an interface (packet(7)): what we send leaves through it, and what comes in
 * by it is received. Each frame has a virtio-net header of 10 bytes in front.
 */
public final class PacketSocket implements AutoCloseable {
    public static final int HEADER = 10;

    private static final int AF_PACKET = 17;
    private static final int SOCK_RAW = 3;
    private static final int ETH_P_ALL = 3;
    private static final int SOL_PACKET = 263;
    private static final int PACKET_VNET_HDR = 15;
    private static final int PACKET_QDISC_BYPASS = 20;
    private static final int PACKET_IGNORE_OUTGOING = 23;
    private static final long SIOCGIFINDEX = 0x8933;
    private static final short POLLIN = 1;

    private final Fd fd;
    private final NativeBuffer buffer = NativeBuffer.allocate(70_000);

    private PacketSocket(Fd fd) {
        this.fd = fd;
    }

    public static PacketSocket on(String name) throws LinuxException {
        int protocol = ETH_P_ALL << 8; // network order
        int number = Native.LIBC.socket(AF_PACKET, SOCK_RAW | Flags.O_CLOEXEC, 0);
        if (number < 0) {
            throw Native.failure("socket", "AF_PACKET");
        }
        PacketSocket socket = new PacketSocket(new Fd(number));
        try (NativeBuffer address = NativeBuffer.allocate(20);
                Ifreq request = new Ifreq(name)) {
            if (Native.LIBC.ioctl(number, SIOCGIFINDEX, request.address()) < 0) {
                throw Native.failure("ioctl(SIOCGIFINDEX)", name);
            }
            socket.option(PACKET_VNET_HDR, 1);
            socket.option(PACKET_IGNORE_OUTGOING, 1);
            // struct sockaddr_ll: family, protocol, interface
            SharedMemory.putLe16(address.address(), AF_PACKET);
            SharedMemory.putLe16(address.address() + 2, protocol);
            SharedMemory.putLe32(address.address() + 4, SharedMemory.le32(request.valueAddress()));
            if (Native.LIBC.bind(number, address.address(), 20) < 0) {
                throw Native.failure("bind", name);
            }
        }
        return socket;
    }

    /** Frames go to the driver at once, and an error of the driver comes back. */
    public PacketSocket withoutQueue() throws LinuxException {
        option(PACKET_QDISC_BYPASS, 1);
        return this;
    }

    private void option(int name, int value) throws LinuxException {
        try (NativeBuffer number = NativeBuffer.allocate(4)) {
            SharedMemory.putLe32(number.address(), value);
            if (TestLibC.LIBC.setsockopt(fd.number(), SOL_PACKET, name, number.address(), 4) < 0) {
                throw Native.failure("setsockopt", "packet option " + name);
            }
        }
    }

    /** Sends a header of 10 bytes and a frame, as one array. */
    public void send(byte[] headerAndFrame) throws LinuxException {
        SharedMemory.copy(headerAndFrame, 0, buffer.address(), headerAndFrame.length);
        try (IoVec vec = new IoVec(1)) {
            vec.add(buffer.address(), headerAndFrame.length);
            if (FrameIo.write(fd.number(), vec) < 0) {
                throw Native.failure("write", "packet socket");
            }
        }
    }

    /** Waits for the next frame of this EtherType: header of 10 bytes and frame. */
    public byte[] receive(int etherType) throws LinuxException {
        while (true) {
            try (NativeBuffer poll = NativeBuffer.allocate(8)) {
                SharedMemory.putLe32(poll.address(), fd.number());
                SharedMemory.putLe16(poll.address() + 4, POLLIN);
                if (Native.LIBC.poll(poll.address(), 1, 10_000) <= 0) {
                    throw new AssertionError("no frame for ten seconds");
                }
            }
            long bytes = Native.LIBC.read(fd.number(), buffer.address(), buffer.bytes());
            if (bytes < 0) {
                throw Native.failure("read", "packet socket");
            }
            byte[] frame = new byte[(int) bytes];
            SharedMemory.copy(buffer.address(), frame, 0, frame.length);
            int type = (frame[HEADER + 12] & 0xff) << 8 | (frame[HEADER + 13] & 0xff);
            if (type == etherType) {
                return frame;
            }
        }
    }

    /** As {@link #receive}, without the header. */
    public byte[] receiveFrame(int etherType) throws LinuxException {
        byte[] all = receive(etherType);
        return Arrays.copyOfRange(all, HEADER, all.length);
    }

    public int number() {
        return fd.number();
    }

    @Override
    public void close() {
        fd.close();
        buffer.close();
    }
}
