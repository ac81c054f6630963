package org.jclusterfs.core.device;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jclusterfs.core.status.PathStatus;
import org.jclusterfs.iscsi.ChapSecrets;
import org.jclusterfs.iscsi.InitiatorName;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.ReservationConflictException;
import org.jclusterfs.iscsi.WriteGateClosedException;
import org.jclusterfs.iscsi.multipath.Multipath;
import org.jclusterfs.iscsi.multipath.MultipathLun;
import org.jclusterfs.iscsi.multipath.MultipathOptions;
import org.jclusterfs.iscsi.multipath.PathInfo;
import org.jclusterfs.iscsi.scsi.Capacity;
import org.jclusterfs.iscsi.scsi.Disk;
import org.jclusterfs.iscsi.scsi.Lun;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;

/**
 * A LUN behind the project's own iSCSI initiator.
 *
 * <p>By one session, or by one for each portal and target that the device names (see {@link
 * Multipath}). After each login the node registers there and the {@link FenceCheck} is asked before
 * any write passes. Futures complete on an I/O thread: what hangs on them must be short.
 */
public final class IscsiBlockDevice implements BlockDevice {

  /** How often one command is sent again after a conflict; more than nodes die at a time. */
  private static final int RENEWALS = 4;

  private final String description;
  private final Disk disk;
  private final Capacity capacity;
  private final IscsiFencing fencing;
  private final BlockDevice urgent = new Urgent();
  private volatile WriteGate gate = WriteGate.OPEN;

  private IscsiBlockDevice(String description, Disk disk, IscsiUrl url, String initiator)
      throws IOException {
    this.description = description;
    this.disk = disk;
    this.capacity = disk.capacity();
    this.fencing = new IscsiFencing(disk, url, initiator);
    disk.setWriteGate(() -> !fencing.isFenced() && gate.mayWrite());
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
    MultipathOptions paths;
    try {
      paths = MultipathOptions.parse(spec.paths());
      url = IscsiUrl.parse(spec.device());
      initiator =
          spec.initiatorName() != null
              ? InitiatorName.check(spec.initiatorName())
              : InitiatorName.read(spec.initiatorFile());
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    InitiatorOptions options = tuning != null ? tuning : InitiatorOptions.of(initiator);
    if (!spec.secretsFile().equals(DeviceSpec.SECRETS_FILE) && !Files.exists(spec.secretsFile())) {
      throw new IOException(
          "the file of CHAP secrets that was named does not exist: " + spec.secretsFile());
    }
    ChapSecrets secrets = ChapSecrets.read(spec.secretsFile());
    Map<String, InitiatorOptions> sessions = new HashMap<>();
    for (String target : url.targets()) {
      sessions.put(target, options.withChap(secrets.find(target, url.user())));
    }
    Disk disk = Multipath.open(sessions::get, url, paths);
    try {
      return new IscsiBlockDevice(spec.device(), disk, url, initiator);
    } catch (IOException | RuntimeException e) {
      disk.close();
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
    return disk.read(offset, dst, Priority.ORDINARY);
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer src) {
    return registered(() -> disk.write(offset, src.duplicate(), Priority.ORDINARY));
  }

  @Override
  public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src) {
    return writeDurably(offset, src, Priority.ORDINARY);
  }

  private CompletableFuture<Void> writeDurably(long offset, ByteBuffer src, Priority priority) {
    return registered(() -> disk.writeDurably(offset, src, priority));
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
    return registered(() -> disk.flush(priority))
        .thenRun(
            () -> {
              if (fencing.isFenced()) {
                throw new CompletionException(fenced(null));
              }
            });
  }

  @Override
  public boolean canDiscard() {
    return capacity.maxUnmapBlocks() != 0
        && capacity.maxUnmapDescriptors() != 0
        && fencing.coversUnmap();
  }

  /** Does nothing on targets whose reservations do not stop UNMAP: it would escape fencing. */
  @Override
  public CompletableFuture<Void> discard(long offset, long length) {
    return fencing.coversUnmap()
        ? registered(() -> disk.unmap(offset, length))
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
    return disk.capacity().writeCache();
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
    return disk.nexuses().stream()
        .map(nexus -> nexus.session().localAddress())
        .filter(Objects::nonNull)
        .distinct()
        .toList();
  }

  @Override
  public List<PathStatus> paths() {
    if (disk instanceof MultipathLun) {
      return ((MultipathLun) disk).paths().stream().map(IscsiBlockDevice::path).toList();
    }
    return disk.nexuses().stream().map(this::onlyPath).toList();
  }

  private static PathStatus path(PathInfo path) {
    return new PathStatus(
        path.portal().toString(),
        path.target(),
        path.isid().toString(),
        path.state().toString(),
        path.access().toString(),
        path.priority(),
        path.inUse(),
        path.writable(),
        path.inFlight(),
        path.errors(),
        path.since().getEpochSecond(),
        path.reason());
  }

  private PathStatus onlyPath(Lun lun) {
    Portal portal = lun.session().portal();
    boolean up = portal != null;
    return new PathStatus(
        up ? portal.toString() : "-",
        lun.session().target(),
        lun.session().isid().toString(),
        up ? "up" : "down",
        "-",
        0,
        up,
        !fencing.isFenced(),
        0,
        0,
        0,
        "");
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
      return disk.read(offset, dst, Priority.URGENT);
    }

    @Override
    public CompletableFuture<Void> write(long offset, ByteBuffer src) {
      return registered(() -> disk.write(offset, src.duplicate(), Priority.URGENT));
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
    return !disk.capacity().writeCache() || disk.capacity().forcedUnitAccess();
  }

  /** Drops all connections as a fault would, so that the device makes them anew; for tests. */
  void dropConnection() {
    disk.nexuses().forEach(nexus -> nexus.session().dropConnection());
  }

  /** The paths below, for tests. */
  Disk disk() {
    return disk;
  }

  @Override
  public void close() {
    disk.close();
    fencing.close();
  }

  static IscsiException unwrap(Exception e) {
    return e instanceof IscsiException
        ? (IscsiException) e
        : new IscsiException(String.valueOf(e.getMessage()), e);
  }
}
