/**
 * A small network stack: ARP, ICMP echo, UDP echo and TCP over IPv4, for a guest without a kernel.
 *
 * <p>Start with {@code GuestStack}: frames and the time go in, frames come out. {@code
 * TcpConnection} is one connection (RFC 9293 with one window and no congestion control).
 *
 * <p>Pure: no I/O, no threads, no clock but a parameter. May import: {@code paranet.guest.frame}.
 * Threading: a stack is confined to one thread.
 */
package paranet.guest.stack;
