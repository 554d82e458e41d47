/** The venet device and its bus. */
module paranet.venet {
    requires transitive paranet.core;
    requires org.slf4j;

    exports paranet.venet;
    exports paranet.venet.wire;
}
