package paranet.guest.sim;

import paranet.core.mitigation.CoalesceText;
import paranet.core.mitigation.DeviceCalls;
import paranet.core.mitigation.GuestCalls;
import paranet.core.mitigation.MitigationPolicy;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueView;

/**
 * A policy to be compared: one that ships, or one that exists here only.
 *
 * <p>Threading: immutable.
 */
public sealed interface PolicyChoice {
    /** As the operator writes it. */
    String text();

    /** What the queues of one guest have in common. */
    GuestCalls guestCalls();

    MitigationPolicy policy(QueueView.Kind kind, int size, DeviceCalls device);

    /**
     * Of a text as CoalesceText reads it, or {@code spdk}.
     *
     * @param era the hardware that {@code pace} is told of
     */
    static PolicyChoice of(String text, String era) {
        if (text.equals("spdk")) {
            return new Linear();
        }
        boolean pace = text.equals("pace") || text.startsWith("pace,");
        return new Shipped(text, CoalesceText.parse(pace ? text + ",wake-model=" + era : text));
    }

    /** As the command line makes it. */
    record Shipped(String text, PolicyOptions options) implements PolicyChoice {
        @Override
        public GuestCalls guestCalls() {
            return options.guestCalls();
        }

        @Override
        public MitigationPolicy policy(QueueView.Kind kind, int size, DeviceCalls device) {
            return options.policy(kind, size, device);
        }
    }

    /** Every queue by {@link LinearDelay}. */
    record Linear() implements PolicyChoice {
        @Override
        public String text() {
            return "spdk";
        }

        @Override
        public GuestCalls guestCalls() {
            return new GuestCalls(0, 0);
        }

        @Override
        public MitigationPolicy policy(QueueView.Kind kind, int size, DeviceCalls device) {
            return new LinearDelay();
        }
    }
}
