package paranet.core.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Translation of ranges beside a map from each guest byte to its host byte.
 *
 * <p>Strategy: up to eight small regions, touching, apart, at 0 and at the end of 64 bits; ranges
 * that begin and end near their edges.
 *
 * <p>Invariants: a range translates when one region holds all its bytes; it is appended when each
 * of its bytes is in some region, byte for byte, without going round 2^64.
 *
 * <p>Replay one run by {@code -Dparanet.seed=N}.
 */
class GuestMemoryPropertyTest {
    private static final int RUNS = Boolean.getBoolean("paranet.long") ? 200_000 : 2000;
    private static final int RANGES = 300;
    private static final long HOST = 0x7000_0000_0000L; // not touched

    @Test
    void answersLikeAMapOfBytes() {
        Long replayed = Long.getLong("paranet.seed");
        if (replayed != null) {
            run(replayed);
            return;
        }
        for (long seed = 1; seed <= RUNS; seed++) {
            run(seed);
        }
    }

    private static void run(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<GuestRegion> regions = regions(random);
        GuestMemory memory = GuestMemory.of(regions);
        Map<Long, Long> guestBytes = new HashMap<>();
        Map<Long, Long> frontendBytes = new HashMap<>();
        for (GuestRegion region : regions) {
            for (long i = 0; i < region.size(); i++) {
                guestBytes.put(region.guestAddress() + i, region.hostAddress() + i);
                frontendBytes.put(region.frontendAddress() + i, region.hostAddress() + i);
            }
        }
        try (IoVec vec = new IoVec(8)) {
            for (int i = 0; i < RANGES; i++) {
                GuestRegion near = regions.get(random.nextInt(regions.size()));
                boolean end = random.nextBoolean();
                long edge = end ? near.size() : 0;
                long length = random.nextInt(40);
                long at = edge + random.nextInt(20) - 15;
                checkTranslate(memory, regions, near.guestAddress() + at, length);
                checkFrontend(memory, frontendBytes, near.frontendAddress() + at, length);
                checkAppend(memory, guestBytes, near.guestAddress() + at, length, vec);
            }
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("replay by -Dparanet.seed=" + seed, e);
        }
    }

    /** In a row from a random address, so that they cannot overlap, then shuffled. */
    private static List<GuestRegion> regions(SplittableRandom random) {
        int count = random.nextInt(1, 9);
        long[] sizes = new long[count];
        long total = 0;
        for (int i = 0; i < count; i++) {
            sizes[i] = random.nextInt(1, 30);
            total += sizes[i];
        }
        long guest =
                switch (random.nextInt(4)) {
                    case 0 -> 0;
                    case 1 -> -total; // the last one ends at 2^64
                    case 2 -> Long.MAX_VALUE - random.nextInt(100);
                    default -> random.nextLong(0, 1L << 40);
                };
        boolean gaps = guest != -total;
        List<GuestRegion> regions = new ArrayList<>();
        long host = HOST;
        for (int i = 0; i < count; i++) {
            host += random.nextInt(3) * 100L;
            long frontend = 0x10_0000L * (i + 1);
            int place = random.nextInt(regions.size() + 1);
            regions.add(place, new GuestRegion(guest, frontend, sizes[i], host));
            guest += sizes[i] + (gaps && random.nextBoolean() ? random.nextInt(5) : 0);
            host += sizes[i];
        }
        return regions;
    }

    private static void checkTranslate(
            GuestMemory memory, List<GuestRegion> regions, long address, long length) {
        long expected = GuestMemory.NOT_MAPPED;
        for (GuestRegion region : regions) {
            for (long offset = 0; offset < region.size(); offset++) {
                if (region.guestAddress() + offset == address && offset + length <= region.size()) {
                    expected = region.hostAddress() + offset;
                }
            }
        }
        assertEquals(expected, memory.translate(address, length));
    }

    private static void checkFrontend(
            GuestMemory memory, Map<Long, Long> bytes, long address, long length) {
        Long first = bytes.get(address);
        boolean whole = true; // regions are far apart in these addresses
        for (long i = 0; i < length; i++) {
            whole &= bytes.containsKey(address + i);
        }
        long translated = memory.translateFrontend(address, length);
        if (length > 0) {
            assertEquals(whole ? first : Long.valueOf(GuestMemory.NOT_MAPPED), translated);
        }
    }

    private static void checkAppend(
            GuestMemory memory, Map<Long, Long> bytes, long address, long length, IoVec vec) {
        vec.clear();
        boolean whole = true;
        for (long i = 0; i < length; i++) {
            boolean wrapped = Long.compareUnsigned(address + i, address) < 0;
            whole &= !wrapped && bytes.containsKey(address + i);
        }
        GuestMemory.Append answer = memory.append(vec, address, length);
        assertEquals(whole ? GuestMemory.Append.DONE : GuestMemory.Append.NOT_MAPPED, answer);
        if (!whole) {
            assertTrue(vec.length() < length);
            return;
        }
        assertEquals(length, vec.length());
        long done = 0;
        for (int i = 0; i < vec.count(); i++) {
            for (long j = 0; j < vec.lengthOf(i); j++) {
                assertEquals(bytes.get(address + done), vec.baseOf(i) + j);
                done++;
            }
        }
        assertEquals(length, done);
    }
}
