package org.jclusterfs.core.cluster;

import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/**
 * The locks of a node that is alone with its volume: no message, no slot, no heartbeat. Modes are
 * cached and callbacks run when locks are given back, as in a cluster.
 */
public final class LocalLocks implements ClusterLocks {

  private static final class AloneAuthority implements ModeAuthority {
    private GlockTable table;

    @Override
    public void request(Glock lock, LockMode held, LockMode wanted, Effort effort) {
      table.post(lock, LockEvent.granted(wanted, false, null));
    }

    @Override
    public void cancel(Glock lock) {
      // Requests are granted before anybody could call them off.
    }

    @Override
    public void lower(Glock lock, LockMode held, LockMode to, byte[] value) {
      // Nobody is told.
    }
  }

  private final GlockTable table;
  private final LocalRangeLocks ranges = new LocalRangeLocks();

  /** Makes the locks of one node; a callback that fails withdraws it. */
  public LocalLocks() {
    AloneAuthority authority = new AloneAuthority();
    table = new GlockTable(authority, () -> true, this::withdraw);
    authority.table = table;
  }

  /** Fails all waiters and all later requests, as a node does that leaves its cluster. */
  public void withdraw(Throwable cause) {
    table.withdraw();
    ranges.withdraw();
  }

  @Override
  public void register(LockType type, LockCallbacks callbacks) {
    table.register(type, callbacks);
  }

  @Override
  public LockHolder acquire(LockName name, LockMode mode, Cancellation cancellation)
      throws LockUnavailableException {
    return table.acquire(name, mode, false, cancellation);
  }

  @Override
  public LockHolder tryAcquire(LockName name, LockMode mode) throws LockUnavailableException {
    return table.tryAcquire(name, mode);
  }

  @Override
  public LockHolder acquireCached(LockName name, LockMode mode) throws LockUnavailableException {
    return table.acquireCached(name, mode);
  }

  @Override
  public LockHolder acquirePinning(LockName name, LockMode mode) throws LockUnavailableException {
    return table.acquire(name, mode, true, Cancellation.NEVER);
  }

  @Override
  public LockMode cached(LockName name) {
    return table.cached(name);
  }

  @Override
  public void giveBack(LockName name) {
    table.giveBack(name);
  }

  @Override
  public boolean mastersRegion(int region) {
    return true;
  }

  @Override
  public boolean claimRegion(int region) {
    return true;
  }

  @Override
  public RangeLocks ranges() {
    return ranges;
  }

  @Override
  public LockStatistics statistics() {
    return table.statistics();
  }

  @Override
  public LockCensus census() {
    LockCensus census = table.census();
    ranges.count(census);
    return census;
  }

  @Override
  public void close() {
    table.close();
    ranges.withdraw();
  }
}
