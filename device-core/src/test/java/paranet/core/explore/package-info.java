/**
 * Explores every order in which a device and its guest can touch memory, for lost wake-ups. Start
 * at {@code LostWakeUpExplorerTest}: a {@code Model} is a protocol as steps of one memory access
 * each, {@code TwoCores} the store buffers between its two actors, {@code Explorer} visits every
 * state once. {@code Mutant} lists the mistakes that the models can make.
 */
package paranet.core.explore;
