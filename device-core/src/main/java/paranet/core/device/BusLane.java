package paranet.core.device;

/**
 * The frames of one device on a {@link Bus}. It moves none while the device's driver has the link
 * down, and then has nothing to watch either. Any method can leave its bus work that {@link
 * Bus#step} does.
 *
 * <p>Threading: confined to the worker of its bus.
 */
public interface BusLane extends FrameLane {
    /**
     * Whether there may be something to do since this was last asked, because the guest told one of
     * the device's signals or a call changed what it is at.
     */
    boolean takeWoken();
}
