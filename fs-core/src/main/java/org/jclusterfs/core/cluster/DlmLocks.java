package org.jclusterfs.core.cluster;

import java.util.Collection;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongToIntFunction;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;

/** The locks of a node in a cluster: modes are cached until another node asks for them. */
final class DlmLocks implements ClusterLocks {

  private static final long CLAIM_TIMEOUT_MILLIS = 2000;

  private final EngineDriver driver;
  private final GlockTable table;
  private final DlmRangeLocks ranges;

  /**
   * Makes the locks of a node.
   *
   * @param regionOf tells the region in which an inode lies, the same on all nodes
   * @param lease whether this node may still use what it holds; once false, it stays so
   * @param onFailure told that a callback failed or the lease is over: the node must withdraw
   */
  DlmLocks(
      EngineDriver driver,
      LongToIntFunction regionOf,
      BooleanSupplier lease,
      Consumer<Throwable> onFailure) {
    this.driver = driver;
    DlmAuthority authority = new DlmAuthority(driver);
    table = new GlockTable(authority, lease, onFailure);
    authority.use(table);
    ranges = new DlmRangeLocks(driver, regionOf);
    driver.afterwards(
        () -> {
          table.drain();
          ranges.drain();
        });
  }

  void withdraw() {
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
  public void prefetch(Collection<LockName> names) {
    table.prefetch(names);
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
  public long messagesSent() {
    return driver.messagesSent();
  }

  @Override
  public boolean mastersRegion(int region) {
    return driver.mastersRegion(region);
  }

  @Override
  public boolean claimRegion(int region) {
    if (driver.mastersRegion(region)) {
      return true;
    }
    if (!driver.mayClaim(region)) {
      return false;
    }
    try {
      return driver.claim(region).get(CLAIM_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException | TimeoutException e) {
      return false; // a hint is not worth a longer wait
    }
  }

  @Override
  public RangeLocks ranges() {
    return ranges;
  }

  @Override
  public void close() {
    ranges.close();
    table.close();
  }
}
