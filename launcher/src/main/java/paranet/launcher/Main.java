package paranet.launcher;

/**
 * Where the process starts, and where every command meets what carries it out.
 *
 * <p>Threading: confined to the main thread.
 */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        StopSignal stop = StopSignal.onTermination();
        int status =
                Options.commandLine(stop, Main::serve, Main::loopback, Main::demo, Main::compare)
                        .execute(arguments);
        stop.exit(status);
    }

    private static int serve(ServeOptions options, StopSignal stop) throws Exception {
        return PortServer.serve(options, stop);
    }

    private static int loopback(LoopbackOptions options, StopSignal stop) throws Exception {
        return LoopbackRun.run(options, stop);
    }

    private static int demo(DemoOptions options, StopSignal stop) throws Exception {
        return DemoRun.run(options, stop);
    }

    private static int compare(CompareOptions options, StopSignal stop) throws Exception {
        return CompareRun.run(options, stop);
    }
}
