package paranet.launcher;

/**
 * What {@code paranet demo} was asked for, checked.
 *
 * <p>Threading: immutable.
 *
 * @param seconds 1 to 86,400
 */
record DemoOptions(DeviceChoice device, int seconds) {}
