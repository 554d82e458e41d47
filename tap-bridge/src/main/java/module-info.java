/** The Linux TAP side of a port. */
module paranet.tap {
    requires transitive paranet.core;
    requires org.slf4j;

    exports paranet.tap;
}
