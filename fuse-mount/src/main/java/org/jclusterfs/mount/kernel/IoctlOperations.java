package org.jclusterfs.mount.kernel;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jclusterfs.core.cluster.Cancellation;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.FsException.Failure;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.posix.Capabilities;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.protocol.Opcode;
import org.jclusterfs.mount.protocol.Replies;
import org.jclusterfs.mount.protocol.Requests.IoctlIn;

/**
 * The ioctls of files and directories that filesystems have in common, by the numbers that x86, ARM
 * and RISC-V give them. Others are ENOTTY.
 */
final class IoctlOperations {
  static final int GET_FLAGS = 0x80086601;
  static final int GET_FLAGS_32 = 0x80046601;
  static final int SET_FLAGS = 0x40086602;
  static final int SET_FLAGS_32 = 0x40046602;
  static final int GET_VERSION = 0x80087601;
  static final int GET_VERSION_32 = 0x80047601;
  static final int GET_XATTR = 0x801c581f;
  static final int SET_XATTR = 0x401c5820;
  static final int GET_LABEL = 0x81009431;
  static final int TRIM = 0xc0185879;

  /** struct fstrim_range: 0 start, 8 len, 16 minlen. */
  private static final int TRIM_BYTES = 24;

  private static final int LABEL_BYTES = 256;

  /** struct fsxattr: 0 xflags, 4 extsize, 8 nextents, 12 projid, 16 cowextsize, 20 padding. */
  private static final int XATTR_BYTES = 28;

  /** FS_XFLAG_* bits beside the flags of inodes that they stand for. */
  private static final int[][] XFLAGS = {
    {0x08, InodeBlock.FLAG_IMMUTABLE},
    {0x10, InodeBlock.FLAG_APPEND},
    {0x20, InodeBlock.FLAG_SYNC},
    {0x40, InodeBlock.FLAG_NOATIME},
    {0x80, InodeBlock.FLAG_NODUMP}
  };

  /** From this protocol version on the kernel checks who sets flags (5.14). */
  private static final int CHECKED_MINOR = 34;

  private final Session session;
  private final Vfs vfs;

  IoctlOperations(Session session, Dispatcher dispatcher) {
    this.session = session;
    this.vfs = session.vfs();
    dispatcher.on(Opcode.IOCTL, this::dispatch);
  }

  private void dispatch(Request request) throws FsException {
    IoctlIn in = IoctlIn.at(request.input(), request.body());
    InodeId inode = session.nodes().inode(request.header().nodeid());
    switch (in.cmd()) {
      case GET_FLAGS, GET_FLAGS_32 -> giveInt(request, attributes(inode).flags());
      case SET_FLAGS, SET_FLAGS_32 -> setFlags(request, inode, in);
      case GET_VERSION, GET_VERSION_32 -> giveInt(request, (int) attributes(inode).generation());
      case GET_XATTR -> giveXattr(request, attributes(inode).flags());
      case SET_XATTR -> setXattr(request, inode, in);
      case GET_LABEL -> giveLabel(request);
      case TRIM -> trim(request, in);
      default -> request.error(Errno.ENOTTY);
    }
  }

  private Attributes attributes(InodeId inode) throws FsException {
    Attributes[] found = new Attributes[1];
    vfs.getAttributes(inode, a -> found[0] = a);
    return found[0];
  }

  private static ByteBuffer out(Request request) {
    ByteBuffer out = request.out();
    Replies.ioctlOut(out);
    return out;
  }

  private static ByteBuffer input(Request request, IoctlIn in, int needed) throws FsException {
    if (in.inSize() < needed || request.bodySize() < IoctlIn.BYTES + needed) {
      throw new FsException(Failure.INVALID, "an ioctl with " + in.inSize() + " bytes");
    }
    return request.data(IoctlIn.BYTES, needed).order(request.input().order());
  }

  /** Their argument is called a long, but programs give the address of an int. */
  private static void giveInt(Request request, int value) {
    out(request).putInt(value);
    request.reply();
  }

  private void setFlags(Request request, InodeId inode, IoctlIn in) throws FsException {
    change(request, inode, ~0, input(request, in, Integer.BYTES).getInt());
  }

  private void change(Request request, InodeId inode, int mask, int flags) throws FsException {
    if (session.negotiated().minor() < CHECKED_MINOR
        && !Capabilities.has(request.header().pid(), Capabilities.LINUX_IMMUTABLE)) {
      throw new FsException(Failure.NOT_PERMITTED, "flags are set by CAP_LINUX_IMMUTABLE only");
    }
    vfs.setFlags(inode, mask, flags);
    out(request);
    request.reply();
  }

  private static void giveXattr(Request request, int flags) {
    int told = 0;
    for (int[] pair : XFLAGS) {
      told |= (flags & pair[1]) != 0 ? pair[0] : 0;
    }
    out(request).putInt(told).put(new byte[XATTR_BYTES - Integer.BYTES]);
    request.reply();
  }

  private void setXattr(Request request, InodeId inode, IoctlIn in) throws FsException {
    ByteBuffer given = input(request, in, XATTR_BYTES);
    int rest = given.getInt();
    int mask = 0;
    int flags = 0;
    for (int[] pair : XFLAGS) {
      mask |= pair[1];
      flags |= (rest & pair[0]) != 0 ? pair[1] : 0;
      rest &= ~pair[0];
    }
    int extentSize = given.getInt();
    given.getInt(); // the number of extents is only told
    int project = given.getInt();
    int cowExtentSize = given.getInt();
    if (rest != 0 || extentSize != 0 || project != 0 || cowExtentSize != 0) {
      throw new FsException(Failure.NOT_SUPPORTED, "no extent size hints and projects");
    }
    change(request, inode, mask, flags);
  }

  private void trim(Request request, IoctlIn in) throws FsException {
    if (!Capabilities.has(request.header().pid(), Capabilities.SYS_ADMIN)) {
      throw new FsException(Failure.NOT_PERMITTED, "trimming needs CAP_SYS_ADMIN");
    }
    ByteBuffer given = input(request, in, TRIM_BYTES);
    long start = given.getLong();
    long length = given.getLong();
    long minimum = given.getLong();
    long unique = request.header().unique();
    Cancellation cancellation = session.interrupts().begin(unique);
    long trimmed;
    try {
      trimmed = vfs.trim(start, length, minimum, cancellation);
    } finally {
      session.interrupts().end(unique);
    }
    out(request).putLong(start).putLong(trimmed).putLong(minimum);
    request.reply();
  }

  private void giveLabel(Request request) {
    byte[] label = vfs.status().label().getBytes(StandardCharsets.UTF_8);
    out(request).put(Arrays.copyOf(label, LABEL_BYTES));
    request.reply();
  }
}
