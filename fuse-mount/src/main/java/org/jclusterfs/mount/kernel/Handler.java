package org.jclusterfs.mount.kernel;

import org.jclusterfs.core.vfs.FsException;

/** Serves the requests of one opcode; it replies itself, and a failure thrown is replied for it. */
@FunctionalInterface
interface Handler {
  /** Serves one request to its end. */
  void handle(Request request) throws FsException;
}
