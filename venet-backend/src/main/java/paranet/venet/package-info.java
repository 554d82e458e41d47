/**
 * The venet device and the bus it lives on.
 *
 * <p>Start with {@code VbusConnection}, the bus of one front end: {@code BusSlots} holds its
 * devices, {@code SignalHandles}, {@code DoorbellBitmap} and {@code FastcallChannels} are how the
 * guest tells it, {@code EventQueues} how it tells the guest. {@code VenetDevice} is a device as
 * its driver calls it, {@code RegisteredMemory} what they share. Frames: {@code VenetLane}, which
 * is {@code VenetTransmit} and {@code VenetReceive}; {@code VenetEvents} tells of them.
 *
 * <p>Pure: no I/O, no threads. May import: {@code memory}, {@code ioq}, {@code device}, {@code
 * frame}, {@code offload}, {@code mitigation} and {@code wire}. Threading: a bus and all on it are
 * confined to one worker.
 */
package paranet.venet;
