package org.jclusterfs.dlm;

import java.util.ArrayList;
import java.util.List;

/**
 * Every message with its code and the layout of its body, as docs/wire-protocol.md has them. All
 * numbers are big-endian. Each message opens with the header
 *
 * <pre>
 *   0       1           4         8       16       24
 *   | type  | reserved  | region  | view  | epoch  | body …
 * </pre>
 */
public enum MessageType {
  /** A new lock. */
  REQUEST(1, "lockId:8 id:8 start:8 end:8 cookie:8 flags:2 type:1 mode:1"),
  /** Another mode for a lock. */
  CONVERT(2, "lockId:8 flags:2 mode:1 hasValue:1 value:64"),
  /** A lock is given up. */
  UNLOCK(3, "lockId:8 flags:2 reserved:1 hasValue:1 value:64"),
  /** A waiting operation is called off. */
  CANCEL(4, "lockId:8"),
  /** A request or conversion is granted. */
  GRANT(5, "lockId:8 generation:8 mode:1 wanted:1 grantFlags:1 reserved:1 value:64"),
  /** A request or conversion is denied. */
  DENY(
      6,
      "lockId:8 reason:1 blockerMode:1 blockerSlot:2 blockerStart:8 blockerEnd:8 blockerCookie:8"),
  /** Somebody waits for a mode that conflicts with a held one. */
  BLOCKING(7, "lockId:8 wanted:1 reserved:3"),
  /** Which lock would conflict. */
  TEST(8, "queryId:8 id:8 start:8 end:8 cookie:8 reserved:2 type:1 mode:1"),
  /** The answer to it. */
  TESTED(
      9,
      "queryId:8 reserved:1 blockerMode:1 blockerSlot:2 blockerStart:8 blockerEnd:8"
          + " blockerCookie:8"),
  /** Entries repeat to the end: what the sender holds and waits for in regions without a master. */
  RECLAIM(
      10,
      "lockId:8 region:4 type:1 granted:1 requested:1 valueValid:1 id:8 start:8 end:8 cookie:8"
          + " generation:8 flags:2 reserved:6 value:64"),
  /** Entries repeat to the end: regions that the sender masters. */
  MASTERED(11, "region:4 epoch:8"),
  /** The sender has sent all RECLAIM of this view. */
  RECLAIMED(12, ""),
  /** The sender has sent all MASTERED of this view. */
  REPORTED(13, ""),
  /** The sender wants to use a region and does not know its master: it offers itself. */
  CLAIM(14, ""),
  /** The answer: who masters the region in the epoch of the header. */
  OWNER(15, "slot:2"),
  /** The region goes to another master, in the epoch of the header. */
  MOVED(16, "incarnation:8 asked:8 slot:2 reserved:2"),
  /** The sender sends nothing more to the old master of the region. */
  DRAINED(17, ""),
  /** Entries repeat to the end: value blocks of a region that moves. */
  MOVEVALUES(18, "id:8 generation:8 type:1 valid:1 reserved:2 value:64"),
  /** Entries repeat to the end: locks and queries of a region that moves, in order of service. */
  MOVELOCKS(
      19,
      "lockId:8 id:8 start:8 end:8 cookie:8 incarnation:8 slot:2 flags:2 type:1"
          + " granted:1 requested:1 kind:1"),
  /** All of the region has been sent. */
  MOVE(20, "patience:4"),
  /** The new master serves the region. */
  TAKEN(21, ""),
  /** Messages of the lock engine repeat to the end, each after its length in bytes. */
  BUNDLE(22, "length:4"),

  /** A newcomer asks for admission. */
  JOIN(64, "incarnation:8 connected:32"),
  /** A member that gave all its locks up asks to be let go. */
  LEAVE(65, "incarnation:8"),
  /** A view is proposed; entries follow: first the members, then the dead whose journals wait. */
  PREPARE(66, "memberCount:2 deadCount:2"),
  /** The receiver will accept no older proposal. */
  PREPARED(67, ""),
  /** The receiver has promised a higher number. */
  REFUSED(68, "promised:8"),
  /** The proposed view holds; body as in PREPARE. */
  COMMIT(69, "memberCount:2 deadCount:2"),
  /** The sender's engine has heard all members of the view. */
  RECOVERED(70, ""),
  /** All journals are replayed. */
  UNBLOCK(71, ""),
  /** The receiver is out of the cluster. */
  LEFT(72, "incarnation:8");

  /** Bytes of the header. */
  public static final int HEADER_SIZE = 24;

  static final int TYPE_OFFSET = 0;
  static final int REGION_OFFSET = 4;
  static final int VIEW_OFFSET = 8;
  static final int EPOCH_OFFSET = 16;

  /** Mode code for "none". */
  static final int NO_MODE = 255;

  /** Slot code for "none". */
  static final int NO_SLOT = 0xFFFF;

  /** Bytes of one (slot, incarnation) entry in PREPARE and COMMIT. */
  public static final int MEMBER_SIZE = 10;

  /**
   * A field of a body.
   *
   * @param name its name in the document
   * @param offset bytes from the start of the body
   * @param width bytes
   */
  public record Field(String name, int offset, int width) {}

  private static final MessageType[] BY_CODE = new MessageType[256];

  static {
    for (MessageType type : values()) {
      BY_CODE[type.code] = type;
    }
  }

  private final int code;
  private final List<Field> fields;
  private final int bodySize;

  MessageType(int code, String layout) {
    this.code = code;
    List<Field> parsed = new ArrayList<>();
    int offset = 0;
    for (String part : layout.isEmpty() ? new String[0] : layout.split(" ")) {
      int colon = part.indexOf(':');
      int width = Integer.parseInt(part.substring(colon + 1));
      parsed.add(new Field(part.substring(0, colon), offset, width));
      offset += width;
    }
    fields = List.copyOf(parsed);
    bodySize = offset;
  }

  /** The code on the wire. */
  public int code() {
    return code;
  }

  /** The fields of the body, in order, without gaps. */
  public List<Field> fields() {
    return fields;
  }

  /** Bytes of the body, or of one entry where entries repeat. */
  public int bodySize() {
    return bodySize;
  }

  /** Whether the membership handles it; else the lock engine does. */
  public boolean isMembership() {
    return code >= 64;
  }

  /**
   * The type with this code.
   *
   * @throws WireException where there is none
   */
  public static MessageType ofCode(int code) {
    MessageType type = BY_CODE[code & 0xFF];
    if (type == null) {
      throw new WireException("Unknown message type " + (code & 0xFF));
    }
    return type;
  }
}
