package org.jclusterfs.core.device;

/** Tells at the last moment before a write leaves whether this node still may write. */
@FunctionalInterface
public interface WriteGate {

  /** A gate that is always open: for tools that own the device alone. */
  WriteGate OPEN = () -> true;

  /** Whether a write may be put on the wire now. Never blocks; called from I/O threads. */
  boolean mayWrite();
}
