package paranet.core.linux;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/**
 * One descriptor of the TUN/TAP driver, which is one queue of an interface once attached; a macvtap
 * descriptor ({@code /dev/tapN}) answers the same requests (linux/if_tun.h, Documentation/
 * networking/tuntap.rst of the kernel).
 *
 * <p>Threading: any thread; who opened it closes it.
 */
public final class TunDevice implements AutoCloseable {
    public static final int IFF_TUN = 0x0001;
    public static final int IFF_TAP = 0x0002;
    public static final int IFF_MULTI_QUEUE = 0x0100;
    public static final int IFF_PERSIST = 0x0800;
    public static final int IFF_NO_PI = 0x1000;
    public static final int IFF_VNET_HDR = 0x4000;

    private static final int IFF_ATTACH_QUEUE = 0x0200;
    private static final int IFF_DETACH_QUEUE = 0x0400;

    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNSETPERSIST = 0x400454cbL;
    private static final long TUNGETFEATURES = 0x800454cfL;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final long TUNGETIFF = 0x800454d2L;
    private static final long TUNSETVNETHDRSZ = 0x400454d8L;
    private static final long TUNATTACHFILTER = 0x401054d5L;
    private static final long TUNDETACHFILTER = 0x401054d6L;
    private static final long TUNGETVNETHDRSZ = 0x800454d7L;
    private static final long TUNSETQUEUE = 0x400454d9L;
    private static final long TUNSETVNETLE = 0x400454dcL;
    private static final long TUNSETCARRIER = 0x400454e2L;

    private static final String PATH = "/dev/net/tun";

    private final Fd fd;

    /** Takes ownership of a descriptor, whether it is one of the driver's or not. */
    public TunDevice(Fd fd) {
        this.fd = fd;
    }

    /** A new descriptor that belongs to no interface yet, non-blocking, close-on-exec. */
    public static TunDevice open() throws LinuxException {
        int number = Native.LIBC.open(PATH, Flags.O_RDWR | Flags.O_NONBLOCK | Flags.O_CLOEXEC, 0);
        if (number < 0) {
            throw Native.failure("open", PATH);
        }
        return new TunDevice(new Fd(number));
    }

    /**
     * Becomes a queue of the interface {@code name}, which is created if there is none (TUNSETIFF).
     *
     * @param name at most 15 bytes; a {@code %d} in it becomes the first free number
     * @return the interface's name
     * @throws LinuxException EPERM without CAP_NET_ADMIN and not its owner; EBUSY when it has its
     *     only queue already; E2BIG when it has all; EINVAL when it is no such device, or not
     *     multi-queue where the flags are, or the reverse
     */
    public String attach(String name, int flags) throws LinuxException {
        try (Ifreq request = new Ifreq(name)) {
            SharedMemory.putLe16(request.valueAddress(), flags);
            ioctl("TUNSETIFF", TUNSETIFF, request.address(), name);
            return request.name();
        }
    }

    /**
     * The interface's name now (TUNGETIFF).
     *
     * @throws LinuxException EBADFD when it belongs to no interface, or its queue is detached;
     *     ENOTTY when the descriptor is not the driver's
     */
    public String name() throws LinuxException {
        try (Ifreq request = current()) {
            return request.name();
        }
    }

    /**
     * The flags the interface really has, but for IFF_NO_PI, whose bit says something else here
     * ({@link #hasPacketInformation}); errors as in {@link #name}.
     */
    public int flags() throws LinuxException {
        try (Ifreq request = current()) {
            return SharedMemory.le16(request.valueAddress());
        }
    }

    /**
     * Whether 4 more bytes precede each frame, because the interface was opened without IFF_NO_PI.
     *
     * <p>The bit of IFF_NO_PI is set in TUNGETIFF's answer also when no filter is attached
     * (IFF_NOFILTER), so one that passes everything is attached for a moment.
     */
    public boolean hasPacketInformation() throws LinuxException {
        if ((flags() & IFF_NO_PI) == 0) {
            return true;
        }
        // struct sock_fprog: u16 count, pointer @8; struct sock_filter @16: u16 code, u32 k @4
        try (NativeBuffer program = NativeBuffer.allocate(24)) {
            SharedMemory.putLe16(program.address(), 1);
            SharedMemory.putLe64(program.address() + 8, program.address() + 16);
            SharedMemory.putLe16(program.address() + 16, 0x06); // BPF_RET
            SharedMemory.putLe32(program.address() + 20, -1); // all bytes
            if (Native.LIBC.ioctl(fd.number(), TUNATTACHFILTER, program.address()) < 0) {
                return false; // a macvtap has neither filters nor packet information
            }
            try {
                return (flags() & IFF_NO_PI) == 0;
            } finally {
                ioctl("TUNDETACHFILTER", TUNDETACHFILTER, program.address(), toString());
            }
        }
    }

    private Ifreq current() throws LinuxException {
        Ifreq request = new Ifreq("");
        try {
            ioctl("TUNGETIFF", TUNGETIFF, request.address(), toString());
            return request;
        } catch (LinuxException e) {
            request.close();
            throw e;
        }
    }

    /** The IFF_ flags that this kernel's driver knows (TUNGETFEATURES). */
    public int features() throws LinuxException {
        try (NativeBuffer number = NativeBuffer.allocate(4)) {
            ioctl("TUNGETFEATURES", TUNGETFEATURES, number.address(), toString());
            return SharedMemory.le32(number.address());
        }
    }

    /** Size in bytes of the header before each frame, 10 or more, for all queues. */
    public void vnetHeaderBytes(int bytes) throws LinuxException {
        setNumber("TUNSETVNETHDRSZ", TUNSETVNETHDRSZ, bytes);
    }

    public int vnetHeaderBytes() throws LinuxException {
        try (NativeBuffer number = NativeBuffer.allocate(4)) {
            ioctl("TUNGETVNETHDRSZ", TUNGETVNETHDRSZ, number.address(), toString());
            return SharedMemory.le32(number.address());
        }
    }

    /** Header fields are little-endian, whatever an earlier user of the interface chose. */
    public void vnetLittleEndian() throws LinuxException {
        setNumber("TUNSETVNETLE", TUNSETVNETLE, 1);
    }

    /**
     * Which frames may be read unfinished (TUNSETOFFLOAD): TUN_F_ bits, the numbers of
     * paranet.core.frame.FrameOffload, for all queues.
     *
     * @return false when the kernel does not know one of them (EINVAL), or knows it only together
     *     with others; nothing changed then
     */
    public boolean offload(int bits) throws LinuxException {
        if (Native.LIBC.ioctl(fd.number(), TUNSETOFFLOAD, bits) >= 0) {
            return true;
        }
        if (Native.errno() == Errno.EINVAL) {
            return false;
        }
        throw Native.failure("ioctl(TUNSETOFFLOAD)", toString());
    }

    /** Whether the interface outlives its last descriptor (TUNSETPERSIST). */
    public void persist(boolean on) throws LinuxException {
        ioctl("TUNSETPERSIST", TUNSETPERSIST, on ? 1 : 0, toString());
    }

    /**
     * Whether the interface has a carrier, which it has once it is attached (TUNSETCARRIER).
     *
     * @return false when this driver lets nobody say so (EINVAL: a macvtap, or Linux before 5.0)
     */
    public boolean carrier(boolean on) throws LinuxException {
        try (NativeBuffer number = NativeBuffer.allocate(4)) {
            SharedMemory.putLe32(number.address(), on ? 1 : 0);
            if (Native.LIBC.ioctl(fd.number(), TUNSETCARRIER, number.address()) >= 0) {
                return true;
            }
            if (Native.errno() == Errno.EINVAL) {
                return false;
            }
            throw Native.failure("ioctl(TUNSETCARRIER)", toString());
        }
    }

    /** Takes part in a multi-queue interface again after {@link #detachQueue} (TUNSETQUEUE). */
    public void attachQueue() throws LinuxException {
        queue(IFF_ATTACH_QUEUE);
    }

    /**
     * Stays a member of a multi-queue interface without getting frames; what it held is lost. Reads
     * and writes answer EBADFD meanwhile (TUNSETQUEUE).
     */
    public void detachQueue() throws LinuxException {
        queue(IFF_DETACH_QUEUE);
    }

    private void queue(int flag) throws LinuxException {
        try (Ifreq request = new Ifreq("")) {
            SharedMemory.putLe16(request.valueAddress(), flag);
            ioctl("TUNSETQUEUE", TUNSETQUEUE, request.address(), toString());
        }
    }

    /** The interface's hardware address, asked of the descriptor itself: 6 bytes. */
    public byte[] hardwareAddress() throws LinuxException {
        try (Ifreq request = new Ifreq("")) {
            ioctl("SIOCGIFHWADDR", NetworkLink.SIOCGIFHWADDR, request.address(), toString());
            return NetworkLink.macIn(request);
        }
    }

    public Fd fd() {
        return fd;
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return "tun " + fd;
    }

    private void setNumber(String name, long request, int value) throws LinuxException {
        try (NativeBuffer number = NativeBuffer.allocate(4)) {
            SharedMemory.putLe32(number.address(), value);
            ioctl(name, request, number.address(), "%s with %d".formatted(this, value));
        }
    }

    private void ioctl(String name, long request, long argument, String subject)
            throws LinuxException {
        if (Native.LIBC.ioctl(fd.number(), request, argument) < 0) {
            throw Native.failure("ioctl(%s)".formatted(name), subject);
        }
    }
}
