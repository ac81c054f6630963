package org.jclusterfs.core.cluster;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jclusterfs.dlm.Blocker;
import org.jclusterfs.dlm.DenyReason;
import org.jclusterfs.dlm.EngineOutput;
import org.jclusterfs.dlm.Grant;
import org.jclusterfs.dlm.LockEngine;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.jclusterfs.dlm.LockRange;
import org.jclusterfs.dlm.Member;
import org.jclusterfs.dlm.View;

/**
 * Runs the lock engine in the threads of its callers, one at a time, and hands what it says to the
 * client of each lock. The mutex is a leaf: clients only take notes while it is held, and act after
 * it is released ({@code afterwards}).
 */
final class EngineDriver implements EngineOutput {

  /** Who asked for a lock; called with the mutex held. */
  interface Client {
    void granted(Grant grant);

    void denied(DenyReason reason, Blocker blocker);

    void blocking(LockMode wanted);
  }

  /** Where messages to peers go. */
  interface Wire {
    /** Queues a message; never blocks. */
    void send(int slot, ByteBuffer message);
  }

  private final ReentrantLock mutex = new ReentrantLock();
  private final Map<Long, Client> clients = new HashMap<>();
  private final Map<Long, Consumer<Blocker>> queries = new HashMap<>();
  private final LockEngine engine;
  private final Wire wire;
  private final LongConsumer onRecovered;
  private final Consumer<RuntimeException> onBroken;
  private final Map<Integer, CompletableFuture<Boolean>> claims = new HashMap<>();
  private final CompletableFuture<Void> handedOver = new CompletableFuture<>();
  private volatile Runnable afterwards = () -> {};

  /**
   * Makes an engine that is in no view.
   *
   * @param onRecovered told a view's number when all locks are rebuilt; with the mutex held
   * @param onBroken told that an invariant is broken; with the mutex held, so it only takes a note
   */
  EngineDriver(int self, Wire wire, LongConsumer onRecovered, Consumer<RuntimeException> onBroken) {
    this.wire = wire;
    this.onRecovered = onRecovered;
    this.onBroken = onBroken;
    engine = new LockEngine(self, this);
  }

  /** Sets what runs after each input from outside, with nothing held. */
  void afterwards(Runnable action) {
    afterwards = action;
  }

  /** Runs something that may give the engine inputs, as one step. */
  void locked(Runnable action) {
    mutex.lock();
    try {
      action.run();
    } catch (RuntimeException e) {
      onBroken.accept(e);
      throw e;
    } finally {
      mutex.unlock();
    }
  }

  /** To be called after {@link #locked} inputs, with nothing held: lets their effects happen. */
  void settle() {
    afterwards.run();
  }

  /** Runs something whose messages to one node go together; it must not wait. */
  void together(Runnable action) {
    locked(engine::cork);
    try {
      action.run();
    } finally {
      locked(engine::uncork);
    }
  }

  private void input(Runnable action) {
    mutex.lock();
    engine.cork();
    try {
      action.run();
    } catch (org.jclusterfs.dlm.WireException e) {
      throw e;
    } catch (RuntimeException e) {
      onBroken.accept(e);
    } finally {
      engine.uncork();
      mutex.unlock();
    }
    afterwards.run();
  }

  // ---- inputs from outside

  void receive(Member from, ByteBuffer message) {
    input(() -> engine.receive(from, message));
  }

  void install(View next) {
    input(() -> engine.install(next));
  }

  void unblock(long viewNumber) {
    input(() -> engine.unblock(viewNumber));
  }

  boolean mastersRegion(int region) {
    mutex.lock();
    try {
      return engine.mastersRegion(region);
    } finally {
      mutex.unlock();
    }
  }

  long messagesSent() {
    mutex.lock();
    try {
      return engine.messagesSent();
    } finally {
      mutex.unlock();
    }
  }

  boolean mayClaim(int region) {
    mutex.lock();
    try {
      return engine.mayClaim(region);
    } finally {
      mutex.unlock();
    }
  }

  /** Tries to become the master of a region that nobody uses; told whether this node is it then. */
  CompletableFuture<Boolean> claim(int region) {
    CompletableFuture<Boolean> answer = new CompletableFuture<>();
    input(
        () -> {
          CompletableFuture<Boolean> others = claims.putIfAbsent(region, answer);
          if (others != null) {
            others.thenAccept(answer::complete);
          } else {
            engine.claim(region);
          }
        });
    return answer;
  }

  /** Gives the regions mastered here away; done when others serve them. */
  CompletableFuture<Void> handOver() {
    input(engine::handOver);
    return handedOver;
  }

  // ---- inputs from clients, within locked()

  /** A number for a lock, told its client's answers from now on. */
  long newLock(Client client) {
    long id = engine.newLockId();
    clients.put(id, client);
    return id;
  }

  void request(long id, LockName name, LockMode mode, int flags, LockRange range, long cookie) {
    engine.request(id, name, mode, flags, range, cookie);
  }

  void convert(long id, LockMode mode, int flags, byte[] value) {
    engine.convert(id, mode, flags, value);
  }

  /** Gives a lock up; its client hears nothing more. */
  void unlock(long id, int flags) {
    clients.remove(id);
    engine.unlock(id, flags, null);
  }

  void cancel(long id) {
    engine.cancel(id);
  }

  /** Forgets the client of a lock that was denied. */
  void forget(long id) {
    clients.remove(id);
  }

  void test(LockName name, LockMode mode, LockRange range, long cookie, Consumer<Blocker> answer) {
    long id = engine.newLockId();
    queries.put(id, answer);
    engine.test(id, name, mode, range, cookie);
  }

  // ---- outputs of the engine

  @Override
  public void send(int slot, ByteBuffer message) {
    wire.send(slot, message);
  }

  @Override
  public void granted(long lockId, Grant grant) {
    Client client = clients.get(lockId);
    if (client != null) {
      client.granted(grant);
    }
  }

  @Override
  public void denied(long lockId, DenyReason reason, Blocker blocker) {
    Client client = clients.get(lockId);
    if (client != null) {
      client.denied(reason, blocker);
    }
  }

  @Override
  public void blocking(long lockId, LockMode wanted) {
    Client client = clients.get(lockId);
    if (client != null) {
      client.blocking(wanted);
    }
  }

  @Override
  public void tested(long queryId, Blocker blocker) {
    Consumer<Blocker> answer = queries.remove(queryId);
    if (answer != null) {
      answer.accept(blocker);
    }
  }

  @Override
  public void claimed(int region, boolean here) {
    CompletableFuture<Boolean> claim = claims.remove(region);
    if (claim != null) {
      claim.complete(here);
    }
  }

  @Override
  public void handedOver() {
    handedOver.complete(null);
  }

  @Override
  public void recovered(long viewNumber) {
    onRecovered.accept(viewNumber);
  }
}
