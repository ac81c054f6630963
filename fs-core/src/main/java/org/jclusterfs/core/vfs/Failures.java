package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jclusterfs.core.alloc.NoSpaceException;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.directory.DirectoryFullException;
import org.jclusterfs.core.xattr.AttributeExistsException;
import org.jclusterfs.core.xattr.AttributeMissingException;
import org.jclusterfs.core.xattr.AttributeTooBigException;

/**
 * Turns the failures of the layers below into {@link FsException}s, and a broken invariant into the
 * end of this node.
 */
final class Failures {
  private static final System.Logger LOG = System.getLogger(Failures.class.getName());

  private final BooleanSupplier aborted;
  private final Consumer<Throwable> onBroken;

  /**
   * Makes one that reports a broken invariant: whoever finds one stops the node.
   *
   * @param aborted whether the journal is: what is in memory may be half changed then
   */
  Failures(BooleanSupplier aborted, Consumer<Throwable> onBroken) {
    this.aborted = aborted;
    this.onBroken = onBroken;
  }

  /** An operation of the layers below. */
  @FunctionalInterface
  interface Operation<T> {
    T run() throws FsException, IOException, LockUnavailableException;
  }

  /** An operation without a result. */
  @FunctionalInterface
  interface Action {
    void run() throws FsException, IOException, LockUnavailableException;
  }

  void run(Action action) throws FsException {
    call(
        () -> {
          action.run();
          return null;
        });
  }

  <T> T call(Operation<T> operation) throws FsException {
    try {
      return operation.run();
    } catch (NoSpaceException e) {
      throw new FsException(FsException.Failure.NO_SPACE, e.getMessage(), e);
    } catch (AttributeExistsException e) {
      throw new FsException(FsException.Failure.EXISTS, e.getMessage(), e);
    } catch (AttributeMissingException e) {
      throw new FsException(FsException.Failure.NO_ATTRIBUTE, e.getMessage(), e);
    } catch (AttributeTooBigException e) {
      FsException.Failure failure =
          e.together() ? FsException.Failure.NO_SPACE : FsException.Failure.TOO_BIG;
      throw new FsException(failure, e.getMessage(), e);
    } catch (DirectoryFullException e) {
      throw new FsException(FsException.Failure.NO_SPACE, e.getMessage(), e);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "operation failed", e);
      if (aborted.getAsBoolean()) {
        onBroken.accept(e);
      }
      throw new FsException(FsException.Failure.IO, e.getMessage(), e);
    } catch (LockUnavailableException e) {
      throw new FsException(
          switch (e.reason()) {
            case CANCELLED -> FsException.Failure.INTERRUPTED;
            case DEADLOCK -> FsException.Failure.DEADLOCK;
            case WITHDRAWN -> FsException.Failure.IO;
          },
          e.getMessage(),
          e);
    } catch (RuntimeException e) {
      // A change may be half made: nothing of it may be committed.
      onBroken.accept(e);
      throw new FsException(FsException.Failure.IO, "this node stops: " + e, e);
    }
  }
}
