package org.jclusterfs.iscsi.wire;

import java.nio.ByteBuffer;

/** Puts PDUs on the wire, in order. Called on the connection's event loop only. */
public interface PduSink {

  /**
   * Sends one PDU.
   *
   * @param bhs header, whose DataSegmentLength the sink sets; may be reused after the call
   * @param data data segment from position to limit, unchanged; frozen until the command it belongs
   *     to ends; null for none
   */
  void send(ByteBuffer bhs, ByteBuffer data);

  /** Whether more may be sent without piling up in memory. */
  boolean isWritable();

  /** Hands what was sent to the kernel. */
  void flush();
}
