/**
 * What is still to be done to a frame, as its virtio-net header says it, and how to do it in
 * software: checksums and segmentation.
 *
 * <p>Start with {@code VirtioNetHdr}, the header of each frame at a {@code FrameSink} and a {@code
 * FrameSource}; {@code Offloads} says what it leaves to be done, {@code HeldFrame} does it.
 *
 * <p>May import: {@code memory}, {@code frame}. Threading: a held frame is confined to one worker.
 */
package paranet.core.offload;
