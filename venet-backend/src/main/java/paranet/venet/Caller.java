package paranet.venet;

/**
 * Where the result of a call goes: into the reply on a channel, or into the descriptor of a channel
 * in guest memory.
 *
 * @param fastcall the descriptor, or null
 *     <p>Threading: immutable.
 */
record Caller(int channel, Segment fastcall) {
    boolean isFastcall() {
        return fastcall != null;
    }
}
