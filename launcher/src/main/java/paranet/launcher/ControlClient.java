package paranet.launcher;

import paranet.core.host.ControlSocket;

import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * Asks a running {@code paranet serve} something over its control socket, and prints what it
 * answers.
 *
 * <p>Threading: confined to the main thread.
 */
record ControlClient(Path socket, CommandLine commandLine) {
    /** For a command whose option says where the socket is. */
    static ControlClient of(String controlSocket, CommandLine commandLine) {
        try {
            return new ControlClient(
                    OptionText.socketPath("--control-socket", controlSocket), commandLine);
        } catch (OptionException e) {
            throw new ParameterException(commandLine, e.getMessage(), e);
        }
    }

    /** Sends one request; the exit status. */
    int carryOut(String request) throws IOException {
        return carryOut(request, UnaryOperator.identity());
    }

    /** Likewise, and prints what is made of the answer. */
    int carryOut(String request, UnaryOperator<String> text) throws IOException {
        String answer = ask(request);
        int first = answer.indexOf('\n');
        String verdict = first < 0 ? answer : answer.substring(0, first);
        if (!verdict.equals("ok")) {
            PrintWriter err = commandLine.getErr();
            err.println("paranet: " + (verdict.isEmpty() ? "no answer" : verdict));
            err.flush();
            return ExitStatus.FAILED;
        }
        PrintWriter out = commandLine.getOut();
        out.print(text.apply(answer.substring(first + 1)));
        out.flush();
        return ExitStatus.DONE;
    }

    private String ask(String request) throws IOException {
        byte[] line = (request + "\n").getBytes(StandardCharsets.UTF_8);
        if (line.length > ControlSocket.REQUEST_BYTES_MAX) {
            throw new IOException(
                    "the request has %d bytes, at most %d are possible"
                            .formatted(line.length, ControlSocket.REQUEST_BYTES_MAX));
        }
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            ByteBuffer bytes = ByteBuffer.wrap(line);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            return new String(
                    Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IOException("%s: %s".formatted(socket, e.getMessage()), e);
        }
    }
}
