package paranet.launcher;

import paranet.guest.GuestDevice;

import java.util.List;

/**
 * The devices that a run of our own guest is about.
 *
 * <p>Threading: immutable.
 *
 * @param devices one or both, in the order they are shown
 * @param venets on the bus, 1 to 64
 */
record DeviceChoice(List<GuestDevice> devices, int venets) {
    static final DeviceChoice VIRTIO_NET = new DeviceChoice(List.of(GuestDevice.VIRTIO_NET), 1);
    static final DeviceChoice BOTH =
            new DeviceChoice(List.of(GuestDevice.VIRTIO_NET, GuestDevice.VENET), 1);

    public DeviceChoice {
        devices = List.copyOf(devices);
    }

    /** Parses {@code virtio-net}, {@code venet} or {@code both}. */
    static DeviceChoice parse(String text) throws OptionException {
        return switch (text) {
            case "virtio-net" -> VIRTIO_NET;
            case "venet" -> new DeviceChoice(List.of(GuestDevice.VENET), 1);
            case "both" -> BOTH;
            default ->
                    throw new OptionException(
                            "--device="
                                    + text
                                    + " is unknown; virtio-net, venet and both are there");
        };
    }

    /** Parses them with a number of devices on the bus behind the latter two. */
    static DeviceChoice parseCounted(String text) throws OptionException {
        int equals = text.indexOf('=');
        if (equals < 0) {
            return parse(text);
        }
        DeviceChoice choice = parse(text.substring(0, equals));
        if (!choice.devices().contains(GuestDevice.VENET)) {
            throw new OptionException(
                    "--device=" + text + ": only venet and both take a number of devices");
        }
        return new DeviceChoice(
                choice.devices(), IntBound.LOOPBACK_VENETS.parse(text.substring(equals + 1)));
    }
}
