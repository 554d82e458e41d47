package paranet.core.device;

import java.util.List;

/**
 * What a front end asks of a bus: what the messages 0x7600 to 0x7609 (docs/messages.md) mean.
 * Whoever calls has checked that the moment is right and the capability negotiated; addresses,
 * lengths and numbers are as the front end said them.
 *
 * <p>Results are those of the reply: 0 or more is success, an error is one of {@link BusError} and
 * then nothing changed.
 */
public interface BusControl {
    /** Capability of NEGOTIATE: more than one event queue, by priority. */
    long MULTI_EVENTQ = 1L;

    /** Capability of NEGOTIATE: SET_DOORBELL. */
    long DOORBELL_BITMAP = 1L << 1;

    /** Capability of NEGOTIATE: FASTCALL_ADD and FASTCALL_DROP. */
    long FASTCALL = 1L << 2;

    /** Capability of NEGOTIATE: event queues without descriptors. */
    long INBAND = 1L << 3;

    /** Event queues of one bus, at most. */
    int EVENTQ_COUNT_MAX = 8;

    /** The answer of {@link #call} when the result comes later. */
    int LATER = Integer.MIN_VALUE;

    /** A stretch of guest memory that the bus keeps an address of, {@code length} bytes. */
    record LiveRange(long guestAddress, long length) {}

    /** The capabilities that can be granted. */
    long capabilities();

    /** Starts over with these capabilities: devices are closed, signals and queues are gone. */
    void negotiate(long capabilities);

    /** Forgets everything, as at the end of the connection. */
    void reset();

    /** Adds the next event queue, of {@code count} slots and as many records at {@code data}. */
    int addEventq(int count, long ring, long data);

    /** Event queues added since {@link #negotiate}. */
    int eventqCount();

    /** Events may flow: every device on the bus is announced. */
    void ready();

    /**
     * Executes a call with {@code length} bytes of arguments. Whoever calls hands no other call of
     * this channel over before the answer is there.
     *
     * @return the result, or {@link #LATER} when {@link Bus#takeAnswers} will tell it
     */
    int call(int channel, int vector, int length, long guestAddress);

    /** Whether this handle is that of a signal that is registered now. */
    boolean hasSignal(int handle);

    /** The guest told a signal; false when there is none of this handle. */
    boolean signalled(int handle);

    /** The guest made room in an event queue; false when there is none of this index. */
    boolean eventqKicked(int index);

    /** Replaces the bitmap that tells which signals {@link #doorbell} is about. */
    int setDoorbell(long guestAddress, int bits);

    /** The guest set bits in the bitmap. */
    void doorbell();

    /** Adds a channel whose call stands at {@code guestAddress}. */
    int addFastcall(int channel, int length, long guestAddress);

    int dropFastcall(int channel);

    /** The memory that must stay where it is as long as the bus goes on. */
    List<LiveRange> liveRanges();
}
