package paranet.core.linux;

import jnr.posix.FileStat;

/**
 * What makes two descriptors descriptors of one file: st_dev and st_ino (stat(2)).
 *
 * <p>Threading: immutable.
 */
public record FileIdentity(long device, long inode) {
    /** Of the file that is open here. */
    public static FileIdentity of(Fd file) throws LinuxException {
        FileStat stat = WakeDescriptor.stat(file);
        return new FileIdentity(stat.dev(), stat.ino());
    }
}
