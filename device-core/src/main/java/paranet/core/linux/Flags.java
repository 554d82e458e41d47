package paranet.core.linux;

/**
 * Constants of the kernel's headers that more than one class of this package needs, under their own
 * names. Values are those of x86-64 and aarch64 alike.
 *
 * <p>Threading: immutable.
 */
final class Flags {
    static final int O_RDWR = 2;
    static final int O_NONBLOCK = 0x800;
    static final int O_CLOEXEC = 0x80000;
    static final int F_GETFL = 3;
    static final int F_SETFL = 4;
    static final int F_DUPFD_CLOEXEC = 1030;
    static final int F_ADD_SEALS = 1033;
    static final int F_GET_SEALS = 1034;
    static final int F_SEAL_SHRINK = 2;
    static final int MSG_DONTWAIT = 0x40;
    static final int MSG_NOSIGNAL = 0x4000;

    private Flags() {}
}
