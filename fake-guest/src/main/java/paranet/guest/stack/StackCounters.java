package paranet.guest.stack;

/**
 * What a stack has seen so far.
 *
 * @param framesIn frames received
 * @param framesOut frames sent
 * @param badChecksum packets dropped for a wrong checksum of any layer
 * @param malformed packets dropped because a length or a field contradicts another
 * @param notForUs frames for another station or protocol
 * @param arpAnswered ARP requests answered
 * @param echoAnswered ICMP echo requests answered
 * @param udpEchoed datagrams returned by the echo service
 * @param retransmitted TCP segments sent again
 * @param unresolved packets dropped because nobody answered ARP
 *     <p>Threading: immutable.
 */
public record StackCounters(
        long framesIn,
        long framesOut,
        long badChecksum,
        long malformed,
        long notForUs,
        long arpAnswered,
        long echoAnswered,
        long udpEchoed,
        long retransmitted,
        long unresolved) {}
