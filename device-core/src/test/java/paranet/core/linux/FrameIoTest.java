package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import jnr.ffi.LibraryLoader;

import org.junit.jupiter.api.Test;

import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.lang.management.ManagementFactory;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;

final class FrameIoTest {
    @Test
    void movesAFrameInOnePieceAndInMany() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        try (Fd read = pipe[0];
                Fd write = pipe[1];
                NativeBuffer memory = NativeBuffer.allocate(64);
                IoVec out = new IoVec(4);
                IoVec in = new IoVec(4)) {
            long at = memory.address();
            SharedMemory.putLe64(at, 0x0706050403020100L);
            out.add(at, 8);
            in.add(at + 16, 3);
            in.add(at + 32, 5);
            assertEquals(8, FrameIo.write(write.number(), out));
            assertEquals(8, FrameIo.read(read.number(), in));
            assertEquals(0x020100, SharedMemory.le32(at + 16));
            assertEquals(0x06050403, SharedMemory.le32(at + 32));
            assertEquals(0x07, SharedMemory.le8(at + 36));
            assertEquals(8, FrameIo.write(write.number(), in));
            out.clear();
            out.add(at + 48, 8);
            assertEquals(8, FrameIo.read(read.number(), out));
            assertEquals(0x0706050403020100L, SharedMemory.le64(at + 48));
        }
    }

    @Test
    void answersErrnoNegated() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        try (Fd read = pipe[0];
                Fd write = pipe[1];
                NativeBuffer memory = NativeBuffer.allocate(8);
                IoVec vec = new IoVec(1)) {
            vec.add(memory.address(), 8);
            read.nonBlocking();
            assertEquals(-Errno.EAGAIN, FrameIo.read(read.number(), vec));
            assertEquals(-9, FrameIo.write(read.number(), vec)); // EBADF: the wrong end
            assertEquals(-9, FrameIo.read(write.number(), vec));
        }
    }

    @Test
    void aReaderThatLeftIsAnErrnoAndNotASignal() {
        Fd[] pipe = OpenDescriptors.pipe();
        pipe[0].close();
        try (Fd write = pipe[1];
                NativeBuffer memory = NativeBuffer.allocate(8);
                IoVec vec = new IoVec(1)) {
            vec.add(memory.address(), 8);
            assertEquals(-Errno.EPIPE, FrameIo.write(write.number(), vec));
        }
    }

    @Test
    void eachThreadReadsItsOwnErrno() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        try (Fd read = pipe[0];
                Fd write = pipe[1]) {
            read.nonBlocking();
            CyclicBarrier start = new CyclicBarrier(2);
            int rounds = 50_000;
            CompletableFuture<Integer> empty =
                    CompletableFuture.supplyAsync(
                            () -> answers(start, read.number(), -Errno.EAGAIN, rounds));
            CompletableFuture<Integer> wrongEnd =
                    CompletableFuture.supplyAsync(
                            () -> answers(start, write.number(), -9, rounds)); // EBADF
            assertEquals(rounds, empty.get());
            assertEquals(rounds, wrongEnd.get());
        }
    }

    private static int answers(CyclicBarrier start, int fd, long expected, int rounds) {
        try (NativeBuffer memory = NativeBuffer.allocate(8);
                IoVec vec = new IoVec(1)) {
            vec.add(memory.address(), 8);
            start.await();
            int right = 0;
            for (int i = 0; i < rounds; i++) {
                if (FrameIo.read(fd, vec) == expected) {
                    right++;
                }
            }
            return right;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** gettid(2), tgkill(2). */
    public interface Signals {
        int gettid();

        int tgkill(int process, int thread, int signal);
    }

    /** What the JDK interrupts blocking channels with; its handler does not restart calls. */
    private static final int JDK_INTERRUPT = 62;

    @Test
    void tryAgainWhenASignalInterrupts() throws Exception {
        SocketChannel.open().close(); // makes the JDK install its handler
        Signals signals = LibraryLoader.create(Signals.class).load("c");
        Fd[] pipe = OpenDescriptors.pipe();
        try (Fd read = pipe[0];
                Fd write = pipe[1];
                NativeBuffer memory = NativeBuffer.allocate(8);
                IoVec vec = new IoVec(1)) {
            vec.add(memory.address(), 8);
            CompletableFuture<Integer> tid = new CompletableFuture<>();
            CompletableFuture<Long> result = new CompletableFuture<>();
            Thread reader =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        tid.complete(signals.gettid());
                                        result.complete(FrameIo.read(read.number(), vec));
                                    });
            Path task = Path.of("/proc/self/task/" + tid.get());
            awaitReading(task, read.number(), "");
            String before = switches(task);
            assertEquals(0, signals.tgkill(Native.LIBC.getpid(), tid.get(), JDK_INTERRUPT));
            awaitReading(task, read.number(), before);
            SharedMemory.putLe64(memory.address(), 0);
            Native.LIBC.write(write.number(), memory.address(), 8);
            assertEquals(8, result.get());
            reader.join();
        }
    }

    /** Waits until the thread sleeps in read(2) of this descriptor, for a second time if asked. */
    private static void awaitReading(Path task, int fd, String switchesBefore) throws Exception {
        String reading = "0 0x%x ".formatted(fd);
        while (Files.exists(task)
                && !(Files.readString(task.resolve("syscall")).startsWith(reading)
                        && !switches(task).equals(switchesBefore))) {
            Thread.onSpinWait();
        }
        assertTrue(Files.exists(task), "the thread came back from read(2)");
    }

    private static String switches(Path task) throws Exception {
        return Files.readAllLines(task.resolve("status")).stream()
                .filter(line -> line.startsWith("voluntary_ctxt_switches"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void allocatesNothing() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        try (Fd read = pipe[0];
                Fd write = pipe[1];
                NativeBuffer memory = NativeBuffer.allocate(64);
                IoVec one = new IoVec(2);
                IoVec two = new IoVec(2)) {
            read.nonBlocking();
            one.add(memory.address(), 8);
            two.add(memory.address(), 4);
            two.add(memory.address() + 16, 4);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            exchange(read, write, one, two, 50_000);
            long before = threads.getCurrentThreadAllocatedBytes();
            exchange(read, write, one, two, 200_000);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < 200_000, allocated + " bytes");
        }
    }

    private static void exchange(Fd read, Fd write, IoVec one, IoVec two, int rounds) {
        for (int i = 0; i < rounds; i++) {
            IoVec out = (i & 1) == 0 ? one : two;
            IoVec in = (i & 2) == 0 ? one : two;
            if (FrameIo.write(write.number(), out) != 8
                    || FrameIo.read(read.number(), in) != 8
                    || FrameIo.read(read.number(), in) != -Errno.EAGAIN) {
                throw new AssertionError("round " + i);
            }
        }
    }
}
