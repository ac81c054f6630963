package org.jclusterfs.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/**
 * What recovery found committed in a journal, and the means to bring it home. Used by one thread at
 * a time. Replay changes home blocks only; it may be cut off anywhere and begun again from {@link
 * Journal#recover}, until {@link #markClean} has returned.
 */
public final class RecoveredLog {

  /** Blocks that are read, judged and written as one batch. */
  private static final int BATCH = 1024;

  private static final int REQUESTS_IN_FLIGHT = 128;

  private record Replayed(long address, byte[] content) implements HomeBlocks.Block {
    static Replayed of(LoggedImage image) {
      return new Replayed(image.address(), image.unpacked());
    }
  }

  private final LogDevice device;
  private final LogGeometry geometry;
  private final JournalHeader header;
  private final BlockInspector inspector;
  private final boolean compareVersions;
  private final boolean flushesLog;
  private final LogScanner scanner;
  private final HomeBlocks homeBlocks;
  private boolean damageAccepted;
  private boolean logDurable;
  private boolean done;

  RecoveredLog(
      LogDevice device,
      LogGeometry geometry,
      JournalHeader header,
      JournalOptions options,
      LogScanner scanner) {
    this.device = device;
    this.geometry = geometry;
    this.header = header;
    this.inspector = options.inspector();
    this.compareVersions = !options.leavesOut(Fault.REPLAY_VERSION);
    this.flushesLog = !options.leavesOut(Fault.REPLAY_LOG_FLUSH);
    this.scanner = scanner;
    this.homeBlocks =
        new HomeBlocks(
            device,
            new BufferPool(Math.max(JournalState.CHUNK_BYTES, geometry.blockSize())),
            REQUESTS_IN_FLIGHT);
  }

  /** Whether the journal was closed cleanly: then there is nothing to replay. */
  public boolean clean() {
    return !header.inUse();
  }

  /**
   * Whether both copies of a clean journal's header are whole. One in use may have lost one at a
   * crash; it gets both when it is marked clean.
   */
  public boolean bothHeadersWhole() throws IOException {
    return !clean() || header.hasPredecessor(device, geometry);
  }

  /** Writes the header of a clean journal again, durably, over the copy that is not whole. */
  public void restoreHeader() throws IOException {
    if (!clean()) {
      throw new IllegalStateException("the journal is in use: it gets its headers by a replay");
    }
    header
        .next(
            false,
            header.tailBlock(),
            header.tailSequence(),
            header.nextSequence(),
            header.incarnation())
        .writeDurably(device, geometry);
  }

  /** The newest committed image of each block, sorted by address; revoked ones are left out. */
  public Collection<LoggedImage> images() {
    return Collections.unmodifiableCollection(scanner.images().values());
  }

  /** Sequence of the last committed transaction; 0 if there never was one. */
  public long lastSequence() {
    return scanner.lastSequence();
  }

  /** Number of committed transactions that were not checkpointed. */
  public int transactions() {
    return scanner.transactions();
  }

  /**
   * Says what is wrong if a transaction that was committed cannot be read any more. What precedes
   * it is in {@link #images}; replay and markClean refuse until {@link #acceptDamage}.
   */
  public Optional<String> damage() {
    return Optional.ofNullable(scanner.damage());
  }

  /** Gives up what the damaged transaction and its successors held; for a repairing fsck only. */
  public void acceptDamage() {
    damageAccepted = true;
  }

  /** Replays all images. See {@link #replay(Predicate, ReplayFilter)}. */
  public ReplayResult replay(ReplayFilter filter) throws IOException {
    return replay(image -> true, filter);
  }

  /**
   * Replays the images that {@code subset} accepts: each is written over a home block of a lower
   * version, and over one that is not valid metadata (read twice) if the filter permits. Not
   * flushed.
   */
  public ReplayResult replay(Predicate<LoggedImage> subset, ReplayFilter filter)
      throws IOException {
    refuseDamage();
    List<LoggedImage> wanted = scanner.images().values().stream().filter(subset).toList();
    makeLogDurable();
    ReplayResult result = new ReplayResult(0, 0, 0, 0, 0);
    RequestWindow writes = homeBlocks.window();
    Batch next = startBatch(wanted, 0);
    try {
      for (int from = 0; from < wanted.size(); from += BATCH) {
        Batch batch = next;
        // The next blocks are read while these are unpacked and written.
        next = startBatch(wanted, from + BATCH);
        result = result.plus(replayBatch(batch, filter, writes));
      }
    } finally {
      try {
        Futures.awaitAll(next.reads());
      } finally {
        writes.drain();
      }
    }
    return result;
  }

  /**
   * What was read of the log may be volatile still: a dead node's last write may have landed
   * without a flush behind it. Changes of such a transaction that were brought home could outlive
   * it in a power cut, and the rest of them would be nowhere.
   */
  private void makeLogDurable() throws IOException {
    if (!logDurable && !scanner.images().isEmpty() && flushesLog) {
      Futures.await(Futures.start(device::flush));
    }
    logDurable = true;
  }

  /** Images whose homes are being read. */
  private record Batch(
      List<LoggedImage> images, ByteBuffer homes, List<CompletableFuture<Void>> reads) {}

  private Batch startBatch(List<LoggedImage> wanted, int from) {
    List<LoggedImage> images =
        wanted.subList(
            Math.min(from, wanted.size()), (int) Math.min((long) from + BATCH, wanted.size()));
    ByteBuffer homes = ByteBuffer.allocateDirect(images.size() * geometry.blockSize());
    BitSet all = new BitSet(images.size());
    all.set(0, images.size());
    return new Batch(images, homes, readHomes(images, homes, all));
  }

  private ReplayResult replayBatch(Batch read, ReplayFilter filter, RequestWindow window)
      throws IOException {
    Futures.awaitAll(read.reads());
    List<LoggedImage> batch = read.images();
    ByteBuffer homes = read.homes();
    long rereads = rereadInvalid(batch, homes);
    filter.nextBatch();
    List<LoggedImage> writes = new ArrayList<>();
    long newer = 0;
    long refused = 0;
    for (int i = 0; i < batch.size(); i++) {
      LoggedImage image = batch.get(i);
      long version = inspector.version(home(homes, i), image.address());
      if (version == BlockInspector.INVALID) {
        if (!filter.mayReplay(image.address(), image.lock())) {
          refused++;
          continue;
        }
      } else if (compareVersions && version >= image.version()) {
        newer++;
        continue;
      }
      writes.add(image);
    }
    List<Replayed> unpacked = writes.parallelStream().map(Replayed::of).toList();
    homeBlocks.begin(unpacked, () -> {}, window);
    return new ReplayResult(batch.size(), writes.size(), newer, refused, rereads);
  }

  /** Reads again what is not valid metadata: a read may have crossed a write that is under way. */
  private long rereadInvalid(List<LoggedImage> batch, ByteBuffer homes) throws IOException {
    BitSet invalid = new BitSet(batch.size());
    for (int i = 0; i < batch.size(); i++) {
      long version = inspector.version(home(homes, i), batch.get(i).address());
      invalid.set(i, version == BlockInspector.INVALID);
    }
    Futures.awaitAll(readHomes(batch, homes, invalid));
    return invalid.cardinality();
  }

  private ByteBuffer home(ByteBuffer homes, int index) {
    return homes.slice(index * geometry.blockSize(), geometry.blockSize());
  }

  /** Begins to read some homes of a batch, runs of adjacent ones by one request. */
  private List<CompletableFuture<Void>> readHomes(
      List<LoggedImage> batch, ByteBuffer homes, BitSet wanted) {
    List<CompletableFuture<Void>> reads = new ArrayList<>();
    for (int from = wanted.nextSetBit(0); from >= 0; ) {
      long first = batch.get(from).address();
      int to = from + 1;
      while (to < batch.size() && wanted.get(to) && batch.get(to).address() == first + to - from) {
        to++;
      }
      ByteBuffer run = homes.slice(from * geometry.blockSize(), (to - from) * geometry.blockSize());
      reads.add(Futures.start(() -> device.readHome(first, run)));
      from = wanted.nextSetBit(to);
    }
    return reads;
  }

  /** Flushes what was replayed and then marks the journal clean, durably. */
  public void markClean() throws IOException {
    refuseDamage();
    if (clean() || done) {
      return;
    }
    Futures.await(Futures.start(device::flush));
    // Sequences that were in memory only, or whose log blocks were lost, are never used again.
    long next = Math.max(header.nextSequence(), scanner.lastSequence() + 1) + geometry.ringBlocks();
    header
        .next(
            false,
            geometry.logBlock(scanner.end()),
            scanner.lastSequence(),
            next,
            header.incarnation())
        .writeDurably(device, geometry);
    done = true;
  }

  private void refuseDamage() throws JournalFormatException {
    if (scanner.damage() != null && !damageAccepted) {
      throw new JournalFormatException(scanner.damage() + "; run fsck on the volume");
    }
  }
}
