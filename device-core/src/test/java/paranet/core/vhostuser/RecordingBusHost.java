package paranet.core.vhostuser;

import paranet.core.linux.Fd;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/** A host that remembers what it was told and owns the descriptors it was given. */
final class RecordingBusHost implements BusHost {
    final List<String> told = new ArrayList<>();
    final List<MemoryRegion> regions = new ArrayList<>();
    private final List<Fd> files = new ArrayList<>();

    /** Those that came later than their requests. */
    final List<Reply> replies = new ArrayList<>();

    /** Descriptors of the bus, by what they are for. */
    final TreeMap<String, Fd> held = new TreeMap<>();

    boolean refuses;
    boolean wakes = true; // whatever descriptor comes
    boolean sameFile = true;

    Set<Fd> owned() {
        Set<Fd> owned = new HashSet<>(files);
        owned.addAll(held.values());
        return owned;
    }

    @Override
    public void replaceMemory(List<MemoryRegion> regions, List<Fd> files) throws RequestRefused {
        if (refuses && !regions.isEmpty()) {
            files.forEach(Fd::close);
            throw new RequestRefused("host: memory");
        }
        this.files.forEach(Fd::close);
        this.files.clear();
        this.files.addAll(files);
        this.regions.clear();
        this.regions.addAll(regions);
    }

    @Override
    public void addMemory(MemoryRegion region, Fd file) throws RequestRefused {
        if (refuses) {
            file.close();
            throw new RequestRefused("host: memory");
        }
        regions.add(region);
        files.add(file);
    }

    @Override
    public void removeMemory(MemoryRegion region) throws RequestRefused {
        if (refuses) {
            throw new RequestRefused("host: memory");
        }
        for (int i = 0; i < regions.size(); i++) {
            MemoryRegion each = regions.get(i);
            if (each.guestAddress() == region.guestAddress() && each.size() == region.size()) {
                regions.remove(i);
                files.remove(i).close();
                return;
            }
        }
        throw new AssertionError("the session knows its regions");
    }

    @Override
    public boolean isSameFile(MemoryRegion region, Fd file) {
        if (!regions.contains(region) || file.isClosed()) {
            throw new AssertionError("asks about what is mapped, and what came");
        }
        return sameFile;
    }

    private void hold(String what, Fd fd) {
        if (fd != null && fd.isClosed()) {
            throw new AssertionError("descriptors arrive open");
        }
        Fd before = fd == null ? held.remove(what) : held.put(what, fd);
        if (before != null) {
            before.close();
        }
    }

    @Override
    public boolean canWake(Fd fd) {
        if (fd.isClosed()) {
            throw new AssertionError("descriptors arrive open");
        }
        return wakes;
    }

    @Override
    public void eventq(int index, Fd call, Fd kick) {
        told.add("eventq " + index + (call == null ? " in-band" : ""));
        hold("call " + index, call);
        hold("eventq kick " + index, kick);
    }

    @Override
    public boolean signalKick(int handle, Fd kick) {
        if (refuses) {
            kick.close();
            return false;
        }
        told.add("signalKick " + handle);
        hold("signal " + handle, Objects.requireNonNull(kick));
        return true;
    }

    @Override
    public void doorbellKick(Fd kick) {
        told.add("doorbellKick");
        hold("doorbell", Objects.requireNonNull(kick));
    }

    @Override
    public void fastcall(int channel, Fd start, Fd done) {
        told.add("fastcall " + channel + (start == null ? " none" : ""));
        hold("start " + channel, start);
        hold("done " + channel, done);
    }

    @Override
    public void reply(Reply reply) {
        replies.add(reply);
    }

    @Override
    public void releaseBus() {
        told.add("releaseBus");
        held.values().forEach(Fd::close);
        held.clear();
    }
}
