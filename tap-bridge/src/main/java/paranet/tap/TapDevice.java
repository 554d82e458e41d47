package paranet.tap;

import static paranet.tap.TapException.Kind.FAILED;
import static paranet.tap.TapException.Kind.MISSING_PREREQUISITE;
import static paranet.tap.TapException.Kind.WRONG_USAGE;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameOffload;
import paranet.core.linux.Errno;
import paranet.core.linux.Fd;
import paranet.core.linux.LinkChanges;
import paranet.core.linux.LinuxException;
import paranet.core.linux.NetworkLink;
import paranet.core.linux.TunDevice;

import java.net.Inet4Address;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A TAP interface and the descriptors by which this process takes part in it, one per queue
 * (docs/tap.md). Frames carry a virtio-net header in both directions.
 *
 * <p>A TAP that is not persistent disappears when its last descriptor is closed.
 *
 * <p>Threading: one thread at a time, which a {@link TapBridge} sees to; the descriptors' numbers
 * may be used by any.
 */
public final class TapDevice implements AutoCloseable {
    /** Queues of one port (the kernel would take 256). */
    public static final int QUEUES_MAX = 128;

    /** Longest name in bytes. */
    public static final int NAME_BYTES_MAX = 15;

    /** Bounds of a TAP's MTU: IPv4's least, and 65535 less the Ethernet header. */
    public static final int MTU_MIN = 68;

    public static final int MTU_MAX = 65521;

    private static final Logger LOG = LoggerFactory.getLogger(TapDevice.class);

    private static final int FLAGS =
            TunDevice.IFF_TAP | TunDevice.IFF_NO_PI | TunDevice.IFF_VNET_HDR;
    private static final int MTU_UNKNOWN = 1500;
    private static final int TSO = FrameOffload.TSO4 | FrameOffload.TSO6;
    private static final int USO = FrameOffload.USO4 | FrameOffload.USO6;

    private final List<TunDevice> queues;
    private final NetworkLink links; // null when the TAP is not in our namespace
    private final LinkChanges changes; // null with links
    private final boolean created;
    private final String firstName;
    private final int offloadsKnown;
    private int queuesInUse;
    private int headerBytes = 12;
    private int offloads = FrameOffload.NONE;

    private TapDevice(List<TunDevice> queues, NetworkLink links, boolean created)
            throws LinuxException {
        this.queues = List.copyOf(queues);
        this.links = links;
        this.created = created;
        this.queuesInUse = queues.size();
        TunDevice first = queues.getFirst();
        this.firstName = first.name();
        this.offloadsKnown = probeOffloads(first);
        for (TunDevice queue : queues) {
            queue.vnetLittleEndian();
            configure(queue);
        }
        this.changes = links == null ? null : LinkChanges.open();
    }

    /**
     * Creates a TAP, or attaches to one that exists and has no other user. A new one is switched
     * on; one that exists is left as its owner set it.
     *
     * @param name 1 to {@link #NAME_BYTES_MAX} bytes without space, slash or colon; in a new name
     *     {@code %d} becomes the first free number
     * @param queues 1 to {@link #QUEUES_MAX}; more than one needs a multi-queue TAP
     * @param persistent whether it stays when the process ends
     * @throws TapException with the command that cures it
     */
    public static TapDevice open(String name, int queues, boolean persistent) throws TapException {
        requireName(name);
        requireQueues(queues);
        List<TunDevice> attached = new ArrayList<>();
        NetworkLink links = null;
        try {
            links = NetworkLink.open();
            boolean exists = links.exists(name);
            if (exists) {
                requireTap(name, links.driver(name));
            }
            attached.add(openDriver());
            int flags = attachFirst(attached.getFirst(), name, queues, exists);
            String realName = attached.getFirst().name();
            while (attached.size() < queues) {
                attached.add(openDriver());
                attachNext(attached.getLast(), realName, flags);
            }
            TapDevice tap = new TapDevice(attached, links, !exists);
            tap.start(persistent);
            return tap;
        } catch (TapException e) {
            closeAll(attached, links);
            throw e;
        } catch (LinuxException e) {
            closeAll(attached, links);
            throw new TapException(FAILED, "TAP %s: %s".formatted(name, e.getMessage()), e);
        }
    }

    /**
     * Takes over open descriptors that somebody with the permission made, by their numbers: each a
     * queue of the same TAP or macvtap, with IFF_VNET_HDR. They are closed with the device, and on
     * failure.
     *
     * @throws TapException naming the descriptor and what it lacks
     */
    public static TapDevice adopt(List<Integer> descriptors) throws TapException {
        List<TunDevice> attached = new ArrayList<>();
        descriptors.forEach(each -> attached.add(new TunDevice(new Fd(each))));
        NetworkLink links = null;
        try {
            requireQueues(descriptors.size());
            for (TunDevice queue : attached) {
                requireUsable(queue, attached.getFirst(), attached.size());
                queue.fd().nonBlocking();
            }
            links = linksThatShow(attached.getFirst());
            return new TapDevice(attached, links, false);
        } catch (TapException e) {
            closeAll(attached, links);
            throw e;
        } catch (LinuxException e) {
            closeAll(attached, links);
            throw new TapException(FAILED, "TAP descriptor: %s".formatted(e.getMessage()), e);
        }
    }

    /** The interface's name now; it may have been renamed since it was opened. */
    public String name() {
        for (TunDevice queue : queues.subList(0, queuesInUse)) {
            try {
                return queue.name();
            } catch (LinuxException e) {
                LOG.debug("no name: {}", e.getMessage());
            }
        }
        return firstName;
    }

    /** Whether {@link #open} made the interface. */
    public boolean created() {
        return created;
    }

    public int queues() {
        return queues.size();
    }

    /** How many of them get frames; the others are detached. */
    int queuesInUse() {
        return queuesInUse;
    }

    /** The number of the descriptor of one queue, 0 to queues-1, non-blocking. */
    public int descriptor(int queue) {
        return queues.get(queue).fd().number();
    }

    /** Whether this queue still belongs to an interface; a detached queue does not. */
    public boolean isAttached(int queue) {
        try {
            return !queues.get(queue).name().isEmpty();
        } catch (LinuxException e) {
            return e.errno() != Errno.EBADFD;
        }
    }

    /** Offloads of {@link FrameOffload} that this kernel's TAP knows. */
    public int offloadsKnown() {
        return offloadsKnown;
    }

    /**
     * Lets frames be read with these offloads unfinished, as far as the kernel can: TSO and USO
     * need CSUM, TSO_ECN needs TSO, and USO4 and USO6 come together.
     *
     * @return the offloads that are now in force
     */
    int offloads(int wanted) throws LinuxException {
        int bits = wanted & offloadsKnown;
        if ((bits & FrameOffload.CSUM) == 0) {
            bits = FrameOffload.NONE;
        }
        if ((bits & TSO) == 0) {
            bits &= ~FrameOffload.TSO_ECN;
        }
        if ((bits & USO) != USO) {
            bits &= ~USO;
        }
        offloads = bits;
        configureAll();
        return bits;
    }

    /** Sets the size in bytes of the header before each frame: 10 or 12. */
    void headerBytes(int bytes) throws LinuxException {
        headerBytes = bytes;
        configureAll();
    }

    private void configureAll() throws LinuxException {
        for (TunDevice queue : queues.subList(0, queuesInUse)) {
            configure(queue);
        }
    }

    /** Of a TAP these are one setting for all queues, of a macvtap each queue has its own. */
    private void configure(TunDevice queue) throws LinuxException {
        queue.vnetHeaderBytes(headerBytes);
        if (!queue.offload(offloads)) {
            throw new IllegalStateException(
                    "offloads 0x%x passed the probe, and now %s refuses them"
                            .formatted(offloads, queue));
        }
    }

    /**
     * Lets the kernel spread frames over the first {@code count} queues only, 1 to queues; what the
     * others hold is lost.
     */
    void useQueues(int count) throws LinuxException {
        if (count < 1 || count > queues.size()) {
            throw new IllegalArgumentException(
                    "%d queues are not in 1..%d".formatted(count, queues.size()));
        }
        // From the top down: the kernel fills the gap that a detached queue leaves with the last.
        while (queuesInUse > count) {
            queues.get(queuesInUse - 1).detachQueue();
            queuesInUse--;
        }
        while (queuesInUse < count) {
            TunDevice queue = queues.get(queuesInUse);
            queue.attachQueue();
            configure(queue);
            queuesInUse++;
        }
    }

    /** Whether somebody is at our end, as far as the kernel lets us say so. */
    void carrier(boolean on) throws LinuxException {
        var _ = queues.getFirst().carrier(on);
    }

    /** Largest Ethernet payload in bytes; 1500 where the TAP is in a namespace we do not see. */
    public int mtu() {
        try {
            return links == null ? MTU_UNKNOWN : links.mtu(name());
        } catch (LinuxException e) {
            LOG.debug("no MTU: {}", e.getMessage());
            return MTU_UNKNOWN;
        }
    }

    /**
     * Sets the largest Ethernet payload, {@link #MTU_MIN} to {@link #MTU_MAX}.
     *
     * @throws TapException without CAP_NET_ADMIN, with the command that cures it
     */
    public void mtu(int bytes) throws TapException {
        if (bytes < MTU_MIN || bytes > MTU_MAX) {
            throw new TapException(
                    WRONG_USAGE, "MTU %d is not in %d..%d".formatted(bytes, MTU_MIN, MTU_MAX));
        }
        if (mtu() == bytes) {
            return;
        }
        String name = name();
        if (links == null) {
            throw new TapException(
                    MISSING_PREREQUISITE,
                    ("TAP %s is in another network namespace: there, run "
                                    + "`ip link set dev %s mtu %d`")
                            .formatted(name, name, bytes));
        }
        try {
            links.mtu(name, bytes);
        } catch (LinuxException e) {
            if (e.errno() == Errno.EPERM) {
                throw new TapException(
                        MISSING_PREREQUISITE,
                        ("no permission to change the MTU of %s: run "
                                        + "`sudo ip link set dev %s mtu %d` once")
                                .formatted(name, name, bytes),
                        e);
            }
            throw new TapException(
                    FAILED, "MTU %d of %s: %s".formatted(bytes, name, e.getMessage()), e);
        }
    }

    /** Readable when {@link #isUp} may have changed; NO_DESCRIPTOR where we cannot know. */
    int changesDescriptor() {
        return changes == null ? FrameBridge.NO_DESCRIPTOR : changes.fd().number();
    }

    /**
     * Whether the interface is switched on; a deleted one is not, and one in a namespace that we do
     * not see is taken to be.
     */
    boolean isUp() {
        if (changes == null) {
            return true;
        }
        changes.drain();
        TunDevice first = queues.getFirst();
        try {
            return links.isUp(first.name());
        } catch (LinuxException e) {
            // Either it was deleted, or it was moved into another namespace and still is attached.
            LOG.debug("no link state: {}", e.getMessage());
            return hasInterface(first);
        }
    }

    private static boolean hasInterface(TunDevice queue) {
        try {
            return !queue.name().isEmpty();
        } catch (LinuxException e) {
            return false; // EBADFD, of a macvtap ENOLINK
        }
    }

    /**
     * Gives the interface an IPv4 address, so that this machine's own network stack answers there.
     *
     * @throws TapException if the kernel refuses
     */
    public void address(Inet4Address address, int prefixBits) throws TapException {
        try {
            links.address(name(), address, prefixBits);
        } catch (LinuxException e) {
            throw new TapException(
                    FAILED,
                    "address %s of %s: %s"
                            .formatted(address.getHostAddress(), name(), e.getMessage()),
                    e);
        }
    }

    @Override
    public void close() {
        if (changes != null) {
            changes.close();
        }
        closeAll(queues, links);
    }

    @Override
    public String toString() {
        return "tap %s, %d queue%s"
                .formatted(firstName, queues.size(), queues.size() == 1 ? "" : "s");
    }

    private void start(boolean persistent) throws LinuxException {
        if (created) {
            links.up(firstName, true);
        } else if (!links.isUp(firstName)) {
            LOG.warn(
                    "TAP {} is down, frames to it are lost: run `sudo ip link set dev {} up`",
                    firstName,
                    firstName);
        }
        if (persistent) {
            queues.getFirst().persist(true);
        }
    }

    private static void requireName(String name) throws TapException {
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < 1 || bytes > NAME_BYTES_MAX) {
            throw new TapException(
                    WRONG_USAGE,
                    "TAP name of %d bytes is not in 1..%d: %s"
                            .formatted(bytes, NAME_BYTES_MAX, name));
        }
        boolean known =
                name.chars()
                        .noneMatch(
                                c -> c == '/' || c == ':' || Character.isWhitespace(c) || c < 33);
        String rest = name.replaceFirst("%d", "");
        if (!known || name.equals(".") || name.equals("..") || rest.contains("%")) {
            throw new TapException(
                    WRONG_USAGE,
                    "TAP name may have no space, slash or colon, and of %% only one %%d: %s"
                            .formatted(name));
        }
    }

    private static void requireQueues(int queues) throws TapException {
        if (queues < 1 || queues > QUEUES_MAX) {
            throw new TapException(
                    WRONG_USAGE,
                    "%d queues of a TAP are not in 1..%d".formatted(queues, QUEUES_MAX));
        }
    }

    private static void requireTap(String name, NetworkLink.Driver driver) throws TapException {
        if (!driver.isTap()) {
            throw new TapException(
                    FAILED,
                    "%s exists and is no TAP (%s): choose another name"
                            .formatted(
                                    name,
                                    driver.name().isEmpty()
                                            ? "it has no driver"
                                            : "driver %s %s"
                                                    .formatted(driver.name(), driver.bus())
                                                    .strip()));
        }
    }

    private static TunDevice openDriver() throws TapException {
        try {
            return TunDevice.open();
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO ->
                        new TapException(
                                MISSING_PREREQUISITE,
                                "no /dev/net/tun: run `sudo modprobe tun`"
                                        + " (a container needs `--device /dev/net/tun`)",
                                e);
                case Errno.EACCES, Errno.EPERM ->
                        new TapException(
                                MISSING_PREREQUISITE,
                                "no permission to open /dev/net/tun: run"
                                        + " `sudo chmod 0666 /dev/net/tun`, its usual mode",
                                e);
                default -> new TapException(FAILED, e.getMessage(), e);
            };
        }
    }

    /** Returns the flags that every further queue needs. */
    private static int attachFirst(TunDevice tun, String name, int queues, boolean exists)
            throws TapException, LinuxException {
        int flags = queues > 1 ? FLAGS | TunDevice.IFF_MULTI_QUEUE : FLAGS;
        try {
            tun.attach(name, flags);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EINVAL || !exists) {
                throw explained(e, name, queues, exists);
            }
            if (queues > 1) {
                throw new TapException(
                        MISSING_PREREQUISITE,
                        ("TAP %s has a single queue, and %d are wanted: make it anew with"
                                        + " `sudo ip link del %s && %s`, or use 1 queue")
                                .formatted(name, queues, name, tuntapAdd(name, queues)),
                        e);
            }
            flags |= TunDevice.IFF_MULTI_QUEUE; // its own flags decide, not how many we want
            try {
                tun.attach(name, flags);
            } catch (LinuxException again) {
                throw explained(again, name, queues, true);
            }
        }
        if ((tun.flags() & TunDevice.IFF_VNET_HDR) == 0 || tun.hasPacketInformation()) {
            throw new TapException(
                    FAILED,
                    "TAP %s is used by another process, without virtio-net headers: stop that one"
                            .formatted(name));
        }
        return flags;
    }

    private static void attachNext(TunDevice tun, String name, int flags)
            throws TapException, LinuxException {
        try {
            tun.attach(name, flags);
        } catch (LinuxException e) {
            throw explained(e, name, 2, true);
        }
    }

    private static TapException explained(
            LinuxException e, String name, int queues, boolean exists) {
        return switch (e.errno()) {
            case Errno.EPERM ->
                    new TapException(
                            MISSING_PREREQUISITE,
                            exists
                                    ? ("no permission for TAP %s: it belongs to another user. Make"
                                                    + " it anew with `sudo ip link del %s && %s`,"
                                                    + " or run with the capability CAP_NET_ADMIN")
                                            .formatted(name, name, tuntapAdd(name, queues))
                                    : ("no permission to create TAP %s: run `%s` once,"
                                                    + " or run with the capability CAP_NET_ADMIN")
                                            .formatted(name, tuntapAdd(name, queues)),
                            e);
            case Errno.EBUSY ->
                    new TapException(
                            FAILED,
                            "TAP %s is busy: another process has its only queue".formatted(name),
                            e);
            case Errno.E2BIG ->
                    new TapException(
                            FAILED,
                            "TAP %s has no queue left: other processes hold the rest of its 256"
                                    .formatted(name),
                            e);
            default -> new TapException(FAILED, "TAP %s: %s".formatted(name, e.getMessage()), e);
        };
    }

    /** The command that makes a TAP which this user may attach to. */
    private static String tuntapAdd(String name, int queues) {
        return "sudo ip tuntap add dev %s mode tap %suser %s && sudo ip link set dev %s up"
                .formatted(
                        name,
                        queues > 1 ? "multi_queue " : "",
                        System.getProperty("user.name"),
                        name);
    }

    private static void requireUsable(TunDevice queue, TunDevice first, int count)
            throws TapException, LinuxException {
        int flags;
        try {
            flags = queue.flags();
        } catch (LinuxException e) {
            throw new TapException(
                    WRONG_USAGE,
                    e.errno() == Errno.EBADFD
                            ? "%s belongs to no interface: attach it with TUNSETIFF first"
                                    .formatted(queue.fd())
                            : "%s is not a TAP (%s)".formatted(queue.fd(), e.errnoName()),
                    e);
        }
        if ((flags & TunDevice.IFF_TAP) == 0) {
            throw new TapException(
                    WRONG_USAGE,
                    "%s is a TUN (IP packets): open it with IFF_TAP (Ethernet frames)"
                            .formatted(queue.fd()));
        }
        if ((flags & TunDevice.IFF_VNET_HDR) == 0 || queue.hasPacketInformation()) {
            throw new TapException(
                    WRONG_USAGE,
                    ("%s is a TAP without bare virtio-net headers:"
                                    + " open it with IFF_VNET_HDR | IFF_NO_PI")
                            .formatted(queue.fd()));
        }
        if (count > 1 && (flags & TunDevice.IFF_MULTI_QUEUE) == 0) {
            throw new TapException(
                    WRONG_USAGE,
                    "%s is a TAP with a single queue: open each with IFF_MULTI_QUEUE"
                            .formatted(queue.fd()));
        }
        if (!queue.name().equals(first.name())
                || !Arrays.equals(queue.hardwareAddress(), first.hardwareAddress())) {
            throw new TapException(
                    WRONG_USAGE,
                    "%s is a queue of %s, and %s of %s: all must be of one TAP"
                            .formatted(queue.fd(), queue.name(), first.fd(), first.name()));
        }
    }

    /** Null unless our namespace has the very interface that the descriptor belongs to. */
    private static NetworkLink linksThatShow(TunDevice tun) throws LinuxException {
        NetworkLink links = NetworkLink.open();
        String name = tun.name();
        try {
            if (links.exists(name)
                    && Arrays.equals(links.hardwareAddress(name), tun.hardwareAddress())) {
                return links;
            }
        } catch (LinuxException e) {
            links.close();
            throw e;
        }
        links.close();
        return null;
    }

    private static int probeOffloads(TunDevice tun) throws LinuxException {
        int known = FrameOffload.NONE;
        int[] groups = {FrameOffload.CSUM, TSO, FrameOffload.TSO_ECN, FrameOffload.UFO, USO};
        for (int group : groups) {
            if (tun.offload(known | group)) {
                known |= group;
            }
        }
        return known;
    }

    private static void closeAll(List<TunDevice> queues, NetworkLink links) {
        queues.forEach(TunDevice::close);
        if (links != null) {
            links.close();
        }
    }
}
