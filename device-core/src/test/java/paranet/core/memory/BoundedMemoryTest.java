package paranet.core.memory;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What only the bounded build does; the build runs this class in that one alone. */
class BoundedMemoryTest {
    @BeforeEach
    void inTheBoundedBuild() {
        assumeTrue(SharedMemory.BOUNDED, "only with -Dparanet.memory=bounded");
    }

    @Test
    void throwsWhereThePlainBuildWouldTouchForeignMemory() {
        long foreign = 0x10; // never mapped
        NativeBuffer own = NativeBuffer.allocate(64);
        long at = own.address();
        assertThrows(IndexOutOfBoundsException.class, () -> SharedMemory.le8(foreign));
        assertThrows(IndexOutOfBoundsException.class, () -> SharedMemory.putLe64(foreign, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> SharedMemory.copy(at, foreign, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> SharedMemory.copy(foreign, at, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> SharedMemory.fill(foreign, 1, 0));
        SharedMemory.putLe64(at + 56, 1);
        assertThrows(IndexOutOfBoundsException.class, () -> SharedMemory.putLe64(at + 57, 1));
        own.close();
        assertThrows(IndexOutOfBoundsException.class, () -> SharedMemory.acquireLe64(at));
    }
}
