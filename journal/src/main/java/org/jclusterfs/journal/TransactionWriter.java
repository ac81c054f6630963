package org.jclusterfs.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;

/**
 * Writes one transaction to the log: a stream of entries cut over blocks, then the commit record.
 * Nothing reaches the device before the flush that the transaction relies on has completed; after
 * that, large requests go out while later entries are still being compressed. Used once, by one
 * thread.
 */
final class TransactionWriter {

  private static final int REQUESTS_IN_FLIGHT = 8;
  private static final LZ4Compressor COMPRESSOR = LZ4Factory.fastestJavaInstance().fastCompressor();
  private static final byte[] ZEROS = new byte[8];

  private final LogDevice device;
  private final LogGeometry geometry;
  private final BufferPool pool;
  private final RequestWindow window;
  private final HomeBlocks.Permit permit;
  private final TransactionId id;
  private final boolean compress;
  private final CRC32C crc = new CRC32C();
  private CompletableFuture<Void> before;

  private ByteBuffer chunk;
  private long chunkStart;
  private int blockStart;
  private long position;
  private int index;
  private long streamBytes;
  private int compressedImages;
  private boolean durable;

  /**
   * @param start ring position of the first block
   * @param before completes when the log may be written
   * @param permit asked before each request
   */
  TransactionWriter(
      LogDevice device,
      LogGeometry geometry,
      BufferPool pool,
      TransactionId id,
      long start,
      boolean compress,
      CompletableFuture<Void> before,
      HomeBlocks.Permit permit) {
    this.device = device;
    this.geometry = geometry;
    this.pool = pool;
    this.window = new RequestWindow(REQUESTS_IN_FLIGHT, pool);
    this.id = id;
    this.position = start;
    this.compress = compress;
    this.before = before;
    this.permit = permit;
  }

  /**
   * Writes the transaction and waits for the acknowledgements.
   *
   * @param durably whether it is to be durable then, if it goes out in one request; see {@link
   *     #durable}
   * @return log blocks written
   */
  int write(List<PendingImage> images, Collection<Long> revokes, boolean durably)
      throws IOException {
    try {
      openBlock(LogBlock.MAGIC_DATA);
      writeEntries(images, revokes);
      closeBlock();
      openBlock(LogBlock.MAGIC_COMMIT);
      writeCommitRecord(images.size() + revokes.size());
      // Several durable requests would each make the device work as hard as one flush for all.
      durable = durably && chunkStart == position - index;
      submitChunk();
    } finally {
      window.drain();
    }
    return index;
  }

  /** Whether all of it is durable; else a flush has to follow. */
  boolean durable() {
    return durable;
  }

  int compressedImages() {
    return compressedImages;
  }

  private void writeEntries(List<PendingImage> images, Collection<Long> revokes)
      throws IOException {
    byte[] tag = new byte[EntryTag.BYTES];
    byte[] packed = new byte[COMPRESSOR.maxCompressedLength(geometry.blockSize())];
    for (long address : revokes) {
      EntryTag.revoke(address).put(tag);
      put(tag, tag.length);
    }
    for (PendingImage image : images) {
      byte[] stored = image.content();
      int length = stored.length;
      int encoding = EntryTag.ENCODING_RAW;
      if (compress) {
        int packedLength = COMPRESSOR.compress(stored, packed);
        if (packedLength < length) {
          stored = packed;
          length = packedLength;
          encoding = EntryTag.ENCODING_LZ4;
          compressedImages++;
        }
      }
      new EntryTag(
              EntryTag.KIND_IMAGE, encoding, length, image.address(), image.lock(), image.version())
          .put(tag);
      put(tag, tag.length);
      put(stored, length);
      put(ZEROS, EntryTag.padding(length));
    }
  }

  private void writeCommitRecord(int entries) {
    while (chunk.position() < blockStart + geometry.blockSize()) {
      chunk.put((byte) 0);
    }
    new CommitRecord(0, entries, streamBytes, index, 0).put(chunk, blockStart);
    crc.update(chunk.slice(blockStart, geometry.blockSize()));
    chunk.putInt(blockStart + CommitRecord.CHECKSUM, (int) crc.getValue());
  }

  private void put(byte[] bytes, int length) throws IOException {
    int done = 0;
    while (done < length) {
      int room = blockStart + geometry.blockSize() - chunk.position();
      if (room == 0) {
        closeBlock();
        openBlock(LogBlock.MAGIC_DATA);
        continue;
      }
      int part = Math.min(room, length - done);
      chunk.put(bytes, done, part);
      done += part;
    }
    streamBytes += length;
  }

  private void openBlock(int magic) {
    if (chunk == null) {
      chunk = pool.take();
      chunkStart = position;
    }
    blockStart = chunk.position();
    LogBlock.put(chunk, blockStart, magic, index, geometry, id);
    chunk.position(blockStart + LogBlock.BYTES);
    index++;
    position++;
  }

  /** Fills the block up, and sends the chunk if it is full or the ring wraps behind it. */
  private void closeBlock() throws IOException {
    while (chunk.position() < blockStart + geometry.blockSize()) {
      chunk.put((byte) 0);
    }
    crc.update(chunk.slice(blockStart, geometry.blockSize()));
    boolean ringWraps = geometry.blocksToEnd(position) == geometry.ringBlocks();
    if (chunk.remaining() < geometry.blockSize() || ringWraps) {
      submitChunk();
    }
  }

  private void submitChunk() throws IOException {
    if (before != null) {
      Futures.await(before);
      before = null;
    }
    permit.check();
    ByteBuffer request = chunk.duplicate().flip();
    ByteBuffer pooled = chunk;
    long logBlock = geometry.logBlock(chunkStart);
    chunk = null;
    boolean durably = durable;
    window.submit(
        () ->
            durably
                ? device.writeLogDurably(logBlock, request)
                : device.writeLog(logBlock, request),
        pooled);
  }
}
