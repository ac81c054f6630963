package org.jclusterfs.core.device;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Fencing among the processes of one host: a slot is a lock on the file, and a node is fenced by
 * the death of its process.
 */
final class FileFencing implements Fencing {

  private static final long KILL_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final SharedFile file;
  private final String description;
  private final Set<Integer> registered = new HashSet<>();

  FileFencing(SharedFile file, String description) {
    this.file = file;
    this.description = description;
  }

  @Override
  public synchronized boolean register(int slot, long key) throws IOException {
    if (!file.lock(slot)) {
      return false;
    }
    registered.add(slot);
    return true;
  }

  @Override
  public synchronized void unregister(int slot, long key) throws IOException {
    if (registered.remove(slot)) {
      file.unlock(slot);
    }
  }

  /** Gives up what is still registered: the device is closed. */
  synchronized void unregisterAll() throws IOException {
    for (int slot : registered) {
      file.unlock(slot);
    }
    registered.clear();
  }

  @Override
  public void fence(Victim victim) throws IOException {
    ProcessIdentity process = victim.process();
    if (process.equals(ProcessIdentities.current())) {
      throw new IOException(
          "slot " + victim.slot() + " belongs to this very process: it cannot fence itself");
    }
    switch (ProcessIdentities.isAlive(process)) {
      case ALIVE:
        kill(process, victim.slot());
        break;
      case UNKNOWN:
        // Another boot id: that boot of this host is over. Another pid namespace: only the lock
        // tells.
        break;
      default:
        break;
    }
    // The kernel drops the lock when the process's last descriptor of the file is gone.
    long deadline = System.nanoTime() + KILL_TIMEOUT_NANOS;
    while (!file.lock(victim.slot())) {
      if (System.nanoTime() - deadline > 0) {
        throw new IOException(
            "cannot confirm that slot "
                + victim.slot()
                + " of "
                + description
                + " is dead: its lock is still held"
                + (ProcessIdentities.sameBoot(process)
                    ? " by pid " + process.pid() + " of pid namespace " + process.pidNamespace()
                    : "")
                + "; end that process");
      }
      pause();
    }
    file.unlock(victim.slot());
  }

  private static void kill(ProcessIdentity process, int slot) throws IOException {
    ProcessHandle.of(process.pid())
        // Checked again: the pid may have been given to somebody else.
        .filter(handle -> stillAlive(process))
        .ifPresent(ProcessHandle::destroyForcibly);
    long deadline = System.nanoTime() + KILL_TIMEOUT_NANOS;
    while (stillAlive(process)) {
      if (System.nanoTime() - deadline > 0) {
        throw new IOException(
            "pid "
                + process.pid()
                + " that holds slot "
                + slot
                + " was sent SIGKILL and still lives: it may hang in the kernel, or belong to"
                + " another user");
      }
      pause();
    }
  }

  private static boolean stillAlive(ProcessIdentity process) {
    try {
      return ProcessIdentities.isAlive(process) == ProcessIdentities.State.ALIVE;
    } catch (IOException e) {
      return true;
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(10);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while a node was being fenced", e);
    }
  }

  @Override
  public String describe() {
    return "nodes of one host only: a dead node's process is killed, its slot's lock on the file"
        + " verifies it";
  }

  @Override
  public boolean supportsCluster() {
    return true;
  }
}
