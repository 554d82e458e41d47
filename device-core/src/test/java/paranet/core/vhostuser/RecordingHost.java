package paranet.core.vhostuser;

import paranet.core.linux.Fd;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A host of the smallest kind: it remembers what it was told, owns the descriptors it was given,
 * and fails when the session breaks the promises of the interface.
 */
final class RecordingHost implements SessionHost {
    final List<String> told = new ArrayList<>();
    final TreeMap<Integer, VringSetup> started = new TreeMap<>();
    final Set<Integer> enabled = new HashSet<>();
    final TreeMap<Integer, Fd> calls = new TreeMap<>();
    final TreeMap<Integer, Fd> errs = new TreeMap<>();
    final List<MemoryRegion> regions = new ArrayList<>();
    final List<Fd> files = new ArrayList<>();
    Fd channel;
    boolean channelReplyAck;
    boolean takesChannels = true;

    /** Refuses everything that it may refuse. */
    boolean refuses;

    /** Where a ring stands when it stops; {@link #WHERE_IT_STARTED} for its base. */
    long position = WHERE_IT_STARTED;

    static final long WHERE_IT_STARTED = Long.MIN_VALUE;

    /** The descriptors it owns now. */
    Set<Fd> owned() {
        Set<Fd> owned = new HashSet<>(files);
        owned.addAll(calls.values());
        owned.addAll(errs.values());
        for (VringSetup setup : started.values()) {
            if (setup.kick() != null) {
                owned.add(setup.kick());
            }
        }
        if (channel != null) {
            owned.add(channel);
        }
        return owned;
    }

    @Override
    public void replaceMemory(List<MemoryRegion> regions, List<Fd> files) throws RequestRefused {
        told.add("replaceMemory " + regions.size());
        require(regions.size() == files.size(), "files for regions");
        if (refuses && !regions.isEmpty()) {
            files.forEach(Fd::close);
            throw new RequestRefused("host: memory");
        }
        files.forEach(RecordingHost::requireOpen);
        this.files.forEach(Fd::close);
        this.files.clear();
        this.regions.clear();
        this.files.addAll(files);
        this.regions.addAll(regions);
    }

    @Override
    public void addMemory(MemoryRegion region, Fd file) throws RequestRefused {
        told.add("addMemory");
        requireOpen(file);
        if (refuses) {
            file.close();
            throw new RequestRefused("host: memory");
        }
        regions.add(region);
        files.add(file);
    }

    @Override
    public void removeMemory(MemoryRegion region) throws RequestRefused {
        told.add("removeMemory");
        if (refuses) {
            throw new RequestRefused("host: memory");
        }
        for (int i = 0; i < regions.size(); i++) {
            MemoryRegion each = regions.get(i);
            if (each.guestAddress() == region.guestAddress()
                    && each.frontendAddress() == region.frontendAddress()
                    && each.size() == region.size()) {
                regions.remove(i);
                files.remove(i).close();
                return;
            }
        }
        throw new AssertionError("a region that was never added");
    }

    @Override
    public void startVring(int vring, VringSetup setup, boolean enabled) throws RequestRefused {
        told.add("startVring " + vring + (enabled ? " enabled" : " disabled"));
        require(!started.containsKey(vring), "only stopped rings start");
        if (setup.kick() != null) {
            requireOpen(setup.kick());
        }
        if (refuses) {
            if (setup.kick() != null) {
                setup.kick().close();
            }
            throw new RequestRefused("host: ring outside of memory");
        }
        started.put(vring, setup);
        if (enabled) {
            this.enabled.add(vring);
        } else {
            this.enabled.remove(vring);
        }
    }

    @Override
    public long stopVring(int vring) {
        told.add("stopVring " + vring);
        VringSetup setup = started.remove(vring);
        if (setup == null) {
            return -1;
        }
        if (setup.kick() != null) {
            setup.kick().close();
        }
        return position == WHERE_IT_STARTED ? setup.base() & 0xffffffffL : position;
    }

    /** A ring breaks, or its memory goes: it stops without the session's doing. */
    void breakVring(int vring) {
        VringSetup setup = started.remove(vring);
        if (setup != null && setup.kick() != null) {
            setup.kick().close();
        }
    }

    @Override
    public void enableVring(int vring, boolean enabled) {
        told.add("enableVring " + vring + " " + enabled);
        if (enabled) {
            this.enabled.add(vring);
        } else {
            this.enabled.remove(vring);
        }
    }

    @Override
    public void callVring(int vring, Fd call) {
        told.add("callVring " + vring + (call == null ? " none" : ""));
        replace(calls, vring, call);
    }

    @Override
    public void errVring(int vring, Fd err) {
        told.add("errVring " + vring + (err == null ? " none" : ""));
        replace(errs, vring, err);
    }

    private static void replace(Map<Integer, Fd> all, int vring, Fd fd) {
        Fd old = fd == null ? all.remove(vring) : all.put(vring, fd);
        if (fd != null) {
            requireOpen(fd);
        }
        if (old != null) {
            old.close();
        }
    }

    @Override
    public void backendChannel(Fd socket, boolean replyAck) throws RequestRefused {
        if (!takesChannels) {
            socket.close();
            throw new RequestRefused("its descriptor is no socket");
        }
        told.add("backendChannel replyAck=" + replyAck);
        closeChannel();
        requireOpen(socket);
        channel = socket;
        channelReplyAck = replyAck;
    }

    @Override
    public void endBackendChannel() {
        told.add("endBackendChannel");
        closeChannel();
    }

    private void closeChannel() {
        if (channel != null) {
            channel.close();
            channel = null;
        }
    }

    private static void requireOpen(Fd fd) {
        require(!fd.isClosed(), "descriptors arrive open");
    }

    private static void require(boolean kept, String promise) {
        if (!kept) {
            throw new AssertionError("broken promise: " + promise);
        }
    }
}
