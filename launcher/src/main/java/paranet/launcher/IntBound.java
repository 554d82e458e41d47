package paranet.launcher;

/**
 * The range of a whole number on the command line, with its unit and what to do about a value
 * outside.
 *
 * <p>Threading: immutable.
 */
record IntBound(String option, int min, int max, String unit, String cure) {
    static final IntBound QUEUES =
            new IntBound("--queues", 1, 128, "queue pairs", "use as many as the guest has CPUs");
    static final IntBound LOOPBACK_QUEUES =
            new IntBound("--queues", 1, 127, "queue pairs", "each needs memory of the guest");
    static final IntBound MTU =
            new IntBound("--mtu", 68, 65535, "bytes", "leave it out for the network side's own");
    static final IntBound WORKERS =
            new IntBound("--workers", 1, 64, "threads", "use at most one for each queue pair");
    static final IntBound BUSY_POLL =
            new IntBound(
                    "--busy-poll", 0, 1_000_000, "us", "leave it out to poll as the load asks");
    static final IntBound FD =
            new IntBound("--fd", 0, 1_048_575, "", "name an open descriptor, as in --fd=3 3<>...");
    static final IntBound TAP_FD =
            new IntBound("--tap-fd", 0, 1_048_575, "", "name open descriptors of /dev/net/tun");
    static final IntBound SOURCE =
            new IntBound("--source", 60, 65535, "bytes", "60 is the shortest frame on Ethernet");
    static final IntBound VENETS =
            new IntBound("--device=venet", 1, 128, "devices", "use another port for more");
    static final IntBound DEVICE =
            new IntBound("DEVICE", 0, Integer.MAX_VALUE, "", "show lists them");
    static final IntBound LOOPBACK_VENETS =
            new IntBound("--device=venet", 1, 64, "devices", "each needs memory of the guest");
    static final IntBound TX_MITIGATION =
            new IntBound("--txmitigation", 0, 2048, "frames", "0 tells of each, 10 is usual");
    static final IntBound BURST_THRESHOLD =
            new IntBound("--burstthresh", 0, 1_000_000, "us", "0 never does it");
    static final IntBound SECONDS =
            new IntBound("--seconds", 1, 86_400, "seconds", "a day is the longest run");
    static final IntBound SIZE =
            new IntBound("--size", 64, 65549, "bytes", "leave it out for sizes at random");

    /** Throws an {@link OptionException} unless the text is a decimal number in the range. */
    int parse(String text) throws OptionException {
        int value;
        try {
            value = Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new OptionException(
                    option + "=" + text + " is not a whole number of " + range(), e);
        }
        if (value < min || value > max) {
            throw new OptionException(
                    option + "=" + value + " is out of bounds, " + range() + "; " + cure);
        }
        return value;
    }

    /** The bounds and the unit, for help and messages. */
    String range() {
        return (min + " to " + max + " " + unit).strip();
    }
}
