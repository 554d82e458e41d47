/** The command line. */
module paranet.launcher {
    requires ch.qos.logback.classic;
    requires HdrHistogram;
    requires info.picocli;
    requires org.slf4j;
    requires paranet.core;
    requires paranet.guest;
    requires paranet.tap;
    requires paranet.venet;
    requires paranet.virtionet;
}
