package paranet.core.mitigation;

/**
 * A policy and its parameters, checked; makes one {@link MitigationPolicy} for each queue. Written
 * as {@link CoalesceText} says.
 */
public sealed interface PolicyOptions {
    /** The policy of one queue. Of a control queue it is always {@code none}. */
    MitigationPolicy policy(QueueView.Kind kind, int size, DeviceCalls device);

    /** What takes effect, in words: for received frames, then for completions. */
    String effective();

    /** The policy's name. */
    String name();

    /** What the queues of one guest are to have in common. */
    default GuestCalls guestCalls() {
        return guestCalls(1);
    }

    /**
     * One of so many parts of that: where workers share a guest, each bounds its own part.
     *
     * @param parts at least 1
     */
    default GuestCalls guestCalls(int parts) {
        return new GuestCalls(TokenBucket.UNLIMITED, TokenBucket.UNLIMITED);
    }

    /** The hardware that the guest runs on, as far as anybody said. */
    default UnitCosts costs() {
        return UnitCosts.named(UnitCosts.DEFAULT);
    }

    /** Every guest that asks is called at once. */
    record None() implements PolicyOptions {
        @Override
        public MitigationPolicy policy(QueueView.Kind kind, int size, DeviceCalls device) {
            return Immediate.INSTANCE;
        }

        @Override
        public String effective() {
            return "rx: every packet; tx: every packet";
        }

        @Override
        public String name() {
            return "none";
        }
    }

    /** A hold from the first packet. */
    record Fixed(Coalescing receive, Coalescing transmit) implements PolicyOptions {
        @Override
        public MitigationPolicy policy(QueueView.Kind kind, int size, DeviceCalls device) {
            return switch (kind) {
                case RECEIVE -> new FixedPolicy(receive);
                case TRANSMIT -> new FixedPolicy(transmit);
                case CONTROL -> Immediate.INSTANCE;
            };
        }

        @Override
        public String effective() {
            return "rx: %s; tx: %s".formatted(receive.effective(), transmit.effective());
        }

        @Override
        public String name() {
            return "fixed";
        }
    }

    /**
     * A gap between two calls.
     *
     * @param receiveMicros of received frames, 0 to {@link Coalescing#MICROS_MAX}
     * @param transmitMicros of completions, likewise
     */
    record Throttle(long receiveMicros, long transmitMicros) implements PolicyOptions {
        public Throttle {
            PaceOptions.requireWithin("rx-usecs", receiveMicros, 0, Coalescing.MICROS_MAX);
            PaceOptions.requireWithin("tx-usecs", transmitMicros, 0, Coalescing.MICROS_MAX);
        }

        @Override
        public MitigationPolicy policy(QueueView.Kind kind, int size, DeviceCalls device) {
            return switch (kind) {
                case RECEIVE -> new ThrottlePolicy(receiveMicros * 1000);
                case TRANSMIT -> new ThrottlePolicy(transmitMicros * 1000);
                case CONTROL -> Immediate.INSTANCE;
            };
        }

        @Override
        public String effective() {
            return "rx: at least %d us between calls; tx: at least %d us"
                    .formatted(receiveMicros, transmitMicros);
        }

        @Override
        public String name() {
            return "throttle";
        }
    }

    /**
     * Rates at which nothing is searched for, as ethtool has them.
     *
     * @param lowPerSecond with fewer the shortest hold is in force; 0 is no bound
     * @param highPerSecond with more the longest one is; 0 is no bound
     * @param sampleSeconds how long a rate is measured, 1 to 60
     */
    record Rates(long lowPerSecond, long highPerSecond, long sampleSeconds) {
        public Rates {
            PaceOptions.requireWithin("pkt-rate-low", lowPerSecond, 0, PaceOptions.RATE_MAX);
            PaceOptions.requireWithin("pkt-rate-high", highPerSecond, 0, PaceOptions.RATE_MAX);
            PaceOptions.requireWithin("sample-interval", sampleSeconds, 1, 60);
            if (highPerSecond != 0 && highPerSecond < lowPerSecond) {
                throw new IllegalArgumentException(
                        "pkt-rate-high is %d, and must be 0 or at least pkt-rate-low, %d"
                                .formatted(highPerSecond, lowPerSecond));
            }
        }

        boolean areUsed() {
            return lowPerSecond != 0 || highPerSecond != 0;
        }
    }

    /**
     * Linux's dynamic interrupt moderation.
     *
     * @param microsMin shortest hold of any profile, 0 to {@code microsMax}
     * @param microsMax longest hold of any profile, to {@link Coalescing#MICROS_MAX}
     */
    record Dim(
            boolean receive,
            boolean transmit,
            DimPolicy.Mode mode,
            long microsMin,
            long microsMax,
            Rates rates)
            implements PolicyOptions {
        public Dim {
            PaceOptions.requireWithin("rx-usecs-high", microsMax, 0, Coalescing.MICROS_MAX);
            PaceOptions.requireWithin("rx-usecs-low", microsMin, 0, microsMax);
        }

        @Override
        public MitigationPolicy policy(QueueView.Kind kind, int size, DeviceCalls device) {
            boolean adaptive =
                    switch (kind) {
                        case RECEIVE -> receive;
                        case TRANSMIT -> transmit;
                        case CONTROL -> false;
                    };
            return adaptive
                    ? new DimPolicy(kind, mode, microsMin, microsMax, rates)
                    : Immediate.INSTANCE;
        }

        @Override
        public String effective() {
            return "rx: %s; tx: %s"
                    .formatted(
                            effective(QueueView.Kind.RECEIVE, receive),
                            effective(QueueView.Kind.TRANSMIT, transmit));
        }

        private String effectiveRates() {
            String low =
                    rates.lowPerSecond() == 0
                            ? ""
                            : ", %d us below %d/s".formatted(microsMin, rates.lowPerSecond());
            String high =
                    rates.highPerSecond() == 0
                            ? ""
                            : ", %d us above %d/s".formatted(microsMax, rates.highPerSecond());
            return low + high;
        }

        private String effective(QueueView.Kind kind, boolean adaptive) {
            int last = DimTuner.PROFILES - 1;
            return adaptive
                    ? "adaptive, %d to %d us"
                                    .formatted(
                                            Math.clamp(
                                                    DimPolicy.micros(kind, mode, 0),
                                                    microsMin,
                                                    microsMax),
                                            Math.clamp(
                                                    DimPolicy.micros(kind, mode, last),
                                                    microsMin,
                                                    microsMax))
                            + effectiveRates()
                    : "every packet";
        }

        @Override
        public String name() {
            return "dim";
        }
    }

    /**
     * Virtual interrupt coalescing.
     *
     * @param epochMillis how often the share is set, 1 to 10000
     * @param commandsMin fewer in flight, and every completion is called for; 1 to 1024
     * @param perSecondMin fewer completions a second, likewise; 0 to 100 million
     * @param holdMicros longest hold, 1 to {@link Coalescing#MICROS_MAX}
     */
    record Vic(long epochMillis, long commandsMin, long perSecondMin, long holdMicros)
            implements PolicyOptions {
        public Vic {
            PaceOptions.requireWithin("epoch-msecs", epochMillis, 1, 10_000);
            PaceOptions.requireWithin("in-flight-min", commandsMin, 1, 1024);
            PaceOptions.requireWithin("rate-min", perSecondMin, 0, PaceOptions.RATE_MAX);
            PaceOptions.requireWithin("hold-usecs", holdMicros, 1, Coalescing.MICROS_MAX);
        }

        @Override
        public MitigationPolicy policy(QueueView.Kind kind, int size, DeviceCalls device) {
            return kind == QueueView.Kind.CONTROL
                    ? Immediate.INSTANCE
                    : new VicPolicy(
                            epochMillis * 1_000_000, commandsMin, perSecondMin, holdMicros * 1000);
        }

        @Override
        public String effective() {
            return ("rx and tx: every packet below %d in flight or %d/s, else a share, held"
                            + " for %d us at most")
                    .formatted(commandsMin, perSecondMin, holdMicros);
        }

        @Override
        public String name() {
            return "vic";
        }
    }

    /** Deadlines by class of frame, and gaps that pay. */
    record Pace(PaceOptions options) implements PolicyOptions {
        @Override
        public MitigationPolicy policy(QueueView.Kind kind, int size, DeviceCalls device) {
            return switch (kind) {
                case RECEIVE -> new PaceReceive(options, size, device);
                case TRANSMIT -> new PaceTransmit(options, size);
                case CONTROL -> Immediate.INSTANCE;
            };
        }

        @Override
        public GuestCalls guestCalls(int parts) {
            return new GuestCalls(
                    Math.ceilDiv(options.urgentPerSecond(), parts),
                    Math.ceilDiv(options.callsPerSecond(), parts));
        }

        @Override
        public UnitCosts costs() {
            return options.costs();
        }

        @Override
        public String effective() {
            return ("rx: urgent at once, else within %d us, bulk %d us, at most %d packets;"
                            + " tx: within %d us where the guest takes them with received packets")
                    .formatted(
                            options.normalMicros(),
                            options.bulkMicros(),
                            options.framesMax(),
                            options.completionMicros());
        }

        @Override
        public String name() {
            return "pace";
        }
    }
}
