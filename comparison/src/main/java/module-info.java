/** Devices and policies compared on a virtual clock, and the report of it. */
module paranet.compare {
    requires transitive paranet.core;

    exports paranet.compare;
    exports paranet.compare.sim;
}
