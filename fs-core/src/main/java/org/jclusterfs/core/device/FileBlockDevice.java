package org.jclusterfs.core.device;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A regular file, a loop device or another kernel block device, read and written through the page
 * cache of this host by a small pool of threads.
 */
final class FileBlockDevice implements BlockDevice {

  private static final int THREADS = 8;
  private static final int FLUSH_THREADS = 2;
  private static final int URGENT_THREADS = 3;
  private static final int LOOP_MAJOR = 7;
  private static final int S_IFMT = 0xF000;
  private static final int S_IFBLK = 0x6000;

  private interface Io {
    void run() throws IOException;
  }

  private final String description;
  private final SharedFile file;
  private final long size;
  private final int logicalBlockSize;
  private final FileFencing fileFencing;
  private final SingleNodeFencing singleNodeFencing;
  private final ExecutorService threads;
  private final ExecutorService flushThreads;
  private final ExecutorService urgentThreads;
  private final BlockDevice urgent = new Urgent();
  private volatile WriteGate gate = WriteGate.OPEN;
  private volatile boolean closed;

  private FileBlockDevice(
      String description, SharedFile file, int logicalBlockSize, boolean oneHost)
      throws IOException {
    this.description = description;
    this.file = file;
    this.logicalBlockSize = logicalBlockSize;
    size = file.channel().size() / logicalBlockSize * logicalBlockSize;
    fileFencing = oneHost ? new FileFencing(file, description) : null;
    singleNodeFencing = oneHost ? null : new SingleNodeFencing(file, description);
    threads = pool(THREADS, "jclusterfs-file-");
    // A flush may take seconds and must not keep reads waiting.
    flushThreads = pool(FLUSH_THREADS, "jclusterfs-flush-");
    urgentThreads = pool(URGENT_THREADS, "jclusterfs-urgent-");
  }

  private static ExecutorService pool(int size, String name) {
    AtomicInteger number = new AtomicInteger();
    return Executors.newFixedThreadPool(
        size,
        task -> {
          Thread thread = new Thread(task, name + number.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        });
  }

  /** Opens {@code file:PATH}: a regular file. */
  static FileBlockDevice openFile(String description, Path path) throws IOException {
    check(path, description);
    if (isBlockDevice(path)) {
      return openKernelDevice(description, path);
    }
    if (!Files.isRegularFile(path)) {
      throw new IOException(description + ": " + path + " is not a regular file");
    }
    SharedFile file = SharedFile.open(path);
    return construct(description, file, 512, true);
  }

  /** Opens a kernel block device by its path; a loop device is a file of this host. */
  static FileBlockDevice openKernelDevice(String description, Path path) throws IOException {
    check(path, description);
    if (!isBlockDevice(path)) {
      throw new IOException(
          description
              + (Files.isRegularFile(path)
                  ? " is a regular file, not a block device; to use it as a volume write file:"
                      + path.toAbsolutePath()
                  : " is not a block device"));
    }
    long rdev = (Long) Files.getAttribute(path, "unix:rdev");
    long major = (rdev >>> 8 & 0xfff) | (rdev >>> 32 & ~0xfffL);
    long minor = (rdev & 0xff) | (rdev >>> 12 & ~0xffL);
    SharedFile file = SharedFile.open(path);
    return construct(description, file, sectorSize(major + ":" + minor), major == LOOP_MAJOR);
  }

  private static FileBlockDevice construct(
      String description, SharedFile file, int logicalBlockSize, boolean oneHost)
      throws IOException {
    try {
      return new FileBlockDevice(description, file, logicalBlockSize, oneHost);
    } catch (IOException e) {
      file.release();
      throw e;
    }
  }

  private static void check(Path path, String description) throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(description + ": " + path + " does not exist");
    }
    if (!Files.isReadable(path) || !Files.isWritable(path)) {
      throw new IOException(description + ": no permission to read and write " + path);
    }
  }

  private static boolean isBlockDevice(Path path) throws IOException {
    return ((Integer) Files.getAttribute(path, "unix:mode") & S_IFMT) == S_IFBLK;
  }

  private static int sectorSize(String majorMinor) throws IOException {
    Path device = Path.of("/sys/dev/block", majorMinor);
    // A partition's queue is its disk's.
    for (Path queue : List.of(device.resolve("queue"), device.resolve("../queue"))) {
      Path size = queue.resolve("logical_block_size");
      if (Files.isReadable(size)) {
        return Integer.parseInt(Files.readString(size).trim());
      }
    }
    return 512;
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public int logicalBlockSize() {
    return logicalBlockSize;
  }

  @Override
  public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
    return read(threads, offset, dst);
  }

  private CompletableFuture<Void> read(ExecutorService pool, long offset, ByteBuffer dst) {
    return submit(
        pool,
        () -> {
          long at = offset;
          while (dst.hasRemaining()) {
            int count = file.channel().read(dst, at);
            if (count < 0) {
              throw new EOFException(
                  description + ": read at " + at + " beyond the end at " + size);
            }
            at += count;
          }
        });
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer src) {
    return write(threads, offset, src);
  }

  @Override
  public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src) {
    return write(flushThreads, offset, src, true);
  }

  private CompletableFuture<Void> write(ExecutorService pool, long offset, ByteBuffer src) {
    return write(pool, offset, src, false);
  }

  private CompletableFuture<Void> write(
      ExecutorService pool, long offset, ByteBuffer src, boolean durably) {
    if (offset < 0 || offset + src.remaining() > size) {
      return CompletableFuture.failedFuture(
          new IOException(
              description
                  + ": write of "
                  + src.remaining()
                  + " bytes at "
                  + offset
                  + " beyond the end at "
                  + size));
    }
    return submit(
        pool,
        () -> {
          long at = offset;
          while (src.hasRemaining()) {
            if (!gate.mayWrite()) {
              throw new FencedException(
                  description + ": this node stopped writing, its lease ran out or it withdrew");
            }
            at += file.channel().write(src, at);
          }
          if (durably) {
            file.channel().force(false);
          }
        });
  }

  @Override
  public CompletableFuture<Void> flush() {
    return submit(flushThreads, () -> file.channel().force(false));
  }

  @Override
  public CompletableFuture<Void> discard(long offset, long length) {
    // Java has no way to punch a hole; a discard is a hint.
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public boolean hasVolatileWriteCache() {
    return true;
  }

  @Override
  public void setWriteGate(WriteGate gate) {
    this.gate = gate;
  }

  @Override
  public Fencing fencing() {
    return fileFencing != null ? fileFencing : singleNodeFencing;
  }

  @Override
  public List<InetAddress> localAddresses() {
    return List.of(InetAddress.getLoopbackAddress());
  }

  @Override
  public BlockDevice urgent() {
    return urgent;
  }

  /** The same file by threads of its own. */
  private final class Urgent extends ForwardingDevice {
    Urgent() {
      super(FileBlockDevice.this);
    }

    @Override
    public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
      return FileBlockDevice.this.read(urgentThreads, offset, dst);
    }

    @Override
    public CompletableFuture<Void> write(long offset, ByteBuffer src) {
      return FileBlockDevice.this.write(urgentThreads, offset, src);
    }

    @Override
    public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src) {
      return FileBlockDevice.this.write(urgentThreads, offset, src, true);
    }

    @Override
    public void close() {
      // With the device.
    }
  }

  private CompletableFuture<Void> submit(ExecutorService pool, Io io) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    try {
      pool.execute(
          () -> {
            try {
              if (closed) {
                throw new IOException(description + " is closed");
              }
              io.run();
            } catch (IOException | RuntimeException e) {
              result.completeExceptionally(e);
              return;
            }
            result.complete(null);
          });
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(new IOException(description + " is closed", e));
    }
    return result;
  }

  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    List<ExecutorService> pools = List.of(threads, flushThreads, urgentThreads);
    pools.forEach(ExecutorService::shutdown);
    try {
      // No descriptor is pulled away from under a write.
      for (ExecutorService pool : pools) {
        pool.awaitTermination(1, TimeUnit.MINUTES);
      }
      if (fileFencing != null) {
        fileFencing.unregisterAll();
      } else {
        singleNodeFencing.unregisterAll();
      }
      file.release();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      System.getLogger(FileBlockDevice.class.getName())
          .log(System.Logger.Level.WARNING, "closing " + description, e);
    }
  }
}
