package org.jclusterfs.dlm;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Bytes of the lock engine's messages; {@link MessageType} has the layouts. */
final class LockMessageCodec {

  /** Entries per message: keeps a message below 64 KiB. */
  static final int MAX_ENTRIES = 500;

  private static final byte[] NO_VALUE = new byte[LockEngine.VALUE_SIZE];
  private static final LockMode[] MODES = LockMode.values();
  private static final DenyReason[] REASONS = DenyReason.values();
  private static final LockMessage.Kind[] KINDS = LockMessage.Kind.values();
  private static final int GRANT_HAS_VALUE = 1;
  private static final int GRANT_FROM_ANOTHER = 2;

  private LockMessageCodec() {}

  /** The view number in a message's header. */
  static long view(ByteBuffer message) {
    if (message.remaining() < MessageType.HEADER_SIZE) {
      throw new WireException("Message of " + message.remaining() + " bytes has no header");
    }
    return message.getLong(message.position() + MessageType.VIEW_OFFSET);
  }

  /** The region in a message's header. */
  static int region(ByteBuffer message) {
    return message.getInt(message.position() + MessageType.REGION_OFFSET);
  }

  /** The epoch in a message's header. */
  static long epoch(ByteBuffer message) {
    return message.getLong(message.position() + MessageType.EPOCH_OFFSET);
  }

  /** Encodes a message; {@code epoch} of its region, or 0. */
  static ByteBuffer encode(long view, long epoch, LockMessage message) {
    Encoder encoder = new Encoder(view, epoch);
    message.dispatch(0, encoder);
    return encoder.buffer.flip();
  }

  /** Encodes by kind; an encoder is used once. */
  private static final class Encoder implements LockMessage.Handler {
    private final long view;
    private final long epoch;
    private ByteBuffer buffer;

    Encoder(long view, long epoch) {
      this.view = view;
      this.epoch = epoch;
    }

    private ByteBuffer start(MessageType type, int region) {
      return start(type, region, 1);
    }

    private ByteBuffer start(MessageType type, int region, int entries) {
      buffer = ByteBuffer.allocate(MessageType.HEADER_SIZE + entries * type.bodySize());
      return buffer
          .put((byte) type.code())
          .put((byte) 0)
          .putShort((short) 0)
          .putInt(region)
          .putLong(view)
          .putLong(epoch);
    }

    @Override
    public void onRequest(int from, LockMessage.Request m) {
      start(MessageType.REQUEST, m.name().region())
          .putLong(m.lockId())
          .putLong(m.name().id())
          .putLong(m.range().start())
          .putLong(m.range().end())
          .putLong(m.cookie())
          .putShort((short) m.flags())
          .put((byte) m.name().type())
          .put(code(m.mode()));
    }

    @Override
    public void onConvert(int from, LockMessage.Convert m) {
      start(MessageType.CONVERT, m.region())
          .putLong(m.lockId())
          .putShort((short) m.flags())
          .put(code(m.mode()));
      putValue(m.value());
    }

    @Override
    public void onUnlock(int from, LockMessage.Unlock m) {
      start(MessageType.UNLOCK, m.region())
          .putLong(m.lockId())
          .putShort((short) m.flags())
          .put((byte) 0);
      putValue(m.value());
    }

    private void putValue(byte[] value) {
      buffer.put((byte) (value == null ? 0 : 1)).put(value == null ? NO_VALUE : value);
    }

    @Override
    public void onCancel(int from, LockMessage.Cancel m) {
      start(MessageType.CANCEL, m.region()).putLong(m.lockId());
    }

    @Override
    public void onGranted(LockMessage.Granted m) {
      Grant grant = m.grant();
      int flags =
          (grant.value() == null ? 0 : GRANT_HAS_VALUE)
              | (grant.fromAnotherNode() ? GRANT_FROM_ANOTHER : 0);
      start(MessageType.GRANT, m.region())
          .putLong(m.lockId())
          .putLong(grant.valueGeneration())
          .put(code(grant.mode()))
          .put(code(m.wanted()))
          .put((byte) flags)
          .put((byte) 0)
          .put(grant.value() == null ? NO_VALUE : grant.value());
    }

    @Override
    public void onDenied(LockMessage.Denied m) {
      start(MessageType.DENY, m.region()).putLong(m.lockId()).put((byte) m.reason().ordinal());
      putBlocker(m.blocker());
    }

    private void putBlocker(Blocker blocker) {
      if (blocker == null) {
        buffer.put((byte) MessageType.NO_MODE).putShort((short) MessageType.NO_SLOT);
        buffer.putLong(0).putLong(0).putLong(0);
      } else {
        buffer.put(code(blocker.mode())).putShort((short) blocker.slot());
        buffer.putLong(blocker.range().start()).putLong(blocker.range().end());
        buffer.putLong(blocker.cookie());
      }
    }

    @Override
    public void onBlocking(LockMessage.Blocking m) {
      start(MessageType.BLOCKING, m.region())
          .putLong(m.lockId())
          .put(code(m.wanted()))
          .put(new byte[3]);
    }

    @Override
    public void onTest(int from, LockMessage.Test m) {
      start(MessageType.TEST, m.name().region())
          .putLong(m.queryId())
          .putLong(m.name().id())
          .putLong(m.range().start())
          .putLong(m.range().end())
          .putLong(m.cookie())
          .putShort((short) 0)
          .put((byte) m.name().type())
          .put(code(m.mode()));
    }

    @Override
    public void onTested(LockMessage.Tested m) {
      start(MessageType.TESTED, m.region()).putLong(m.queryId()).put((byte) 0);
      putBlocker(m.blocker());
    }

    @Override
    public void onReclaim(int from, LockMessage.Reclaim m) {
      start(MessageType.RECLAIM, 0, m.holdings().size());
      for (LockMessage.Holding holding : m.holdings()) {
        buffer
            .putLong(holding.lockId())
            .putInt(holding.name().region())
            .put((byte) holding.name().type())
            .put(code(holding.granted()))
            .put(code(holding.requested()))
            .put((byte) (holding.value() == null ? 0 : 1))
            .putLong(holding.name().id())
            .putLong(holding.range().start())
            .putLong(holding.range().end())
            .putLong(holding.cookie())
            .putLong(holding.generation())
            .putShort((short) holding.flags())
            .put(new byte[6])
            .put(holding.value() == null ? NO_VALUE : holding.value());
      }
    }

    @Override
    public void onReclaimed(int from) {
      start(MessageType.RECLAIMED, 0);
    }

    @Override
    public void onMastered(int from, LockMessage.Mastered m) {
      start(MessageType.MASTERED, 0, m.regions().size());
      m.regions().forEach(entry -> buffer.putInt(entry.region()).putLong(entry.epoch()));
    }

    @Override
    public void onReported(int from) {
      start(MessageType.REPORTED, 0);
    }

    @Override
    public void onClaim(int from, LockMessage.Claim m) {
      start(MessageType.CLAIM, m.region());
    }

    @Override
    public void onOwner(LockMessage.Owner m) {
      start(MessageType.OWNER, m.region()).putShort((short) m.slot());
    }

    @Override
    public void onMoved(int from, LockMessage.Moved m) {
      start(MessageType.MOVED, m.region())
          .putLong(m.master().incarnation())
          .putLong(m.asked())
          .putShort((short) m.master().slot())
          .putShort((short) 0);
    }

    @Override
    public void onDrained(int from, LockMessage.Drained m) {
      start(MessageType.DRAINED, m.region());
    }

    @Override
    public void onMoveValues(int from, LockMessage.MoveValues m) {
      start(MessageType.MOVEVALUES, m.region(), m.values().size());
      for (LockMessage.Value value : m.values()) {
        buffer
            .putLong(value.name().id())
            .putLong(value.generation())
            .put((byte) value.name().type())
            .put((byte) (value.value() == null ? 0 : 1))
            .putShort((short) 0)
            .put(value.value() == null ? NO_VALUE : value.value());
      }
    }

    @Override
    public void onMoveLocks(int from, LockMessage.MoveLocks m) {
      start(MessageType.MOVELOCKS, m.region(), m.entries().size());
      for (LockMessage.Entry entry : m.entries()) {
        buffer
            .putLong(entry.lockId())
            .putLong(entry.name().id())
            .putLong(entry.range().start())
            .putLong(entry.range().end())
            .putLong(entry.cookie())
            .putLong(entry.owner().incarnation())
            .putShort((short) entry.owner().slot())
            .putShort((short) entry.flags())
            .put((byte) entry.name().type())
            .put(code(entry.granted()))
            .put(code(entry.requested()))
            .put((byte) entry.kind().ordinal());
      }
    }

    @Override
    public void onMove(int from, LockMessage.Move m) {
      start(MessageType.MOVE, m.region()).putInt(m.patience());
    }

    @Override
    public void onTaken(int from, LockMessage.Taken m) {
      start(MessageType.TAKEN, m.region());
    }
  }

  /**
   * Decodes a message that is checked completely before anything acts on it.
   *
   * @throws WireException if it is malformed
   */
  static LockMessage decode(ByteBuffer message) {
    view(message);
    ByteBuffer in = message.slice();
    MessageType type = MessageType.ofCode(in.get(MessageType.TYPE_OFFSET));
    int region = in.getInt(MessageType.REGION_OFFSET);
    long epoch = in.getLong(MessageType.EPOCH_OFFSET);
    in.position(MessageType.HEADER_SIZE);
    checkSize(type, in.remaining());
    try {
      return switch (type) {
        case REQUEST -> decodeRequest(in, region);
        case CONVERT -> {
          long lockId = in.getLong();
          int flags = flags(in);
          LockMode mode = mode(in);
          yield new LockMessage.Convert(lockId, region, mode, flags, value(in));
        }
        case UNLOCK -> {
          long lockId = in.getLong();
          int flags = flags(in);
          in.get();
          yield new LockMessage.Unlock(lockId, region, flags, value(in));
        }
        case CANCEL -> new LockMessage.Cancel(in.getLong(), region);
        case GRANT -> decodeGrant(in, region);
        case DENY -> {
          long lockId = in.getLong();
          DenyReason reason = REASONS[in.get()];
          yield new LockMessage.Denied(lockId, region, reason, blocker(in));
        }
        case BLOCKING -> new LockMessage.Blocking(in.getLong(), region, mode(in));
        case TEST -> {
          LockMessage.Request r = decodeRequest(in, region);
          yield new LockMessage.Test(r.lockId(), r.name(), r.mode(), r.range(), r.cookie());
        }
        case TESTED -> {
          long queryId = in.getLong();
          in.get();
          yield new LockMessage.Tested(queryId, region, blocker(in));
        }
        case RECLAIM -> decodeReclaim(in);
        case RECLAIMED -> new LockMessage.Reclaimed();
        case MASTERED -> decodeMastered(in);
        case REPORTED -> new LockMessage.Reported();
        case CLAIM -> new LockMessage.Claim(region);
        case OWNER -> new LockMessage.Owner(region, epoch, in.getShort() & 0xFFFF);
        case MOVED -> {
          long incarnation = in.getLong();
          long asked = in.getLong();
          Member master = new Member(in.getShort() & 0xFFFF, incarnation);
          yield new LockMessage.Moved(region, epoch, master, asked);
        }
        case DRAINED -> new LockMessage.Drained(region, epoch);
        case MOVEVALUES -> decodeMoveValues(in, region, epoch);
        case MOVELOCKS -> decodeMoveLocks(in, region, epoch);
        case MOVE -> new LockMessage.Move(region, epoch, in.getInt());
        case TAKEN -> new LockMessage.Taken(region, epoch);
        default -> throw new WireException(type + " is not a message of the lock engine");
      };
    } catch (IndexOutOfBoundsException | IllegalArgumentException | BufferUnderflowException e) {
      throw new WireException("Malformed " + type + ": " + e.getMessage());
    }
  }

  private static void checkSize(MessageType type, int remaining) {
    boolean fits =
        switch (type) {
          case RECLAIM, MASTERED, MOVEVALUES, MOVELOCKS -> remaining % type.bodySize() == 0;
          default -> remaining == type.bodySize();
        };
    if (!fits) {
      throw new WireException(type + " with a body of " + remaining + " bytes");
    }
  }

  private static LockMessage.Request decodeRequest(ByteBuffer in, int region) {
    long lockId = in.getLong();
    long id = in.getLong();
    LockRange range = new LockRange(in.getLong(), in.getLong());
    long cookie = in.getLong();
    int flags = flags(in);
    LockName name = new LockName(in.get() & 0xFF, region, id);
    return new LockMessage.Request(lockId, name, mode(in), flags, range, cookie);
  }

  private static LockMessage.Granted decodeGrant(ByteBuffer in, int region) {
    long lockId = in.getLong();
    long generation = in.getLong();
    LockMode mode = mode(in);
    LockMode wanted = modeOrNull(in);
    int flags = in.get();
    in.get();
    byte[] value = bytes(in, (flags & GRANT_HAS_VALUE) != 0);
    Grant grant = new Grant(mode, value, generation, (flags & GRANT_FROM_ANOTHER) != 0);
    return new LockMessage.Granted(lockId, region, grant, wanted);
  }

  private static LockMessage.Reclaim decodeReclaim(ByteBuffer in) {
    List<LockMessage.Holding> holdings = new ArrayList<>();
    while (in.hasRemaining()) {
      long lockId = in.getLong();
      int region = in.getInt();
      int type = in.get() & 0xFF;
      LockMode granted = modeOrNull(in);
      LockMode requested = modeOrNull(in);
      boolean hasValue = in.get() != 0;
      LockName name = new LockName(type, region, in.getLong());
      LockRange range = new LockRange(in.getLong(), in.getLong());
      long cookie = in.getLong();
      long generation = in.getLong();
      int flags = flags(in);
      in.position(in.position() + 6);
      byte[] value = bytes(in, hasValue);
      if (granted == null && requested == null) {
        throw new WireException("RECLAIM of a lock that is neither held nor waited for");
      }
      holdings.add(
          new LockMessage.Holding(
              lockId, name, granted, requested, flags, range, cookie, generation, value));
    }
    return new LockMessage.Reclaim(holdings);
  }

  private static LockMessage.Mastered decodeMastered(ByteBuffer in) {
    List<LockMessage.RegionEpoch> regions = new ArrayList<>();
    while (in.hasRemaining()) {
      regions.add(new LockMessage.RegionEpoch(in.getInt(), in.getLong()));
    }
    return new LockMessage.Mastered(regions);
  }

  private static LockMessage.MoveValues decodeMoveValues(ByteBuffer in, int region, long epoch) {
    List<LockMessage.Value> values = new ArrayList<>();
    while (in.hasRemaining()) {
      long id = in.getLong();
      long generation = in.getLong();
      LockName name = new LockName(in.get() & 0xFF, region, id);
      boolean valid = in.get() != 0;
      in.getShort();
      values.add(new LockMessage.Value(name, generation, bytes(in, valid)));
    }
    return new LockMessage.MoveValues(region, epoch, values);
  }

  private static LockMessage.MoveLocks decodeMoveLocks(ByteBuffer in, int region, long epoch) {
    List<LockMessage.Entry> entries = new ArrayList<>();
    while (in.hasRemaining()) {
      long lockId = in.getLong();
      long id = in.getLong();
      LockRange range = new LockRange(in.getLong(), in.getLong());
      long cookie = in.getLong();
      long incarnation = in.getLong();
      Member owner = new Member(in.getShort() & 0xFFFF, incarnation);
      int flags = flags(in);
      LockName name = new LockName(in.get() & 0xFF, region, id);
      LockMode granted = modeOrNull(in);
      LockMode requested = modeOrNull(in);
      LockMessage.Kind kind = KINDS[in.get()];
      if (kind == LockMessage.Kind.LOCK
          ? granted == null && requested == null
          : requested == null) {
        throw new WireException("MOVELOCKS has a " + kind + " without a mode");
      }
      entries.add(
          new LockMessage.Entry(
              kind, owner, lockId, name, granted, requested, flags, range, cookie));
    }
    return new LockMessage.MoveLocks(region, epoch, entries);
  }

  private static byte code(LockMode mode) {
    return (byte) (mode == null ? MessageType.NO_MODE : mode.ordinal());
  }

  private static LockMode mode(ByteBuffer in) {
    return MODES[in.get()];
  }

  private static LockMode modeOrNull(ByteBuffer in) {
    int code = in.get() & 0xFF;
    return code == MessageType.NO_MODE ? null : MODES[code];
  }

  private static int flags(ByteBuffer in) {
    int flags = in.getShort() & 0xFFFF;
    if ((flags & ~LockFlags.ALL) != 0) {
      throw new WireException("Unknown lock flags " + Integer.toHexString(flags));
    }
    return flags;
  }

  private static byte[] value(ByteBuffer in) {
    return bytes(in, in.get() != 0);
  }

  private static byte[] bytes(ByteBuffer in, boolean present) {
    byte[] value = new byte[LockEngine.VALUE_SIZE];
    in.get(value);
    if (!present) {
      return Arrays.equals(value, NO_VALUE) ? null : malformedValue();
    }
    return value;
  }

  private static byte[] malformedValue() {
    throw new WireException("A value block that is said to be absent is not zero");
  }

  private static Blocker blocker(ByteBuffer in) {
    LockMode mode = modeOrNull(in);
    int slot = in.getShort() & 0xFFFF;
    LockRange range = new LockRange(in.getLong(), in.getLong());
    long cookie = in.getLong();
    return mode == null ? null : new Blocker(slot, range, mode, cookie);
  }
}
