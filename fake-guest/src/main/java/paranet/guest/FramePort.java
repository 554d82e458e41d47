package paranet.guest;

import paranet.guest.frame.GuestFrame;

/**
 * Where a guest's frames go out and come in: a queue pair, or a device that has only one.
 *
 * <p>Threading: confined to one thread at a time.
 */
public interface FramePort {
    /**
     * Stages one frame.
     *
     * @return false when there is no room until the device has used some
     */
    boolean send(GuestFrame frame);

    /** Whether {@link #send} would take a frame. */
    boolean hasRoom();

    /** Takes the next frame that arrived, if one has wholly. */
    boolean receive(GuestFrame into);

    /** Publishes what was staged in both directions, telling the device where it wants to know. */
    void flush();

    long framesSent();

    long framesReceived();
}
