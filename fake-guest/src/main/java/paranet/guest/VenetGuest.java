package paranet.guest;

import paranet.venet.wire.VenetCapability;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * A guest with a venet driver for each device on its bus, as they come and go.
 *
 * <p>Threading: confined to the thread of its bus.
 */
public final class VenetGuest implements NetworkDriver {
    private static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(30);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final BusFrontend bus;
    private final VenetDriverOptions options;
    private final TreeMap<Integer, VenetDriver> drivers = new TreeMap<>(); // by devid
    private final ArrayDeque<VenetDriver> spare = new ArrayDeque<>(); // their memory is reused
    private List<VenetDriver> ordered = List.of();

    private VenetGuest(BusFrontend bus, VenetDriverOptions options) {
        this.bus = bus;
        this.options = options;
    }

    /** Drives the first {@code devices} devices that the bus announces, with the link up. */
    public static VenetGuest open(BusFrontend bus, VenetDriverOptions options, int devices)
            throws IOException {
        VenetGuest guest = new VenetGuest(bus, options);
        try {
            guest.awaitDevices(devices);
            return guest;
        } catch (IOException | RuntimeException e) {
            guest.close();
            throw e;
        }
    }

    /** Waits until there are so many devices, and each has a carrier. */
    public void awaitDevices(int devices) throws IOException {
        long start = System.nanoTime();
        settle();
        while (drivers.size() != devices || !hasCarriers()) {
            if (System.nanoTime() - start > WAIT_NANOS_MAX) {
                throw new IOException(
                        "%d devices of %d, carriers: %s"
                                .formatted(drivers.size(), devices, hasCarriers()));
            }
            await(LOOK_NANOS, false);
        }
    }

    private boolean hasCarriers() {
        return ordered.stream().allMatch(VenetDriver::hasCarrier);
    }

    private void settle() throws IOException {
        bus.settle();
        BusFrontend.DeviceEvent event = bus.takeDeviceEvent();
        while (event != null) {
            VenetDriver there = drivers.get(event.devid());
            if (event.added() && there == null) {
                add(event.devid());
            } else if (!event.added() && there != null) {
                there.stop();
                remove(event.devid());
            }
            event = bus.takeDeviceEvent();
        }
    }

    private void add(int devid) throws IOException {
        VenetDriver driver = spare.isEmpty() ? new VenetDriver(bus, options) : spare.remove();
        driver.start(devid);
        drivers.put(devid, driver);
        ordered = new ArrayList<>(drivers.values());
        driver.linkUp();
    }

    private void remove(int devid) {
        spare.add(drivers.remove(devid));
        ordered = new ArrayList<>(drivers.values());
    }

    /** Closes a device and opens it again. */
    public void restart(int devid) throws IOException {
        drivers.get(devid).stop();
        remove(devid);
        add(devid);
    }

    /** NEGOTIATE once more: all devices are announced and opened anew. */
    public void reset() throws IOException {
        abandon();
        bus.negotiate();
    }

    /** After {@link BusFrontend#disconnect}: the same guest at a back end that listens here. */
    public void reconnect(Path path) throws IOException {
        abandon();
        bus.reconnect(path);
    }

    private void abandon() {
        drivers.values().forEach(VenetDriver::abandon);
        spare.addAll(drivers.values());
        drivers.clear();
        ordered = List.of();
    }

    @Override
    public void await(long nanosMax, boolean forRoom) throws IOException {
        settle();
        boolean quiet = true;
        for (VenetDriver driver : ordered) {
            quiet &= driver.arm();
        }
        bus.await(quiet ? nanosMax : 0);
        settle();
    }

    public BusFrontend bus() {
        return bus;
    }

    /** The driver of a device, by its position in the order of numbers. */
    @Override
    public VenetDriver pair(int index) {
        return ordered.get(index);
    }

    @Override
    public int pairs() {
        return ordered.size();
    }

    @Override
    public long calls() {
        return bus.interrupts();
    }

    @Override
    public long events() {
        return bus.events();
    }

    @Override
    public boolean leavesChecksums() {
        return sendsAll(VenetCapability.SG);
    }

    @Override
    public boolean leavesSegments() {
        return sendsAll(VenetCapability.SG | VenetCapability.SG_TSO4);
    }

    private boolean sendsAll(int bits) {
        return ordered.stream().allMatch(driver -> (driver.sendBits() & bits) == bits);
    }

    @Override
    public long kicks() {
        return bus.doorbells();
    }

    @Override
    public void close() {
        bus.close();
    }
}
