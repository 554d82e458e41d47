/**
 * Tests with real guests: they drive {@code ./paranet} as a process, with its TAP in a network
 * namespace of the test's own. Start reading at {@link paranet.launcher.guest.QemuGuestTest}.
 *
 * <p>{@link paranet.launcher.guest.Namespace} owns the network and whatever runs in it, {@link
 * paranet.launcher.guest.PortUnderTest} the back end, {@link paranet.launcher.guest.Initramfs}
 * makes the guest's file system, {@link paranet.launcher.guest.GuestConsole} runs commands in a
 * guest, {@link paranet.launcher.guest.Provisioned} says where the front ends and kernels are.
 *
 * <p>Needs root and what {@code launcher/src/test/guests/provision.sh} prepares; without them the
 * tests are skipped with that reason. Threading: a test's thread drives everything; readers of
 * pipes have threads of their own.
 */
package paranet.launcher.guest;
