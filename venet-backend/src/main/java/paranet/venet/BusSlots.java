package paranet.venet;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.TreeMap;

/**
 * The devices on one bus, by devid, and which of them are open, by the handle that DEVOPEN gave.
 *
 * <p>A device that is pulled out stays open until its driver closes it, and only then can its id be
 * another's.
 *
 * <p>Threading: confined to one worker.
 */
final class BusSlots {
    /** Something in a slot of the bus. */
    static final class Slot {
        private final int devid;
        private final VenetDevice device;
        private boolean pulledOut;
        private long devh; // 0 while closed
        private LateClose closing; // or null

        private Slot(int devid, VenetDevice device) {
            this.devid = devid;
            this.device = device;
        }

        int devid() {
            return devid;
        }

        VenetDevice device() {
            return device;
        }

        boolean isOpen() {
            return devh != 0;
        }

        /** The DEVCLOSE that goes on, or null. */
        LateClose closing() {
            return closing;
        }

        void closing(LateClose begun) {
            closing = begun;
        }
    }

    private final TreeMap<Integer, Slot> slots = new TreeMap<>(); // by devid
    private final HashMap<Long, Slot> opened = new HashMap<>(); // by devh
    private Slot[] all = {}; // by devid
    private List<VenetLane> lanes = List.of(); // of devices that are plugged in
    private long lastDevh;

    /** Plugs a device in, under the lowest devid that is free. */
    int plugIn(VenetDevice device) {
        int devid = 0;
        while (slots.containsKey(devid)) {
            devid++;
        }
        slots.put(devid, new Slot(devid, device));
        changed();
        return devid;
    }

    /** Pulls a device out; its driver has to close it. */
    void pullOut(int devid) {
        Slot slot = slots.get(devid);
        if (slot == null || slot.pulledOut) {
            throw new IllegalArgumentException("no device %d".formatted(devid));
        }
        slot.pulledOut = true;
        slot.device.pullOut();
        if (!slot.isOpen()) {
            slots.remove(devid);
        }
        changed();
    }

    private void changed() {
        all = slots.values().toArray(Slot[]::new);
        lanes =
                slots.values().stream()
                        .filter(slot -> !slot.pulledOut)
                        .map(slot -> slot.device.lane())
                        .toList();
    }

    /** Every slot, by devid, those of devices that were pulled out too. */
    Slot[] all() {
        return all;
    }

    /** Of the devices that are plugged in; the same list until they change. */
    List<VenetLane> lanes() {
        return lanes;
    }

    /** The devices that are plugged in, by devid. */
    List<Integer> devids() {
        List<Integer> devids = new ArrayList<>();
        for (Slot slot : all) {
            if (!slot.pulledOut) {
                devids.add(slot.devid);
            }
        }
        return devids;
    }

    /** The slot of a device that is plugged in, or null. */
    Slot pluggedIn(int devid) {
        Slot slot = slots.get(devid);
        return slot == null || slot.pulledOut ? null : slot;
    }

    /** Opens a device and returns its handle, above 0. */
    long open(Slot slot) {
        slot.devh = ++lastDevh;
        opened.put(slot.devh, slot);
        return slot.devh;
    }

    /** The device behind a handle, or null when it is unknown or the device was pulled out. */
    VenetDevice device(long devh) {
        Slot slot = opened.get(devh);
        return slot == null || slot.pulledOut ? null : slot.device;
    }

    /** Takes a handle back, whose device stays open until {@link #closed}; null if unknown. */
    Slot takeHandle(long devh) {
        return opened.remove(devh);
    }

    /** A device was closed. */
    void closed(Slot slot) {
        slot.devh = 0;
        slot.closing = null;
        if (slot.pulledOut) {
            slots.remove(slot.devid);
            changed();
        }
    }

    /** Closes all without telling anybody. */
    void forget() {
        for (Slot slot : all) {
            slot.device.forget();
            slot.devh = 0;
            slot.closing = null;
        }
        if (slots.values().removeIf(slot -> slot.pulledOut)) {
            changed();
        }
        opened.clear();
    }
}
