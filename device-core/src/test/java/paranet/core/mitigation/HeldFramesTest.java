package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class HeldFramesTest {
    private final HeldFrames held = new HeldFrames();

    @Test
    void knowsTheOldestOfEachClass() {
        held.add(FrameClass.BULK, 3, 10);
        held.add(FrameClass.NORMAL, 1, 20);
        held.add(FrameClass.BULK, 2, 30);
        assertEquals(6, held.total());
        assertEquals(5, held.frames(FrameClass.BULK));
        assertEquals(10, held.oldestNanos(FrameClass.BULK));
        assertEquals(20, held.oldestNanos(FrameClass.NORMAL));
        held.clear();
        held.add(FrameClass.BULK, 1, 40);
        assertEquals(40, held.oldestNanos(FrameClass.BULK));
        assertEquals(40, held.oldestNanos());
        assertEquals(0, held.frames(FrameClass.NORMAL));
    }

    @Test
    void givesTheOldestUpAndKnowsTheNextOldestOfTheClass() {
        held.add(FrameClass.BULK, 3, 10);
        held.add(FrameClass.NORMAL, 1, 20);
        held.add(FrameClass.BULK, 2, 30);
        held.removeOldest(2);
        assertEquals(10, held.oldestNanos(FrameClass.BULK));
        held.removeOldest(1);
        assertEquals(30, held.oldestNanos(FrameClass.BULK));
        assertEquals(20, held.oldestNanos());
        held.removeOldest(1);
        assertEquals(0, held.frames(FrameClass.NORMAL));
        assertEquals(1, held.batches());
        assertEquals(2, held.total());
    }

    @Test
    void takesOneCyclesFramesOfAClassAsOne() {
        held.add(FrameClass.BULK, 3, 10);
        held.add(FrameClass.BULK, 3, 10);
        assertEquals(1, held.batches());
        assertEquals(6, held.framesAt(0));
    }

    @Test
    void whenFullTheNewestBecomesTheMoreUrgent() {
        for (int i = 0; i < HeldFrames.BATCHES; i++) {
            held.add(FrameClass.BULK, 1, i);
        }
        held.add(FrameClass.NORMAL, 5, 1000);
        assertEquals(HeldFrames.BATCHES, held.batches());
        assertEquals(6, held.frames(FrameClass.NORMAL), "its own and those of the newest");
        assertEquals(63, held.oldestNanos(FrameClass.NORMAL), "early, never late");
        assertEquals(63, held.frames(FrameClass.BULK));
        held.add(FrameClass.BULK, 7, 2000);
        assertEquals(13, held.frames(FrameClass.NORMAL));
        assertEquals(76, held.total());
    }
}
