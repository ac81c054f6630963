package org.jclusterfs.core.device;

import java.io.IOException;

/**
 * Keeps nodes from writing to a device: SCSI-3 persistent reservations (type 7, write exclusive –
 * all registrants) on a LUN, death of the process for a file on one host.
 *
 * <p>Calls block; none is made from an I/O thread. Thread-safe.
 */
public interface Fencing {

  /**
   * Registers this node so that it may write.
   *
   * @param slot slot that the node claims
   * @param key reservation key of this incarnation: slot in the upper 16 bits, a nonce below
   * @return false where another node holds a registration or lock for the same slot; nothing of
   *     ours is left registered then
   * @throws IOException if the device does not answer or refuses
   */
  boolean register(int slot, long key) throws IOException;

  /**
   * Checks that the device lets this node write now that it is registered.
   *
   * @throws WritesBlockedException where the target takes it and another registration for one
   */
  default void requireWritable() throws IOException {}

  /** Gives the registration up; a no-op where there is none. */
  void unregister(int slot, long key) throws IOException;

  /**
   * Makes sure that no write of the victim can land any more, and verifies it before it returns.
   *
   * @throws IOException if that could not be confirmed; the caller retries and recovers nothing
   */
  void fence(Victim victim) throws IOException;

  /**
   * Keys registered at the device that name a slot; none where registrations die with their
   * process.
   *
   * @throws IOException if the device does not answer
   */
  default java.util.List<Long> keysOf(int slot) throws IOException {
    return java.util.List.of();
  }

  /** One line for users: how nodes are fenced here and what is weaker than it should be. */
  String describe();

  /** Whether several nodes may mount this device; false where they could not be fenced. */
  boolean supportsCluster();

  /**
   * Who is to be fenced, as its slot descriptor names it.
   *
   * @param slot its slot
   * @param key its reservation key
   * @param process its process, meaningful on the same host only
   */
  record Victim(int slot, long key, ProcessIdentity process) {}
}
