package paranet.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.frame.FrameBridge;
import paranet.core.host.BusyPoll;
import paranet.tap.SinkBridge;
import paranet.virtionet.VirtioNetOptions;

import java.lang.reflect.Proxy;

class BackEndTest {
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void tellsTheGuestThatTheNetworkIsDown(boolean up) throws Exception {
        SinkBridge sink = new SinkBridge(1);
        FrameBridge bridge =
                (FrameBridge)
                        Proxy.newProxyInstance(
                                FrameBridge.class.getClassLoader(),
                                new Class<?>[] {FrameBridge.class},
                                (_, method, arguments) ->
                                        method.getName().equals("linkUp")
                                                ? up
                                                : method.invoke(sink, arguments));
        try (HostThreads threads = new HostThreads(1, BusyPoll.ADAPTIVE, new StopSignal());
                VirtioNetBackEnd backEnd =
                        new VirtioNetBackEnd("link", bridge, VirtioNetOptions.DEFAULT, threads)) {
            assertEquals(up, backEnd.device().linkUp());
        }
    }
}
