package paranet.tap;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameSink;
import paranet.core.memory.IoVec;

/**
 * A sink that drops every frame on purpose.
 *
 * <p>Threading: immutable.
 */
final class DropSink implements FrameSink {
    @Override
    public DropReason offer(IoVec frame) {
        return DropReason.SINK;
    }

    @Override
    public int descriptor() {
        return NO_DESCRIPTOR;
    }
}
