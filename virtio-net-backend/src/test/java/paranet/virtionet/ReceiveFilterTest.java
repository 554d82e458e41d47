package paranet.virtionet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.Packets;
import paranet.virtionet.wire.VirtioNetCtrl;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

class ReceiveFilterTest {
    private static final MacAddress OWN = MacAddress.of(Packets.guestMac());
    private static final MacAddress OTHER = MacAddress.of(Packets.hostMac());
    private static final MacAddress GROUP = MacAddress.of(new byte[] {1, 0, 0x5e, 0, 0, 1});
    private static final int UNTAGGED = -1;

    private static ReceiveFilter filtering() {
        return ReceiveFilter.promiscuous(OWN, false).mode(VirtioNetCtrl.RX_PROMISC, false);
    }

    private static boolean admits(ReceiveFilter filter, MacAddress destination, int vlan) {
        byte[] frame = new byte[64];
        System.arraycopy(destination.bytes(), 0, frame, 0, 6);
        Packets.put16(frame, 12, vlan == UNTAGGED ? 0x0800 : 0x8100);
        Packets.put16(frame, 14, vlan == UNTAGGED ? 0x4500 : 0xe000 | vlan);
        try (NativeBuffer memory = NativeBuffer.allocate(frame.length)) {
            SharedMemory.copy(frame, 0, memory.address(), frame.length);
            return filter.admits(memory.address());
        }
    }

    private static boolean admits(ReceiveFilter filter, MacAddress destination) {
        return admits(filter, destination, UNTAGGED);
    }

    @Test
    void letsEverythingInUntilTold() {
        ReceiveFilter filter = ReceiveFilter.promiscuous(null, true);
        assertTrue(filter.admitsAll());
        assertTrue(admits(filter, OTHER, 7));
    }

    @Test
    void letsInOwnAddressAndBroadcastOnly() {
        assertTrue(admits(filtering(), OWN));
        assertTrue(admits(filtering(), MacAddress.BROADCAST));
        assertFalse(admits(filtering(), OTHER));
        assertFalse(admits(filtering(), GROUP));
        assertTrue(admits(filtering().own(OTHER), OTHER));
        assertFalse(admits(filtering().own(OTHER), OWN));
    }

    @Test
    void obeysEachMode() {
        assertTrue(admits(filtering().mode(VirtioNetCtrl.RX_ALLMULTI, true), GROUP));
        assertFalse(admits(filtering().mode(VirtioNetCtrl.RX_ALLMULTI, true), OTHER));
        assertTrue(admits(filtering().mode(VirtioNetCtrl.RX_ALLUNI, true), OTHER));
        assertFalse(admits(filtering().mode(VirtioNetCtrl.RX_ALLUNI, true), GROUP));
        assertFalse(admits(filtering().mode(VirtioNetCtrl.RX_NOUNI, true), OWN));
        assertFalse(admits(filtering().mode(VirtioNetCtrl.RX_NOBCAST, true), MacAddress.BROADCAST));
        ReceiveFilter noMulti =
                filtering()
                        .mode(VirtioNetCtrl.RX_ALLMULTI, true)
                        .mode(VirtioNetCtrl.RX_NOMULTI, true);
        assertFalse(admits(noMulti, GROUP));
        assertTrue(admits(noMulti.mode(VirtioNetCtrl.RX_NOMULTI, false), GROUP));
    }

    @Test
    void takesALongTableToMeanAll() {
        long[] full = new long[ReceiveFilter.TABLE_MAX];
        long[] tooLong = new long[ReceiveFilter.TABLE_MAX + 1];
        assertFalse(admits(filtering().tables(full, full), OTHER));
        assertFalse(admits(filtering().tables(full, full), GROUP));
        assertTrue(admits(filtering().tables(tooLong, full), OTHER));
        assertFalse(admits(filtering().tables(tooLong, full), GROUP));
        assertTrue(admits(filtering().tables(full, tooLong), GROUP));
    }

    @Test
    void letsInNoVlanThatWasNotAdded() {
        ReceiveFilter filter =
                ReceiveFilter.promiscuous(OWN, true).mode(VirtioNetCtrl.RX_PROMISC, false);
        assertTrue(admits(filter, OWN));
        assertFalse(admits(filter, OWN, 0));
        assertTrue(admits(filter.vlan(0, true), OWN, 0));
        assertTrue(admits(filter.vlan(4095, true), OWN, 4095));
        assertFalse(admits(filter.vlan(4095, true), OWN, 4094));
        assertFalse(admits(filter.vlan(70, true).vlan(70, false), OWN, 70));
        assertFalse(admits(filter.vlan(70, true), OTHER, 70));
        assertTrue(admits(filtering(), OWN, 70), "VLANs do not count without CTRL_VLAN");
    }

    /**
     * Strategy: random tables, modes and VLANs, and frames that mostly name an address or VLAN of
     * them. Invariant: the same answer as sets and the specification's sentences give.
     */
    @Test
    void agreesWithSets() {
        long first = Long.getLong("paranet.seed", 1);
        for (long seed = first; seed < first + 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Set<Long> unicast = addresses(random, 0);
            Set<Long> multicast = addresses(random, 1);
            Set<Integer> vlans = new TreeSet<>();
            int modes = random.nextInt(64);
            boolean filterVlans = random.nextBoolean();
            ReceiveFilter filter =
                    ReceiveFilter.promiscuous(OWN, filterVlans)
                            .tables(longs(unicast), longs(multicast));
            for (int command = 0; command < 6; command++) {
                filter = filter.mode(command, (modes & (1 << command)) != 0);
            }
            for (int i = 0; filterVlans && i < 20; i++) {
                int id = random.nextInt(40) * 100;
                filter = filter.vlan(id, i % 4 != 0);
                if (i % 4 != 0) {
                    vlans.add(id);
                } else {
                    vlans.remove(id);
                }
            }
            List<Long> candidates = new ArrayList<>(unicast);
            candidates.addAll(multicast);
            candidates.addAll(addresses(random, 0));
            candidates.addAll(addresses(random, 1));
            candidates.add(OWN.bits());
            candidates.add(MacAddress.BROADCAST.bits());
            for (long candidate : candidates) {
                int vlan = random.nextBoolean() ? UNTAGGED : random.nextInt(40) * 100;
                boolean vlanWanted = vlan == UNTAGGED || !filterVlans || vlans.contains(vlan);
                boolean wanted = vlanWanted && addressWanted(candidate, modes, unicast, multicast);
                boolean expected = (modes & 1) != 0 || wanted;
                assertEquals(
                        expected,
                        admits(filter, new MacAddress(candidate), vlan),
                        "replay with -Dparanet.seed=" + seed);
            }
        }
    }

    private static boolean addressWanted(
            long address, int modes, Set<Long> unicast, Set<Long> multicast) {
        if (address == MacAddress.BROADCAST.bits()) {
            return (modes & 32) == 0;
        }
        if ((address & 1) != 0) {
            return (modes & 8) == 0 && ((modes & 2) != 0 || multicast.contains(address));
        }
        return (modes & 16) == 0
                && ((modes & 4) != 0 || address == OWN.bits() || unicast.contains(address));
    }

    private static Set<Long> addresses(SplittableRandom random, int group) {
        Set<Long> addresses = new TreeSet<>();
        for (int i = random.nextInt(10); i > 0; i--) {
            addresses.add((random.nextLong() & 0xffff_ffff_fffeL) | group);
        }
        return addresses;
    }

    private static long[] longs(Set<Long> set) {
        return set.stream().mapToLong(Long::longValue).toArray();
    }
}
