/** A front end and drivers of our own. */
module paranet.guest {
    requires transitive paranet.core;
    requires HdrHistogram;
    requires org.slf4j;
    requires paranet.venet;
    requires paranet.virtionet;

    exports paranet.guest to
            paranet.bench,
            paranet.launcher;
    exports paranet.guest.compare to
            paranet.launcher;
    exports paranet.guest.demo to
            paranet.launcher;
    exports paranet.guest.frame;
    exports paranet.guest.loopback to
            paranet.bench,
            paranet.launcher;
    exports paranet.guest.sim to
            paranet.launcher;
    exports paranet.guest.stack;
}
