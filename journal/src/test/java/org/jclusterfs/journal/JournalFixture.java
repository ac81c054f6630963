package org.jclusterfs.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.jclusterfs.journal.testing.SimulatedLogDevice;
import org.jclusterfs.journal.testing.TestBlock;

/** A formatted journal of slot 0 on a simulated disk; homes are the blocks from 100000 on. */
final class JournalFixture {

  static final UUID VOLUME = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
  static final int BLOCK = 4096;
  static final long LOG_START = 1000;
  static final long HOME = 100_000;
  static final long DATA = 200_000;
  static final LockTag LOCK = new LockTag(2, 7, 42);
  static final LockTag OTHER_LOCK = new LockTag(2, 7, 43);
  static final JournalOptions OPTIONS =
      JournalOptions.defaults().withInspector(TestBlock.INSPECTOR);
  static final ReplayFilter ALL = (address, lock) -> true;

  final SimulatedDisk disk;
  final SimulatedLogDevice device;

  private JournalFixture(SimulatedDisk disk, long logBlocks) {
    this.disk = disk;
    this.device = new SimulatedLogDevice(disk, LOG_START, logBlocks);
  }

  static JournalFixture formatted(long logBlocks) throws IOException {
    JournalFixture fixture = new JournalFixture(new SimulatedDisk(BLOCK, 1L << 20), logBlocks);
    Journal.format(fixture.device, VOLUME, 0);
    fixture.disk.takeHistory();
    return fixture;
  }

  static JournalFixture formatted() throws IOException {
    return formatted(LogGeometry.MIN_LOG_BLOCKS);
  }

  /** The same journal on what a power cut left of the disk. */
  JournalFixture on(SimulatedDisk survivor) {
    return new JournalFixture(survivor, device.logBlocks());
  }

  Journal open() throws IOException {
    return open(OPTIONS);
  }

  Journal open(JournalOptions options) throws IOException {
    return Journal.open(device, VOLUME, 0, options);
  }

  RecoveredLog recover() throws IOException {
    return Journal.recover(device, VOLUME, 0, TestBlock.INSPECTOR);
  }

  /** Recovers, replays all, marks clean. */
  ReplayResult recoverWholly() throws IOException {
    RecoveredLog log = recover();
    ReplayResult result = log.replay(ALL);
    log.markClean();
    return result;
  }

  static TestBlock block(int number) {
    return new TestBlock(HOME + number, LOCK);
  }

  /** One transaction handle that logs blocks; returns its sequence. */
  static long log(Journal journal, TestBlock... blocks) throws IOException {
    try (Journal.Handle handle = journal.begin(Math.max(1, blocks.length))) {
      for (TestBlock block : blocks) {
        handle.log(block);
      }
      return handle.sequence();
    }
  }

  static void commit(Journal journal, TestBlock... blocks) throws IOException {
    journal.commit(log(journal, blocks));
  }

  byte[] home(long address) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(BLOCK);
    disk.read(address, block);
    return block.array();
  }

  /** Value of a test block in place; 0 if none is there. */
  long homeValue(int number) throws IOException {
    return TestBlock.valueOf(home(HOME + number));
  }
}
