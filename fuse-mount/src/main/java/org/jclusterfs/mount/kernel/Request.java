package org.jclusterfs.mount.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.protocol.Replies;
import org.jclusterfs.mount.protocol.Requests.InHeader;

/**
 * One request and the room for its reply; a reader thread has one and uses it again and again. Not
 * thread-safe, but for {@link #waiting()} and {@link #abandon}.
 */
final class Request {
  private static final System.Logger LOG = System.getLogger(Request.class.getName());

  private final FuseChannel channel;
  private final ByteBuffer in;
  private final ByteBuffer out;
  private InHeader header;
  private boolean answered;
  private boolean refused;
  private boolean abandoned;

  /** Both buffers are direct and in the host's byte order; {@code in} holds the largest request. */
  Request(FuseChannel channel, ByteBuffer in, ByteBuffer out) {
    this.channel = channel;
    this.in = in;
    this.out = out;
  }

  /** A copy with buffers of its own, to be answered by another thread. */
  Request detached() {
    int size = header.len();
    ByteBuffer copy = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    copy.put(in.duplicate().position(0).limit(size)).flip();
    Request request =
        new Request(channel, copy, ByteBuffer.allocateDirect(4096).order(ByteOrder.nativeOrder()));
    request.begin(size);
    answered = true;
    return request;
  }

  /** Where the channel puts the next request. */
  ByteBuffer input() {
    return in;
  }

  /** Takes up the request of {@code size} bytes that lies in {@link #input()}. */
  synchronized void begin(int size) {
    in.clear().limit(size);
    header = InHeader.at(in, 0);
    answered = false;
    refused = false;
    abandoned = false;
  }

  /** The header of a request that is not answered yet, or null. */
  synchronized InHeader waiting() {
    return answered || abandoned ? null : header;
  }

  /**
   * Answers EINTR in place of the handler, whose own answer will be taken as refused. From any
   * thread.
   *
   * @return false: it was answered meanwhile
   */
  synchronized boolean abandon(long unique) {
    if (answered || abandoned || header.unique() != unique) {
      return false;
    }
    abandoned = true;
    ByteBuffer answer =
        ByteBuffer.allocateDirect(Replies.OUT_HEADER_BYTES).order(ByteOrder.nativeOrder());
    answer.putInt(Replies.OUT_HEADER_BYTES).putInt(-Errno.EINTR).putLong(unique).flip();
    channel.write(answer, List.of());
    return true;
  }

  InHeader header() {
    return header;
  }

  /** Bytes of the request behind its header. */
  int bodySize() {
    return header.len() - InHeader.BYTES;
  }

  /** Offset of the body in {@link #input()}. */
  int body() {
    return InHeader.BYTES;
  }

  /** The bytes from {@code bodyOffset} on, {@code size} of them. */
  ByteBuffer data(int bodyOffset, int size) {
    return in.slice(InHeader.BYTES + bodyOffset, size);
  }

  /** The n-th of the NUL-terminated strings that begin {@code bodyOffset} bytes into the body. */
  byte[] name(int bodyOffset, int index) throws FsException {
    int start = InHeader.BYTES + bodyOffset;
    for (int skip = index; skip > 0; skip--) {
      start = end(start) + 1;
    }
    byte[] name = new byte[end(start) - start];
    in.get(start, name);
    return name;
  }

  private int end(int start) throws FsException {
    int i = start;
    while (i < in.limit()) {
      if (in.get(i) == 0) {
        return i;
      }
      i++;
    }
    throw new FsException(FsException.Failure.INVALID, "a name in a request is not terminated");
  }

  /** Room for a reply's body; {@link #reply()} sends what was put there. */
  ByteBuffer out() {
    return out.clear().position(Replies.OUT_HEADER_BYTES);
  }

  /** Sends the body put into {@link #out()}. */
  void reply() {
    send(0, List.of());
  }

  /** Sends success without a body. */
  void ok() {
    out();
    send(0, List.of());
  }

  /** Sends a body that lies elsewhere, without copying it where it is direct. */
  void reply(List<ByteBuffer> body) {
    out();
    send(0, body);
  }

  /** Sends a body from the heap. */
  void reply(byte[] body) {
    ByteBuffer b = out();
    if (body.length <= b.remaining()) {
      b.put(body);
      send(0, List.of());
    } else {
      send(0, List.of(ByteBuffer.wrap(body)));
    }
  }

  /** Sends a failure. */
  void error(int errno) {
    out();
    send(-errno, List.of());
  }

  /** For requests that are not answered (FORGET, INTERRUPT). */
  void noReply() {
    answered = true;
  }

  boolean answered() {
    return answered;
  }

  /** Whether the kernel refused the reply: what it was to take over must be taken back. */
  boolean refused() {
    return refused;
  }

  private void send(int error, List<ByteBuffer> body) {
    synchronized (this) {
      if (answered) {
        throw new IllegalStateException("a second reply to " + this);
      }
      answered = true;
      if (abandoned) {
        refused = true;
        return;
      }
    }
    int size = out.position();
    for (ByteBuffer part : body) {
      size += part.remaining();
    }
    out.putInt(0, size);
    out.putInt(4, error);
    out.putLong(8, header.unique());
    int result = channel.write(out.flip(), body);
    if (result < 0) {
      refused = true;
      // ENOENT: the request was aborted meanwhile. ENODEV: the mount is gone.
      if (-result != Errno.ENOENT && -result != Errno.ENODEV) {
        LOG.log(
            System.Logger.Level.ERROR,
            "the kernel refused the reply to {0}: {1}",
            this,
            Errno.describe(-result));
      }
    }
  }

  @Override
  public String toString() {
    return header == null
        ? "no request"
        : "request "
            + header.unique()
            + ", opcode "
            + header.opcode()
            + ", node "
            + header.nodeid();
  }

  /** A name for a message. */
  static String printable(byte[] name) {
    return new String(Arrays.copyOf(name, Math.min(name.length, 64)), StandardCharsets.UTF_8);
  }
}
