package org.jclusterfs.core.vfs;

import java.nio.ByteBuffer;
import org.jclusterfs.core.format.InodeBlock;

/**
 * Tells an inode for ever: by its number, and by the generation that sets it apart from those that
 * had the number before it and will have it after it.
 *
 * <p>Between two calls, and within one for as long as it waits, another node may free an inode and
 * make another one at its number. So whoever names an inode that was found earlier and is not open
 * gives its id, and what that names is judged under the inode's lock: {@code STALE} where it is
 * gone. It is a type of its own, rather than bits of the generation packed into a number, so that
 * neither is taken for the other and the generation is whole. That costs nothing: bindings keep the
 * id with what they remember of an inode anyway.
 *
 * @param number number of the inode: the block that it lies in
 * @param generation as in {@link Attributes}; 0, which no inode has, stands for whichever is there
 */
public record InodeId(long number, long generation) {
  private static final long WHICHEVER = 0;

  /**
   * Whichever inode has the number: for those that cannot have been freed since the number was
   * learnt. These are the root, those that the caller has open, and those that are named by a
   * directory whose lock is held.
   */
  public static InodeId ofNumber(long number) {
    return new InodeId(number, WHICHEVER);
  }

  /** Whether it is of an inode that may have been freed meanwhile. */
  boolean mayBeGone() {
    return generation != WHICHEVER;
  }

  /** Whether it names the inode at its number, whose attributes are given as in its block. */
  boolean names(ByteBuffer attributes) {
    return generation == WHICHEVER || generation == InodeBlock.generation(attributes);
  }
}
