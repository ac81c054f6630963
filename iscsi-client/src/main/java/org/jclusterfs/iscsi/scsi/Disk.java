package org.jclusterfs.iscsi.scsi;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;

/**
 * A LUN as its users see it: by one session ({@link Lun}) or by several.
 *
 * <p>Offsets and lengths are bytes and multiples of the block size. A buffer handed over is frozen
 * until its future completes; its position does not change. Futures complete on an event loop: what
 * hangs on them must be short and must not block. Thread-safe.
 */
public interface Disk extends AutoCloseable {

  /** What has to be done on each new connection before commands pass there. */
  @FunctionalInterface
  interface Preparation {

    /**
     * Runs on a thread that may block; what it sends passes within {@link Disk#preparing}.
     *
     * @param again false for the first connection of a path
     * @throws IscsiException where the connection is not to be used; it is made anew
     */
    void prepare(Lun nexus, boolean again) throws IscsiException;
  }

  /** What the unit said about itself when it was opened. */
  Inquiry inquiry();

  /** Capacity and limits: as they were when it was opened, the size as it was last seen. */
  Capacity capacity();

  /** Fills {@code dst} from byte {@code offset} on. */
  CompletableFuture<Void> read(long offset, ByteBuffer dst, Priority priority);

  /** Writes all of {@code src} at byte {@code offset}. */
  CompletableFuture<Void> write(long offset, ByteBuffer src, Priority priority);

  /** As {@link #write}, and complete only when {@code src} is durable. */
  CompletableFuture<Void> writeDurably(long offset, ByteBuffer src, Priority priority);

  /** Makes completed writes durable, whoever wrote them and by whatever path. */
  CompletableFuture<Void> flush(Priority priority);

  /** Unmaps a range within the target's limits; does nothing where it cannot. */
  CompletableFuture<Void> unmap(long offset, long length);

  /** Sets the gate asked for each command that changes the medium when it is put on the wire. */
  void setWriteGate(BooleanSupplier gate);

  /** Sets what runs on each later connection of any path before its commands pass. */
  void setPreparation(Preparation preparation);

  /**
   * The I_T nexuses that take commands now, each of which has its own registration; those by which
   * this node may write come first. With one path it is that, connected or not.
   */
  List<Lun> nexuses();

  /** Whether there may be more than one nexus. */
  boolean hasSeveralPaths();

  /**
   * Says whether the target lets this node write by a nexus (see {@link Lun#probeWrite}); where it
   * does not, only reads go there as long as another may write.
   */
  void setWritable(Lun nexus, boolean may);

  /**
   * Called where no nexus may write: a path that is lost may have had the right, as LIO gives it to
   * one session of an initiator name. Another path then goes on as its session.
   *
   * @return false where there is no such path
   */
  boolean inheritRight();

  /**
   * Takes a nexus out of use for good.
   *
   * @param why a clause
   */
  void refuse(Lun nexus, String why);

  /**
   * Runs something whose requests go by this nexus only and pass while its connection is being
   * prepared; they are those that the calling thread makes.
   */
  <T> T preparing(Lun nexus, Callable<T> action) throws Exception;

  /** Logs out and fails what is in flight. */
  @Override
  void close();
}
