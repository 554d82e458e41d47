package paranet.guest.stack;

import paranet.guest.frame.GuestFrame;

/**
 * Where a stack's frames go.
 *
 * <p>Threading: called by the stack's thread.
 */
public interface FrameOutput {
    /** Whether one more frame would be taken; a stack holds back what can wait until it would. */
    boolean hasRoom();

    /** Takes one frame, which it must copy if it keeps it; without room the frame is lost. */
    void send(GuestFrame frame);
}
