/**
 * Benchmarks: one JMH class per operation; whole processes are compared by the scripts beside them
 * (docs/benchmarks.md).
 *
 * <p>May import: every module but the launcher. Threading: as JMH runs them.
 */
package paranet.bench;
