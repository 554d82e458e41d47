/** Everything a device needs: guest memory, rings, vhost-user, native calls, the event loop. */
module paranet.core {
    requires io.netty.buffer;
    requires io.netty.common;
    requires io.netty.transport;
    requires io.netty.transport.classes.epoll;
    requires io.netty.transport.unix.common;
    requires org.jnrproject.constants;
    requires org.jnrproject.ffi;
    requires org.jnrproject.posix;
    requires org.slf4j;

    exports paranet.core.device;
    exports paranet.core.frame;
    exports paranet.core.ioq;
    exports paranet.core.memory;
    exports paranet.core.mitigation;
    exports paranet.core.offload;
    exports paranet.core.virtqueue;
    exports paranet.core.linux to
            paranet.tap,
            paranet.guest;
    exports paranet.core.vhostuser to
            paranet.launcher,
            paranet.guest;
    exports paranet.core.host to
            paranet.bench,
            paranet.launcher,
            paranet.guest;
}
