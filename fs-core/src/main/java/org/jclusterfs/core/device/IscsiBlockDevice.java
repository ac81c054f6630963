package org.jclusterfs.core.device;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jclusterfs.iscsi.ChapSecrets;
import org.jclusterfs.iscsi.InitiatorName;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.ReservationConflictException;
import org.jclusterfs.iscsi.WriteGateClosedException;
import org.jclusterfs.iscsi.scsi.Capacity;
import org.jclusterfs.iscsi.scsi.Lun;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;

/**
 * A LUN behind the project's own iSCSI initiator.
 *
 * <p>One connection at a time; several portals are tried in order at login and at each reconnect.
 * After a reconnect the node registers again and the {@link FenceCheck} is asked before any write
 * passes. Futures complete on an I/O thread: what hangs on them must be short.
 */
public final class IscsiBlockDevice implements BlockDevice {

  /** How often one command is sent again after a conflict; more than nodes die at a time. */
  private static final int RENEWALS = 4;

  private final String description;
  private final Lun lun;
  private final Capacity capacity;
  private final IscsiFencing fencing;
  private final BlockDevice urgent = new Urgent();
  private volatile WriteGate gate = WriteGate.OPEN;

  private IscsiBlockDevice(String description, Lun lun, String initiator) throws IOException {
    this.description = description;
    this.lun = lun;
    this.capacity = lun.capacity();
    this.fencing = new IscsiFencing(lun, initiator);
    lun.session().setWriteGate(() -> !fencing.isFenced() && gate.mayWrite());
    lun.session().setPreparation(fencing::connectedAgain);
  }

  /**
   * Logs in and opens the LUN that an {@code iscsi://} device names.
   *
   * @throws IOException in words: what was refused, by whom, and what to check
   */
  public static IscsiBlockDevice open(DeviceSpec spec) throws IOException {
    return open(spec, null);
  }

  /**
   * The same with other timeouts and lengths than the defaults.
   *
   * @param tuning options whose name and credentials the spec replaces, or null for the defaults
   */
  static IscsiBlockDevice open(DeviceSpec spec, InitiatorOptions tuning) throws IOException {
    IscsiUrl url;
    String initiator;
    try {
      url = IscsiUrl.parse(spec.device());
      initiator =
          spec.initiatorName() != null
              ? InitiatorName.check(spec.initiatorName())
              : InitiatorName.read(spec.initiatorFile());
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    InitiatorOptions options = tuning != null ? tuning : InitiatorOptions.of(initiator);
    Lun lun =
        Lun.open(
            options.withChap(
                ChapSecrets.read(spec.secretsFile()).find(url.targets().get(0), url.user())),
            url);
    try {
      return new IscsiBlockDevice(spec.device(), lun, initiator);
    } catch (IOException | RuntimeException e) {
      lun.close();
      throw e;
    }
  }

  @Override
  public void setFenceCheck(FenceCheck check) {
    fencing.setFenceCheck(check);
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public long size() {
    return capacity.bytes();
  }

  @Override
  public int logicalBlockSize() {
    return capacity.blockSize();
  }

  @Override
  public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
    return lun.read(offset, dst);
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer src) {
    return registered(() -> lun.write(offset, src.duplicate()));
  }

  @Override
  public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src) {
    return writeDurably(offset, src, Priority.ORDINARY);
  }

  private CompletableFuture<Void> writeDurably(long offset, ByteBuffer src, Priority priority) {
    return registered(() -> lun.writeDurably(offset, src, priority));
  }

  @Override
  public CompletableFuture<Void> flush() {
    return flush(Priority.ORDINARY);
  }

  /**
   * A flush that was under way when the connection ended is sent again to whatever target is there
   * then: of a node that may not write any more it proves nothing.
   */
  private CompletableFuture<Void> flush(Priority priority) {
    if (!hasVolatileWriteCache()) {
      return CompletableFuture.completedFuture(null);
    }
    return registered(() -> lun.flush(priority))
        .thenRun(
            () -> {
              if (fencing.isFenced()) {
                throw new CompletionException(fenced(null));
              }
            });
  }

  /** Does nothing on targets whose reservations do not stop UNMAP: it would escape fencing. */
  @Override
  public CompletableFuture<Void> discard(long offset, long length) {
    return fencing.coversUnmap()
        ? registered(() -> lun.unmap(offset, length))
        : CompletableFuture.completedFuture(null);
  }

  /**
   * Sends a command that needs the right to write, again where it was refused for a reason that
   * registering anew removes; gives errors that mean "fenced" their type.
   */
  private CompletableFuture<Void> registered(Supplier<CompletableFuture<Void>> command) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    send(command, RENEWALS, result);
    return result;
  }

  private void send(
      Supplier<CompletableFuture<Void>> command, int renewals, CompletableFuture<Void> result) {
    command
        .get()
        .whenComplete(
            (nothing, thrown) -> {
              Throwable e =
                  thrown instanceof CompletionException && thrown.getCause() != null
                      ? thrown.getCause()
                      : thrown;
              if (e == null) {
                result.complete(null);
              } else if (!(e instanceof ReservationConflictException) || !fencing.isRegistered()) {
                result.completeExceptionally(inOurWords(e));
              } else if (renewals == 0) {
                result.completeExceptionally(fencing.blocked(e));
              } else {
                renew(command, renewals, (ReservationConflictException) e, result);
              }
            });
  }

  private void renew(
      Supplier<CompletableFuture<Void>> command,
      int renewals,
      ReservationConflictException conflict,
      CompletableFuture<Void> result) {
    fencing
        .conflicted()
        .whenComplete(
            (may, e) -> {
              if (e != null) {
                conflict.addSuppressed(e);
                result.completeExceptionally(fencing.blocked(conflict));
              } else if (may) {
                send(command, renewals - 1, result);
              } else {
                result.completeExceptionally(
                    fencing.isFenced() ? inOurWords(conflict) : fencing.blocked(conflict));
              }
            });
  }

  private Throwable inOurWords(Throwable e) {
    if (e instanceof ReservationConflictException) {
      if (!fencing.isFenced()) {
        return new IOException(
            description
                + ": other nodes hold it by a persistent reservation; unmount it there, or remove"
                + " what dead nodes left with 'iscsi keys --clear'",
            e);
      }
    } else if (!(e instanceof WriteGateClosedException)) {
      return e;
    }
    return fenced(e);
  }

  private FencedException fenced(Throwable cause) {
    FencedException fenced =
        new FencedException(
            description
                + ": "
                + (fencing.isFenced()
                    ? fencing.reason()
                    : "this node's lease on the device ran out"));
    fenced.initCause(cause);
    return fenced;
  }

  @Override
  public boolean hasVolatileWriteCache() {
    return lun.capacity().writeCache();
  }

  @Override
  public void setWriteGate(WriteGate next) {
    gate = next;
  }

  @Override
  public Fencing fencing() {
    return fencing;
  }

  @Override
  public List<InetAddress> localAddresses() {
    InetAddress address = lun.session().localAddress();
    return address == null ? List.of() : List.of(address);
  }

  /** By places of the target's command window that ordinary requests leave free. */
  @Override
  public BlockDevice urgent() {
    return urgent;
  }

  private final class Urgent extends ForwardingDevice {
    Urgent() {
      super(IscsiBlockDevice.this);
    }

    @Override
    public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
      return lun.read(offset, dst, Priority.URGENT);
    }

    @Override
    public CompletableFuture<Void> write(long offset, ByteBuffer src) {
      return registered(() -> lun.write(offset, src.duplicate(), Priority.URGENT));
    }

    @Override
    public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src) {
      return IscsiBlockDevice.this.writeDurably(offset, src, Priority.URGENT);
    }

    @Override
    public CompletableFuture<Void> flush() {
      return IscsiBlockDevice.this.flush(Priority.URGENT);
    }

    @Override
    public void close() {
      // With the device.
    }
  }

  /** Whether a durable write costs one command: FUA, or no write cache. */
  boolean writesDurablyAtOnce() {
    return !lun.capacity().writeCache() || lun.capacity().forcedUnitAccess();
  }

  /** Drops the connection as a fault would, so that the device makes it anew; for tests. */
  void dropConnection() {
    lun.session().dropConnection();
  }

  @Override
  public void close() {
    lun.close();
    fencing.close();
  }

  static IscsiException unwrap(Exception e) {
    return e instanceof IscsiException
        ? (IscsiException) e
        : new IscsiException(String.valueOf(e.getMessage()), e);
  }
}
