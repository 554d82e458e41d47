package paranet.guest.demo;

/**
 * One thing the demo proves, and how far it is.
 *
 * <p>Threading: one writer at a time; any thread may read.
 */
final class Check {
    enum State {
        WAITING,
        RUNNING,
        DONE,
        FAILED
    }

    private record Progress(State state, String detail) {}

    private final String name;
    private volatile Progress progress = new Progress(State.WAITING, "");

    Check(String name) {
        this.name = name;
    }

    String name() {
        return name;
    }

    State state() {
        return progress.state;
    }

    String detail() {
        return progress.detail;
    }

    void running(String detail) {
        progress = new Progress(State.RUNNING, detail);
    }

    void done(String detail) {
        progress = new Progress(State.DONE, detail);
    }

    void failed(String why) {
        progress = new Progress(State.FAILED, why);
    }
}
