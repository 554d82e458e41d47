package paranet.launcher;

import paranet.core.host.BusCounters;
import paranet.core.mitigation.AvoidedBy;
import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.Coalescing;
import paranet.core.mitigation.QueueCalls;
import paranet.core.mitigation.QueueReport;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Answers {@code paranet coalesce} in the process that it asks: a line in, some lines out, of which
 * the first says {@code ok} or {@code error: why}.
 *
 * <pre>
 * show [json]              set PORT POLICY[,key=value..]
 * explain PORT QUEUE       PORT: a name, a number from 1, or * for all
 * metrics                  QUEUE: a name such as rx0, or the index of a virtio ring
 * </pre>
 *
 * <p>Threading: confined to the control thread.
 */
final class CoalesceControl {
    private final List<BackEnd> ports;

    CoalesceControl(List<BackEnd> ports) {
        this.ports = List.copyOf(ports);
    }

    String answer(String request) {
        String[] words = request.strip().split("\\s+");
        try {
            return "ok\n" + carryOut(words);
        } catch (OptionException e) {
            return "error: %s\n".formatted(e.getMessage());
        }
    }

    private String carryOut(String[] words) throws OptionException {
        String command = words[0];
        if (command.equals("show") && words.length == 1) {
            return ports.stream().map(CoalesceControl::text).collect(Collectors.joining());
        }
        if (command.equals("show") && words.length == 2 && words[1].equals("json")) {
            return ports.stream().map(CoalesceControl::json).collect(Collectors.joining());
        }
        if (command.equals("set") && words.length == 3) {
            CoalesceChoice choice = CoalesceChoice.parse(words[2]);
            StringBuilder effective = new StringBuilder();
            for (BackEnd port : named(words[1])) {
                port.coalesce(choice);
                effective.append(choice(port));
            }
            return effective.toString();
        }
        if (command.equals("explain") && words.length == 3) {
            BackEnd port = one(words[1]);
            List<String> lines = port.explain(words[2]);
            if (lines.isEmpty()) {
                throw new OptionException(
                        "nothing was decided yet about a queue '%s' of %s; there are %s"
                                .formatted(words[2], port.port().name(), queues(port)));
            }
            return String.join("\n", lines) + "\n";
        }
        if (command.equals("metrics") && words.length == 1) {
            return CoalesceMetrics.of(ports);
        }
        throw new OptionException(
                ("'%s' is no request; there are show [json], set PORT POLICY, explain PORT QUEUE"
                                + " and metrics")
                        .formatted(String.join(" ", words)));
    }

    private static String queues(BackEnd port) {
        List<String> names = new ArrayList<>();
        port.queues().forEach(queue -> names.add(queue.name()));
        List<BusCounters.Eventq> eventqs = port.eventqs();
        for (int i = 0; i < eventqs.size(); i++) {
            if (eventqs.get(i).events() != 0) {
                names.add("evq" + i);
            }
        }
        return names.isEmpty() ? "none" : String.join(", ", names);
    }

    private List<BackEnd> named(String name) throws OptionException {
        return name.equals("*") ? ports : List.of(one(name));
    }

    private BackEnd one(String name) throws OptionException {
        for (int i = 0; i < ports.size(); i++) {
            BackEnd port = ports.get(i);
            if (port.port().name().equals(name) || Integer.toString(i + 1).equals(name)) {
                return port;
            }
        }
        throw new OptionException(
                "no port '%s'; there are %s"
                        .formatted(
                                name,
                                ports.stream()
                                        .map(port -> port.port().name())
                                        .collect(Collectors.joining(", "))));
    }

    private static String choice(BackEnd port) {
        String name = port.port().name();
        CoalesceChoice choice = port.coalescing();
        StringBuilder lines = new StringBuilder();
        lines.append("%s: requested %s\n".formatted(name, choice.text()));
        if (!choice.reading().values().isEmpty()) {
            lines.append(
                    "%s: values %s\n"
                            .formatted(name, choice.reading().values().replace(",", ", ")));
        }
        for (String note : choice.reading().notes()) {
            lines.append("%s: %s\n".formatted(name, note));
        }
        lines.append("%s: effective %s\n".formatted(name, choice.options().effective()));
        return lines.toString();
    }

    private static String text(BackEnd port) {
        CallAccounts.Snapshot accounts = port.accounts();
        String causes =
                accounts.avoided().entrySet().stream()
                        .map(each -> word(each.getKey()) + " " + each.getValue())
                        .collect(Collectors.joining(", "));
        return choice(port)
                + limits(port)
                + "%s: published %d, called %d, avoided %d, held %d\n"
                        .formatted(
                                port.port().name(),
                                accounts.opportunities(),
                                accounts.calls(),
                                accounts.avoidedCalls(),
                                accounts.held())
                + "%s: avoided by %s\n".formatted(port.port().name(), causes)
                + "%s: in words of 2009: %s\n"
                        .formatted(port.port().name(), port.original().inOriginalWords());
    }

    /** A line for each queue whose guest set limits of its own. */
    private static String limits(BackEnd port) {
        StringBuilder lines = new StringBuilder();
        for (QueueReport queue : port.queues()) {
            Coalescing limits = queue.guestLimits();
            if (limits != null) {
                lines.append(
                        "%s: %s: guest requested usecs %d, frames %d; effective %s, %s %s\n"
                                .formatted(
                                        port.port().name(),
                                        queue.name(),
                                        limits.micros(),
                                        limits.frames(),
                                        limits.effective(),
                                        queue.rule() == QueueCalls.Rule.GUESTS
                                                ? "in place of"
                                                : "and within that",
                                        port.coalescing().options().name()));
            }
        }
        return lines.toString();
    }

    private static String json(BackEnd port) {
        CallAccounts.Snapshot accounts = port.accounts();
        String causes =
                accounts.avoided().entrySet().stream()
                        .map(each -> "\"%s\":%d".formatted(word(each.getKey()), each.getValue()))
                        .collect(Collectors.joining(","));
        var original = port.original();
        return ("{\"port\":%s,\"policy\":%s,\"requested\":%s,\"effective\":%s,"
                        + "\"published\":%d,\"calls\":%d,\"held\":%d,\"avoided\":{%s},"
                        + "\"recalls\":%d,\"watchdog_recalls\":%d,"
                        + "\"events\":%d,\"qnotify\":%d,\"qinject\":%d,\"notify\":%d,\"inject\":%d}\n")
                .formatted(
                        quoted(port.port().name()),
                        quoted(port.coalescing().options().name()),
                        quoted(port.coalescing().text()),
                        quoted(port.coalescing().options().effective()),
                        accounts.opportunities(),
                        accounts.calls(),
                        accounts.held(),
                        causes,
                        accounts.recalls(),
                        accounts.watchdogRecalls(),
                        original.events(),
                        original.qnotify(),
                        original.qinject(),
                        original.notified(),
                        original.inject());
    }

    private static String word(AvoidedBy cause) {
        return cause.name().toLowerCase(Locale.ROOT);
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char each = text.charAt(i);
            if (each == '"' || each == '\\') {
                quoted.append('\\').append(each);
            } else if (each < ' ') {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) each));
            } else {
                quoted.append(each);
            }
        }
        return quoted.append('"').toString();
    }
}
