package org.jclusterfs.iscsi.multipath;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Isid;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.SessionClosedException;
import org.jclusterfs.iscsi.scsi.Capacity;
import org.jclusterfs.iscsi.scsi.Disk;
import org.jclusterfs.iscsi.scsi.Inquiry;
import org.jclusterfs.iscsi.scsi.Lun;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;

/**
 * A LUN by all its paths: each portal and target of a URL with a session of its own. Paths of the
 * highest priority that are up take the requests; those of a lost path go by another without an
 * error to the caller, and a path that comes back is used again at once.
 *
 * <p>What was sent by a lost path and changes the medium is sent by another only after the lost
 * session has been ended at the target: see {@link Settlement}.
 *
 * <p>Thread-safe.
 */
public final class MultipathLun implements Disk {

  private static final System.Logger LOG = System.getLogger("org.jclusterfs.iscsi");

  private static final long TICK_MILLIS = 100;

  /** A path may come back by itself in this time before another one takes its place. */
  private static final long INHERITANCE_NANOS = 500_000_000L;

  /** How long the other paths are waited for when one is there. */
  private static final long COMPANY_NANOS = 2_000_000_000L;

  /** Attempts to log in again that fit into the replacement timeout. */
  private static final int RELOGINS = 3;

  private static final long FIRST_PAUSE_MILLIS = 500;
  private static final long MIN_PING_MILLIS = 500;

  private final List<Path> paths = new ArrayList<>();
  private final Dispatcher dispatcher;
  private final PathChecker checker;
  private final Settlement settlement;
  private final ExecutorService blocking =
      Executors.newCachedThreadPool(r -> daemon(r, "iscsi-path"));
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(r -> daemon(r, "iscsi-paths"));

  /** The path that the present thread prepares. */
  private final ThreadLocal<Lun> prepared = new ThreadLocal<>();

  private volatile BooleanSupplier writeGate = () -> true;
  private volatile Preparation preparation = (nexus, again) -> {};
  private volatile boolean closed;
  private volatile boolean heirWanted;
  private final AtomicBoolean inheriting = new AtomicBoolean();

  // Guarded by this.
  private Lun first;
  private boolean opening = true;
  private List<Path> inUse = List.of();

  private MultipathLun(
      Function<String, InitiatorOptions> session, IscsiUrl url, MultipathOptions options) {
    InitiatorOptions any = session.apply(url.targets().get(0));
    Path.Owner owner =
        new Path.Owner() {
          @Override
          public void changed(Path path) {
            regroup();
          }

          @Override
          public void settle(Path path) {
            MultipathLun.this.settle(path);
          }
        };
    Random random = new java.security.SecureRandom();
    // Nobody else may log in under a session's name meanwhile, see Settlement.
    Duration relogin = options.replacementTimeout().dividedBy(RELOGINS);
    for (String target : url.targets()) {
      InitiatorOptions ofPath = forPath(session.apply(target), options);
      for (Portal portal : url.portals()) {
        IscsiUrl one = new IscsiUrl(url.user(), List.of(portal), List.of(target), url.lun());
        paths.add(
            new Path(paths.size(), one, ofPath.withIsid(Isid.random(random)), relogin, owner));
      }
    }
    dispatcher = new Dispatcher(options, any.commandTimeout().toNanos(), System::nanoTime);
    checker = new PathChecker(options, this::inBackground);
    settlement =
        new Settlement(
            paths, options.replacementTimeout(), path -> inBackground(() -> settle(path)));
  }

  /**
   * A session that hands its commands back at once when it loses its connection, and notices in
   * time that nothing comes any more. A command that is not answered has half of its time for
   * another path.
   */
  private static InitiatorOptions forPath(InitiatorOptions options, MultipathOptions multipath) {
    long ping = Math.max(MIN_PING_MILLIS, multipath.replacementTimeout().toMillis() / 5);
    return options.withTimeouts(
        options.loginTimeout(),
        options.commandTimeout().dividedBy(2),
        Duration.ZERO,
        Duration.ofMillis(Math.min(ping, options.pingInterval().toMillis())));
  }

  /**
   * Opens all paths at once; those that cannot be had are tried again and again in the background.
   *
   * @param session options of the session with a target of that name
   * @throws IscsiException where no path works
   */
  public static MultipathLun open(
      Function<String, InitiatorOptions> session, IscsiUrl url, MultipathOptions options)
      throws IscsiException {
    MultipathLun disk = new MultipathLun(session, url, options);
    boolean open = false;
    try {
      disk.connect();
      open = true;
      return disk;
    } finally {
      if (!open) {
        disk.close();
      }
    }
  }

  private static Thread daemon(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  private void inBackground(Runnable work) {
    try {
      blocking.execute(work);
    } catch (RejectedExecutionException e) {
      // the disk is closed
    }
  }

  /** Connects all paths; returns when all have answered, or some and the rest takes too long. */
  private void connect() throws IscsiException {
    List<CompletableFuture<Lun>> logins = new ArrayList<>();
    for (Path path : paths) {
      CompletableFuture<Lun> login = new CompletableFuture<>();
      logins.add(login);
      inBackground(() -> keepConnecting(path, login));
    }
    CompletableFuture<?> all = CompletableFuture.allOf(logins.toArray(new CompletableFuture<?>[0]));
    CompletableFuture<Object> any = new CompletableFuture<>();
    logins.forEach(login -> login.thenAccept(any::complete));
    all.exceptionally(e -> null).thenRun(() -> any.complete(null));
    any.join();
    try {
      all.get(COMPANY_NANOS, TimeUnit.NANOSECONDS);
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      // some do not work; they are tried again
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IscsiException("interrupted", e);
    }
    synchronized (this) {
      opening = false; // whoever comes from now on is late, and comes by itself
    }
    List<String> reasons = new ArrayList<>();
    for (int i = 0; i < paths.size(); i++) {
      String reason = admitIfThere(paths.get(i), logins.get(i));
      if (!reason.isEmpty()) {
        reasons.add(reason);
      }
    }
    if (first == null) {
      throw paths.size() == 1
          ? new ConnectionLostException(reasons.get(0))
          : new ConnectionLostException(
              "none of " + paths.size() + " paths works: " + String.join("; ", reasons));
    }
    String wwid = first.inquiry().wwid();
    if (paths.size() > 1 && UnitIdentity.isLocallyAssigned(wwid)) {
      LOG.log(
          System.Logger.Level.WARNING,
          "WWID {0} is locally assigned, other targets may have it too: that the portals of {1}"
              + " lead to one LUN is known by the target''s name alone",
          wwid,
          first.session().target());
    }
    clock.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Takes a path into use that has logged in; tells why it did not, or "". */
  private String admitIfThere(Path path, CompletableFuture<Lun> login) {
    if (!login.isDone()) {
      return "";
    }
    Lun lun;
    try {
      lun = login.join();
    } catch (java.util.concurrent.CompletionException e) {
      return String.valueOf(e.getCause().getMessage());
    }
    try {
      admit(path, lun, false);
      return "";
    } catch (PathRefusedException e) {
      return e.getMessage();
    } catch (IscsiException e) {
      path.become(PathState.DOWN, e.getMessage());
      inBackground(
          () -> {
            lun.close();
            keepConnecting(path, login);
          });
      return e.getMessage();
    }
  }

  /** Logs in by a path, again and again where that fails; the first outcome is told. */
  private void keepConnecting(Path path, CompletableFuture<Lun> firstLogin) {
    long pause = FIRST_PAUSE_MILLIS;
    while (!closed && path.state() != PathState.REFUSED) {
      Lun lun = null;
      boolean admitted = false;
      try {
        lun = path.connect();
        synchronized (this) {
          admitted = closed || opening && firstLogin.complete(lun);
        }
        if (!admitted) {
          admit(path, lun, true);
          admitted = true;
        }
        firstLogin.complete(lun);
        return;
      } catch (PathRefusedException e) {
        firstLogin.completeExceptionally(e);
        return;
      } catch (IscsiException | RuntimeException e) {
        path.become(PathState.DOWN, String.valueOf(e.getMessage()));
        firstLogin.completeExceptionally(e);
      } finally {
        if (lun != null && (!admitted || closed)) {
          lun.close();
        }
      }
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        return;
      }
      pause = Math.min(2 * pause, 5000);
    }
  }

  /** Takes a path's LUN into use if it is the one that the others lead to. */
  private void admit(Path path, Lun lun, boolean late) throws IscsiException {
    synchronized (this) {
      if (first == null) {
        first = lun;
      }
    }
    try {
      boolean nameless = paths.size() == 1 && first.inquiry().wwid().isEmpty();
      if (lun != first && !nameless) {
        UnitIdentity.requireSame(path, lun, first, nexuses().stream().findFirst().orElse(first));
      }
    } catch (PathRefusedException e) {
      refuse(path, lun, e);
      throw e;
    }
    lun.setWriteGate(writeGate);
    lun.session().setPreparation(again -> prepare(path, lun, again));
    if (late) {
      prepare(path, lun, false);
    }
    path.use(lun);
  }

  private static void requireStill(Path path, Lun lun) throws IscsiException {
    String now = lun.readWwid();
    if (!now.equals(lun.inquiry().wwid())) {
      throw new PathRefusedException(
          "path "
              + path
              + " is refused: it leads to another LUN now, "
              + now
              + ", than before, "
              + lun.inquiry().wwid());
    }
  }

  private void refuse(Path path, Lun lun, PathRefusedException why) {
    path.become(PathState.REFUSED, why.getMessage());
    inBackground(lun::close);
  }

  /** Runs before commands pass on a connection of a path. */
  private void prepare(Path path, Lun lun, boolean again) throws IscsiException {
    try {
      preparing(
          lun,
          () -> {
            if (again) {
              requireStill(path, lun);
            }
            preparation.prepare(lun, again);
            if (again) {
              path.refreshAccess();
              if (path.priority() > 0) {
                PathChecker.read(lun).get();
              }
            }
            return null;
          });
    } catch (PathRefusedException e) {
      refuse(path, lun, e);
      throw e;
    } catch (IscsiException e) {
      throw e;
    } catch (java.util.concurrent.ExecutionException e) {
      throw new IscsiException("path " + path + ": " + e.getCause().getMessage(), e);
    } catch (Exception e) {
      throw new IscsiException("path " + path + ": " + e, e);
    }
  }

  private void tick() {
    try {
      long now = System.nanoTime();
      settlement.tick(now);
      checker.tick(paths, now);
      dispatcher.tick();
      if (heirWanted) {
        regroup();
      }
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "the paths cannot be looked after", e);
    }
  }

  /** Decides anew which paths take reads and which take writes. */
  private void regroup() {
    synchronized (this) {
      if (closed) {
        return;
      }
      List<Path> usable = paths.stream().filter(Path::isUsable).toList();
      List<Path> forWrites = usable.stream().filter(Path::isWritable).toList();
      heirWanted = false;
      if (forWrites.isEmpty()) {
        // Where none may write and none can inherit the right, the target shall say why.
        forWrites = inheritance(usable) ? List.of() : usable;
      }
      Route[] reads = best(usable);
      Route[] writes = best(forWrites);
      inUse =
          java.util.stream.Stream.of(reads, writes)
              .flatMap(Arrays::stream)
              .map(Path.class::cast)
              .distinct()
              .toList();
      dispatcher.setRoutes(reads, writes, usable.isEmpty() ? lastReason() : "");
    }
    dispatcher.resume();
  }

  private static Route[] best(List<Path> usable) {
    int priority = usable.stream().mapToInt(Path::priority).max().orElse(0);
    return usable.stream().filter(path -> path.priority() == priority).toArray(Route[]::new);
  }

  private String lastReason() {
    return paths.stream()
        .filter(path -> !path.reason().isEmpty())
        .max(Comparator.comparing(path -> path.info(false).since()))
        .map(path -> path + " " + path.reason())
        .orElse("");
  }

  /**
   * Where the only path that the target lets this node write by is lost, another of the same portal
   * group logs in under its session's name and so becomes it. LIO lets of all sessions of an
   * initiator name only that one write that holds the reservation (measured).
   *
   * @return whether a path has become such an heir, or will
   */
  private boolean inheritance(List<Path> usable) {
    for (Path dead : paths) {
      if (dead.state() != PathState.DOWN || !dead.isWritable() || dead.lun() == null) {
        continue;
      }
      for (Path heir : usable) {
        if (!Settlement.isSameGroup(heir, dead)) {
          continue;
        }
        boolean due = System.nanoTime() - dead.lostAt() >= INHERITANCE_NANOS;
        heirWanted = true;
        if (due && dead.settled().isDone() && inheriting.compareAndSet(false, true)) {
          inBackground(
              () -> {
                heir.inherit(dead);
                inheriting.set(false);
              });
        }
        return true;
      }
    }
    return false;
  }

  private void settle(Path lost) {
    settlement.settle(lost);
    bequeath(lost);
  }

  /** Gives what a lost path may do to another at once, before it tries to log in again itself. */
  private void bequeath(Path dead) {
    Path heir = null;
    synchronized (this) {
      List<Path> usable = paths.stream().filter(Path::isUsable).toList();
      boolean needed = dead.isWritable() && usable.stream().noneMatch(Path::isWritable);
      if (needed && dead.settled().isDone()) {
        heir =
            usable.stream().filter(p -> Settlement.isSameGroup(p, dead)).findFirst().orElse(null);
      }
    }
    if (heir != null && inheriting.compareAndSet(false, true)) {
      heir.inherit(dead);
      inheriting.set(false);
    }
  }

  /** How its paths are now, in the order of the URL: portals within targets. */
  public List<PathInfo> paths() {
    List<Path> used;
    synchronized (this) {
      used = inUse;
    }
    return paths.stream().map(path -> path.info(used.contains(path))).toList();
  }

  @Override
  public Inquiry inquiry() {
    return first.inquiry();
  }

  @Override
  public Capacity capacity() {
    for (Path path : paths) {
      Lun lun = path.lun();
      if (lun != null && lun.capacity().cachingKnown()) {
        return lun.capacity();
      }
    }
    return first.capacity();
  }

  @Override
  public CompletableFuture<Void> read(long offset, ByteBuffer dst, Priority priority) {
    Lun only = prepared.get();
    return only != null
        ? only.read(offset, dst, priority)
        : dispatcher.submit(false, dst.remaining(), disk -> disk.read(offset, dst, priority));
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer src, Priority priority) {
    Lun only = prepared.get();
    return only != null
        ? only.write(offset, src, priority)
        : dispatcher.submit(true, src.remaining(), disk -> disk.write(offset, src, priority));
  }

  @Override
  public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src, Priority priority) {
    Lun only = prepared.get();
    return only != null
        ? only.writeDurably(offset, src, priority)
        : dispatcher.submit(
            true, src.remaining(), disk -> disk.writeDurably(offset, src, priority));
  }

  /** By a path that may write: an unregistered session's flush is refused by some targets. */
  @Override
  public CompletableFuture<Void> flush(Priority priority) {
    Lun only = prepared.get();
    return only != null
        ? only.flush(priority)
        : dispatcher.submit(true, 0, disk -> disk.flush(priority));
  }

  @Override
  public CompletableFuture<Void> unmap(long offset, long length) {
    return dispatcher.submit(true, 0, disk -> disk.unmap(offset, length));
  }

  @Override
  public void setWriteGate(BooleanSupplier gate) {
    synchronized (this) {
      writeGate = gate;
    }
    dispatcher.setWriteGate(gate);
    luns().forEach(lun -> lun.setWriteGate(gate));
  }

  @Override
  public void setPreparation(Preparation next) {
    preparation = next;
  }

  private List<Lun> luns() {
    return paths.stream().map(Path::lun).filter(java.util.Objects::nonNull).toList();
  }

  @Override
  public List<Lun> nexuses() {
    return paths.stream()
        .filter(path -> path.state() == PathState.UP)
        .sorted(Comparator.comparing(path -> !path.isWritable()))
        .map(Path::lun)
        .toList();
  }

  @Override
  public boolean hasSeveralPaths() {
    return paths.size() > 1;
  }

  @Override
  public void setWritable(Lun nexus, boolean may) {
    paths.stream().filter(path -> path.lun() == nexus).forEach(path -> path.setWritable(may));
  }

  @Override
  public boolean inheritRight() {
    List<Path> lost =
        paths.stream().filter(p -> p.state() == PathState.DOWN && p.lun() != null).toList();
    lost.forEach(path -> path.setWritable(true));
    return !lost.isEmpty();
  }

  @Override
  public void refuse(Lun nexus, String why) {
    for (Path path : paths) {
      if (path.lun() == nexus) {
        refuse(path, nexus, new PathRefusedException("path " + path + " is refused: " + why));
      }
    }
  }

  @Override
  public <T> T preparing(Lun nexus, Callable<T> action) throws Exception {
    Lun before = prepared.get();
    prepared.set(nexus);
    try {
      return nexus.preparing(action);
    } finally {
      prepared.set(before);
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    clock.shutdownNow();
    dispatcher.close(new SessionClosedException("the LUN is closed"));
    List<CompletableFuture<Void>> ends = new ArrayList<>();
    for (Path path : paths) {
      path.become(PathState.CLOSED, "");
      Lun lun = path.lun();
      if (lun != null) {
        ends.add(CompletableFuture.runAsync(lun::close, blocking));
      }
    }
    ends.forEach(CompletableFuture::join);
    paths.forEach(path -> path.settled().complete(null)); // who waits for it is told to fail
    blocking.shutdownNow();
  }
}
