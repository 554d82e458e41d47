package paranet.core.vhostuser;

import paranet.core.linux.Fd;

import java.util.List;

/**
 * What a front end asks: one record per message, as it stood on the wire. Numbers of 32 bits are
 * unsigned, whatever the sign of the int that holds them.
 *
 * <p>A record owns the descriptors that came with it until {@link Session#handle} takes them;
 * {@link #close} is for a request that nobody handles.
 *
 * <p>Threading: immutable, but for the descriptors.
 */
public sealed interface FrontendRequest extends AutoCloseable
        permits BusRequest,
                FrontendRequest.GetFeatures,
                FrontendRequest.SetFeatures,
                FrontendRequest.SetOwner,
                FrontendRequest.ResetOwner,
                FrontendRequest.SetMemTable,
                FrontendRequest.SetVringNum,
                FrontendRequest.SetVringAddr,
                FrontendRequest.SetVringBase,
                FrontendRequest.GetVringBase,
                FrontendRequest.SetVringKick,
                FrontendRequest.SetVringCall,
                FrontendRequest.SetVringErr,
                FrontendRequest.GetProtocolFeatures,
                FrontendRequest.SetProtocolFeatures,
                FrontendRequest.GetQueueNum,
                FrontendRequest.SetVringEnable,
                FrontendRequest.SendRarp,
                FrontendRequest.NetSetMtu,
                FrontendRequest.SetBackendReqFd,
                FrontendRequest.GetConfig,
                FrontendRequest.SetConfig,
                FrontendRequest.ResetDevice,
                FrontendRequest.GetMaxMemSlots,
                FrontendRequest.AddMemReg,
                FrontendRequest.RemMemReg,
                FrontendRequest.SetStatus,
                FrontendRequest.GetStatus,
                FrontendRequest.Unknown {
    /** The message's row in the table. */
    MessageType type();

    /** The request's number, which a reply repeats. */
    default int id() {
        return type().id();
    }

    /** Closes the descriptors that came along; those closed already stay closed. */
    @Override
    default void close() {}

    record GetFeatures() implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.GET_FEATURES;
        }
    }

    record SetFeatures(long features) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_FEATURES;
        }
    }

    record SetOwner() implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_OWNER;
        }
    }

    record ResetOwner() implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.RESET_OWNER;
        }
    }

    /** As many files as regions, 0 to 8. */
    record SetMemTable(List<MemoryRegion> regions, List<Fd> files) implements FrontendRequest {
        public SetMemTable {
            regions = List.copyOf(regions);
            files = List.copyOf(files);
            if (regions.size() != files.size()
                    || regions.size() > MessageLayout.MemoryTable.REGIONS_MAX) {
                throw new IllegalArgumentException(
                        "%d regions, %d files".formatted(regions.size(), files.size()));
            }
        }

        @Override
        public MessageType type() {
            return MessageType.SET_MEM_TABLE;
        }

        @Override
        public void close() {
            files.forEach(Fd::close);
        }
    }

    record SetVringNum(int vring, int size) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_VRING_NUM;
        }
    }

    /**
     * Front-end addresses of the three parts of a ring. The log address is not kept: no logging.
     */
    record SetVringAddr(int vring, int flags, long desc, long avail, long used)
            implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_VRING_ADDR;
        }
    }

    record SetVringBase(int vring, int base) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_VRING_BASE;
        }
    }

    /** What the request says beside the index is ignored: DPDK sends a stale value there. */
    record GetVringBase(int vring) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.GET_VRING_BASE;
        }
    }

    /** {@code kick} is null when the back end shall poll. */
    record SetVringKick(int vring, Fd kick) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_VRING_KICK;
        }

        @Override
        public void close() {
            closeIfAny(kick);
        }
    }

    /** {@code call} is null when the guest polls. */
    record SetVringCall(int vring, Fd call) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_VRING_CALL;
        }

        @Override
        public void close() {
            closeIfAny(call);
        }
    }

    /** {@code err} is null when nobody wants to know. */
    record SetVringErr(int vring, Fd err) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_VRING_ERR;
        }

        @Override
        public void close() {
            closeIfAny(err);
        }
    }

    record GetProtocolFeatures() implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.GET_PROTOCOL_FEATURES;
        }
    }

    record SetProtocolFeatures(long features) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_PROTOCOL_FEATURES;
        }
    }

    record GetQueueNum() implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.GET_QUEUE_NUM;
        }
    }

    /** {@code enable} is 1 or 0. */
    record SetVringEnable(int vring, int enable) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_VRING_ENABLE;
        }
    }

    /** The guest's MAC address, 6 bytes. */
    @SuppressWarnings("ArrayRecordComponent") // read once, never compared
    record SendRarp(byte[] mac) implements FrontendRequest {
        public SendRarp {
            if (mac.length != MessageLayout.Rarp.MAC_BYTES) {
                throw new IllegalArgumentException("MAC of %d bytes".formatted(mac.length));
            }
        }

        @Override
        public MessageType type() {
            return MessageType.SEND_RARP;
        }
    }

    /** {@code mtu} in bytes, unsigned. */
    record NetSetMtu(long mtu) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.NET_SET_MTU;
        }
    }

    record SetBackendReqFd(Fd socket) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_BACKEND_REQ_FD;
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    /** {@code offset} and {@code size} in bytes. */
    record GetConfig(int offset, int size, int flags) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.GET_CONFIG;
        }
    }

    /** {@code offset} in bytes; at most 256 bytes of body. */
    @SuppressWarnings("ArrayRecordComponent") // read once, never compared
    record SetConfig(int offset, int flags, byte[] body) implements FrontendRequest {
        public SetConfig {
            if (body.length > MessageLayout.Config.BODY_BYTES_MAX) {
                throw new IllegalArgumentException("body of %d bytes".formatted(body.length));
            }
        }

        @Override
        public MessageType type() {
            return MessageType.SET_CONFIG;
        }
    }

    record ResetDevice() implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.RESET_DEVICE;
        }
    }

    record GetMaxMemSlots() implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.GET_MAX_MEM_SLOTS;
        }
    }

    record AddMemReg(MemoryRegion region, Fd file) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.ADD_MEM_REG;
        }

        @Override
        public void close() {
            file.close();
        }
    }

    /** Matched by all of the region but its mmap offset. */
    record RemMemReg(MemoryRegion region) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.REM_MEM_REG;
        }
    }

    /** Only the low 8 bits count. */
    record SetStatus(long status) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_STATUS;
        }
    }

    record GetStatus() implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.GET_STATUS;
        }
    }

    /** A request without a row of its own; payload and descriptors are gone already. */
    record Unknown(int id, int payloadBytes) implements FrontendRequest {
        @Override
        public MessageType type() {
            return MessageType.UNKNOWN;
        }
    }

    private static void closeIfAny(Fd fd) {
        if (fd != null) {
            fd.close();
        }
    }
}
