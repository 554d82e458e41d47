package paranet.guest.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import paranet.guest.frame.TrafficVerifier.Verdict;

class TrafficVerifierTest {
    private static final MacAddress MAC = new MacAddress(0x020000000001L);

    private final TestFrame frames = new TestFrame(1);
    private final TrafficVerifier verifier = new TrafficVerifier(3, frames);

    private GuestFrame frame(long sequence) {
        GuestFrame frame = new GuestFrame(2048);
        frames.write(frame, MAC, MAC, 3, sequence, 0, 46 + (int) (sequence % 1000));
        return frame;
    }

    @Test
    void acceptsFramesInOrder() {
        for (int i = 0; i < 100; i++) {
            assertEquals(Verdict.IN_ORDER, verifier.accept(frame(i)));
        }
        assertEquals(100, verifier.verified());
        assertEquals(0, verifier.lost(100));
    }

    @Test
    void countsWhatNeverCame() {
        verifier.accept(frame(0));

        assertEquals(Verdict.AFTER_GAP, verifier.accept(frame(3)));
        assertEquals(3, verifier.lost(5));
        assertEquals(0, verifier.reordered());
    }

    @Test
    void tellsALateFrameFromALostOneAndFromADuplicate() {
        verifier.accept(frame(1));

        assertEquals(Verdict.LATE, verifier.accept(frame(0)));
        assertEquals(Verdict.DUPLICATE, verifier.accept(frame(0)));
        assertEquals(Verdict.DUPLICATE, verifier.accept(frame(1)));
        assertEquals(1, verifier.reordered());
        assertEquals(2, verifier.duplicated());
        assertEquals(0, verifier.lost(2));
    }

    @Test
    void seesEveryFlippedBit() {
        GuestFrame whole = frame(70);
        for (int bit = 18 * 8; bit < whole.length() * 8; bit++) {
            GuestFrame changed = whole.copy();
            changed.bytes()[bit / 8] ^= (byte) (1 << bit % 8);
            assertEquals(Verdict.CORRUPT, verifier.accept(changed), "bit " + bit);
        }
        assertEquals(0, verifier.verified());
        assertEquals((whole.length() - 18) * 8L, verifier.corrupt());
    }

    @Test
    void seesAFrameCutShort() {
        GuestFrame cut = frame(70).copy();
        cut.set(cut.length() - 1, FrameHdr.NONE);

        assertEquals(Verdict.CORRUPT, verifier.accept(cut));
        assertEquals(0, verifier.lost(1));
    }

    @Test
    void keepsStreamsApart() {
        TrafficVerifier other = new TrafficVerifier(4, frames);

        assertEquals(Verdict.FOREIGN, other.accept(frame(0)));
        assertEquals(Verdict.FOREIGN, other.accept(new GuestFrame(60)));
        assertEquals(0, other.received());
        assertEquals(2, other.foreign());
    }

    @Test
    void forgetsNothingWhenALargeGapWrapsItsWindow() {
        verifier.accept(frame(0));
        long far = 3L * TrafficVerifier.WINDOW + 5;

        assertEquals(Verdict.AFTER_GAP, verifier.accept(frame(far)));
        assertEquals(Verdict.LATE, verifier.accept(frame(far - 5)));
        assertEquals(Verdict.DUPLICATE, verifier.accept(frame(far)));
    }
}
