package paranet.core.mitigation;

/**
 * Policy {@code none}: a guest that is armed is interrupted at once.
 *
 * <p>Threading: immutable.
 */
public final class Immediate implements MitigationPolicy {
    /** The one instance; it has no state. */
    public static final Immediate INSTANCE = new Immediate();

    private Immediate() {}

    @Override
    public long decide(QueueView view, long nowNanos) {
        return view.wanted() ? CALL : NOTHING;
    }
}
