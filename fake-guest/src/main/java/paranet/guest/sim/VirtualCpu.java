package paranet.guest.sim;

import paranet.core.mitigation.UnitCosts;

import java.util.ArrayDeque;

/**
 * A virtual CPU: interrupts first, then what they scheduled, then programs; then it sleeps. One
 * piece of work, a frame or so, is not interrupted.
 *
 * <p>Threading: confined to its simulation.
 */
final class VirtualCpu {
    /** Something to do, in pieces. */
    interface Work {
        /** Begins the next piece and tells what it takes, in nanoseconds; or NOTHING. */
        long begin();

        void end();
    }

    static final long NOTHING = -1;

    private static final int BUDGET = 64; // pieces until the next one's turn

    private final VirtualClock clock;
    private final UnitCosts costs;
    private final Tally tally;
    private final ArrayDeque<InterruptLine> interrupts = new ArrayDeque<>();
    private final ArrayDeque<Work> polls = new ArrayDeque<>();
    private final ArrayDeque<Work> programs = new ArrayDeque<>();
    private int done; // pieces of the first of the polls
    private boolean programNext;
    private boolean asleep = true;
    private boolean waking;
    private long stolenUntilNanos = Long.MIN_VALUE;
    private int onTheirWay; // calls
    private long debtNanos; // spent by a piece that was over already

    VirtualCpu(VirtualClock clock, UnitCosts costs, Tally tally) {
        this.clock = clock;
        this.costs = costs;
        this.tally = tally;
    }

    Tally tally() {
        return tally;
    }

    /** A call for a line of this CPU was made. */
    void interrupt(InterruptLine line) {
        boolean slept = asleep;
        if (slept) {
            asleep = false;
            waking = true;
        }
        boolean accompanies = onTheirWay++ != 0;
        clock.after(
                costs.callNanos() + (slept ? costs.wakeNanos() : 0),
                () -> {
                    onTheirWay--;
                    if (!slept && !waking && !asleep) {
                        tally.runningInterrupts++;
                        if (accompanies) {
                            tally.accompanyingInterrupts++;
                        }
                        debtNanos += costs.deliverNanos();
                    }
                    interrupts.add(line);
                    if (slept || asleep) {
                        waking = false;
                        asleep = false;
                        step();
                    }
                });
    }

    /** As softirqs are: after interrupts, before programs. */
    void schedule(Work poll) {
        polls.add(poll);
        stir();
    }

    /** A program has to do something once. */
    void run(long nanos, Runnable end) {
        programs.add(
                new Work() {
                    private boolean begun;

                    @Override
                    public long begin() {
                        if (begun) {
                            return NOTHING;
                        }
                        begun = true;
                        return nanos;
                    }

                    @Override
                    public void end() {
                        end.run();
                    }
                });
        stir();
    }

    /** The piece that is at its end took so much longer. */
    void spend(long nanos) {
        debtNanos += nanos;
    }

    /** The host runs something else instead, for a time. */
    void steal(long nanos) {
        stolenUntilNanos = Math.max(stolenUntilNanos, clock.nowNanos() + nanos);
    }

    /** By a timer of the guest's own, where nothing of the device's woke it. */
    private void stir() {
        if (asleep) {
            asleep = false;
            clock.after(0, this::step);
        }
    }

    private void step() {
        if (clock.nowNanos() < stolenUntilNanos) {
            clock.at(stolenUntilNanos, this::step);
            return;
        }
        if (debtNanos != 0) {
            long nanos = debtNanos;
            debtNanos = 0;
            after(nanos, this::step);
            return;
        }
        if (!interrupts.isEmpty()) {
            InterruptLine line = interrupts.remove();
            tally.interrupts++;
            after(
                    costs.irqNanos() + line.taken(),
                    () -> {
                        line.handle();
                        spend(costs.eoiNanos());
                        step();
                    });
            return;
        }
        if (!polls.isEmpty() && !(programNext && !programs.isEmpty())) {
            poll();
            return;
        }
        programNext = false;
        if (!programs.isEmpty()) {
            Work program = programs.remove();
            after(
                    program.begin(),
                    () -> {
                        program.end();
                        step();
                    });
            return;
        }
        asleep = true;
        tally.halts++;
    }

    private void poll() {
        Work work = polls.element();
        long nanos = work.begin();
        if (nanos == NOTHING) {
            polls.remove(work);
            done = 0;
            step();
            return;
        }
        if (++done == BUDGET) {
            polls.remove(work);
            polls.add(work);
            done = 0;
            programNext = true;
        }
        after(
                nanos,
                () -> {
                    work.end();
                    step();
                });
    }

    private void after(long nanos, Runnable what) {
        tally.guestBusyNanos += nanos;
        clock.after(nanos, what);
    }
}
