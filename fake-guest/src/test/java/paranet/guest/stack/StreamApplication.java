package paranet.guest.stack;

import java.io.ByteArrayOutputStream;
import java.util.SplittableRandom;

/** Sends bytes in random pieces, then FIN, and keeps what it receives. */
final class StreamApplication implements TcpApplication {
    private final byte[] toSend;
    private final SplittableRandom random;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final byte[] buffer = new byte[10_000];
    private int sent;
    private TcpConnection connection;
    TcpConnection.State last;
    String failure;
    boolean ended;

    StreamApplication(byte[] toSend, long seed) {
        this.toSend = toSend;
        this.random = new SplittableRandom(seed);
    }

    @Override
    public void progress(TcpConnection connection, long now) {
        if (this.connection == null) {
            this.connection = connection;
        } else if (this.connection != connection) {
            return; // a late copy of the SYN opened another one
        }
        last = connection.state();
        failure = connection.failure();
        int bytes = connection.read(buffer, 0, 1 + random.nextInt(buffer.length));
        received.write(buffer, 0, bytes);
        ended |= connection.atEnd();
        sent +=
                connection.write(
                        toSend, sent, Math.min(toSend.length - sent, 1 + random.nextInt(20_000)));
        if (sent == toSend.length && last != TcpConnection.State.SYN_SENT) {
            connection.close();
        }
    }

    byte[] received() {
        return received.toByteArray();
    }
}
