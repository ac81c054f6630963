package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A file's pages in the kernel above one node, which another node writes to. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class KernelPagesTest {
  private static final int ROUNDS = 200;
  private static final int PAGE_BYTES = 4096;

  /** One page as a kernel has it: locked while it is read, written back and dropped. */
  private final class Page {
    private final ReentrantLock locked = new ReentrantLock();
    private final int offset;
    private boolean present;
    private OpenFile dirtiedThrough;

    Page(int number) {
      offset = number * PAGE_BYTES;
    }

    void read(OpenFile file) throws FsException {
      locked.lock();
      try {
        if (!present) {
          b.vfs.read(file, offset, PAGE_BYTES, true, bytes -> {});
          present = true;
        }
      } finally {
        locked.unlock();
      }
    }

    /** A store through a mapping: where the page is there it sends nothing. */
    void store(OpenFile file) throws FsException {
      read(file);
      locked.lock();
      try {
        if (present) {
          dirtiedThrough = file;
        }
      } finally {
        locked.unlock();
      }
    }

    /** As when the mapping ends, and before it is dropped. */
    void writeBack() throws FsException {
      locked.lock();
      try {
        if (dirtiedThrough != null) {
          ByteBuffer content = ByteBuffer.allocate(PAGE_BYTES);
          b.vfs.write(dirtiedThrough, offset, content, 0, true, written -> {});
          dirtiedThrough = null;
        }
      } finally {
        locked.unlock();
      }
    }

    void drop() throws FsException {
      locked.lock();
      try {
        writeBack();
        present = false;
      } finally {
        locked.unlock();
      }
    }
  }

  private final class Kernel implements KernelCaches {
    private final Page[] pages = {new Page(0), new Page(1), new Page(2), new Page(3)};
    private final AtomicInteger drops = new AtomicInteger();

    Page any() {
      return pages[ThreadLocalRandom.current().nextInt(pages.length)];
    }

    @Override
    public void invalidateInode(long inode, boolean attributesOnly) {
      if (attributesOnly || inode != shared) {
        return;
      }
      try {
        for (Page page : pages) {
          page.drop();
        }
      } catch (FsException e) {
        throw new IllegalStateException(e);
      }
      drops.incrementAndGet();
    }
  }

  @TempDir Path directory;
  private TestVolume a;
  private TestVolume b;
  private long shared;
  private final Kernel kernel = new Kernel();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @BeforeEach
  void mount() throws Exception {
    a = TestVolume.clustered(directory);
    b = a.another();
    OpenFile file = a.create(a.root(), "shared");
    a.write(file, 0, new byte[4 * PAGE_BYTES]);
    a.vfs.release(file, 0);
    shared = b.lookup(b.root(), "shared").inode();
    b.vfs.attach(kernel);
  }

  @AfterEach
  void unmount() throws Exception {
    threads.shutdownNow();
    b.close();
    a.close();
  }

  @Test
  void pagesReadBeforeTheFileIsOpenedForWritingAreThereUnderExOnly() throws Exception {
    OpenFile reader = b.open(shared, 0);
    Page page = kernel.pages[0];
    page.read(reader);
    OpenFile writer = b.open(shared, TestVolume.O_RDWR);
    // Had the page stayed under PR, its write-back would wait for EX, which waits for it.
    page.store(writer);
    OpenFile there = a.open(shared, TestVolume.O_RDWR);
    a.write(there, 0, new byte[] {1});
    assertFalse(page.present);
    assertTrue(kernel.drops.get() > 0);
    a.vfs.release(there, 0);
    b.vfs.release(writer, 0);
    b.vfs.release(reader, 0);
  }

  @Test
  void readersAndAMappingOnOneNodeAndAWriterOnTheOtherAllGoOn() throws Exception {
    AtomicBoolean working = new AtomicBoolean(true);
    List<Future<?>> all = new ArrayList<>();
    Callable<Void> mapping =
        () -> {
          for (int i = 0; i < ROUNDS; i++) {
            OpenFile file = b.open(shared, TestVolume.O_RDWR);
            Page page = kernel.any();
            page.store(file);
            page.writeBack();
            b.vfs.release(file, 0);
          }
          working.set(false);
          return null;
        };
    Callable<Void> other =
        () -> {
          OpenFile file = a.open(shared, TestVolume.O_RDWR);
          while (working.get()) {
            a.write(file, 0, new byte[] {1});
          }
          // Once more, behind the last page that was read there.
          a.write(file, 0, new byte[] {2});
          a.vfs.release(file, 0);
          return null;
        };
    Callable<Void> reader =
        () -> {
          while (working.get()) {
            OpenFile file = b.open(shared, 0);
            kernel.any().read(file);
            b.vfs.release(file, 0);
          }
          return null;
        };
    for (Callable<Void> each : List.of(mapping, other, reader, reader)) {
      all.add(threads.submit(each));
    }
    for (Future<?> each : all) {
      each.get(50, TimeUnit.SECONDS);
    }
    assertTrue(kernel.drops.get() > 0);
  }
}
