package org.jclusterfs.core.cluster;

import java.nio.ByteBuffer;
import java.util.BitSet;
import org.jclusterfs.core.format.Heartbeat;

/**
 * A heartbeat block as a value.
 *
 * @param slot the slot
 * @param state as {@link Heartbeat#state}
 * @param incarnation of the writer
 * @param sequence raised by each beat
 * @param view that the writer lives in
 * @param thresholdMillis that the writer counts with
 * @param connected slots that the writer is connected to
 */
record Beat(
    int slot,
    int state,
    long incarnation,
    long sequence,
    long view,
    int thresholdMillis,
    BitSet connected) {

  static Beat read(ByteBuffer block) {
    BitSet connected = new BitSet();
    for (int i = 0; i < Heartbeat.CONNECTED_LENGTH * 8; i++) {
      connected.set(i, Heartbeat.connected(block, i));
    }
    return new Beat(
        Heartbeat.slot(block),
        Heartbeat.state(block),
        Heartbeat.incarnation(block),
        Heartbeat.sequence(block),
        Heartbeat.view(block),
        Heartbeat.threshold(block),
        connected);
  }

  void write(ByteBuffer block) {
    Heartbeat.slot(block, slot);
    Heartbeat.state(block, state);
    Heartbeat.incarnation(block, incarnation);
    Heartbeat.sequence(block, sequence);
    Heartbeat.wallClock(block, System.currentTimeMillis());
    Heartbeat.view(block, view);
    Heartbeat.threshold(block, thresholdMillis);
    connected.stream().forEach(i -> Heartbeat.connected(block, i, true));
  }
}
