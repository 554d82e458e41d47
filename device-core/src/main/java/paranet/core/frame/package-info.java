/**
 * The port between a device and a bridge, and every way to lose a frame.
 *
 * <p>Start with {@code FrameSink} and {@code FrameSource}; {@code DropReason} names each loss and
 * {@code DropCounters} counts it.
 *
 * <p>May import: {@code memory}. Threading: sinks and sources are confined to one worker; counters
 * have one writer and any reader.
 */
package paranet.core.frame;
