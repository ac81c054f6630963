package org.jclusterfs.core.vfs;

/**
 * Takes an operation's answer while the operation still holds its locks; it encodes and sends, and
 * does nothing that could wait.
 *
 * @param <T> the answer
 */
@FunctionalInterface
public interface Reply<T> {
  /** Gives the answer; called at most once. */
  void accept(T answer);
}
