package org.jclusterfs.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What recovery found committed in a journal, and the means to bring it home. Used by one thread at
 * a time. Replay changes home blocks only; it may be cut off anywhere and begun again from {@link
 * Journal#recover}, until {@link #markClean} has returned.
 */
public final class RecoveredLog {

  /** Blocks that are read, judged and written as one batch. */
  private static final int BATCH = 2048;

  private static final int REQUESTS_IN_FLIGHT = 128;

  private record Replayed(long address, byte[] content) implements HomeBlocks.Block {}

  private final LogDevice device;
  private final LogGeometry geometry;
  private final JournalHeader header;
  private final BlockInspector inspector;
  private final boolean compareVersions;
  private final LogScanner scanner;
  private final HomeBlocks homeBlocks;
  private boolean damageAccepted;
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
    ReplayResult result = new ReplayResult(0, 0, 0, 0, 0);
    List<LoggedImage> batch = new ArrayList<>();
    for (LoggedImage image : scanner.images().values()) {
      if (subset.test(image)) {
        batch.add(image);
      }
      if (batch.size() == BATCH) {
        result = result.plus(replayBatch(batch, filter));
        batch.clear();
      }
    }
    return result.plus(replayBatch(batch, filter));
  }

  private ReplayResult replayBatch(List<LoggedImage> batch, ReplayFilter filter)
      throws IOException {
    ByteBuffer homes = ByteBuffer.allocateDirect(batch.size() * geometry.blockSize());
    readHomes(batch, homes);
    long rereads = rereadInvalid(batch, homes);
    List<Replayed> writes = new ArrayList<>();
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
      byte[] content = new byte[geometry.blockSize()];
      image.content().get(content);
      writes.add(new Replayed(image.address(), content));
    }
    homeBlocks.write(writes, () -> {});
    return new ReplayResult(batch.size(), writes.size(), newer, refused, rereads);
  }

  /** Reads again what is not valid metadata: a read may have crossed a write that is under way. */
  private long rereadInvalid(List<LoggedImage> batch, ByteBuffer homes) throws IOException {
    RequestWindow window = new RequestWindow(REQUESTS_IN_FLIGHT, homeBlocks.pool());
    long rereads = 0;
    for (int i = 0; i < batch.size(); i++) {
      long address = batch.get(i).address();
      ByteBuffer home = home(homes, i);
      if (inspector.version(home.duplicate(), address) == BlockInspector.INVALID) {
        window.submit(() -> device.readHome(address, home), null);
        rereads++;
      }
    }
    window.drain();
    return rereads;
  }

  private ByteBuffer home(ByteBuffer homes, int index) {
    return homes.slice(index * geometry.blockSize(), geometry.blockSize());
  }

  /** Reads the homes of a batch, runs of adjacent ones by one request. */
  private void readHomes(List<LoggedImage> batch, ByteBuffer homes) throws IOException {
    RequestWindow window = new RequestWindow(REQUESTS_IN_FLIGHT, homeBlocks.pool());
    for (int from = 0; from < batch.size(); ) {
      long first = batch.get(from).address();
      int to = from + 1;
      while (to < batch.size() && batch.get(to).address() == first + (to - from)) {
        to++;
      }
      ByteBuffer run = homes.slice(from * geometry.blockSize(), (to - from) * geometry.blockSize());
      window.submit(() -> device.readHome(first, run), null);
      from = to;
    }
    window.drain();
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
