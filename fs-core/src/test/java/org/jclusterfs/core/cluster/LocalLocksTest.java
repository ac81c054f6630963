package org.jclusterfs.core.cluster;

final class LocalLocksTest extends ClusterLocksContract {

  @Override
  ClusterLocks open() {
    return new LocalLocks();
  }

  @Override
  void withdraw(ClusterLocks locks, Throwable cause) {
    ((LocalLocks) locks).withdraw(cause);
  }
}
