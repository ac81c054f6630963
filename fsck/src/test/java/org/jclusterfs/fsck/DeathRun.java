package org.jclusterfs.fsck;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.volume.BlockIo;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.testing.DiskRecording;
import org.jclusterfs.journal.testing.PowerCuts;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * Two or three nodes change one directory and its files in turn, and one of them is cut off at one
 * of its writes while the others and the LUN live on; on demand the node that recovers it is cut
 * off, too. What is left is compared with what may be, as the survivors see it and after the end;
 * the power is also cut at some of the writes from the death on.
 */
final class DeathRun {
  private static final int THRESHOLD_MILLIS = 3000;
  private static final int PATIENCE_SECONDS = 120;
  private static final int AFTERWARDS = 3;
  private static final long FREE = 0;

  /** A heartbeat that came so late makes a node stop by itself: the machine was too slow. */
  private static final long STARVED_NANOS = TimeUnit.MILLISECONDS.toNanos(1200);

  private record Turn(int node, CrashSequence.Step step) {}

  /**
   * Where a run's nodes die.
   *
   * @param write the first node's write or flush at which it is cut off, from 1; 0: none
   * @param second the same of the node that recovers it, counted from the first one's death
   * @param powerCuts about so many states that a power cut leaves are recovered
   */
  record Plan(long seed, int write, int second, int powerCuts) {
    @Override
    public String toString() {
      return "seed " + seed + ", dies at " + write + (second > 0 ? ", recoverer at " + second : "");
    }
  }

  private final Plan plan;
  private final Random random;
  private final Fault[] faults;
  private final SimulatedBlockDevice.Registrations registrations =
      new SimulatedBlockDevice.Registrations();
  private final List<MortalDevice> devices = new ArrayList<>();
  private final List<MountedVolume> nodes = new ArrayList<>();
  private final SharedHistory history = new SharedHistory();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final MortalDevice.End end;
  private final int count;
  private final int victim;
  private final List<Integer> slots = new ArrayList<>();
  private final List<Long> claims = new ArrayList<>();
  private final Set<Integer> unmounted = new HashSet<>();
  private SimulatedDisk disk;
  private Geometry geometry;
  private LateWrites late;
  private DiskRecording recording;
  private int diedAtEvent;
  private long victimWrites;
  private long states;
  private boolean worked;
  private boolean inconclusive;

  DeathRun(Plan plan, Fault... faults) {
    this.plan = plan;
    this.faults = faults;
    random = new Random(plan.seed());
    count = 2 + random.nextInt(2);
    victim = random.nextInt(count);
    Random ends = new Random(plan.seed() * 31 + plan.write() * 7L + plan.second());
    end = MortalDevice.End.values()[ends.nextInt(2)];
  }

  /** Writes and flushes of the node that dies, up to the end of the planned operations. */
  long victimWrites() {
    return victimWrites;
  }

  /** States recovered and compared. */
  long states() {
    return states;
  }

  /** Writes that landed late. */
  int landedLate() {
    return late.landed();
  }

  /**
   * Whether a node stopped since this machine was too slow for its heartbeats: the run says nothing
   * then.
   */
  boolean isInconclusive() {
    return inconclusive;
  }

  /**
   * Runs.
   *
   * @throws AssertionError with what went wrong
   */
  void run() throws Exception {
    try {
      work();
      worked = true;
      cutPower();
    } catch (Exception | AssertionError e) {
      // Once all is done no heartbeat is wanted any more.
      inconclusive = !worked && devices.stream().anyMatch(d -> d.longestGap() > STARVED_NANOS);
      if (!inconclusive) {
        throw new AssertionError(
            plan + " (" + end + ", node " + victim + "): " + e + "\n" + history + late, e);
      }
    } finally {
      close();
    }
  }

  private void work() throws Exception {
    disk = new SimulatedDisk(CrashTemplate.image());
    geometry = CrashTemplate.geometry();
    late = new LateWrites(plan.seed() + plan.write() * 1000L + plan.second(), geometry);
    for (int i = 0; i < count; i++) {
      mount();
    }
    nodes.get(0).vfs.sync(nodes.get(0).root(), false);
    List<Turn> turns = turns();
    recording = disk.record();
    registrations.aroundPreempt(late::beforePreemption, late::afterPreemption);
    disk.intercept(late);
    armDeath();
    long before = devices.get(victim).count();
    for (Turn turn : turns) {
      take(turn);
    }
    victimWrites = devices.get(victim).count() - before;
    if (plan.write() > 0) {
      devices.get(victim).die();
      bringBack();
      look();
      for (int i = 0; i < AFTERWARDS; i++) {
        take(randomTurn(survivor(), this::isDead));
      }
      bringBack();
    }
    look();
    unmount();
  }

  private void mount() throws Exception {
    MortalDevice device = new MortalDevice(new SimulatedBlockDevice(disk, registrations));
    devices.add(device);
    List<Long> before = incarnations();
    nodes.add(new MountedVolume(device, true, THRESHOLD_MILLIS, faults));
    List<Long> now = incarnations();
    for (int slot = 0; slot < now.size(); slot++) {
      if (now.get(slot) != FREE && !now.get(slot).equals(before.get(slot))) {
        device.heartbeat(geometry.heartbeatBlock(slot));
        slots.add(slot);
        claims.add(now.get(slot));
      }
    }
  }

  /** Of each slot its claim, or {@link #FREE}. */
  private List<Long> incarnations() throws Exception {
    List<Long> all = new ArrayList<>();
    try (SimulatedBlockDevice device = new SimulatedBlockDevice(disk)) {
      for (int slot = 0; slot < geometry.slotCount(); slot++) {
        ByteBuffer block = BlockIo.read(device, geometry.slotBlock(slot), 1);
        boolean free = SlotDescriptor.state(block) == SlotDescriptor.FREE;
        all.add(free ? FREE : SlotDescriptor.incarnation(block));
      }
    }
    return all;
  }

  /** What is planned to be done while all live. */
  private List<Turn> turns() {
    SharedHistory planned = new SharedHistory();
    List<Turn> turns = new ArrayList<>();
    int steps = 4 + random.nextInt(4);
    int node = random.nextInt(count);
    for (int i = 0; i < steps; i++) {
      Turn turn = turn(planned, node, n -> false);
      planned.begin(node, turn.step());
      turns.add(turn);
      node = random.nextInt(3) == 0 ? node : random.nextInt(count);
    }
    return turns;
  }

  private Turn randomTurn(int node, IntPredicate mayLose) {
    return turn(history, node, mayLose);
  }

  private Turn turn(SharedHistory before, int node, IntPredicate mayLose) {
    while (true) {
      boolean content = random.nextInt(3) == 0;
      List<String> names = content ? SharedHistory.CONTENTS : SharedHistory.NAMES;
      CrashOperation operation = CrashOperation.named(names.get(random.nextInt(names.size())));
      CrashSequence.Persistence persistence =
          random.nextInt(3) != 0
              ? CrashSequence.Persistence.NONE
              : content || operation.subject().equals(SharedHistory.DIRECTORY)
                  ? CrashSequence.Persistence.FSYNC
                  : CrashSequence.Persistence.FSYNC_DIRECTORY;
      CrashSequence.Step step = new CrashSequence.Step(operation, persistence);
      if (before.makesSense(step, mayLose)) {
        return new Turn(node, step);
      }
    }
  }

  private boolean isDead(int node) {
    return devices.get(node).isDead();
  }

  private boolean isUp(int node) {
    return !isDead(node) && !unmounted.contains(node);
  }

  private int survivor() {
    int[] alive = IntStream.range(0, devices.size()).filter(this::isUp).toArray();
    return alive.length == 0 ? -1 : alive[random.nextInt(alive.length)];
  }

  private void armDeath() {
    MortalDevice first = devices.get(victim);
    first
        .death()
        .thenRun(
            () -> {
              diedAtEvent = recording.events().size();
              if (plan.second() > 0) {
                // The lowest slot that lives recovers.
                devices.get(victim == 0 ? 1 : 0).dieAt(plan.second(), end, late);
              }
            });
    if (plan.write() > 0) {
      first.dieAt(plan.write(), end, late);
    }
  }

  /** Carries one turn out, by a survivor where its node is dead. */
  private void take(Turn planned) throws Exception {
    int node = planned.node() < 0 || isDead(planned.node()) ? survivor() : planned.node();
    if (node < 0) {
      // All are dead.
      return;
    }
    CrashSequence.Step step = planned.step();
    if (!history.makesSense(step, this::isDead)) {
      return;
    }
    SharedHistory.Entry entry = history.begin(node, step);
    recording.mark(history.known());
    CompletableFuture<Void> done =
        CompletableFuture.runAsync(() -> carryOut(nodes.get(node), step), threads);
    try {
      CompletableFuture.anyOf(done, devices.get(node).death())
          .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(entry + " hangs", e);
    } catch (ExecutionException e) {
      if (!isDead(node)) {
        boolean refused =
            e.getCause() instanceof FsException failure
                && failure.failure() != FsException.Failure.IO;
        if (!refused) {
          throw new AssertionError(entry + " fails: " + e.getCause(), e);
        }
        history.failed(entry);
      }
    }
    boolean answered = done.isDone() && !isDead(node) && !done.isCompletedExceptionally();
    if (answered) {
      history.done(entry, n -> !isDead(n));
    }
    recording.mark(history.known());
  }

  private static void carryOut(MountedVolume node, CrashSequence.Step step) {
    RealTree tree = new RealTree(node);
    try {
      step.operation().action().on(tree);
      SequenceRun.persist(tree, step);
    } catch (FsException e) {
      throw new CompletionException(e);
    }
  }

  /** Waits until the dead are recovered, by those who live or by a node that mounts now. */
  private void bringBack() throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!isRecovered()) {
      if (survivor() < 0) {
        devices.forEach(MortalDevice::bury);
        if (random.nextBoolean()) {
          // Their processes are known to be gone: the mount need not watch their heartbeats.
          FsckOracle.endClaims(disk);
        }
        mount();
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError("the dead nodes are not recovered");
      }
      Thread.sleep(20);
    }
    devices.stream().filter(MortalDevice::isDead).forEach(MortalDevice::bury);
  }

  /** Whether the slots of all who are dead are free, or somebody else's. */
  private boolean isRecovered() throws Exception {
    List<Long> now = incarnations();
    return survivor() >= 0
        && IntStream.range(0, nodes.size())
            .noneMatch(n -> isDead(n) && now.get(slots.get(n)).equals(claims.get(n)));
  }

  /** Every survivor has to see the same: one of the states that may be. */
  private void look() throws Exception {
    BitSet recovered = dead();
    Map<Integer, RecoveredVolume> seen = new TreeMap<>();
    for (int i = 0; i < nodes.size(); i++) {
      if (isUp(i)) {
        MountedVolume node = nodes.get(i);
        CompletableFuture<RecoveredVolume> look =
            CompletableFuture.supplyAsync(() -> see(node), threads);
        CompletableFuture.anyOf(look, devices.get(i).death())
            .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (look.isDone() && !look.isCompletedExceptionally()) {
          seen.put(i, look.join());
        }
      }
    }
    // What a node saw that died meanwhile may be lost with it.
    seen.keySet().removeIf(this::isDead);
    for (RecoveredVolume each : seen.values()) {
      require(each, recovered);
    }
  }

  private BitSet dead() {
    BitSet dead = new BitSet();
    IntStream.range(0, nodes.size()).filter(this::isDead).forEach(dead::set);
    return dead;
  }

  private static RecoveredVolume see(MountedVolume node) {
    try {
      return RecoveredVolume.seenBy(node);
    } catch (FsException e) {
      throw new CompletionException(e);
    }
  }

  /**
   * Requires that a volume is what it may be.
   *
   * @param recovered dead nodes of which it is decided by now what is lost
   */
  private void require(RecoveredVolume volume, BitSet recovered) {
    states++;
    SharedHistory.Known now = history.known();
    List<SharedHistory.Outcome> fitting = new ArrayList<>();
    StringBuilder wrong = new StringBuilder();
    for (SharedHistory.Outcome outcome : history.outcomes(now, now, this::isDead)) {
      String differs = outcome.judge(volume);
      if (differs == null) {
        fitting.add(outcome);
      } else {
        wrong.append(differs).append('\n');
      }
    }
    if (fitting.isEmpty()) {
      throw new AssertionError("found:\n" + volume.lines() + "but " + wrong);
    }
    if (fitting.size() == 1) {
      history.decide(fitting.get(0), recovered::get);
      recording.mark(history.known());
    }
  }

  private void unmount() throws Exception {
    BitSet before = dead();
    for (int i = 0; i < nodes.size(); i++) {
      if (!isDead(i)) {
        MountedVolume node = nodes.get(i);
        CompletableFuture<Void> done = CompletableFuture.runAsync(() -> unmount(node), threads);
        CompletableFuture.anyOf(done, devices.get(i).death())
            .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        unmounted.add(i);
      }
    }
    disk.intercept(operation -> {});
    SimulatedDisk left = disk.afterPowerCut(written -> true);
    // The orphans of a node that dies while the others unmount may stay for the next mount.
    if (dead().equals(before) && incarnations().stream().allMatch(claim -> claim == FREE)) {
      FsckOracle.requireClean(left, "after all who lived unmounted");
    }
    FsckOracle.endClaims(left);
    RecoveredVolume after = RecoveredVolume.of(left);
    if (after.problem() != null) {
      throw new AssertionError(after.problem());
    }
    require(after, dead());
  }

  private static void unmount(MountedVolume node) {
    try {
      node.vfs.close();
    } catch (FsException e) {
      throw new CompletionException(e);
    }
  }

  /** Recovers some of the states that a power cut from the death on may have left. */
  private void cutPower() throws Exception {
    if (plan.write() == 0 || plan.powerCuts() == 0) {
      return;
    }
    long[] count = new long[1];
    new PowerCuts(recording, plan.seed(), diedAtEvent).forEach(state -> count[0]++);
    new PowerCuts(recording, plan.seed(), diedAtEvent)
        .forEach(
            state -> {
              if (random.nextInt((int) Math.max(1, count[0])) < plan.powerCuts()) {
                visit(state);
              }
            });
  }

  private void visit(PowerCuts.State state) {
    states++;
    RecoveredVolume volume = RecoveredVolume.of(state.image(), faults);
    if (volume.problem() != null) {
      throw new AssertionError(state + ": " + volume.problem() + "\nevents:\n" + events(state));
    }
    StringBuilder wrong = new StringBuilder();
    for (SharedHistory.Outcome outcome :
        history.outcomes(before(state.first()), before(state.last()), node -> true)) {
      String differs = outcome.judge(volume);
      if (differs == null) {
        return;
      }
      wrong.append(differs).append('\n');
    }
    throw new AssertionError(
        state + ": found:\n" + volume.lines() + "but " + wrong + "events:\n" + events(state));
  }

  /** What the disk saw from a little before a state became possible to its end. */
  private String events(PowerCuts.State state) {
    StringBuilder out = new StringBuilder();
    List<DiskRecording.Event> events = recording.events();
    int from = Math.max(0, state.first() - 20);
    for (int i = from; i < Math.min(events.size(), state.last() + 2); i++) {
      DiskRecording.Event event = events.get(i);
      out.append(i).append(' ').append(event.kind()).append(' ');
      if (event.mark() != null) {
        out.append(event.mark());
      } else if (!event.contents().isEmpty()) {
        out.append(event.block()).append('+').append(event.contents().size());
      }
      out.append('\n');
    }
    return out.toString();
  }

  private SharedHistory.Known before(int event) {
    List<DiskRecording.Event> events = recording.events();
    for (int i = Math.min(event, events.size()) - 1; i >= 0; i--) {
      if (events.get(i).mark() instanceof SharedHistory.Known known) {
        return known;
      }
    }
    return new SharedHistory().known();
  }

  private void close() {
    if (disk != null) {
      disk.cutPower();
    }
    devices.forEach(MortalDevice::bury);
    for (int i = 0; i < nodes.size(); i++) {
      if (!unmounted.contains(i)) {
        MountedVolume node = nodes.get(i);
        // What fails there was dead before. Its threads end by themselves.
        CompletableFuture.runAsync(() -> unmount(node), threads);
      }
    }
    threads.shutdown();
  }
}
