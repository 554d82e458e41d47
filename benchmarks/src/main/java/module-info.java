/** Benchmarks of single operations and of a whole back end. */
module paranet.bench {
    requires jdk.unsupported;
    requires HdrHistogram;
    requires jmh.core;
    requires paranet.core;
    requires paranet.guest;
    requires paranet.tap;
    requires paranet.venet;
    requires paranet.virtionet;
}
