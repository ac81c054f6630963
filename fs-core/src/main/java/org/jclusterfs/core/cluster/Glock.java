package org.jclusterfs.core.cluster;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jclusterfs.core.cluster.ModeAuthority.Effort;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/**
 * One lock on this node: the mode cached, its users in order, and its way down when another node
 * asks.
 *
 * <p>At most one of these is under way: a request to the authority ({@link #requested}), a demotion
 * ({@link #demoting}). Every change ends in {@link #advance()}, the one place that decides the next
 * step. The monitor guards all fields; inside it no callback runs and nothing blocks, so it may be
 * taken by the threads of the network. Events arrive through {@link #inbox}, since whoever posts
 * them may hold another lock's monitor.
 *
 * <p>The hold rule: asked to give an EX lock away whose last use modified something ({@link
 * LockCallbacks#busy}), the node goes on using it until a use only looks, until it lies idle for
 * {@link #IDLE_NANOS}, or {@link #HOLD_NANOS} after its grant, whichever comes first. Where the
 * last hold was in vain it is given away at once ({@link HoldMemory}).
 */
final class Glock {

  /** Longest time from the grant that a contended lock is held. */
  static final long HOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** A contended lock that is held and not used for this time is given away. */
  static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  // A kernel that reads on and on must not keep a demotion going for ever: from this round on
  // pinning holders that would start while the callbacks run are delayed, by a bound that grows.
  private static final int PATIENT_ROUNDS = 2;
  private static final long FIRST_DELAY_MILLIS = 5;
  private static final long LAST_DELAY_MILLIS = 200;

  /** Time for which pinning holders are waited for before the kernel's caches are invalidated. */
  private static final long LONGEST_ANSWER_MILLIS = 10;

  private final LockName name;
  private final GlockTable table;
  private final Queue<LockEvent> inbox = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();

  /** The authority's own note about this lock, guarded by the authority. */
  Object grip;

  private LockMode mode = LockMode.NL;

  /**
   * The state under the lock where it is known: in PR as it came with the grant or was told at the
   * end of EX; in EX as a user told it, until the next one.
   */
  private volatile byte[] value;

  private int readers;
  private boolean writer;
  private ArrayDeque<Waiter> waiters;
  private LockMode requested;
  private LockMode demoteTo;
  // What the demotion under way goes to.
  private LockMode demotingTo;
  // The value that it will leave, written by its thread.
  private byte[] told;
  private boolean demotionQueued;
  private boolean demoting;
  private int demotionRound;
  private boolean pinned;
  // The demotion under way waits for nothing any more: nobody is served until its end.
  private boolean sealed;
  private boolean holding;
  private long uses;
  // Value of uses when the present hold began: a hold without use is not prolonged.
  private long usesAtHold;
  private boolean holdUsed;
  private long grantedAt;
  private long lastUse = System.nanoTime();
  private boolean withdrawn;
  private boolean dead;

  Glock(LockName name, GlockTable table) {
    this.name = name;
    this.table = table;
  }

  LockName name() {
    return name;
  }

  synchronized LockMode mode() {
    return mode;
  }

  byte[] value() {
    return value;
  }

  void tell(byte[] state) {
    value = state;
  }

  boolean carriesValue() {
    return LockType.ofCode(name.type()).carriesValue();
  }

  synchronized LockCensus.Sight sight() {
    boolean queued = !queueEmpty();
    return new LockCensus.Sight(
        mode, queued ? waiters.size() : 0, queued ? waiters.peek().since : 0, demoteTo != null);
  }

  /** Whether nobody uses it or waits, so that it may be given back; {@code since}: no use later. */
  synchronized boolean idleSince(long since) {
    return idle() && queueEmpty() && requested == null && !demoting && lastUse - since <= 0;
  }

  // ---- users

  /**
   * Puts a user in the queue, and grants at once what can be.
   *
   * @return null where the lock was just dropped from the table: look it up again
   */
  synchronized Waiter enqueue(LockMode wanted, boolean pinning) {
    if (dead) {
      return null;
    }
    Waiter waiter = new Waiter(wanted, pinning, false);
    if (withdrawn) {
      waiter.finish(Waiter.State.WITHDRAWN);
      return waiter;
    }
    if (demoting && mode == LockMode.EX) {
      table.holds().missed(name);
    }
    if (pinning) {
      delayPinning(wanted);
      if (dead) {
        return null;
      }
      if (withdrawn) {
        waiter.finish(Waiter.State.WITHDRAWN);
        return waiter;
      }
    }
    queue().add(waiter);
    advance();
    return waiter;
  }

  /** As {@link #enqueue}, for a user who rather goes without than waits for another holder. */
  synchronized Waiter enqueueTry(LockMode wanted) {
    if (dead) {
      return null;
    }
    Waiter waiter = new Waiter(wanted, false, true);
    if (withdrawn) {
      waiter.finish(Waiter.State.WITHDRAWN);
    } else if (!queueEmpty() || !compatible(wanted)) {
      waiter.usedHere = true;
      waiter.finish(Waiter.State.DENIED);
    } else if (requested != null || demoting || demoteTo != null && !mayServeWhileAsked()) {
      waiter.finish(Waiter.State.DENIED);
    } else {
      queue().add(waiter);
      advance();
    }
    return waiter;
  }

  /** Begins a use at once where the mode cached allows it and nobody waits before it. */
  synchronized boolean enter(LockMode wanted) {
    boolean untouched = !dead && !withdrawn && !demoting && demoteTo == null && queueEmpty();
    if (!untouched || !mode.covers(wanted) || !compatible(wanted)) {
      return false;
    }
    begin(wanted);
    return true;
  }

  /** Calls a waiter off. */
  synchronized void cancel(Waiter waiter) {
    if (waiters == null || !waiters.remove(waiter)) {
      return;
    }
    waiter.finish(Waiter.State.CANCELLED);
    if (requested != null && (queueEmpty() || !waiters.peek().mode.covers(requested))) {
      // Who is next may be granted what this one could not: it must not wait for that.
      table.authority().cancel(this);
    }
    advance();
  }

  /** Ends a use. */
  void release(LockMode held) {
    synchronized (this) {
      if (held == LockMode.EX) {
        writer = false;
      } else {
        readers--;
      }
      if (idle() && demoting) {
        notifyAll();
      }
      advance();
    }
    table.drain();
  }

  // ---- events

  /** Notes an event, without the monitor; true where the caller must put the lock on the list. */
  boolean post(LockEvent event) {
    inbox.add(event);
    return scheduled.compareAndSet(false, true);
  }

  /** Takes the events noted. */
  synchronized void takeEvents() {
    scheduled.set(false);
    for (LockEvent event = inbox.poll(); event != null; event = inbox.poll()) {
      take(event);
    }
  }

  private void take(LockEvent event) {
    if (withdrawn || dead) {
      return;
    }
    switch (event.kind()) {
      case GRANTED:
        requested = null;
        mode = event.mode();
        take(event.value());
        grantedAt = System.nanoTime();
        // Served first even if another node waits already: a grant is always used.
        serve(true);
        break;
      case DENIED:
        requested = null;
        denied();
        break;
      case CANCELLED:
        requested = null;
        break;
      case BLOCKING:
        table.statistics().count(name, LockStatistics.Counter.BLOCKING);
        askedFor(event.mode() == LockMode.PR ? LockMode.PR : LockMode.NL);
        break;
      default:
        throw new IllegalStateException(event.toString());
    }
    advance();
  }

  private void take(byte[] granted) {
    value = mode == LockMode.PR ? granted : null;
    if (mode == LockMode.PR && carriesValue()) {
      table
          .statistics()
          .count(
              name,
              granted == null
                  ? LockStatistics.Counter.WITHOUT_VALUE
                  : LockStatistics.Counter.WITH_VALUE);
    }
  }

  private void denied() {
    Waiter head = waiters == null ? null : waiters.peek();
    if (head == null) {
      return;
    }
    if (head.tryOnly) {
      waiters.poll().finish(Waiter.State.DENIED);
    } else {
      // Others hold PR too: nobody waits for an upgrade while holding the lower mode.
      askedFor(LockMode.NL);
    }
  }

  private void askedFor(LockMode to) {
    if (to.covers(mode)) {
      return;
    }
    if (demoteTo == null || demoteTo.covers(to)) {
      demoteTo = to;
    }
  }

  /** Gives the lock back as if another node had asked for it; the caller drains the table later. */
  synchronized void giveBack() {
    if (!dead && !withdrawn) {
      askedFor(LockMode.NL);
      advance();
    }
  }

  /** The node left: everybody who waits is told, nothing is granted any more. */
  synchronized void withdraw() {
    withdrawn = true;
    if (waiters != null) {
      waiters.forEach(waiter -> waiter.finish(Waiter.State.WITHDRAWN));
      waiters.clear();
    }
    notifyAll();
  }

  // ---- the next step

  private void advance() {
    if (withdrawn || dead) {
      return;
    }
    if (!demoting && demoteTo != null && demoteTo.covers(mode)) {
      // Fulfilled: before anybody is served, since who waits for the mode that is left may go on.
      demoteTo = null;
    }
    serve(false);
    if (demoting || requested != null) {
      return;
    }
    if (demoteTo != null) {
      if (mayGoDown() && !demotionQueued && !(holding && uses == usesAtHold)) {
        demotionQueued = true;
        table.runDemotion(this);
      }
      return;
    }
    Waiter head = waiters == null ? null : waiters.peek();
    if (head != null) {
      if (!mode.covers(head.mode) && idle()) {
        requested = head.mode;
        table.statistics().count(name, LockStatistics.Counter.REQUESTS);
        Effort effort = mode == LockMode.NL ? Effort.WAIT : Effort.INSTANT;
        table.authority().request(this, mode, head.mode, head.tryOnly ? Effort.TRY : effort);
      }
    } else if (mode == LockMode.NL && idle()) {
      dead = true;
      table.forget(this);
    }
  }

  private void serve(boolean fresh) {
    if (waiters == null) {
      return;
    }
    if (demoting) {
      if (!sealed) {
        servePinning();
      }
      return;
    }
    if (!fresh && demoteTo != null && !mayServeWhileAsked() && !heldForLong()) {
      return;
    }
    for (Waiter head = waiters.peek();
        head != null && mode.covers(head.mode) && compatible(head.mode);
        head = waiters.peek()) {
      waiters.poll();
      grant(head);
    }
  }

  private boolean mayServeWhileAsked() {
    return holding && System.nanoTime() - grantedAt < HOLD_NANOS;
  }

  /** Whether a user keeps it for as long as it likes: nobody who can go along waits for its end. */
  private boolean heldForLong() {
    return readers > 0 && LockType.ofCode(name.type()).isHeldForLong();
  }

  /** Whether a demotion may begin; one that is {@link #heldForLong} goes from EX to PR in use. */
  private boolean mayGoDown() {
    return idle() || mode == LockMode.EX && !writer && heldForLong();
  }

  /** Whether the users there are can go on under the mode that a demotion goes to. */
  private boolean mayBeLowered() {
    return idle() || demotingTo == LockMode.PR && !writer && heldForLong();
  }

  /** While callbacks run, requests that pin kernel pages are served under the old mode. */
  private void servePinning() {
    for (Iterator<Waiter> all = waiters.iterator(); all.hasNext(); ) {
      Waiter waiter = all.next();
      if (waiter.pinning && mode.covers(waiter.mode) && compatible(waiter.mode)) {
        all.remove();
        pinned = true;
        grant(waiter);
      }
    }
  }

  private void delayPinning(LockMode wanted) {
    int round = demotionRound;
    if (!demoting || round < PATIENT_ROUNDS || !mode.covers(wanted)) {
      return;
    }
    long delay =
        Math.min(LAST_DELAY_MILLIS, FIRST_DELAY_MILLIS << Math.min(10, round - PATIENT_ROUNDS));
    waitWhile(() -> demoting && demotionRound == round && !withdrawn, delay);
  }

  /** Waits for a change of the lock's state, in its monitor; an interrupt ends it. */
  private void waitWhile(BooleanSupplier pending, long millis) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    boolean interrupted = false;
    while (!interrupted && pending.getAsBoolean()) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        break;
      }
      try {
        wait(left);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void grant(Waiter waiter) {
    begin(waiter.mode);
    waiter.finish(Waiter.State.GRANTED);
  }

  private void begin(LockMode wanted) {
    if (wanted == LockMode.EX) {
      writer = true;
      value = null;
    } else {
      readers++;
    }
    uses++;
    lastUse = System.nanoTime();
  }

  private boolean compatible(LockMode wanted) {
    return !writer && (wanted != LockMode.EX || readers == 0);
  }

  private boolean idle() {
    return readers == 0 && !writer;
  }

  private boolean queueEmpty() {
    return waiters == null || waiters.isEmpty();
  }

  private ArrayDeque<Waiter> queue() {
    if (waiters == null) {
      waiters = new ArrayDeque<>(2);
    }
    return waiters;
  }

  // ---- demotion, in a thread of its own

  /** Gives the lock away, or holds it a little by the hold rule. */
  void demote(LockCallbacks callbacks) {
    if (beginDemotion(callbacks)) {
      completeDemotion(callbacks);
    }
  }

  /** Whether the lock is on its way down now: {@link #completeDemotion} has to follow. */
  boolean beginDemotion(LockCallbacks callbacks) {
    boolean maybeBusy;
    synchronized (this) {
      maybeBusy = mode == LockMode.EX && System.nanoTime() - grantedAt < HOLD_NANOS;
    }
    boolean busy = maybeBusy && table.holds().mayHold(name) && callbacks.busy(name);
    synchronized (this) {
      demotionQueued = false;
      if (withdrawn || demoteTo == null || demoting || requested != null || !mayGoDown()) {
        advance();
        return false;
      }
      if (holding && uses != usesAtHold) {
        holdUsed = true;
      }
      if (busy && uses != usesAtHold) {
        hold();
        return false;
      }
      if (holding) {
        table.holds().ended(name, holdUsed);
      }
      holding = false;
      holdUsed = false;
      demoting = true;
      demotionRound = 0;
      demotingTo = idle() ? demoteTo : LockMode.PR;
      if (waiters != null) {
        servePinning();
      }
      return true;
    }
  }

  /** Runs callbacks until the mode can be lowered; waits for pinning holders. */
  void completeDemotion(LockCallbacks callbacks) {
    try {
      boolean sealed = false;
      while (!sealed) {
        sealed = finishDemotion(runCallbacks(callbacks));
      }
      forget(callbacks);
      lower();
    } catch (IOException | RuntimeException | Error e) {
      table.failed(name, e);
    }
  }

  /**
   * Between {@link #beginDemotion} and its end, with the mode as it was.
   *
   * @return whether they must run again before the mode is lowered
   */
  boolean runCallbacks(LockCallbacks callbacks) throws IOException {
    LockMode from = mode();
    if (from == LockMode.EX) {
      callbacks.sync(name, demotingTo);
    }
    awaitAnswers();
    boolean again = callbacks.invalidate(name, from, demotingTo);
    boolean tells = from == LockMode.EX && demotingTo == LockMode.PR && !again;
    told = tells ? callbacks.value(name) : null;
    if (tells && told == null) {
      told = value;
    }
    return again;
  }

  /**
   * Lets pinning holders end before the kernel's caches are invalidated: of an answer that an
   * invalidation overtakes the kernel hands the attributes on but does not keep them, not even the
   * end of the file. Not for long, as others may come.
   */
  private synchronized void awaitAnswers() {
    waitWhile(() -> !mayBeLowered() && !withdrawn, LONGEST_ANSWER_MILLIS);
    if (mayBeLowered()) {
      // What those that came until now were told is invalidated now.
      pinned = false;
    }
  }

  private void hold() {
    holding = true;
    usesAtHold = uses;
    long left = HOLD_NANOS - (System.nanoTime() - grantedAt);
    table.later(
        () -> {
          synchronized (this) {
            if (holding && !demotionQueued && idle()) {
              demotionQueued = true;
              table.runDemotion(this);
            }
          }
          table.drain();
        },
        Math.max(0, Math.min(left, IDLE_NANOS)));
    serve(false);
  }

  /** Whether the mode can be lowered; else callbacks must run again. */
  private synchronized boolean finishDemotion(boolean again) {
    boolean interrupted = false;
    while (!mayBeLowered() && !withdrawn) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!withdrawn && (again || pinned)) {
      pinned = false;
      demotionRound++;
      notifyAll();
      return false;
    }
    return seal(again);
  }

  /**
   * Lets nobody in any more if nothing is in the way: {@link #forget} and {@link #lower} follow.
   * Else {@link #completeDemotion} has to.
   */
  synchronized boolean seal(boolean again) {
    if (withdrawn) {
      return true;
    }
    sealed = !again && !pinned && mayBeLowered();
    return sealed;
  }

  /** Has what is cached under the mode dropped, which nobody uses any more. */
  void forget(LockCallbacks callbacks) {
    LockMode to;
    synchronized (this) {
      if (!sealed) {
        return;
      }
      to = demotingTo;
    }
    callbacks.forget(name, to);
  }

  /** The end of a demotion that is sealed. */
  synchronized void lower() {
    if (withdrawn) {
      return;
    }
    LockMode from = mode;
    mode = demotingTo;
    value = told;
    demoting = false;
    sealed = false;
    notifyAll();
    table.authority().lower(this, from, mode, told);
    advance();
  }

  // ---- in advance

  /**
   * Asks for PR without a user, where nothing is held or under way.
   *
   * @return false where the lock was just dropped from the table: look it up again
   */
  synchronized boolean prefetch() {
    if (dead) {
      return false;
    }
    boolean untouched = mode == LockMode.NL && queueEmpty() && requested == null && !demoting;
    if (untouched && demoteTo == null && !withdrawn) {
      requested = LockMode.PR;
      table.statistics().count(name, LockStatistics.Counter.REQUESTS);
      table.authority().request(this, LockMode.NL, LockMode.PR, Effort.WAIT);
    }
    return true;
  }
}
