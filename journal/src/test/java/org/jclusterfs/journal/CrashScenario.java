package org.jclusterfs.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.jclusterfs.journal.testing.SimulatedDisk;
import org.jclusterfs.journal.testing.TestBlock;

/**
 * One seeded life of a journal that ends by a power cut anywhere, its recovery (cut off too, at
 * times), and the comparison of the disk with a model: the events in order, each with the
 * transaction that it needs.
 */
final class CrashScenario {

  private static final int BLOCKS = 14;
  private static final long ALWAYS = 0;

  private enum Kind {
    METADATA,
    REVOKED,
    DATA
  }

  private record Event(long sequence, Kind kind, long value) {}

  private final Random random;
  private final long seed;
  private final boolean pressure;
  private final UnaryOperator<LogDevice> faults;
  private final JournalOptions options;
  private final Map<Long, List<Event>> events = new HashMap<>();
  private final List<TestBlock> blocks = new ArrayList<>();

  /** Sequence per home of ordered data; the content is the operation's number, as the address. */
  private final Map<Long, Long> ordered = new HashMap<>();

  /** The same of data that accompanies its transaction: there once that was acknowledged. */
  private final Map<Long, Long> accompanying = new HashMap<>();

  private JournalFixture fixture;
  private LogDevice device;
  private Journal journal;
  private long acknowledged;
  private long operation;

  CrashScenario(long seed) {
    this(seed, UnaryOperator.identity(), JournalFixture.OPTIONS);
  }

  /**
   * @param faults wraps the device that the journal writes to
   * @param options of the journal and its recovery
   */
  CrashScenario(long seed, UnaryOperator<LogDevice> faults, JournalOptions options) {
    this.seed = seed;
    this.random = new Random(seed);
    // A third of the lives fill the log again and again with images that do not compress.
    this.pressure = random.nextInt(3) == 0;
    this.faults = faults;
    this.options = options;
  }

  /** Runs it; returns what is wrong, or null. */
  String run() throws IOException {
    fixture = JournalFixture.formatted(256 + random.nextInt(60));
    for (int i = 0; i < BLOCKS; i++) {
      blocks.add(new TestBlock(JournalFixture.HOME + i + i / 5, new LockTag(1, 0, i % 3)));
    }
    fixture.disk.cutPowerAt(1 + random.nextInt(random.nextBoolean() ? 60 : 600));
    try {
      open();
      for (int step = 0; step < 400; step++) {
        operation++;
        step();
      }
    } catch (IOException expected) {
      if (!fixture.disk.isDead()) {
        throw expected;
      }
    }
    fixture.disk.cutPower();
    SimulatedDisk survivor = fixture.disk.afterPowerCut(random.nextLong());
    if (random.nextInt(3) == 0) {
      survivor = crashInRecovery(survivor);
    }
    try {
      return compare(survivor);
    } catch (JournalFormatException e) {
      return "recovery refused: " + e.getMessage();
    }
  }

  private void open() throws IOException {
    device = faults.apply(fixture.device);
    journal = Journal.open(device, JournalFixture.VOLUME, 0, options);
  }

  private void step() throws IOException {
    if (pressure) {
      operation += -operation % 3 + 3;
      change();
      return;
    }
    switch (random.nextInt(24)) {
      case 0:
        journal.checkpoint();
        break;
      case 1:
        journal.writeBack(anyBlock().lock());
        break;
      case 2:
        journal.writeBackAll();
        break;
      case 3:
        foreignChange(anyBlock());
        break;
      case 4:
        freeAndReuse(anyBlock());
        break;
      case 5:
        if (random.nextInt(4) == 0) {
          long last = journal.runningSequence();
          journal.close();
          acknowledged = Math.max(acknowledged, last - 1);
          open();
        }
        break;
      case 6:
      case 7:
      case 8:
        journal.commitAll();
        acknowledged = Math.max(acknowledged, journal.committedSequence());
        break;
      default:
        change();
        break;
    }
  }

  private TestBlock anyBlock() {
    return blocks.get(random.nextInt(BLOCKS));
  }

  private void change() throws IOException {
    int count = 1 + random.nextInt(pressure ? 20 : 6);
    long sequence;
    try (Journal.Handle handle = journal.begin(count)) {
      sequence = handle.sequence();
      for (int i = 0; i < count; i++) {
        TestBlock block = anyBlock();
        handle.log(block.set(operation));
        note(block, sequence, Kind.METADATA);
      }
      if (random.nextInt(4) == 0) {
        long address = JournalFixture.DATA + operation;
        ByteBuffer content = ByteBuffer.wrap(data(operation));
        if (random.nextBoolean()) {
          handle.ordered(() -> device.writeHome(address, content));
          ordered.put(address, sequence);
        } else {
          handle.accompany(() -> device.writeHome(address, content));
          accompanying.put(address, sequence);
        }
      }
    }
    if (pressure || random.nextInt(3) == 0) {
      journal.commit(sequence);
      acknowledged = Math.max(acknowledged, sequence);
    }
  }

  /** The lock goes to another node, which changes the block and gives it back. */
  private void foreignChange(TestBlock block) throws IOException {
    journal.writeBack(block.lock());
    if (isData(block)) {
      return;
    }
    block.set(operation).raise();
    fixture.disk.writeDurably(block.address(), block.encode(JournalFixture.BLOCK));
    note(block, ALWAYS, Kind.METADATA);
  }

  private void freeAndReuse(TestBlock block) throws IOException {
    long sequence;
    try (Journal.Handle handle = journal.begin(1)) {
      handle.revoke(block.address());
      sequence = handle.sequence();
    }
    note(block, sequence, Kind.REVOKED);
    journal.commit(sequence);
    acknowledged = Math.max(acknowledged, sequence);
    fixture.disk.writeDurably(block.address(), data(operation));
    note(block, ALWAYS, Kind.DATA);
  }

  private boolean isData(TestBlock block) {
    List<Event> list = events.getOrDefault(block.address(), List.of());
    return !list.isEmpty() && list.get(list.size() - 1).kind() != Kind.METADATA;
  }

  private void note(TestBlock block, long sequence, Kind kind) {
    events
        .computeIfAbsent(block.address(), key -> new ArrayList<>())
        .add(new Event(sequence, kind, operation));
  }

  private static byte[] data(long value) {
    byte[] content = new byte[JournalFixture.BLOCK];
    Arrays.fill(content, (byte) 'd');
    ByteBuffer.wrap(content).putLong(8, value);
    return content;
  }

  private SimulatedDisk crashInRecovery(SimulatedDisk survivor) throws IOException {
    survivor.cutPowerAt(1 + random.nextInt(6));
    try {
      recover(survivor);
    } catch (IOException expected) {
      if (!survivor.isDead() && !(expected instanceof JournalFormatException)) {
        throw expected;
      }
    }
    return survivor.afterPowerCut(random.nextLong());
  }

  private RecoveredLog recover(SimulatedDisk survivor) throws IOException {
    RecoveredLog log =
        Journal.recover(fixture.on(survivor).device, JournalFixture.VOLUME, 0, options);
    log.replay(JournalFixture.ALL);
    log.markClean();
    return log;
  }

  private String compare(SimulatedDisk survivor) throws IOException {
    RecoveredLog log = recover(survivor);
    long last = log.lastSequence();
    if (last < acknowledged) {
      return "seed " + seed + ": " + acknowledged + " was acknowledged, " + last + " is there";
    }
    JournalFixture after = fixture.on(survivor);
    String missing = missingData(after, ordered, last);
    if (missing == null) {
      missing = missingData(after, accompanying, acknowledged);
    }
    if (missing != null) {
      return missing;
    }
    for (TestBlock block : blocks) {
      Event expected = null;
      for (Event event : events.getOrDefault(block.address(), List.of())) {
        if (event.sequence() <= last) {
          expected = event;
        }
      }
      byte[] home = after.home(block.address());
      if (!matches(expected, home, block.address())) {
        return "seed "
            + seed
            + ": block "
            + block.address()
            + " holds "
            + TestBlock.valueOf(home)
            + " instead of "
            + expected
            + " with "
            + last
            + " transactions";
      }
    }
    return null;
  }

  private String missingData(JournalFixture after, Map<Long, Long> written, long last)
      throws IOException {
    for (Map.Entry<Long, Long> entry : written.entrySet()) {
      byte[] expected = data(entry.getKey() - JournalFixture.DATA);
      if (entry.getValue() <= last && !Arrays.equals(expected, after.home(entry.getKey()))) {
        return "seed " + seed + ": data of transaction " + entry.getValue() + " is missing";
      }
    }
    return null;
  }

  private static boolean matches(Event expected, byte[] home, long address) {
    if (expected == null) {
      return Arrays.equals(home, new byte[home.length]);
    }
    switch (expected.kind()) {
      case METADATA:
        return TestBlock.INSPECTOR.version(ByteBuffer.wrap(home), address) >= 0
            && TestBlock.valueOf(home) == expected.value();
      case DATA:
        return Arrays.equals(home, data(expected.value()));
      case REVOKED:
      default:
        // Freed, not used again yet: nobody looks at it.
        return true;
    }
  }
}
