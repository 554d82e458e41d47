/**
 * The only package that waits: threads, sockets, epoll; and the only one that imports Netty.
 *
 * <p>Start with {@code QueueWorker}, one thread with one duty cycle; {@code FrontendConnection}
 * joins a socket to a session.
 *
 * <p>May import: every package of device-core. Threading: each class says its own.
 */
package paranet.core.host;
