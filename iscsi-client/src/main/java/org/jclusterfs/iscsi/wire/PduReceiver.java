package org.jclusterfs.iscsi.wire;

import java.nio.ByteBuffer;
import org.jclusterfs.iscsi.IscsiException;

/**
 * Takes PDUs from {@link PduDecoder}, on its event loop. Whatever it throws is given to {@link
 * #failed}.
 */
public interface PduReceiver {

  /**
   * Where the data segment of a PDU goes, asked once its header is complete and verified.
   *
   * @return a buffer with at least {@code DataSegmentLength} bytes left, whose position the decoder
   *     advances; null: the decoder allocates one
   * @throws IscsiException where no such data may come
   */
  ByteBuffer destination(ByteBuffer bhs) throws IscsiException;

  /**
   * A whole PDU arrived, digests verified.
   *
   * @param bhs header, valid during the call
   * @param data the data segment where the decoder allocated it, else null
   */
  void received(ByteBuffer bhs, ByteBuffer data) throws IscsiException;

  /** Everything that the socket had to give was delivered: the moment to flush answers. */
  void receivedAll();

  /** The stream cannot be read on; the decoder ignores the rest. */
  void failed(IscsiException cause);

  /** The peer closed the connection. */
  void closed();
}
