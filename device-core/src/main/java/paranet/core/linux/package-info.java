/**
 * Native calls: the only package that imports jnr-ffi and jnr-posix.
 *
 * <p>Start with {@code Fd}, the one owner of a descriptor. {@code LibC} has one Java method per
 * call, named after it, and is used nowhere else; a negative result becomes a {@code
 * LinuxException}.
 *
 * <p>May import: {@code memory}. Threading: the captured errno belongs to one thread; each class
 * says the rest.
 */
package paranet.core.linux;
