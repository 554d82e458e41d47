package paranet.core.mitigation;

/**
 * Policy {@code dim}: what Linux's drivers do with net_dim, at the device: the tuner sees each call
 * as an event, and its profile is in force as {@link FixedPolicy} says.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class DimPolicy implements MitigationPolicy {
    /** What a profile's time counts from, and with it which profiles there are. */
    public enum Mode {
        /** Event queue entry. */
        EQE,
        /** Completion queue entry. */
        CQE
    }

    private static final int[] RX_EQE_MICROS = {1, 8, 64, 128, 256};
    private static final int[] RX_EQE_FRAMES = {256, 256, 256, 256, 256};
    private static final int[] RX_CQE_MICROS = {2, 8, 16, 32, 64};
    private static final int[] RX_CQE_FRAMES = {256, 128, 64, 64, 64};
    private static final int[] TX_EQE_MICROS = {1, 8, 32, 64, 128};
    private static final int[] TX_EQE_FRAMES = {128, 128, 128, 128, 128};
    private static final int[] TX_CQE_MICROS = {5, 8, 16, 32, 64};
    private static final int[] TX_CQE_FRAMES = {128, 64, 32, 32, 32};

    private final DimTuner tuner = new DimTuner();
    private final FixedPolicy[] profiles = new FixedPolicy[DimTuner.PROFILES];
    private final PolicyOptions.Rates rates;
    private final FixedPolicy shortest;
    private final FixedPolicy longest;
    private FixedPolicy byRate; // or null: the tuner's profile
    private long sampleNanos = QueueView.NEVER;
    private long samplePublished;
    private int events;

    /**
     * @param microsMin shortest hold of any profile, in microseconds
     * @param microsMax longest hold of any profile, in microseconds
     * @param rates at which no profile is searched for
     */
    public DimPolicy(
            QueueView.Kind kind,
            Mode mode,
            long microsMin,
            long microsMax,
            PolicyOptions.Rates rates) {
        this.rates = rates;
        this.shortest = hold(microsMin, frames(kind, mode, 0));
        this.longest = hold(microsMax, frames(kind, mode, DimTuner.PROFILES - 1));
        for (int i = 0; i < profiles.length; i++) {
            long micros = Math.clamp(micros(kind, mode, i), microsMin, microsMax);
            profiles[i] = hold(micros, frames(kind, mode, i));
        }
    }

    private static FixedPolicy hold(long micros, long frames) {
        return new FixedPolicy(new Coalescing(micros, frames, Coalescing.Zero.EVERY_FRAME));
    }

    /** Hold of a profile in microseconds. */
    public static int micros(QueueView.Kind kind, Mode mode, int profile) {
        boolean eqe = mode == Mode.EQE;
        return (kind == QueueView.Kind.TRANSMIT
                        ? eqe ? TX_EQE_MICROS : TX_CQE_MICROS
                        : eqe ? RX_EQE_MICROS : RX_CQE_MICROS)
                [profile];
    }

    /** Most frames held of a profile. */
    public static int frames(QueueView.Kind kind, Mode mode, int profile) {
        boolean eqe = mode == Mode.EQE;
        return (kind == QueueView.Kind.TRANSMIT
                        ? eqe ? TX_EQE_FRAMES : TX_CQE_FRAMES
                        : eqe ? RX_EQE_FRAMES : RX_CQE_FRAMES)
                [profile];
    }

    @Override
    public long decide(QueueView view, long nowNanos) {
        if (rates.areUsed()) {
            sample(view, nowNanos);
        }
        return inForce().decide(view, nowNanos);
    }

    private FixedPolicy inForce() {
        return byRate != null ? byRate : profiles[tuner.profile()];
    }

    private void sample(QueueView view, long nowNanos) {
        long took = nowNanos - sampleNanos;
        if (took < rates.sampleSeconds() * 1_000_000_000L) {
            return;
        }
        if (sampleNanos != QueueView.NEVER) {
            double perSecond = (view.published() - samplePublished) * 1e9 / took;
            byRate = null;
            if (perSecond < rates.lowPerSecond()) {
                byRate = shortest;
            } else if (rates.highPerSecond() != 0 && perSecond > rates.highPerSecond()) {
                byRate = longest;
            }
        }
        sampleNanos = nowNanos;
        samplePublished = view.published();
    }

    @Override
    public CallReason reason() {
        return inForce().reason();
    }

    @Override
    public long gapNanos(QueueView view, long nowNanos) {
        return inForce().gapNanos(view, nowNanos);
    }

    @Override
    public long framesMax(QueueView view, long nowNanos) {
        return inForce().framesMax(view, nowNanos);
    }

    @Override
    public void called(QueueView view, long nowNanos) {
        tuner.event(++events, (int) view.published(), (int) view.bytes(), nowNanos);
    }

    public DimTuner tuner() {
        return tuner;
    }
}
