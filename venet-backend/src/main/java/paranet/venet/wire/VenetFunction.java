package paranet.venet.wire;

/**
 * The verbs of a venet device, field func of {@link VbusCall} (venet.h), and what their data must
 * measure.
 *
 * <p>Threading: immutable.
 */
public final class VenetFunction {
    public static final int LINKUP = 0;
    public static final int LINKDOWN = 1;
    public static final int MACQUERY = 2; // six bytes, out
    public static final int NEGCAP = 3; // VenetCapability, in and out
    public static final int FLUSHRX = 4;
    public static final int PMTDQUERY = 5; // the result is the shm id
    public static final int EVQQUERY = 6; // VenetEventqQuery, in and out
    public static final int L4ROQUERY = 7; // VenetL4roQuery, in and out

    /** Bytes of a MAC address. */
    public static final int MACQUERY_BYTES = 6;

    /** Of the interface, in DEVADD; compared as a whole. */
    public static final String TYPE = "virtual-ethernet";

    /** The version that DEVOPEN asks for. */
    public static final int VERSION = 1;

    private VenetFunction() {}
}
