package org.jclusterfs.iscsi.scsi;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.ReservationConflictException;
import org.jclusterfs.iscsi.ScsiException;
import org.jclusterfs.iscsi.session.IscsiSession;
import org.jclusterfs.iscsi.session.ScsiCommand.Kind;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;
import org.jclusterfs.iscsi.session.ScsiResponse;
import org.jclusterfs.iscsi.wire.Bhs;

/**
 * A disk behind an iSCSI session. Requests larger than the target takes are split and sent
 * together.
 *
 * <p>Offsets and lengths are bytes and multiples of the block size. A buffer handed over is frozen
 * until its future completes; its position does not change. Futures complete on an event loop: what
 * hangs on them must be short and must not block. Thread-safe.
 */
public final class Lun implements Disk {

  private static final System.Logger LOG = System.getLogger("org.jclusterfs.iscsi");

  /** Bytes per command unless the target takes less. */
  private static final int MAX_TRANSFER = 1 << 20;

  /** Bytes that one WRITE SAME writes at most, so that it ends within its time. */
  private static final long MAX_WRITE_SAME = 64 << 20;

  private static final int MAX_BLOCKS_10 = 65535;
  private static final int UNMAP_DESCRIPTORS = 64;

  private final IscsiSession session;
  private final int lun;
  private final Inquiry inquiry;
  private volatile Capacity capacity;
  private final int maxTransfer;
  private final ThreadLocal<Boolean> preparing = ThreadLocal.withInitial(() -> false);
  private volatile Runnable preemptionListener = () -> {};
  private volatile Consumer<Capacity> capacityListener = changed -> {};
  private volatile boolean use10;
  private volatile boolean flush10;
  private volatile boolean refusesForcedUnitAccess;

  private Lun(IscsiSession session, int lun) throws IscsiException {
    this.session = session;
    this.lun = lun;
    control(Kind.CONTROL, Cdb.testUnitReady(), null);
    inquiry =
        Inquiry.parse(
            "LUN " + lun + " of " + session.where(),
            fetch(Cdb.inquiry(255), 255),
            fetchIfSupported(Cdb.inquiryVpd(0x80, 255), 255),
            fetchIfSupported(Cdb.inquiryVpd(0x83, 4096), 4096));
    if (inquiry.deviceType() != 0) {
      throw new IscsiException(
          "LUN "
              + lun
              + " of "
              + session.where()
              + " is no disk (device type "
              + inquiry.deviceType()
              + "); check the LUN number, on tgt disks begin at 1");
    }
    ByteBuffer capacity16 = fetchIfSupported(Cdb.readCapacity16(32), 32);
    use10 = capacity16 == null;
    capacity =
        Capacity.parse(
            capacity16,
            use10 ? fetch(Cdb.readCapacity10(), 8) : null,
            fetchIfSupported(Cdb.inquiryVpd(0xb0, 64), 64),
            fetchIfSupported(Cdb.inquiryVpd(0xb2, 64), 64),
            cachingPage());
    long limit = MAX_TRANSFER / capacity.blockSize();
    if (capacity.maxTransferBlocks() > 0) {
      limit = Math.min(limit, capacity.maxTransferBlocks());
    }
    maxTransfer = (int) Math.min(limit, MAX_BLOCKS_10) * capacity.blockSize();
  }

  /**
   * Logs in to the target of a URL and opens its LUN.
   *
   * @throws IscsiException one line in words
   */
  public static Lun open(InitiatorOptions options, IscsiUrl url) throws IscsiException {
    if (url.targets().size() > 1) {
      // Keys that are registered by one target need not count at another: tgtd keeps them apart.
      throw new IscsiException(
          url
              + " names "
              + url.targets().size()
              + " targets, and paths by several targets are not supported: give one of them, with"
              + " all its portals");
    }
    IscsiSession session = IscsiSession.open(options, url.targets().get(0), url.portals());
    try {
      return new Lun(session, url.lun());
    } catch (IscsiException | RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /** The session below. */
  public IscsiSession session() {
    return session;
  }

  /** Logical unit number. */
  public int number() {
    return lun;
  }

  /** What the unit said about itself when it was opened. */
  @Override
  public Inquiry inquiry() {
    return inquiry;
  }

  /** Capacity and limits: as they were when it was opened, the size as it was last seen. */
  @Override
  public Capacity capacity() {
    return capacity;
  }

  /**
   * Asks again how the unit caches writes, where that could not be had: to be called once this
   * session is registered.
   */
  public void learnCaching() throws IscsiException {
    if (!capacity.cachingKnown()) {
      ByteBuffer mode = cachingPage();
      if (mode != null) {
        synchronized (this) {
          capacity = capacity.withCaching(mode);
        }
      }
    }
  }

  /**
   * Sets what is told when the unit has another size: by its unit attention, or found by {@link
   * #refreshCapacity}. Runs on an event loop, so it must be short and must not block.
   */
  public void setCapacityListener(Consumer<Capacity> listener) {
    capacityListener = listener;
  }

  /**
   * Asks for the size again (READ CAPACITY). Targets that grow a unit without a unit attention, as
   * LIO and tgtd do, have to be asked from time to time.
   */
  public CompletableFuture<Capacity> refreshCapacity() {
    boolean by10 = use10;
    ByteBuffer answer = ByteBuffer.allocate(by10 ? 8 : 32);
    byte[] cdb = by10 ? Cdb.readCapacity10() : Cdb.readCapacity16(32);
    return submit(Kind.READ, cdb, answer, Priority.URGENT)
        .thenApply(
            response -> {
              ByteBuffer data = answer.duplicate().limit(response.transferred());
              return resize(by10 ? null : data, by10 ? data : null);
            });
  }

  private Capacity resize(ByteBuffer capacity16, ByteBuffer capacity10) {
    Capacity now;
    synchronized (this) {
      Capacity before = capacity;
      try {
        now = before.withSize(capacity16, capacity10);
      } catch (IscsiException e) {
        throw new CompletionException(e);
      }
      if (now == before) {
        return now;
      }
      capacity = now;
    }
    capacityListener.accept(now);
    return now;
  }

  void capacityChanged() {
    if (capacity == null) {
      return; // it is being opened, and asked for its size anyway
    }
    refreshCapacity()
        .whenComplete(
            (now, e) -> {
              if (e != null) {
                LOG.log(System.Logger.Level.WARNING, "the LUN's new size is not known", e);
              }
            });
  }

  /** Fills {@code dst} from byte {@code offset} on. */
  public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
    return read(offset, dst, Priority.ORDINARY);
  }

  /** As {@link #read(long, ByteBuffer)} with a priority. */
  @Override
  public CompletableFuture<Void> read(long offset, ByteBuffer dst, Priority priority) {
    return transfer(Kind.READ, offset, dst, priority, false);
  }

  /** Writes all of {@code src} at byte {@code offset}. */
  public CompletableFuture<Void> write(long offset, ByteBuffer src) {
    return write(offset, src, Priority.ORDINARY);
  }

  /** As {@link #write(long, ByteBuffer)} with a priority. */
  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer src, Priority priority) {
    return transfer(Kind.WRITE, offset, src, priority, false);
  }

  /**
   * As {@link #write(long, ByteBuffer, Priority)}, and complete only when {@code src} is durable:
   * by FUA where the unit has it (SBC-4, WRITE(16)), else by a flush that follows.
   */
  @Override
  public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src, Priority priority) {
    if (!capacity.writeCache()) {
      return write(offset, src, priority);
    }
    if (!capacity.forcedUnitAccess() || refusesForcedUnitAccess) {
      return write(offset, src, priority).thenCompose(written -> flush(priority));
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    transfer(Kind.WRITE, offset, src, priority, true)
        .whenComplete(
            (written, e) -> {
              if (e instanceof ScsiException && ((ScsiException) e).isUnsupported()) {
                refusesForcedUnitAccess = true;
                writeDurably(offset, src, priority)
                    .whenComplete((again, failure) -> finish(done, failure));
              } else {
                finish(done, e);
              }
            });
    return done;
  }

  /** Whether the unit said DPOFUA and then refused the bit. */
  boolean refusesForcedUnitAccess() {
    return refusesForcedUnitAccess;
  }

  /** Makes completed writes durable, whoever wrote them: SYNCHRONIZE CACHE of the whole unit. */
  public CompletableFuture<Void> flush() {
    return flush(Priority.ORDINARY);
  }

  /** As {@link #flush()} with a priority. */
  @Override
  public CompletableFuture<Void> flush(Priority priority) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    if (flush10) {
      submit(Kind.CONTROL, Cdb.synchronizeCache10(), null, priority)
          .whenComplete((response, e) -> finish(done, e));
      return done;
    }
    submit(Kind.CONTROL, Cdb.synchronizeCache16(), null, priority)
        .whenComplete(
            (response, e) -> {
              if (e instanceof ScsiException && ((ScsiException) e).isUnsupported()) {
                flush10 = true;
                flush(priority).whenComplete((nothing, e10) -> finish(done, e10));
              } else {
                finish(done, e);
              }
            });
    return done;
  }

  private static void finish(CompletableFuture<Void> done, Throwable e) {
    if (e == null) {
      done.complete(null);
    } else {
      Throwable cause = e instanceof java.util.concurrent.CompletionException ? e.getCause() : e;
      done.completeExceptionally(cause);
    }
  }

  /** Unmaps a range within the target's limits; does nothing where it cannot. */
  @Override
  public CompletableFuture<Void> unmap(long offset, long length) {
    check(offset, length);
    if (capacity.maxUnmapBlocks() == 0 || capacity.maxUnmapDescriptors() == 0 || length == 0) {
      return CompletableFuture.completedFuture(null);
    }
    long max = Math.min(capacity.maxUnmapBlocks(), 0xffff_ffffL);
    int perCommand = (int) Math.min(UNMAP_DESCRIPTORS, capacity.maxUnmapDescriptors());
    if (capacity.maxUnmapBlocks() < 0xffff_ffffL) {
      perCommand = 1; // the limit counts the blocks of all descriptors together
    }
    long lba = offset / capacity.blockSize();
    long end = lba + length / capacity.blockSize();
    List<CompletableFuture<ScsiResponse>> commands = new ArrayList<>();
    while (lba < end) {
      ByteBuffer list = ByteBuffer.allocate(8 + 16 * perCommand).position(8);
      while (lba < end && list.hasRemaining()) {
        int blocks = (int) Math.min(max, end - lba);
        list.putLong(lba).putInt(blocks).putInt(0);
        lba += blocks & 0xffff_ffffL;
      }
      list.flip();
      list.putShort(0, (short) (list.limit() - 2)).putShort(2, (short) (list.limit() - 8));
      commands.add(submit(Kind.WRITE, Cdb.unmap(list.limit()), list, Priority.ORDINARY));
    }
    return CompletableFuture.allOf(commands.toArray(new CompletableFuture<?>[0]));
  }

  /**
   * Writes one block over and over (WRITE SAME), in commands that the target takes. tgtd does not
   * stop it by reservations.
   *
   * @param block one block of data
   * @return fails with a {@link ScsiException} that {@link ScsiException#isUnsupported} where the
   *     target does not know it
   */
  public CompletableFuture<Void> writeSame(long offset, long length, ByteBuffer block) {
    check(offset, length);
    if (block.remaining() != capacity.blockSize()) {
      throw new IllegalArgumentException("the pattern has " + block.remaining() + " bytes");
    }
    long max = MAX_WRITE_SAME / capacity.blockSize();
    if (capacity.maxWriteSameBlocks() > 0) {
      max = Math.min(max, capacity.maxWriteSameBlocks());
    }
    long lba = offset / capacity.blockSize();
    long end = lba + length / capacity.blockSize();
    List<CompletableFuture<ScsiResponse>> commands = new ArrayList<>();
    for (; lba < end; lba += max) {
      int blocks = (int) Math.min(max, end - lba);
      commands.add(
          submit(Kind.WRITE, Cdb.writeSame16(lba, blocks), block.duplicate(), Priority.ORDINARY));
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    CompletableFuture.allOf(commands.toArray(new CompletableFuture<?>[0]))
        .whenComplete((nothing, e) -> finish(done, e));
    return done;
  }

  /**
   * Writes where the unit holds what is expected, in one step for all initiators (COMPARE AND
   * WRITE). Never sent twice: where a connection was lost it fails, done or not.
   *
   * @param expected whole blocks, at most as many as {@link Capacity#maxCompareAndWriteBlocks}
   * @param next as many bytes
   * @return whether it was written; false where something else is there
   */
  public CompletableFuture<Boolean> compareAndWrite(
      long offset, ByteBuffer expected, ByteBuffer next) {
    check(offset, expected.remaining());
    int blocks = expected.remaining() / capacity.blockSize();
    if (blocks == 0 || next.remaining() != expected.remaining()) {
      throw new IllegalArgumentException(
          "expected are " + expected.remaining() + " bytes, to write " + next.remaining());
    }
    if (blocks > capacity.maxCompareAndWriteBlocks()) {
      return CompletableFuture.failedFuture(
          new ScsiException(
              "COMPARE AND WRITE on LUN "
                  + lun
                  + " of "
                  + session.target()
                  + ": the target takes "
                  + capacity.maxCompareAndWriteBlocks()
                  + " blocks, not "
                  + blocks,
              ScsiResponse.CHECK_CONDITION,
              5,
              0x24,
              0));
    }
    ByteBuffer both = ByteBuffer.allocate(2 * expected.remaining());
    both.put(expected.duplicate()).put(next.duplicate()).flip();
    Single single = new Single(this);
    single.startOnce(Kind.WRITE, Cdb.compareAndWrite(offset / capacity.blockSize(), blocks), both);
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    single.future.whenComplete(
        (response, e) -> {
          if (e instanceof ScsiException
              && ((ScsiException) e).senseKey() == SenseData.MISCOMPARE) {
            done.complete(false);
          } else if (e != null) {
            done.completeExceptionally(e);
          } else {
            done.complete(true);
          }
        });
    return done;
  }

  /** LUNs of the target, those below 16384. */
  public List<Integer> reportLuns() throws IscsiException {
    ByteBuffer list = fetch(Cdb.reportLuns(65536), 65536);
    List<Integer> luns = new ArrayList<>();
    for (int at = 8; at + 8 <= list.remaining(); at += 8) {
      luns.add(Bhs.decodeLun(list.getLong(at)));
    }
    return luns;
  }

  /**
   * Writes nothing, to learn whether this session may write: a WRITE of no blocks, and an UNMAP of
   * no ranges, since LIO lets commands without data pass every reservation (measured).
   *
   * @throws ReservationConflictException where a reservation forbids it
   */
  public void probeWrite() throws IscsiException {
    control(Kind.CONTROL, use10 ? Cdb.write10(0, 0, false) : Cdb.write16(0, 0, false), null);
    ByteBuffer noRanges = ByteBuffer.allocate(8).putShort(0, (short) 6);
    try {
      control(Kind.WRITE, Cdb.unmap(noRanges.limit()), noRanges);
    } catch (ScsiException e) {
      if (e instanceof ReservationConflictException) {
        throw e;
      }
      // Refused for what it is and not for who sent it: a target without UNMAP.
    }
  }

  /**
   * Sets what runs when the target says by a unit attention that registrations or reservations were
   * preempted; on an event loop, so it must be short and must not block.
   */
  public void setPreemptionListener(Runnable listener) {
    preemptionListener = listener;
  }

  void preempted() {
    preemptionListener.run();
  }

  /** Persistent reservations of this unit. */
  public PersistentReservations reservations() {
    return new PersistentReservations(this);
  }

  /**
   * Runs something whose requests pass while a new connection is being prepared (see {@link
   * IscsiSession.Preparation}); they are those that the calling thread makes.
   */
  public <T> T preparing(java.util.concurrent.Callable<T> action) throws Exception {
    boolean before = preparing.get();
    preparing.set(true);
    try {
      return action.call();
    } finally {
      preparing.set(before);
    }
  }

  @Override
  public <T> T preparing(Lun nexus, java.util.concurrent.Callable<T> action) throws Exception {
    return preparing(action);
  }

  @Override
  public void setWriteGate(java.util.function.BooleanSupplier gate) {
    session.setWriteGate(gate);
  }

  @Override
  public void setPreparation(Preparation preparation) {
    session.setPreparation(again -> preparation.prepare(this, again));
  }

  @Override
  public List<Lun> nexuses() {
    return List.of(this);
  }

  @Override
  public boolean hasSeveralPaths() {
    return false;
  }

  /** The one path is used whatever it may. */
  @Override
  public void setWritable(Lun nexus, boolean may) {}

  @Override
  public boolean inheritRight() {
    return false;
  }

  /** There is no other path by which to know better. */
  @Override
  public void refuse(Lun nexus, String why) {
    throw new IllegalStateException(why);
  }

  /** Asks the unit again for its designator; as {@link Inquiry#wwid}. Blocks. */
  public String readWwid() throws IscsiException {
    ByteBuffer page = fetchIfSupported(Cdb.inquiryVpd(0x83, 4096), 4096);
    return page == null ? "" : Inquiry.wwid(page);
  }

  private Priority orPreparation(Priority priority) {
    return preparing.get() ? Priority.PREPARATION : priority;
  }

  /** Logs out. */
  @Override
  public void close() {
    session.close();
  }

  private void check(long offset, long length) {
    int blockSize = capacity.blockSize();
    if (offset < 0 || length < 0 || (offset | length) % blockSize != 0) {
      throw new IllegalArgumentException(
          "offset " + offset + ", length " + length + ": not in blocks of " + blockSize);
    }
    if (offset > capacity.bytes() - length) {
      throw new IllegalArgumentException(
          "offset " + offset + ", length " + length + " beyond the end, " + capacity.bytes());
    }
  }

  private CompletableFuture<Void> transfer(
      Kind kind, long offset, ByteBuffer data, Priority priority, boolean durably) {
    check(offset, data.remaining());
    if (!data.hasRemaining()) {
      return CompletableFuture.completedFuture(null);
    }
    if (kind == Kind.READ && data.isReadOnly()) {
      throw new IllegalArgumentException("a read needs a buffer that can be filled");
    }
    int parts = (data.remaining() + maxTransfer - 1) / maxTransfer;
    Transfer transfer = new Transfer(parts);
    Priority used = orPreparation(priority);
    for (int i = 0; i < parts; i++) {
      int begin = i * maxTransfer;
      int end = Math.min(data.remaining(), begin + maxTransfer);
      ByteBuffer slice =
          data.duplicate().limit(data.position() + end).position(data.position() + begin);
      new Part(transfer, kind, offset + begin, slice, used, durably).start();
    }
    return transfer;
  }

  /** Several commands of one request: complete when all have ended, by the first failure. */
  private static final class Transfer extends CompletableFuture<Void> {
    private final AtomicInteger left;
    private volatile IscsiException failure;

    Transfer(int parts) {
      left = new AtomicInteger(parts);
    }

    void ended(IscsiException cause) {
      if (cause != null && failure == null) {
        failure = cause;
      }
      if (left.decrementAndGet() == 0) {
        if (failure == null) {
          complete(null);
        } else {
          completeExceptionally(failure);
        }
      }
    }
  }

  private final class Part extends CommandRunner {
    private final Transfer transfer;
    private final Kind kind;
    private final long lba;
    private final ByteBuffer data;
    private final Priority priority;
    private final boolean durably;
    private boolean sent10;

    Part(
        Transfer transfer,
        Kind kind,
        long offset,
        ByteBuffer data,
        Priority priority,
        boolean durably) {
      super(Lun.this);
      this.transfer = transfer;
      this.kind = kind;
      this.lba = offset / capacity.blockSize();
      this.data = data;
      this.priority = priority;
      this.durably = durably;
    }

    void start() {
      int blocks = data.remaining() / capacity.blockSize();
      sent10 = use10;
      byte[] cdb;
      if (sent10) {
        cdb = kind == Kind.READ ? Cdb.read10(lba, blocks) : Cdb.write10(lba, blocks, durably);
      } else {
        cdb = kind == Kind.READ ? Cdb.read16(lba, blocks) : Cdb.write16(lba, blocks, durably);
      }
      start(kind, cdb, data, priority);
    }

    @Override
    void succeeded(ScsiResponse response) {
      if (response.transferred() != data.remaining()) {
        transfer.ended(
            new IscsiException(
                "the target moved "
                    + response.transferred()
                    + " of "
                    + data.remaining()
                    + " bytes at block "
                    + lba));
      } else {
        transfer.ended(null);
      }
    }

    @Override
    public void failed(IscsiException cause) {
      boolean unknown =
          cause instanceof ScsiException
              && ((ScsiException) cause).senseKey() == 5
              && ((ScsiException) cause).asc() == 0x20;
      if (unknown && !sent10 && capacity.blocks() <= 0xffff_ffffL) {
        use10 = true;
        start();
      } else {
        transfer.ended(cause);
      }
    }
  }

  private static final class Single extends CommandRunner {
    private final CompletableFuture<ScsiResponse> future = new CompletableFuture<>();

    Single(Lun lun) {
      super(lun);
    }

    @Override
    void succeeded(ScsiResponse response) {
      future.complete(response);
    }

    @Override
    public void failed(IscsiException cause) {
      future.completeExceptionally(cause);
    }
  }

  private CompletableFuture<ScsiResponse> submit(
      Kind kind, byte[] cdb, ByteBuffer data, Priority priority) {
    Single single = new Single(this);
    single.start(kind, cdb, data, orPreparation(priority));
    return single.future;
  }

  /** Runs a command and waits for it, before those that wait. */
  ScsiResponse control(Kind kind, byte[] cdb, ByteBuffer data) throws IscsiException {
    try {
      return submit(kind, cdb, data, Priority.PREPARATION).get();
    } catch (ExecutionException e) {
      throw IscsiException.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IscsiException("interrupted", e);
    }
  }

  /** Runs a command that answers with at most {@code length} bytes. */
  ByteBuffer fetch(byte[] cdb, int length) throws IscsiException {
    ByteBuffer data = ByteBuffer.allocate(length);
    return data.limit(control(Kind.READ, cdb, data.duplicate()).transferred());
  }

  /**
   * The caching mode page, null where it cannot be had: a reservation of other nodes keeps it from
   * whoever is not registered yet (SPC-4, commands allowed in the presence of reservations), and
   * every node but the first meets that.
   */
  private ByteBuffer cachingPage() throws IscsiException {
    try {
      return fetchIfSupported(Cdb.modeSense6(8, 255), 255);
    } catch (ReservationConflictException e) {
      return null;
    }
  }

  /** As {@link #fetch}, null where the target does not know it. */
  ByteBuffer fetchIfSupported(byte[] cdb, int length) throws IscsiException {
    try {
      return fetch(cdb, length);
    } catch (ScsiException e) {
      if (e.isUnsupported()) {
        return null;
      }
      throw e;
    }
  }
}
