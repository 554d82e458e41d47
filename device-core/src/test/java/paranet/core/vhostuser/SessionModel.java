package paranet.core.vhostuser;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a session must do, said once more and as plainly as possible: which requests are refused,
 * which are answered, and which rings run afterwards.
 */
final class SessionModel {
    private static final long TIB_4 = 4L << 40;
    private static final long TIB_5 = 5L << 40;

    private static final Set<Integer> ANSWERED = Set.of(1, 11, 15, 17, 24, 36, 40);

    private final SmallDevice device;
    private final RecordingHost host;

    private final int[] size = new int[5];
    private final boolean[] addressed = new boolean[5];
    private final long[][] address = new long[5][3];
    private final long[] base = new long[5];
    private final Set<Integer> started = new HashSet<>();
    private final Set<Integer> running = new HashSet<>(); // started and not broken
    private final Set<Integer> enabled = new HashSet<>();
    private List<MemoryRegion> regions = new ArrayList<>();
    private long features;
    private long protocol;
    private boolean bit30;

    /**
     * @param own whether the reply is the message's own and no acknowledgement
     */
    record Expected(boolean refused, boolean replies, boolean own) {}

    SessionModel(SmallDevice device, RecordingHost host) {
        this.device = device;
        this.host = host;
    }

    void broke(int ring) {
        running.remove(ring);
    }

    Expected expect(FrontendRequest request, boolean needReply) {
        boolean speaks =
                (protocol & 8) != 0
                        || (request instanceof FrontendRequest.SetProtocolFeatures p
                                && (p.features() & 8) != 0);
        boolean refused = !allowed(request.type().id()) || !accept(request);
        boolean own = ANSWERED.contains(request.id()) && (!refused || request.id() == 24);
        return new Expected(refused, own || (needReply && speaks), own);
    }

    private boolean allowed(int id) {
        long bit =
                switch (id) {
                    case 19 -> 2;
                    case 20 -> 4;
                    case 21 -> 5;
                    case 25 -> 9;
                    case 34 -> 13;
                    case 37, 38 -> 15;
                    case 39 -> 16;
                    default -> -1;
                };
        return bit < 0 || ((protocol >> bit) & 1) != 0;
    }

    /** Whether the request is acceptable; if so, its effect is the model's too. */
    private boolean accept(FrontendRequest request) {
        boolean packed = ((features >> 34) & 1) != 0;
        return switch (request) {
            case FrontendRequest.GetFeatures _ -> true;
            case FrontendRequest.SetFeatures r -> features(r.features());
            case FrontendRequest.SetOwner _ -> true;
            case FrontendRequest.ResetOwner _ -> {
                if (bit30) {
                    enabled.clear();
                }
                yield true;
            }
            case FrontendRequest.SetMemTable r -> {
                if (r.regions().isEmpty() || !sound(r.regions()) || host.refuses) {
                    yield false;
                }
                regions = new ArrayList<>(r.regions());
                yield true;
            }
            case FrontendRequest.SetVringNum r -> {
                if (!ring(r.vring()) || !size(r.size(), packed)) {
                    yield false;
                }
                stop(r.vring());
                size[r.vring()] = r.size();
                yield true;
            }
            case FrontendRequest.SetVringAddr r -> {
                long[] now = {r.desc(), r.avail(), r.used()};
                if (!ring(r.vring()) || (r.flags() | 1) != 1 || !aligned(now, packed)) {
                    yield false;
                }
                int i = r.vring();
                if (!addressed[i]
                        || now[0] != address[i][0]
                        || now[1] != address[i][1]
                        || now[2] != address[i][2]) {
                    stop(i);
                    addressed[i] = true;
                    address[i] = now;
                }
                yield true;
            }
            case FrontendRequest.SetVringBase r -> {
                long value = Integer.toUnsignedLong(r.base());
                if (!ring(r.vring()) || (!packed && value > 65535)) {
                    yield false;
                }
                stop(r.vring());
                base[r.vring()] = value;
                yield true;
            }
            case FrontendRequest.GetVringBase r -> {
                if (!ring(r.vring())) {
                    yield false;
                }
                stop(r.vring());
                yield true;
            }
            case FrontendRequest.SetVringKick r -> {
                int i = r.vring();
                if (!ring(i)
                        || !addressed[i]
                        || !size(size[i], packed)
                        || !aligned(address[i], packed)
                        || (!packed && base[i] > 65535)) {
                    yield false;
                }
                stop(i);
                if (host.refuses) {
                    yield false;
                }
                started.add(i);
                running.add(i);
                yield true;
            }
            case FrontendRequest.SetVringCall r -> ring(r.vring());
            case FrontendRequest.SetVringErr r -> ring(r.vring());
            case FrontendRequest.GetProtocolFeatures _ -> true;
            case FrontendRequest.SetProtocolFeatures r -> {
                if ((r.features() & ~0x1a23dL) != 0) {
                    yield false;
                }
                protocol = r.features();
                yield true;
            }
            case FrontendRequest.GetQueueNum _ -> true;
            case FrontendRequest.SetVringEnable r -> {
                if (!ring(r.vring()) || (r.enable() | 1) != 1) {
                    yield false;
                }
                if (r.enable() == 1) {
                    enabled.add(r.vring());
                } else {
                    enabled.remove(r.vring());
                }
                yield true;
            }
            case FrontendRequest.SendRarp r -> {
                int sum = 0;
                for (byte each : r.mac()) {
                    sum |= each;
                }
                yield sum != 0 && (r.mac()[0] & 1) == 0;
            }
            case FrontendRequest.NetSetMtu r ->
                    r.mtu() >= 68 && r.mtu() <= 65535 && r.mtu() != 1000;
            case FrontendRequest.SetBackendReqFd _ -> true;
            case FrontendRequest.GetConfig r ->
                    config(Integer.toUnsignedLong(r.offset()), Integer.toUnsignedLong(r.size()));
            case FrontendRequest.SetConfig r ->
                    config(Integer.toUnsignedLong(r.offset()), r.body().length)
                            && (r.flags() == 1
                                    || (r.flags() == 0 && r.offset() + r.body().length <= 6));
            case FrontendRequest.ResetDevice _ -> reset();
            case FrontendRequest.GetMaxMemSlots _ -> true;
            case FrontendRequest.AddMemReg r -> {
                List<MemoryRegion> more = new ArrayList<>(regions);
                more.add(r.region());
                if (!sound(more) || host.refuses) {
                    yield false;
                }
                regions = more;
                yield true;
            }
            case FrontendRequest.RemMemReg r -> {
                List<MemoryRegion> fewer = new ArrayList<>(regions);
                fewer.removeIf(
                        each ->
                                each.guestAddress() == r.region().guestAddress()
                                        && each.frontendAddress() == r.region().frontendAddress()
                                        && each.size() == r.region().size());
                if (fewer.size() == regions.size() || host.refuses) {
                    yield false;
                }
                regions = fewer;
                yield true;
            }
            case FrontendRequest.SetStatus r -> (r.status() & 0xff) != 0 || reset();
            case FrontendRequest.GetStatus _ -> true;
            case BusRequest _ -> throw new AssertionError("unknown to a virtio device");
            case FrontendRequest.Unknown _ -> false;
        };
    }

    private boolean features(long chosen) {
        long wanted = chosen & ~(1L << 30) & ~SmallDevice.CTRL_RX;
        boolean tsoAlone = ((wanted >> 11) & 1) != 0 && (wanted & 1) == 0;
        if ((wanted & ~device.features) != 0 || tsoAlone) {
            return false;
        }
        if (wanted != features) {
            for (int i = 0; i < 5; i++) {
                stop(i);
            }
        }
        features = wanted;
        bit30 = ((chosen >> 30) & 1) != 0;
        if (!bit30) {
            enabled.addAll(Set.of(0, 1, 2, 3, 4));
        }
        return true;
    }

    private boolean reset() {
        for (int i = 0; i < 5; i++) {
            stop(i);
            size[i] = 0;
            addressed[i] = false;
            base[i] = 0;
        }
        enabled.clear();
        features = 0;
        bit30 = false;
        return true;
    }

    private void stop(int ring) {
        started.remove(ring);
        if (running.remove(ring) && host.position != RecordingHost.WHERE_IT_STARTED) {
            base[ring] = host.position;
        }
    }

    private static boolean ring(int index) {
        return index >= 0 && index < 5;
    }

    private static boolean size(int size, boolean packed) {
        return size >= 1 && size <= 32768 && (packed || Integer.bitCount(size) == 1);
    }

    private static boolean aligned(long[] at, boolean packed) {
        return at[0] % 16 == 0 && at[1] % (packed ? 4 : 2) == 0 && at[2] % 4 == 0;
    }

    private static boolean config(long offset, long size) {
        return size >= 1 && size <= 256 && offset + size <= SmallDevice.CONFIG_BYTES;
    }

    private static boolean sound(List<MemoryRegion> regions) {
        long mapped = 0;
        for (int i = 0; i < regions.size(); i++) {
            MemoryRegion a = regions.get(i);
            if (a.size() <= 0 || a.mmapOffset() < 0 || a.mmapOffset() + a.size() < 0) {
                return false;
            }
            mapped += Math.min(a.mmapOffset() + a.size(), TIB_5); // no sum wraps around
            long guestRoom = -a.guestAddress(); // bytes up to 2^64; 0 stands for all of them
            long frontendRoom = -a.frontendAddress();
            if ((guestRoom != 0 && Long.compareUnsigned(a.size(), guestRoom) > 0)
                    || (frontendRoom != 0 && Long.compareUnsigned(a.size(), frontendRoom) > 0)) {
                return false;
            }
            for (int j = 0; j < regions.size(); j++) {
                MemoryRegion b = regions.get(j);
                if (i != j
                        && (inside(a.guestAddress(), b.guestAddress(), b.size())
                                || inside(a.frontendAddress(), b.frontendAddress(), b.size()))) {
                    return false;
                }
            }
        }
        return mapped <= TIB_4;
    }

    private static boolean inside(long address, long start, long size) {
        return Long.compareUnsigned(address - start, size) < 0;
    }

    void requireSame() {
        if (!host.started.keySet().equals(running)) {
            throw new AssertionError(
                    "started %s, expected %s".formatted(host.started.keySet(), running));
        }
        if (!host.enabled.equals(enabled)) {
            throw new AssertionError("enabled %s, expected %s".formatted(host.enabled, enabled));
        }
        if (host.regions.size() != regions.size() || !host.regions.containsAll(regions)) {
            throw new AssertionError("memory %s, expected %s".formatted(host.regions, regions));
        }
        if (device.negotiated != features) {
            throw new AssertionError(
                    "features 0x%x, expected 0x%x".formatted(device.negotiated, features));
        }
        for (int ring : running) {
            VringSetup setup = host.started.get(ring);
            if (Integer.toUnsignedLong(setup.base()) != base[ring]
                    || setup.size() != size[ring]
                    || setup.desc() != address[ring][0]
                    || setup.avail() != address[ring][1]
                    || setup.used() != address[ring][2]
                    || setup.features() != features) {
                throw new AssertionError("ring %d: %s".formatted(ring, setup));
            }
        }
    }

    void requireAtRest() {
        HostileConversation.require(
                host.owned().isEmpty()
                        && host.regions.isEmpty()
                        && host.started.isEmpty()
                        && host.enabled.isEmpty(),
                "the host is left with something");
    }
}
