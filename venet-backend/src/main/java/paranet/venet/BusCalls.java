package paranet.venet;

import paranet.core.device.BusControl;
import paranet.core.ioq.SouthIoq;
import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.DeviceCalls;
import paranet.core.mitigation.EventFold;
import paranet.core.mitigation.GuestCalls;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueView;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * When the guest of one bus is told the signals of all its devices: the policy and what they have
 * in common. Once one of them is told, those that are held go along, in the same injection of the
 * event queue.
 *
 * <p>Threading: confined to one worker; any thread may ask for the accounts.
 */
final class BusCalls {
    private final CallAccounts accounts = new CallAccounts();
    private final EventFold[] folds = new EventFold[BusControl.EVENTQ_COUNT_MAX];
    private final IdentityHashMap<Object, DeviceCalls> devices = new IdentityHashMap<>();
    private final IdentityHashMap<SignalCalls, Object> owners = new IdentityHashMap<>();
    private final List<SignalCalls> all = new ArrayList<>();
    private SignalCalls[] asked = {}; // the same
    private PolicyOptions options = new PolicyOptions.None();
    private GuestCalls guest = options.guestCalls();
    private boolean sorting;
    private boolean called; // and nobody was asked to go along yet
    private long nowNanos;

    BusCalls() {
        Arrays.setAll(folds, _ -> new EventFold());
    }

    /** The clock of the cycle. */
    void begin(long now) {
        nowNanos = now;
    }

    long nowNanos() {
        return nowNanos;
    }

    /** Accounts of an event queue. */
    EventFold fold(int eventq) {
        return folds[eventq];
    }

    /** Whether the policy wants frames told apart. */
    boolean isSorting() {
        return sorting;
    }

    /**
     * Of a ring that was registered.
     *
     * @param device whose ring it is
     * @param eventq where its signal's event goes
     */
    SignalCalls add(Object device, SouthIoq ring, QueueView.Kind kind, int eventq) {
        SignalCalls calls =
                new SignalCalls(this, ring, kind, options, callsOf(device), folds[eventq]);
        accounts.add(calls.ledger());
        owners.put(calls, device);
        all.add(calls);
        changed();
        return calls;
    }

    private DeviceCalls callsOf(Object device) {
        return devices.computeIfAbsent(device, _ -> guest.device());
    }

    /** The signal is no more; guest memory is not touched. */
    void remove(SignalCalls calls) {
        calls.forget();
        for (EventFold fold : folds) {
            fold.forget(calls.queueCalls());
        }
        accounts.remove(calls.ledger());
        owners.remove(calls);
        all.remove(calls);
        changed();
    }

    /** All signals are no more; guest memory is not touched. */
    void forget() {
        for (SignalCalls calls : asked) {
            remove(calls);
        }
        devices.clear();
        Arrays.setAll(folds, _ -> new EventFold());
        called = false;
    }

    private void changed() {
        asked = all.toArray(SignalCalls[]::new);
        sorting = false;
        for (SignalCalls calls : asked) {
            sorting |= calls.queueCalls().policy().classifies();
        }
    }

    /** Another policy, for all that is held too. */
    void coalesce(PolicyOptions next) {
        options = next;
        guest = next.guestCalls();
        devices.clear();
        for (SignalCalls calls : asked) {
            calls.coalesce(next, callsOf(owners.get(calls)));
        }
        changed();
    }

    /** A signal is told. */
    void called() {
        called = true;
    }

    /** Asks for what is due; and whoever is held goes along with a signal that is told. */
    void step() {
        for (SignalCalls calls : asked) {
            calls.step();
        }
        if (called) {
            for (SignalCalls calls : asked) {
                calls.join();
            }
            called = false;
        }
    }

    /** When something that is held is due, or Long.MAX_VALUE. */
    long dueNanos() {
        long due = Long.MAX_VALUE;
        for (SignalCalls calls : asked) {
            due = Math.min(due, calls.dueNanos());
        }
        return due;
    }

    CallAccounts.Snapshot accounts() {
        return accounts.snapshot();
    }
}
