package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.linux.UnixSocket;
import paranet.venet.wire.VbusCall;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What a guest says when it opens its bus and its devices, byte by byte. */
class VenetStartTest {

    /** A guest on a scripted host. */
    private static final class Rig implements AutoCloseable {
        final ScriptedBus host;
        final BusFrontend bus;

        Rig(BusOptions options) throws IOException {
            List<UnixSocket> ours = new ArrayList<>();
            host = ScriptedBus.start(ours);
            bus = BusFrontend.over(ours.getFirst(), options);
        }

        List<String> notes(int from) {
            return host.seen.stream().skip(from).map(ScriptedBus.Seen::note).toList();
        }

        @Override
        public void close() {
            bus.close();
            host.close();
        }
    }

    private static BusOptions traced() {
        return BusOptions.usual(1).withMemory(0, 64L << 20, false);
    }

    /** magic, ver, signal, VALID, INUSE, count. */
    private static String head(int enabled, String valid, String inuse, int count) {
        return "e42ffa4704000000df39fa5801000000%02x00000000000000%s%s%02x%02x000000000000"
                .formatted(enabled, valid, inuse, count & 0xff, count >> 8);
    }

    private static final String EMPTY = "000000000000000000000000";
    private static final String FULL = "000000000000000001000000";

    @Test
    void opensTheBusAsDocumentedByteByByte() throws Exception {
        try (Rig rig = new Rig(traced())) {
            List<String> bytes =
                    rig.host.seen.stream().map(ScriptedBus.Seen::bytes).map(String::strip).toList();
            assertEquals("01 00 00 00 01 00 00 00 00 00 00 00 |", bytes.get(0));
            assertEquals(
                    "02 00 00 00 01 00 00 00 08 00 00 00 | 00 00 00 40 00 00 00 00", bytes.get(1));
            assertEquals("0f 00 00 00 01 00 00 00 00 00 00 00 |", bytes.get(2));
            assertEquals(
                    "10 00 00 00 01 00 00 00 08 00 00 00 | 08 00 00 00 00 00 00 01", bytes.get(3));
            assertEquals("03 00 00 00 01 00 00 00 00 00 00 00 |", bytes.get(4));
            assertTrue(
                    bytes.get(5)
                            .startsWith(
                                    "05 00 00 00 09 00 00 00 28 00 00 00 |"
                                            + " 01 00 00 00 00 00 00 00"
                                            + " 00 00 00 00 00 00 00 00"
                                            + " 00 00 00 04 00 00 00 00"),
                    bytes.get(5));
            assertTrue(bytes.get(5).endsWith(" 00 00 00 00 00 00 00 00"), bytes.get(5));
            assertEquals(
                    "00 76 00 00 01 00 00 00 10 00 00 00 |"
                            + " f5 ee 53 bf 01 00 00 00 00 00 00 00 00 00 00 00",
                    bytes.get(6));
            assertEquals(
                    "01 76 00 00 01 00 00 00 20 00 00 00 |"
                            + " 00 00 00 00 00 00 00 00"
                            + " 00 04 00 00 00 00 00 00"
                            + " 00 10 00 00 00 00 00 00"
                            + " 00 a0 00 00 00 00 00 00",
                    bytes.get(7));
            assertEquals(
                    "02 76 00 00 01 00 00 00 08 00 00 00 | 01 00 00 00 00 00 00 00", bytes.get(8));
            assertEquals(9, bytes.size());
            assertEquals(
                    List.of(0, 0, 0, 0, 0, 1, 0, 2, 0),
                    rig.host.seen.stream().map(ScriptedBus.Seen::descriptors).toList());
            assertEquals(head(1, FULL, EMPTY, 1024), rig.notes(7).getFirst());
        }
    }

    @Test
    void startsADeviceInTheOrderOfTheOriginal() throws Exception {
        try (Rig rig = new Rig(traced())) {
            VenetDriver driver = new VenetDriver(rig.bus, VenetDriverOptions.usual(1));
            int from = rig.host.seen.size();
            driver.start(0);
            driver.linkUp();
            String empty = head(0, EMPTY, EMPTY, 256);
            assertEquals(
                    List.of(
                            "DEVOPEN 0 version 1",
                            "DEVCALL 1 func 3 flags 0 data 000000002f000000",
                            "DEVCALL 1 func 3 flags 0 data 0100000003000000",
                            "DEVCALL 1 func 6 flags 0 data " + "00".repeat(32),
                            "DEVSHM 1 id 101 length 6144 flags 0 offset -1 prio 0 cookie 0x0",
                            "DEVSHM 1 id 102 length 8248 flags 0 offset 8 prio 0 cookie 0x102 "
                                    + head(1, FULL, EMPTY, 256),
                            "",
                            "DEVCALL 1 func 3 flags 0 data 020000000f000000",
                            "DEVCALL 1 func 7 flags 0 data " + "00".repeat(32),
                            "DEVSHM 1 id 103 length 81920 flags 0 offset -1 prio 0 cookie 0x0",
                            "DEVSHM 1 id 104 length 8248 flags 0 offset 8 prio 0 cookie 0x104 "
                                    + head(0, EMPTY, FULL, 256),
                            "",
                            "DEVSHM 1 id 0 length 8248 flags 0 offset 8 prio 0 cookie 0x100 "
                                    + empty,
                            "",
                            "DEVSHM 1 id 1 length 8248 flags 0 offset 8 prio 0 cookie 0x101 "
                                    + empty,
                            "",
                            "DEVCALL 1 func 5 flags 0 data ",
                            "DEVSHM 1 id 100 length 81920 flags 0 offset -1 prio 0 cookie 0x0",
                            "DEVCALL 1 func 2 flags 0 data 000000000000",
                            "DEVCALL 1 func 0 flags 0 data "),
                    rig.notes(from));
            List<ScriptedBus.Seen> said = rig.host.seen.subList(from, rig.host.seen.size());
            assertEquals(
                    "03 76 00 00 01 00 00 00 18 00 00 00 |"
                            + " 00 00 00 00 00 00 00 00 00 00 00 00 10 00 00 00"
                            + " 00 00 04 00 00 00 00 00",
                    said.getFirst().bytes().strip());
            int handle = 0;
            for (ScriptedBus.Seen each : said) {
                if (each.id() == 0x7604) {
                    assertEquals(
                            "04 76 00 00 01 00 00 00 08 00 00 00 | %02x 00 00 00 00 00 00 00"
                                    .formatted(handle++),
                            each.bytes().strip());
                    assertEquals(1, each.descriptors());
                }
            }
            assertEquals(4, handle);
            assertEquals("02:11:22:33:44:55", driver.mac().toString());
            assertFalse(driver.hasCarrier(), "LINKSTATE has not said so");
        }
    }

    @Test
    void aFlatDeviceIsStartedWithoutWhatItDoesNotNeed() throws Exception {
        try (Rig rig = new Rig(traced())) {
            VenetDriver driver = new VenetDriver(rig.bus, VenetDriverOptions.flat(1));
            int from = rig.host.seen.size();
            driver.start(0);
            driver.linkUp();
            String empty = head(0, EMPTY, EMPTY, 256);
            List<String> notes = rig.notes(from);
            assertEquals(
                    List.of(
                            "DEVOPEN 0 version 1",
                            "DEVCALL 1 func 3 flags 0 data 0000000000000000",
                            "DEVCALL 1 func 3 flags 0 data 0100000000000000",
                            "DEVCALL 1 func 3 flags 0 data 0200000000000000",
                            "DEVSHM 1 id 0 length 8248 flags 0 offset 8 prio 0 cookie 0x100 "
                                    + empty,
                            "",
                            "DEVSHM 1 id 1 length 8248 flags 0 offset 8 prio 0 cookie 0x101 "
                                    + empty,
                            ""),
                    notes.subList(0, 8));
            assertEquals("DEVCALL 1 func 2 flags 0 data 000000000000", notes.get(8));
            assertEquals("DEVCALL 1 func 0 flags 0 data ", notes.get(9));
            assertTrue(driver.hasCarrier(), "nobody would say so");
        }
    }

    @Test
    void everyDeviceAndEveryStartHasCookiesOfItsOwn() throws Exception {
        try (Rig rig = new Rig(traced())) {
            VenetDriver first = new VenetDriver(rig.bus, VenetDriverOptions.flat(1));
            VenetDriver second = new VenetDriver(rig.bus, VenetDriverOptions.flat(2));
            first.start(0);
            second.start(1);
            first.stop();
            first.start(0);
            List<String> cookies =
                    rig.notes(0).stream()
                            .filter(note -> note.contains(" cookie "))
                            .map(note -> note.replaceAll(".* cookie (0x[0-9a-f]+).*", "$1"))
                            .toList();
            assertEquals(
                    List.of("0x100", "0x101", "0x200", "0x201", "0x1000100", "0x1000101"), cookies);
            rig.bus.negotiate();
            first.abandon();
            first.start(0);
            assertTrue(rig.notes(0).getLast().startsWith("DEVCALL "));
        }
    }

    @Test
    void otherWaysToTellSignalsUseTheirMessages() throws Exception {
        try (Rig rig = new Rig(traced().withKicks(KickMode.BITMAP).withFastcall())) {
            List<Integer> ids = rig.host.seen.stream().map(ScriptedBus.Seen::id).skip(6).toList();
            assertEquals(0x7600, ids.get(0));
            assertEquals(0x7601, ids.get(1));
            assertEquals(0x7605, ids.get(2));
            assertEquals(List.of(0x7608, 0x7602), ids.subList(18, 20));
            assertTrue(
                    rig.host.seen.get(6).bytes().strip().endsWith(" 06 00 00 00 00 00 00 00"),
                    "capabilities");
        }
        try (Rig rig =
                new Rig(traced().withKicks(KickMode.MESSAGE).withInBand().withEventqs(8, 16))) {
            assertEquals(0, rig.host.seen.get(7).descriptors(), rig.host.seen.get(7).toString());
            assertEquals(
                    "02 76 00 00 01 00 00 00 08 00 00 00 | 08 00 00 00 00 00 00 00",
                    rig.host.seen.getLast().bytes().strip());
            rig.host.interrupt(7);
            VenetDriver driver = new VenetDriver(rig.bus, VenetDriverOptions.flat(1));
            driver.start(0); // an interrupt may come before any reply
            rig.bus.settle();
            assertEquals(1, rig.bus.interrupts());
            driver.linkUp();
            int before = rig.host.seen.size();
            driver.transmitSide().ring().signal().inject();
            assertEquals(before, rig.host.seen.size(), "the host is not enabled");
        }
    }

    @Test
    void aRefusalIsAnErrorThatNamesWhatWasRefused() throws Exception {
        try (Rig rig = new Rig(traced())) {
            rig.host.refusedVector = VbusCall.DEVSHM;
            VenetDriver driver = new VenetDriver(rig.bus, VenetDriverOptions.flat(1));
            IOException refused = assertThrows(IOException.class, () -> driver.start(0));
            assertEquals("DEVSHM 0 answers -22", refused.getMessage());
        }
    }
}
