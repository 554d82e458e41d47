/** The virtio-net device. */
module paranet.virtionet {
    requires transitive paranet.core;
    requires org.slf4j;

    exports paranet.virtionet;
    exports paranet.virtionet.wire;
}
