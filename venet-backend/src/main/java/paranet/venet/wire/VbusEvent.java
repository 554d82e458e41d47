package paranet.venet.wire;

/**
 * A record of the bus's own event queue (vbus_pci.h): what the bus tells its driver. Offsets in
 * bytes.
 *
 * <p>Threading: immutable.
 */
public final class VbusEvent {
    public static final int EVENTID = 0; // u32, followed by four bytes of padding

    public static final int ID_DEVADD = 0;
    public static final int ID_DEVDROP = 1;
    public static final int ID_SHMSIGNAL = 2;
    public static final int ID_SHMCLOSE = 3;

    public static final int DEVADD_ID = 8; // u64
    public static final int DEVADD_TYPE = 16; // char[TYPE_BYTES], padded with zeros

    /** u64: the device's id in DEVDROP, the signal's cookie in SHMSIGNAL and SHMCLOSE. */
    public static final int HANDLE = 8;

    public static final int TYPE_BYTES = 128;
    public static final int BYTES = 144;

    private VbusEvent() {}
}
