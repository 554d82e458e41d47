package paranet.core.frame;

/**
 * What a device wants frames on its port to look like.
 *
 * @param headerBytes size of the virtio-net header that precedes each frame, both ways: 10 or 12
 * @param offloads {@link FrameOffload} bits: what the guest accepts unfinished
 *     <p>Threading: immutable.
 */
public record FrameFormat(int headerBytes, int offloads) {
    public FrameFormat {
        if (headerBytes != 10 && headerBytes != 12) {
            throw new IllegalArgumentException("header of %d bytes".formatted(headerBytes));
        }
    }
}
