package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.packet.MemoryBridge;

import java.util.ArrayList;
import java.util.List;

/** What a device tells its driver by events, and what becomes of it when nobody takes them. */
class VenetEventsTest {
    private static final byte[] FRAME = new byte[60];

    @Test
    void theLinksStateIsToldAtOnceAndOnlyIfItWasNegotiated() {
        try (VenetRig rig = new VenetRig(0, VenetRig.LINKSTATE, 0)) {
            assertEquals(List.of("link 1"), rig.events());
            rig.told();
            rig.down();
            assertEquals(List.of(), rig.events(), "the driver knows what it asked for");
            rig.up();
            assertEquals(List.of("link 1"), rig.events());
            assertEquals(List.of("signal 166"), rig.told());
            rig.send(FRAME);
            assertEquals(1, rig.drain());
            assertEquals(1, rig.reap(), "without TXC the ring tells");
            assertEquals(List.of("signal 101"), rig.told());
        }
        try (VenetRig rig = new VenetRig(0, VenetRig.TXC, 0)) {
            assertEquals(List.of(), rig.events());
            rig.bus.pullOut(0);
            assertEquals(List.of(), rig.events());
        }
    }

    @Test
    void theNetworksLinkIsToldToo() {
        try (VenetRig rig = new VenetRig(0, VenetRig.LINKSTATE, 0)) {
            rig.device.networkUp(false);
            rig.device.networkUp(false);
            rig.device.networkUp(true);
            assertEquals(List.of("link 1", "link 0", "link 1"), rig.events());
            rig.down();
            rig.device.networkUp(false);
            assertEquals(List.of(), rig.events());
            rig.up();
            assertEquals(List.of("link 0"), rig.events());
        }
    }

    @Test
    void completionsCarryTheCookieAndTellOnTheEventRingInsteadOfTheOther() {
        try (VenetRig rig = new VenetRig(0, VenetRig.TXC, 0)) {
            rig.transmit.signal().enable();
            rig.told();
            long cookie = rig.send(FRAME);
            assertEquals(1, rig.drain());
            assertEquals(List.of("txc " + Long.toHexString(cookie)), rig.events());
            assertEquals(List.of("signal 166"), rig.told());
        }
    }

    @Test
    void tellsOfEveryTenthEventAndOfTheEndOfABurst() {
        try (VenetRig rig = new VenetRig(1, VenetRig.TXC, 0)) {
            rig.told();
            List<Integer> seen = new ArrayList<>();
            rig.network.onOffer = () -> rig.told().forEach(_ -> seen.add(rig.network.sent.size()));
            for (int i = 0; i < 12; i++) {
                rig.send(FRAME);
            }
            assertEquals(12, rig.drain());
            assertEquals(List.of(11), seen);
            assertEquals(List.of("signal 166"), rig.told());
            assertEquals(12, rig.events().size());
        }
    }

    @Test
    void whatFindsNoRoomIsParkedAndComesInOrder() {
        try (VenetRig rig = new VenetRig(1, VenetRig.TXC, 0)) {
            rig.told();
            List<String> expected = new ArrayList<>();
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < VenetRig.SLOTS; i++) {
                    expected.add("txc " + Long.toHexString(rig.send(FRAME)));
                }
                assertEquals(VenetRig.SLOTS, rig.drain());
            }
            assertTrue(rig.isAsked(VenetRig.EVENT_RING));
            expected.add("txc " + Long.toHexString(rig.send(FRAME)));
            assertEquals(0, rig.drain(), "as many are parked as the transmit ring has slots");
            assertTrue(rig.lane.arm());
            rig.lane.takeWoken();

            List<String> found = new ArrayList<>(rig.events());
            assertEquals(VenetRig.SLOTS, found.size());
            assertFalse(rig.lane.arm());
            assertTrue(rig.ring(VenetRig.EVENT_RING, rig.eventsHandle));
            assertFalse(rig.isAsked(VenetRig.EVENT_RING));
            assertTrue(rig.lane.takeWoken());
            rig.told();
            assertEquals(1, rig.drain());
            assertEquals(List.of("signal 166"), rig.told());
            found.addAll(rig.events());
            rig.drain();
            found.addAll(rig.events());
            assertEquals(expected, found);
            assertFalse(rig.lane.drainTransmit() > 0);
        }
    }

    @Test
    void roomThatWasUsedLongAgoDoesNotEndTheWaitForMore() {
        try (VenetRig rig = new VenetRig(1, VenetRig.TXC, 0)) {
            rig.ring(VenetRig.EVENT_RING, rig.eventsHandle); // the driver pops, and nobody asked
            for (int i = 0; i < VenetRig.SLOTS; i++) {
                rig.send(FRAME);
            }
            rig.drain();
            rig.send(FRAME);
            assertEquals(1, rig.drain());
            assertTrue(rig.lane.takeWoken(), "told of the old one");
            for (int i = 0; i < 2; i++) { // the other ring has something old to tell as well
                rig.lane.disarm();
                rig.lane.takeWoken();
                assertEquals(0, rig.drain());
                assertTrue(rig.lane.arm());
                rig.work();
            }
            assertFalse(rig.lane.takeWoken());
            assertEquals(VenetRig.SLOTS, rig.events().size());
            assertTrue(rig.ring(VenetRig.EVENT_RING, rig.eventsHandle), "asked again");
            assertTrue(rig.lane.takeWoken());
            rig.drain();
            assertEquals(1, rig.events().size());
        }
    }

    @Test
    void theLastStateOfTheLinkWaitsForRoom() {
        int both = VenetRig.TXC | VenetRig.LINKSTATE;
        try (VenetRig rig = new VenetRig(1, both, 0)) {
            for (int i = 0; i < VenetRig.SLOTS; i++) {
                rig.send(FRAME);
            }
            rig.drain();
            rig.device.networkUp(false);
            rig.device.networkUp(true);
            rig.device.networkUp(false);
            assertEquals(VenetRig.SLOTS, rig.events().size());
            rig.drain();
            List<String> later = rig.events();
            assertEquals(2, later.size());
            assertTrue(later.contains("link 0"), later.toString());
        }
    }

    @Test
    void parkedEventsComeWithTheLinkDownToo() {
        try (VenetRig rig = new VenetRig(1, VenetRig.TXC, 0)) {
            for (int i = 0; i < VenetRig.SLOTS; i++) {
                rig.send(FRAME);
            }
            rig.drain();
            rig.send(FRAME);
            assertEquals(1, rig.drain());
            rig.down();
            assertEquals(VenetRig.SLOTS, rig.events().size());
            rig.drain();
            assertEquals(1, rig.events().size());
        }
    }

    @Test
    void withoutAnEventRingTheTransmitRingTells() {
        try (BusRig rig = new BusRig().ready()) {
            MemoryBridge bridge = new MemoryBridge(1);
            rig.bus.plugIn(new VenetDevice(BusRig.MAC, VenetOptions.DEFAULT, bridge));
            long devh = rig.open(0);
            rig.negotiate(devh, 1, 3);
            rig.ring(devh, 0, BusRig.RX);
            rig.ring(devh, 1, BusRig.TX);
            assertEquals(0, rig.call(devh, 0, 0, 0), "and nothing is told");
            rig.bus.reset();
        }
    }
}
