package org.jclusterfs.journal;

import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/** A block image as it stands in the log: bytes of a transaction's stream, maybe compressed. */
record StoredBlock(byte[] stream, int offset, int length, boolean compressed, int blockSize) {

  private static final LZ4SafeDecompressor DECOMPRESSOR =
      LZ4Factory.fastestJavaInstance().safeDecompressor();

  /** The whole block, in an array of its own. */
  byte[] unpack() {
    byte[] block = new byte[blockSize];
    if (!compressed) {
      System.arraycopy(stream, offset, block, 0, blockSize);
      return block;
    }
    int size = DECOMPRESSOR.decompress(stream, offset, length, block, 0, blockSize);
    if (size != blockSize) {
      throw new LZ4Exception("image unpacks to " + size + " bytes instead of " + blockSize);
    }
    return block;
  }
}
