package paranet.launcher;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Answers {@code paranet bus} in the process that it asks, as {@link CoalesceControl} answers its
 * own requests.
 *
 * <pre>
 * bus show        bus add PORT NETWORK        bus drop PORT DEVICE
 * PORT: a name, or a number from 1
 * NETWORK: --tap=NAME, --echo, --sink or --source=BYTES
 * </pre>
 *
 * <p>Threading: confined to the control thread.
 */
final class PlugControl {
    /** The first word of every request. */
    static final String BUS = "bus";

    private static final Logger LOG = LoggerFactory.getLogger(PlugControl.class);
    private static final String TAP = "--tap=";
    private static final String SOURCE = "--source=";

    private final List<BackEnd> backEnds;
    private final List<PortOptions> ports;

    /** Each port with what it was asked to be, in the same order. */
    PlugControl(List<BackEnd> backEnds, List<PortOptions> ports) {
        this.backEnds = List.copyOf(backEnds);
        this.ports = List.copyOf(ports);
    }

    String answer(String request) {
        try {
            return "ok\n" + carryOut(request.strip().split("\\s+"));
        } catch (OptionException | IOException | IllegalStateException e) {
            return "error: %s\n".formatted(e.getMessage());
        }
    }

    private String carryOut(String[] words) throws OptionException, IOException {
        String command = words.length > 1 ? words[1] : "";
        if (command.equals("show") && words.length == 2) {
            return backEnds.stream().map(PlugControl::text).collect(Collectors.joining());
        }
        if (command.equals("add") && words.length == 4) {
            return add(indexOf(words[2]), network(words[3]));
        }
        if (command.equals("drop") && words.length == 4) {
            return drop(bus(indexOf(words[2])), words[3]);
        }
        throw new OptionException(
                "'%s' is no request; there are show, add PORT NETWORK and drop PORT DEVICE"
                        .formatted(String.join(" ", words)));
    }

    private static String text(BackEnd backEnd) {
        String name = backEnd.port().name();
        return backEnd instanceof VenetBackEnd bus
                ? bus.devices().stream()
                        .map(line -> "%s: %s\n".formatted(name, line))
                        .collect(Collectors.joining())
                : "";
    }

    private String add(int index, Network network) throws OptionException, IOException {
        VenetBackEnd bus = bus(index);
        if (bus.deviceCount() >= IntBound.VENETS.max()) {
            throw new OptionException(
                    "%s has %d devices, and that is the most"
                            .formatted(bus.port().name(), IntBound.VENETS.max()));
        }
        MacAddress mac = ports.get(index).mac().plus(bus.devicesEver());
        VenetBackEnd.Plugged plugged = PortServer.venet(network, mac, ports.get(index));
        int devid;
        try {
            devid = bus.plugIn(plugged);
        } catch (IOException | IllegalStateException e) {
            plugged.bridge().close();
            throw e;
        }
        return logged(
                "%s: device %d: %s, %s"
                        .formatted(bus.port().name(), devid, mac, plugged.bridge().describe()));
    }

    private static String drop(VenetBackEnd bus, String device) throws OptionException {
        int devid = IntBound.DEVICE.parse(device);
        if (!bus.pullOut(devid)) {
            throw new OptionException(
                    "%s has no device %d; show lists them".formatted(bus.port().name(), devid));
        }
        return logged("%s: device %d is gone".formatted(bus.port().name(), devid));
    }

    private static String logged(String done) {
        LOG.info("{}", done);
        return done + "\n";
    }

    private static Network network(String text) throws OptionException {
        if (text.startsWith(TAP)) {
            String name = text.substring(TAP.length());
            return new Network.Tap(OptionText.interfaceNames(List.of(name)).getFirst(), false);
        }
        if (text.startsWith(SOURCE)) {
            return new Network.Source(IntBound.SOURCE.parse(text.substring(SOURCE.length())));
        }
        return switch (text) {
            case "--echo" -> new Network.Echo();
            case "--sink" -> new Network.Sink();
            default -> throw new OptionException("'%s' is no network".formatted(text));
        };
    }

    private int indexOf(String name) throws OptionException {
        for (int i = 0; i < backEnds.size(); i++) {
            if (backEnds.get(i).port().name().equals(name)
                    || Integer.toString(i + 1).equals(name)) {
                return i;
            }
        }
        throw new OptionException(
                "no port '%s'; there are %s"
                        .formatted(
                                name,
                                backEnds.stream()
                                        .map(each -> each.port().name())
                                        .collect(Collectors.joining(", "))));
    }

    private VenetBackEnd bus(int index) throws OptionException {
        if (backEnds.get(index) instanceof VenetBackEnd bus) {
            return bus;
        }
        throw new OptionException(
                "%s has no bus; a port with --device=venet has"
                        .formatted(backEnds.get(index).port().name()));
    }
}
