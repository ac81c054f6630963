package org.jclusterfs.journal.testing;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jclusterfs.journal.testing.DiskRecording.Event;
import org.jclusterfs.journal.testing.DiskRecording.Kind;

/**
 * The states that a disk may be in after a power cut at any write or flush of a recorded run. At
 * each boundary, with the write that is under way among the volatile ones: all volatile writes
 * landed, none, all but one, one alone, all with the last one torn, and {@value #SUBSETS} seeded
 * subsets, every other of which tears the last ones at sectors. Where more than {@value
 * #MOST_SINGLED_OUT} are volatile, a seeded choice of so many is left out or taken alone. A write
 * of several blocks counts as one, but when it is torn each of its blocks lands or not by itself.
 *
 * <p>A state that several boundaries allow is visited once, with the range of the run in which it
 * could have come about. Used by one thread.
 */
public final class PowerCuts {

  /** Seeded subsets at each boundary. */
  public static final int SUBSETS = 16;

  /** Volatile writes that are left out, and taken alone, at each boundary. */
  public static final int MOST_SINGLED_OUT = 48;

  private static final int MOST_TORN = 3;
  private static final int TORN_LAST = 2;

  /** A volatile write; {@code contents} null where a later durable write made a block obsolete. */
  private record Write(int event, long block, List<byte[]> contents) {}

  /**
   * Which writes of an epoch landed.
   *
   * @param landed by their number in the epoch
   * @param tear how many of the last landed ones are torn
   * @param tearSeed how
   */
  private record Choice(BitSet landed, int tear, long tearSeed) {}

  /** Takes states. */
  @FunctionalInterface
  public interface Visitor {
    /** Sees one state; an exception ends the enumeration. */
    void visit(State state) throws Exception;
  }

  /** One state of the disk. */
  public final class State {
    private final Choice choice;
    private final int first;
    private final int last;

    private State(Choice choice, int last) {
      this.choice = choice;
      int latest = epochStart;
      for (int n = choice.landed.nextSetBit(0); n >= 0; n = choice.landed.nextSetBit(n + 1)) {
        latest = Math.max(latest, writes.get(n).event);
      }
      this.first = latest;
      this.last = last;
    }

    /** Index of the event from which on the state was possible: marks behind it are not in it. */
    public int first() {
      return first;
    }

    /** Index of the event that made it impossible: marks before it were known by then. */
    public int last() {
      return last;
    }

    /** A seed of this state's own, for what else is left to chance in it. */
    public long seed() {
      return mix(seed + mix(31L * last + choice.hashCode()));
    }

    /** The disk; only during the visit. */
    public DiskImage image() {
      return materialise(choice);
    }

    @Override
    public String toString() {
      return "power cut between events "
          + first
          + " and "
          + last
          + ", of "
          + writes.size()
          + " volatile writes landed "
          + choice.landed
          + (choice.tear == 0 ? "" : ", the last " + choice.tear + " torn");
    }
  }

  private final DiskRecording recording;
  private final long seed;
  private final int from;
  private final Map<Long, byte[]> durable = new HashMap<>();
  private final List<Write> writes = new ArrayList<>();
  private final Map<Choice, Choice> choices = new LinkedHashMap<>();
  private int epochStart;
  private long boundaries;
  private long capped;

  /**
   * The cuts of a recording.
   *
   * @param seed of the seeded subsets
   * @param from index of the event before which no power is cut
   */
  public PowerCuts(DiskRecording recording, long seed, int from) {
    this.recording = recording;
    this.seed = seed;
    this.from = from;
  }

  /** Boundaries visited. */
  public long boundaries() {
    return boundaries;
  }

  /** Boundaries at which too many writes were volatile to single each of them out. */
  public long capped() {
    return capped;
  }

  /** Visits every state once. */
  public void forEach(Visitor visitor) throws Exception {
    List<Event> events = recording.events();
    chooseAt(0);
    for (int index = 0; index < events.size(); index++) {
      Event event = events.get(index);
      if (event.kind() == Kind.MARK) {
        continue;
      }
      if (event.kind() == Kind.FLUSH) {
        boundaries += index >= from ? 1 : 0;
        visitEpoch(visitor, index);
        writes.forEach(this::land);
        writes.clear();
      } else {
        writes.add(new Write(index, event.block(), event.contents()));
        chooseAt(index);
        if (event.kind() == Kind.WRITE) {
          continue;
        }
        visitEpoch(visitor, index);
        land(writes.remove(writes.size() - 1));
        supersede(event);
      }
      epochStart = index;
      chooseAt(index);
    }
    visitEpoch(visitor, events.size());
  }

  private void visitEpoch(Visitor visitor, int last) throws Exception {
    for (Choice choice : choices.keySet()) {
      visitor.visit(new State(choice, last));
    }
    choices.clear();
  }

  private void land(Write write) {
    for (int i = 0; i < write.contents.size(); i++) {
      if (write.contents.get(i) != null) {
        durable.put(write.block + i, write.contents.get(i));
      }
    }
  }

  /** What a durable write replaced in the cache does not come back. */
  private void supersede(Event event) {
    long from = event.block();
    long to = from + event.contents().size();
    for (int n = 0; n < writes.size(); n++) {
      Write write = writes.get(n);
      if (write.block < to && write.block + write.contents.size() > from) {
        List<byte[]> rest = new ArrayList<>(write.contents);
        for (int i = 0; i < rest.size(); i++) {
          if (write.block + i >= from && write.block + i < to) {
            rest.set(i, null);
          }
        }
        writes.set(n, new Write(write.event, write.block, rest));
      }
    }
  }

  private void chooseAt(int index) {
    if (index < from) {
      return;
    }
    boundaries++;
    // One per boundary, so that a choice does not depend on where the cuts began.
    Random random = new Random(mix(seed + mix(index)));
    int count = writes.size();
    choose(new BitSet(), 0, random);
    if (count == 0) {
      return;
    }
    BitSet all = new BitSet();
    all.set(0, count);
    choose(all, 0, random);
    for (int i = 0; i < TORN_LAST; i++) {
      choose(all, 1, random);
    }
    int singled = Math.min(count, MOST_SINGLED_OUT);
    capped += singled < count ? 1 : 0;
    for (int i = 0; i < singled; i++) {
      int one = singled == count ? i : random.nextInt(count);
      BitSet without = (BitSet) all.clone();
      without.clear(one);
      choose(without, 0, random);
      BitSet alone = new BitSet();
      alone.set(one);
      choose(alone, 0, random);
    }
    for (int i = 0; i < SUBSETS; i++) {
      int share = 1 + random.nextInt(7);
      BitSet some = new BitSet();
      for (int n = 0; n < count; n++) {
        some.set(n, random.nextInt(8) < share);
      }
      choose(
          some,
          i % 2 == 0 ? 0 : Math.min(some.cardinality(), 1 + random.nextInt(MOST_TORN)),
          random);
    }
  }

  private void choose(BitSet landed, int tear, Random random) {
    Choice choice = new Choice(landed, tear, tear == 0 ? 0 : random.nextLong());
    choices.putIfAbsent(choice, choice);
  }

  private static long mix(long value) {
    long mixed = (value ^ value >>> 33) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ mixed >>> 33) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ mixed >>> 33;
  }

  private DiskImage materialise(Choice choice) {
    Map<Long, byte[]> content = new HashMap<>(durable);
    int whole = choice.landed.cardinality() - choice.tear;
    Random tear = new Random(choice.tearSeed);
    int count = 0;
    for (int n = choice.landed.nextSetBit(0); n >= 0; n = choice.landed.nextSetBit(n + 1)) {
      Write write = writes.get(n);
      boolean torn = count++ >= whole;
      for (int i = 0; i < write.contents.size(); i++) {
        byte[] block = write.contents.get(i);
        if (block != null && (!torn || tear.nextInt(4) != 0)) {
          long at = write.block + i;
          content.put(at, torn && tear.nextBoolean() ? torn(content, at, block, tear) : block);
        }
      }
    }
    return recording.start().with(content);
  }

  private byte[] torn(Map<Long, byte[]> content, long at, byte[] block, Random tear) {
    byte[] below = content.get(at);
    byte[] result = (below == null ? recording.start().block(at) : below).clone();
    for (int from = 0; from < block.length; from += SimulatedDisk.SECTOR_BYTES) {
      if (tear.nextBoolean()) {
        System.arraycopy(block, from, result, from, SimulatedDisk.SECTOR_BYTES);
      }
    }
    return result;
  }
}
