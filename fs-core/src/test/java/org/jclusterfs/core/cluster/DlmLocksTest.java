package org.jclusterfs.core.cluster;

import org.junit.jupiter.api.AfterEach;

/** The contract on the only member of a cluster. */
final class DlmLocksTest extends ClusterLocksContract {

  private TestCluster cluster;
  private ClusterNode node;

  @Override
  ClusterLocks open() throws Exception {
    cluster = new TestCluster(2);
    node =
        ClusterNode.join(
            cluster.disk.connect(),
            cluster.volume,
            new JoinOptions(-1, "127.0.0.1", 0, TestCluster.elsewhere(), 10_000),
            cluster.recovery());
    node.start();
    return node.locks();
  }

  @Override
  void withdraw(ClusterLocks locks, Throwable cause) {
    node.withdraw(cause);
  }

  @AfterEach
  void leave() throws Exception {
    node.close();
  }
}
