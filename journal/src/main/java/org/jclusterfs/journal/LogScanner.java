package org.jclusterfs.journal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * Reads the committed transactions of a journal that was not closed cleanly, from the tail to the
 * first place where none follows. Used once, by one thread.
 *
 * <p>A transaction that is there whole ends with a commit record whose checksum covers every block
 * of it; anything else is the end of the log. Since a transaction is written only when the one
 * before it is durable, a block of a later one behind that end proves that a committed transaction
 * is damaged.
 */
final class LogScanner {

  /** So many images are worth more than one thread. */
  private static final int MANY_IMAGES = 64;

  private final LogDevice device;
  private final LogGeometry geometry;
  private final JournalHeader header;
  private final BlockInspector inspector;
  private final boolean checksummed;

  private final TreeMap<Long, LoggedImage> images = new TreeMap<>();
  private final Map<Long, Long> revokes = new HashMap<>();
  private long position;
  private long lastSequence;
  private int transactions;
  private String damage;

  private LogReader reader;

  LogScanner(LogDevice device, LogGeometry geometry, JournalHeader header, JournalOptions options) {
    this.device = device;
    this.geometry = geometry;
    this.header = header;
    this.inspector = options.inspector();
    this.checksummed = !options.leavesOut(Fault.TRANSACTION_CHECKSUM);
    this.position = header.tailBlock() - LogGeometry.HEADER_BLOCKS;
    this.lastSequence = header.tailSequence();
  }

  /** Newest image per block, sorted by address. */
  TreeMap<Long, LoggedImage> images() {
    return images;
  }

  /** Ring position behind the last committed transaction. */
  long end() {
    return position;
  }

  /** Sequence of the last committed transaction. */
  long lastSequence() {
    return lastSequence;
  }

  /** Committed transactions found. */
  int transactions() {
    return transactions;
  }

  /** What is wrong with a committed transaction, or null. */
  String damage() {
    return damage;
  }

  void scan() throws IOException {
    long start = position;
    try (LogReader opened = new LogReader(device, geometry, start + geometry.ringBlocks())) {
      reader = opened;
      while (position - start < geometry.ringBlocks()
          && readTransaction(geometry.ringBlocks() - (position - start))) {
        transactions++;
      }
      lookBehind(start + geometry.ringBlocks());
    }
    reader = null;
    images
        .values()
        .removeIf(image -> revokes.getOrDefault(image.address(), -1L) >= image.sequence());
    inspect();
  }

  /** Looks for blocks of later transactions between the end of the log and the ring's. */
  private void lookBehind(long ringEnd) throws IOException {
    for (long behind = position; behind < ringEnd; behind++) {
      ByteBuffer block = reader.block(behind);
      if (LogBlock.belongs(block, 0, geometry, header.incarnation())
          && block.getLong(LogBlock.PREVIOUS_SEQUENCE) > lastSequence) {
        damage =
            "the journal of slot "
                + geometry.slot()
                + " is damaged: the transaction after "
                + lastSequence
                + " was committed, but is not readable any more";
        break;
      }
    }
  }

  /** Reads the transaction at the current position; false: there is no committed one. */
  private boolean readTransaction(long maxBlocks) throws IOException {
    CRC32C crc = new CRC32C();
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    byte[] payload = new byte[geometry.payloadBytes()];
    long sequence = 0;
    for (int index = 0; index < maxBlocks; index++) {
      ByteBuffer block = reader.block(position + index);
      if (!LogBlock.belongs(block, 0, geometry, header.incarnation())
          || block.getInt(LogBlock.INDEX) != index
          || block.getLong(LogBlock.PREVIOUS_SEQUENCE) != lastSequence) {
        return false;
      }
      if (index == 0) {
        sequence = block.getLong(LogBlock.SEQUENCE);
      }
      if (sequence <= lastSequence || block.getLong(LogBlock.SEQUENCE) != sequence) {
        return false;
      }
      if (block.getInt(LogBlock.MAGIC) == LogBlock.MAGIC_COMMIT) {
        CommitRecord record = CommitRecord.get(block, 0);
        crc.update(block.slice(0, CommitRecord.CHECKSUM));
        crc.update(new byte[Integer.BYTES]);
        crc.update(
            block.slice(CommitRecord.ENTRY_COUNT, geometry.blockSize() - CommitRecord.ENTRY_COUNT));
        boolean whole = !checksummed || record.checksum() == (int) crc.getValue();
        if (record.blockCount() != index + 1 || !whole) {
          return false;
        }
        parse(stream.toByteArray(), record, sequence);
        position += index + 1;
        lastSequence = sequence;
        return true;
      }
      crc.update(block.duplicate());
      block.get(LogBlock.BYTES, payload);
      stream.write(payload, 0, payload.length);
    }
    return false;
  }

  private void parse(byte[] stream, CommitRecord record, long sequence)
      throws JournalFormatException {
    String who = "transaction " + sequence + " in the journal of slot " + geometry.slot();
    if (record.dependencyCount() != 0) {
      throw JournalFormatException.unsupported(
          who + " depends on other journals, which this version does not know: use a newer one");
    }
    if (record.streamBytes() < 0 || record.streamBytes() > stream.length) {
      throw new JournalFormatException(who + " has an impossible length");
    }
    int at = 0;
    for (int entry = 0; entry < record.entryCount(); entry++) {
      if (at + EntryTag.BYTES > record.streamBytes()) {
        throw new JournalFormatException(who + " ends within an entry");
      }
      EntryTag tag = EntryTag.get(stream, at);
      at += EntryTag.BYTES;
      int length = tag.storedLength();
      if (length < 0 || length > geometry.blockSize() || at + length > record.streamBytes()) {
        throw new JournalFormatException(who + " has an entry of " + length + " bytes");
      }
      switch (tag.kind()) {
        case EntryTag.KIND_REVOKE:
          revokes.put(tag.address(), sequence);
          break;
        case EntryTag.KIND_IMAGE:
          images.put(tag.address(), image(stream, at, tag, sequence, who));
          break;
        default:
          throw new JournalFormatException(who + " has an entry of unknown kind " + tag.kind());
      }
      at += length + EntryTag.padding(length);
    }
  }

  private LoggedImage image(byte[] stream, int at, EntryTag tag, long sequence, String who)
      throws JournalFormatException {
    boolean raw = tag.encoding() == EntryTag.ENCODING_RAW;
    if (raw
        ? tag.storedLength() != geometry.blockSize()
        : tag.encoding() != EntryTag.ENCODING_LZ4) {
      throw new JournalFormatException(
          who + " has an image of unknown encoding " + tag.encoding() + "/" + tag.storedLength());
    }
    StoredBlock stored =
        new StoredBlock(stream, at, tag.storedLength(), !raw, geometry.blockSize());
    return new LoggedImage(tag.address(), tag.lock(), sequence, tag.version(), stored);
  }

  /**
   * Gives the images the versions that their contents say. Only the newest image of a block is
   * unpacked for that: a full log holds many of some.
   */
  private void inspect() throws JournalFormatException {
    boolean many = images.size() >= MANY_IMAGES;
    List<LoggedImage> inspected =
        (many ? images.values().parallelStream() : images.values().stream())
            .map(image -> image.withVersion(inspector.version(image.content(), image.address())))
            .toList();
    for (LoggedImage image : inspected) {
      LoggedImage logged = images.put(image.address(), image);
      boolean contradicts =
          logged.version() != EntryTag.VERSION_UNKNOWN && logged.version() != image.version();
      if (image.version() == BlockInspector.INVALID || contradicts) {
        throw new JournalFormatException(
            "transaction "
                + image.sequence()
                + " in the journal of slot "
                + geometry.slot()
                + " holds an image of block "
                + image.address()
                + " that is not valid metadata");
      }
    }
  }
}
