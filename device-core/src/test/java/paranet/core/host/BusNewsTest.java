package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import paranet.core.device.Bus;

class BusNewsTest {
    private int wakes;
    private final BusNews news = new BusNews(() -> wakes++);

    @Test
    void wakesOnceUntilSomebodyBeginsToTake() {
        news.interrupt(1);
        news.answer(new Bus.Answer(3, 4));
        news.interrupt(5);
        assertEquals(1, wakes);
        news.begin();
        assertEquals(1 << 1 | 1 << 5, news.takeInterrupts());
        assertEquals(0, news.takeInterrupts());
        assertEquals(new Bus.Answer(3, 4), news.takeAnswer());
        assertEquals(null, news.takeAnswer());
        news.fault("broken");
        assertEquals(2, wakes);
        assertEquals("broken", news.takeFault());
        assertEquals(null, news.takeFault());
    }

    @Test
    void forgetsWhatIsAboutABusThatStartedOver() {
        news.interrupt(1);
        news.answer(new Bus.Answer(3, 4));
        news.fault("broken");
        news.clear();
        assertEquals(0, news.takeInterrupts());
        assertEquals(null, news.takeAnswer());
        assertEquals(null, news.takeFault());
    }
}
