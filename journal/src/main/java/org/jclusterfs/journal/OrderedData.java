package org.jclusterfs.journal;

import java.util.concurrent.CompletableFuture;

/**
 * File data that has to be on the device before the transaction commits that makes it reachable
 * (ordered mode). Identity decides equality: one object is written once per transaction.
 */
@FunctionalInterface
public interface OrderedData {

  /**
   * Starts writing all of it that is dirty and completes when the writes have completed (not yet
   * flushed); waits for no lock and no transaction.
   */
  CompletableFuture<Void> writeOut();
}
