package paranet.core.linux;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.net.Inet4Address;
import java.nio.charset.StandardCharsets;

/**
 * The network interfaces of one namespace, by name: what {@code ip link} and {@code ip address}
 * tell and set, without the program (netdevice(7)). The namespace is the one of the thread that
 * opened it, whichever thread asks later.
 *
 * <p>Changing anything takes CAP_NET_ADMIN (EPERM); an interface that is not there is ENODEV.
 *
 * <p>Threading: any thread; who opened it closes it.
 */
public final class NetworkLink implements AutoCloseable {
    static final long SIOCGIFHWADDR = 0x8927;

    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM = 2;
    private static final long SIOCGIFFLAGS = 0x8913;
    private static final long SIOCSIFFLAGS = 0x8914;
    private static final long SIOCSIFADDR = 0x8916;
    private static final long SIOCSIFNETMASK = 0x891c;
    private static final long SIOCGIFMTU = 0x8921;
    private static final long SIOCSIFMTU = 0x8922;
    private static final long SIOCSIFHWADDR = 0x8924;
    private static final long SIOCETHTOOL = 0x8946;
    private static final int IFF_UP = 1;
    private static final int ARPHRD_ETHER = 1;

    private final Fd socket;

    private NetworkLink(Fd socket) {
        this.socket = socket;
    }

    /** The interfaces of this thread's network namespace. */
    public static NetworkLink open() throws LinuxException {
        int number = Native.LIBC.socket(AF_INET, SOCK_DGRAM | Flags.O_CLOEXEC, 0);
        if (number < 0) {
            throw Native.failure("socket", "AF_INET");
        }
        return new NetworkLink(new Fd(number));
    }

    /** Whether there is an interface of this name. */
    public boolean exists(String name) throws LinuxException {
        try {
            flags(name);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENODEV) {
                return false;
            }
            throw e;
        }
    }

    /** What kind of device an interface is. */
    public record Driver(String name, String bus) {
        /** Whether it is a TAP, not a TUN and nothing else. */
        public boolean isTap() {
            return name.equals("tun") && bus.equals("tap");
        }
    }

    /**
     * The driver behind an interface, its name empty where there is none, such as the loopback
     * (ETHTOOL_GDRVINFO).
     */
    public Driver driver(String name) throws LinuxException {
        try (NativeBuffer info = NativeBuffer.allocate(EthtoolDrvinfo.SIZE);
                Ifreq request = new Ifreq(name)) {
            SharedMemory.putLe32(info.address() + EthtoolDrvinfo.CMD, EthtoolDrvinfo.GDRVINFO);
            SharedMemory.putLe64(request.valueAddress(), info.address());
            if (Native.LIBC.ioctl(socket.number(), SIOCETHTOOL, request.address()) < 0) {
                if (Native.errno() == Errno.EOPNOTSUPP) {
                    return new Driver("", "");
                }
                throw Native.failure("ioctl(SIOCETHTOOL)", name);
            }
            return new Driver(
                    text(info.address() + EthtoolDrvinfo.DRIVER),
                    text(info.address() + EthtoolDrvinfo.BUS_INFO));
        }
    }

    public boolean isUp(String name) throws LinuxException {
        return (flags(name) & IFF_UP) != 0;
    }

    /** Switches the interface on or off. */
    public void up(String name, boolean up) throws LinuxException {
        int flags = flags(name);
        try (Ifreq request = new Ifreq(name)) {
            SharedMemory.putLe16(request.valueAddress(), up ? flags | IFF_UP : flags & ~IFF_UP);
            ioctl("SIOCSIFFLAGS", SIOCSIFFLAGS, request);
        }
    }

    /** IFF_ flags of netdevice(7). */
    int flags(String name) throws LinuxException {
        try (Ifreq request = new Ifreq(name)) {
            ioctl("SIOCGIFFLAGS", SIOCGIFFLAGS, request);
            return SharedMemory.le16(request.valueAddress());
        }
    }

    /** Largest Ethernet payload in bytes. */
    public int mtu(String name) throws LinuxException {
        try (Ifreq request = new Ifreq(name)) {
            ioctl("SIOCGIFMTU", SIOCGIFMTU, request);
            return SharedMemory.le32(request.valueAddress());
        }
    }

    /** Sets the largest Ethernet payload; EINVAL where the device's own bounds forbid it. */
    public void mtu(String name, int bytes) throws LinuxException {
        try (Ifreq request = new Ifreq(name)) {
            SharedMemory.putLe32(request.valueAddress(), bytes);
            ioctl("SIOCSIFMTU", SIOCSIFMTU, request);
        }
    }

    /** The 6 bytes of the interface's Ethernet address. */
    public byte[] hardwareAddress(String name) throws LinuxException {
        try (Ifreq request = new Ifreq(name)) {
            ioctl("SIOCGIFHWADDR", SIOCGIFHWADDR, request);
            return macIn(request);
        }
    }

    /** Sets the 6 bytes of the interface's Ethernet address. */
    public void hardwareAddress(String name, byte[] mac) throws LinuxException {
        try (Ifreq request = new Ifreq(name)) {
            SharedMemory.putLe16(request.valueAddress(), ARPHRD_ETHER);
            SharedMemory.copy(mac, 0, request.valueAddress() + 2, 6);
            ioctl("SIOCSIFHWADDR", SIOCSIFHWADDR, request);
        }
    }

    /** Gives the interface an IPv4 address and its subnet of {@code prefixBits}, 0 to 32. */
    public void address(String name, Inet4Address address, int prefixBits) throws LinuxException {
        setAddress("SIOCSIFADDR", SIOCSIFADDR, name, address.getAddress());
        int mask = prefixBits == 0 ? 0 : -1 << (32 - prefixBits);
        byte[] bytes = {(byte) (mask >> 24), (byte) (mask >> 16), (byte) (mask >> 8), (byte) mask};
        setAddress("SIOCSIFNETMASK", SIOCSIFNETMASK, name, bytes);
    }

    private void setAddress(String call, long number, String name, byte[] address)
            throws LinuxException {
        try (Ifreq request = new Ifreq(name)) {
            // struct sockaddr_in: family, port, address in network order
            SharedMemory.putLe16(request.valueAddress(), AF_INET);
            SharedMemory.copy(address, 0, request.valueAddress() + 4, 4);
            ioctl(call, number, request);
        }
    }

    /** The address in a struct sockaddr: family, then bytes. */
    static byte[] macIn(Ifreq request) {
        byte[] mac = new byte[6];
        SharedMemory.copy(request.valueAddress() + 2, mac, 0, 6);
        return mac;
    }

    @Override
    public void close() {
        socket.close();
    }

    private void ioctl(String name, long number, Ifreq request) throws LinuxException {
        if (Native.LIBC.ioctl(socket.number(), number, request.address()) < 0) {
            throw Native.failure("ioctl(%s)".formatted(name), request.name());
        }
    }

    private static String text(long address) {
        byte[] bytes = new byte[EthtoolDrvinfo.TEXT_BYTES];
        SharedMemory.copy(address, bytes, 0, bytes.length);
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.US_ASCII);
    }

    /** struct ethtool_drvinfo (linux/ethtool.h). */
    private static final class EthtoolDrvinfo {
        static final int SIZE = 196;
        static final int CMD = 0; // u32
        static final int DRIVER = 4; // char[32]
        static final int BUS_INFO = 100; // char[32], after version and firmware version
        static final int TEXT_BYTES = 32;
        static final int GDRVINFO = 3; // ETHTOOL_GDRVINFO

        private EthtoolDrvinfo() {}
    }
}
