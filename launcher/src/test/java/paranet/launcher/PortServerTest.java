package paranet.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.io.StringWriter;

/** What shows only when the options are carried out. */
class PortServerTest {
    @Test
    void refusesAnInheritedDescriptorThatIsNoSocket() {
        StringWriter err = new StringWriter();
        CommandLine commandLine =
                Options.commandLine(
                        new StopSignal(), PortServer::serve, (_, _) -> 0, (_, _) -> 0, (_, _) -> 0);
        commandLine.setErr(new PrintWriter(err, true));
        assertEquals(ExitStatus.USAGE, commandLine.execute("serve", "--fd=1048575", "--echo"));
        assertTrue(
                err.toString().startsWith("paranet: --fd=1048575 is no open socket; "),
                err.toString());
    }
}
