package paranet.launcher.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds out which frames a guest's interface lets in: sends one to each of some addresses from the
 * TAP's side, a broadcast after them, and looks at what the guest's driver has received by then,
 * before its network stack drops what is not for it.
 *
 * <p>Threading: confined to the test's thread.
 */
final class FrameProbe {
    private static final String SENDER = "02:00:00:00:00:01";
    private static final String BROADCAST = "ff:ff:ff:ff:ff:ff";
    private static final int FRAME_BYTES = 64;
    private static final short EXPERIMENTAL = (short) 0x88b5; // an ethertype nobody else uses
    private static final short TAGGED = (short) 0x8100;

    private final Namespace namespace;
    private final String tap;

    /** A frame by where it goes: the network of that number, or, if 0, the untagged one. */
    record Frame(String destination, int vlan) {
        static Frame to(String destination) {
            return new Frame(destination, 0);
        }
    }

    FrameProbe(Namespace namespace, String tap) {
        this.namespace = namespace;
        this.tap = tap;
    }

    /** Sends each frame once and returns those that the guest has received. */
    Set<Frame> delivered(GuestConsole guest, List<Frame> frames) {
        guest.check(
                ": >/run/seen; tcpdump -Z root -p -e -n -l -s 64 --immediate-mode -i %s >>/run/seen 2>&1 & echo $! >/run/tcpdump; until grep -q 'listening on' /run/seen; do usleep 1000; done"
                        .formatted(GuestNetwork.INTERFACE));
        send(frames);
        send(List.of(Frame.to(BROADCAST)));
        String seen =
                guest.check(
                        "until grep -q '> %s, ethertype Unknown' /run/seen; do usleep 5000; done; kill $(cat /run/tcpdump); cat /run/seen"
                                .formatted(BROADCAST));
        List<String> lines = seen.lines().filter(line -> line.contains(SENDER)).toList();
        return frames.stream()
                .filter(frame -> lines.stream().anyMatch(line -> shows(line, frame)))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** The addresses of these to which a frame was received. */
    Set<String> delivered(GuestConsole guest, String... destinations) {
        return delivered(guest, Arrays.stream(destinations).map(Frame::to).toList()).stream()
                .map(Frame::destination)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** All have the same length, so one program sends each block of that length as a frame. */
    private void send(List<Frame> frames) {
        ByteBuffer bytes = ByteBuffer.allocate(FRAME_BYTES * frames.size());
        for (int number = 0; number < frames.size(); number++) {
            Frame frame = frames.get(number);
            bytes.position(FRAME_BYTES * number);
            bytes.put(address(frame.destination())).put(address(SENDER));
            if (frame.vlan() != 0) {
                bytes.putShort(TAGGED).putShort((short) frame.vlan());
            }
            bytes.putShort(EXPERIMENTAL);
        }
        Path file = namespace.file("frames");
        try {
            Files.write(file, bytes.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        namespace.run(
                "socat",
                "-b",
                Integer.toString(FRAME_BYTES),
                "-u",
                "OPEN:" + file,
                "INTERFACE:" + tap);
    }

    private static boolean shows(String line, Frame frame) {
        boolean tagged = line.contains(" vlan ");
        return line.contains("> " + frame.destination() + ",")
                && (frame.vlan() == 0 ? !tagged : line.contains(" vlan " + frame.vlan() + ","));
    }

    private static byte[] address(String text) {
        return HexFormat.ofDelimiter(":").parseHex(text);
    }
}
