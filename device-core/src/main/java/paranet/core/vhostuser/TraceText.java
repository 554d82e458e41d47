package paranet.core.vhostuser;

import paranet.core.linux.Fd;

import java.lang.reflect.RecordComponent;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * Messages in words, for a {@link WireTrace}: the name, then each field by its name in the record.
 * Numbers from 65,536 on are hexadecimal. Descriptors are counted; and to a bus, whose addresses
 * are all the guest's, a front end's own address says nothing and is left out.
 *
 * <p>Threading: immutable.
 */
public final class TraceText {
    private static final long DECIMAL_MAX = 0xffff;
    private static final Set<String> NAMED = Set.of("request", "id"); // a message's number

    private final boolean frontendAddresses;

    public TraceText(Dialect dialect) {
        this.frontendAddresses = dialect == Dialect.VIRTIO;
    }

    /** What the front end says. */
    public String of(FrontendRequest request, boolean needReply) {
        String name = MessageHeader.nameOf(request.type(), request.id());
        return "> " + name + fields((Record) request) + (needReply ? " need-reply" : "");
    }

    /** What answers it. */
    public String of(Reply reply) {
        return "< " + nameOf(reply.request()) + fields((Record) reply);
    }

    /** What we say unasked. */
    public String of(BackendRequest request) {
        String name =
                switch (request) {
                    case BackendRequest.ConfigChangeMsg _ -> "CONFIG_CHANGE_MSG";
                    case BackendRequest.Interrupt _ -> "INTERRUPT";
                };
        return "< " + name + fields((Record) request);
    }

    private static String nameOf(int id) {
        for (MessageType type : MessageType.values()) {
            if (type != MessageType.UNKNOWN && type.id() == id) {
                return type.name();
            }
        }
        return "request " + Integer.toUnsignedString(id);
    }

    private String fields(Record of) {
        StringBuilder text = new StringBuilder();
        int descriptors = 0;
        for (RecordComponent component : of.getClass().getRecordComponents()) {
            switch (value(of, component)) {
                case null -> {} // a descriptor that did not come
                case Fd _ -> descriptors++;
                case List<?> list when !list.isEmpty() && list.getFirst() instanceof Fd ->
                        descriptors += list.size();
                case List<?> list -> list.forEach(each -> region(text, each));
                case MemoryRegion region -> region(text, region);
                case byte[] bytes -> field(text, component, HexFormat.of().formatHex(bytes));
                case Number number when !NAMED.contains(component.getName()) ->
                        field(text, component, number(number));
                default -> {} // the request's number, which is the name
            }
        }
        return text.append(descriptors == 0 ? "" : " +%d fd".formatted(descriptors)).toString();
    }

    private static Object value(Record of, RecordComponent component) {
        try {
            return component.getAccessor().invoke(of);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(component.toString(), e);
        }
    }

    private static void field(StringBuilder text, RecordComponent component, String value) {
        text.append(' ').append(component.getName()).append('=').append(value);
    }

    private void region(StringBuilder text, Object each) {
        MemoryRegion region = (MemoryRegion) each;
        text.append(" {guestAddress=").append(number(region.guestAddress()));
        text.append(" size=").append(number(region.size()));
        if (frontendAddresses) {
            text.append(" frontendAddress=").append(number(region.frontendAddress()));
        }
        text.append(" mmapOffset=").append(number(region.mmapOffset())).append('}');
    }

    /** Small numbers, and small negative ones of 32 bits, which are errors, in decimal. */
    private static String number(Number number) {
        long value = number.longValue();
        if (value >= 0
                ? value <= DECIMAL_MAX
                : number instanceof Integer && value >= -DECIMAL_MAX) {
            return Long.toString(value);
        }
        return "0x"
                + (number instanceof Integer
                        ? Integer.toHexString(number.intValue())
                        : Long.toHexString(value));
    }
}
