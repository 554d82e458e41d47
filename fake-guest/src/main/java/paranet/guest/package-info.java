/**
 * A front end of our own over the real socket, and the drivers of a guest behind it.
 *
 * <p>Start with {@code FakeFrontend}; {@code VirtioNetDriver} drives the device's rings from the
 * other side. Main code uses {@code paranet.core} and the {@code wire} packages, tests the back
 * ends too.
 *
 * <p>Threading: each class says its own.
 */
package paranet.guest;
