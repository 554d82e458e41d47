/**
 * Call the guest now, later or not at all: functions of a view of the queue and a time, and the
 * accounts of what was avoided and why (docs/mitigation.md).
 *
 * <p>Start with {@code QueueCalls}, which a worker asks; it asks a {@code MitigationPolicy}: {@code
 * Immediate}, {@code FixedPolicy}, {@code ThrottlePolicy}, {@code DimPolicy}, {@code VicPolicy}, or
 * {@code PaceReceive} and {@code PaceTransmit}. {@code PolicyOptions} makes them, {@code
 * CoalesceText} reads those, {@code FlowTable} tells frames apart, {@code EventFold} accounts for
 * an event queue.
 *
 * <p>May import: the JDK only. Threading: everything of one guest is confined to one worker;
 * counters may be read by any thread.
 */
package paranet.core.mitigation;
