package org.jclusterfs.mount.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jclusterfs.mount.posix.LibC;
import org.jclusterfs.mount.posix.Posix;

/** A {@link FuseChannel} over an open /dev/fuse. */
final class DeviceChannel implements FuseChannel {
  private static final int MAX_VECTORS = 1024;
  private static final int VECTOR_BYTES = 16;

  private final LibC libc = Posix.libc();
  private final int descriptor;
  private final ThreadLocal<Vectors> vectors = ThreadLocal.withInitial(Vectors::new);

  DeviceChannel(int descriptor) {
    this.descriptor = descriptor;
  }

  @Override
  public int read(ByteBuffer target) {
    long n = libc.read(descriptor, Posix.address(target), target.capacity());
    return n < 0 ? -Posix.errno() : (int) n;
  }

  @Override
  public int write(ByteBuffer head, List<ByteBuffer> payload) {
    if (payload.isEmpty()) {
      long n = libc.write(descriptor, Posix.address(head) + head.position(), head.remaining());
      return n < 0 ? -Posix.errno() : 0;
    }
    Vectors v = vectors.get();
    v.begin();
    v.add(head);
    if (payload.size() + 1 > MAX_VECTORS) {
      v.add(joined(payload));
    } else {
      for (ByteBuffer part : payload) {
        if (part.hasRemaining()) {
          v.add(part.isDirect() ? part : joined(List.of(part)));
        }
      }
    }
    long n = libc.writev(descriptor, v.address, v.count);
    int result = n < 0 ? -Posix.errno() : 0;
    v.begin();
    return result;
  }

  private static ByteBuffer joined(List<ByteBuffer> parts) {
    int size = parts.stream().mapToInt(ByteBuffer::remaining).sum();
    ByteBuffer copy = ByteBuffer.allocateDirect(size);
    for (ByteBuffer part : parts) {
      copy.put(part.duplicate());
    }
    return copy.flip();
  }

  /** An array of struct iovec, and references that keep what it points to alive. */
  private static final class Vectors {
    private final ByteBuffer array =
        ByteBuffer.allocateDirect(MAX_VECTORS * VECTOR_BYTES).order(ByteOrder.nativeOrder());
    private final long address = Posix.address(array);
    private final ByteBuffer[] kept = new ByteBuffer[MAX_VECTORS];
    private int count;

    void begin() {
      for (int i = 0; i < count; i++) {
        kept[i] = null;
      }
      count = 0;
    }

    void add(ByteBuffer part) {
      array.putLong(count * VECTOR_BYTES, Posix.address(part) + part.position());
      array.putLong(count * VECTOR_BYTES + 8, part.remaining());
      kept[count++] = part;
    }
  }
}
