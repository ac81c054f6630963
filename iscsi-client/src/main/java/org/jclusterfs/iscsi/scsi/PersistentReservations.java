package org.jclusterfs.iscsi.scsi;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Isid;
import org.jclusterfs.iscsi.ProtocolException;
import org.jclusterfs.iscsi.session.ScsiCommand.Kind;

/**
 * PERSISTENT RESERVE IN and OUT (SPC-4 sections 6.15 and 6.16) of one unit. Calls block; they pass
 * before other commands and are not sent again after a lost connection, since none is idempotent:
 * the caller reads the keys and decides. Thread-safe.
 */
public final class PersistentReservations {

  /** Type 7: who is registered may write, everybody may read, no one of them holds it alone. */
  public static final int WRITE_EXCLUSIVE_ALL_REGISTRANTS = 7;

  private static final int READ_KEYS = 0;
  private static final int READ_RESERVATION = 1;
  private static final int READ_FULL_STATUS = 3;
  private static final int PROTOCOL_ISCSI = 5;
  private static final int REGISTER = 0;
  private static final int RESERVE = 1;
  private static final int RELEASE = 2;
  private static final int CLEAR = 3;
  private static final int PREEMPT = 4;
  private static final int PREEMPT_AND_ABORT = 5;
  private static final int REGISTER_AND_IGNORE_EXISTING_KEY = 6;
  private static final int ALLOCATION = 8192;

  /**
   * A reservation that is held.
   *
   * @param key the holder's key, 0 for the all-registrants types
   * @param type its type, 1–8
   */
  public record Reservation(long key, int type) {}

  /**
   * One registration with whose it is (SPC-4 sections 6.15.5 and 7.6.4.5).
   *
   * @param key its key
   * @param isHolder whether it holds the reservation
   * @param initiator name of the initiator port's device, "" where it is no iSCSI port
   * @param isid the session, null where the target does not tell
   */
  public record FullStatus(long key, boolean isHolder, String initiator, Isid isid) {}

  private final Lun lun;

  PersistentReservations(Lun lun) {
    this.lun = lun;
  }

  /** All registered keys; a key that several paths registered stands there as often. */
  public List<Long> readKeys() throws IscsiException {
    return parseKeys(lun.fetch(Cdb.persistentReserveIn(READ_KEYS, ALLOCATION), ALLOCATION));
  }

  static List<Long> parseKeys(ByteBuffer data) throws ProtocolException {
    if (data.remaining() < 8) {
      throw new ProtocolException("the target's READ KEYS data are too short");
    }
    int length = data.getInt(4);
    if (length < 0 || length % 8 != 0 || length > data.remaining() - 8) {
      throw new ProtocolException("the target's list of keys has a wrong length: " + length);
    }
    List<Long> keys = new ArrayList<>();
    for (int at = 8; at < 8 + length; at += 8) {
      keys.add(data.getLong(at));
    }
    return keys;
  }

  /** The reservation that is held, or null. */
  public Reservation readReservation() throws IscsiException {
    return parseReservation(lun.fetch(Cdb.persistentReserveIn(READ_RESERVATION, 64), 64));
  }

  static Reservation parseReservation(ByteBuffer data) throws ProtocolException {
    if (data.remaining() < 8) {
      throw new ProtocolException("the target's READ RESERVATION data are too short");
    }
    if (data.getInt(4) == 0) {
      return null;
    }
    if (data.getInt(4) < 16 || data.remaining() < 24) {
      throw new ProtocolException("the target's READ RESERVATION data are too short");
    }
    return new Reservation(data.getLong(8), data.get(21) & 0xf);
  }

  /**
   * All registrations with whose they are.
   *
   * @return null where the target does not have READ FULL STATUS
   */
  public List<FullStatus> readFullStatus() throws IscsiException {
    ByteBuffer data =
        lun.fetchIfSupported(Cdb.persistentReserveIn(READ_FULL_STATUS, ALLOCATION), ALLOCATION);
    return data == null ? null : parseFullStatus(data);
  }

  static List<FullStatus> parseFullStatus(ByteBuffer data) throws ProtocolException {
    if (data.remaining() < 8) {
      throw new ProtocolException("the target's READ FULL STATUS data are too short");
    }
    int end = 8 + Math.max(0, Math.min(data.getInt(4), data.remaining() - 8));
    List<FullStatus> all = new ArrayList<>();
    for (int at = 8; at + 24 <= end; ) {
      int length = data.getInt(at + 20);
      if (length < 0 || length > end - at - 24) {
        throw new ProtocolException("a READ FULL STATUS descriptor has a wrong length: " + length);
      }
      String port = iscsiPort(data, at + 24, length);
      int separator = port.indexOf(",i,0x");
      all.add(
          new FullStatus(
              data.getLong(at),
              (data.get(at + 12) & 1) != 0,
              separator < 0 ? port : port.substring(0, separator),
              separator < 0 ? null : isid(port.substring(separator + 5))));
      at += 24 + length;
    }
    return all;
  }

  private static String iscsiPort(ByteBuffer data, int at, int length) {
    if (length < 4 || (data.get(at) & 0xf) != PROTOCOL_ISCSI) {
      return "";
    }
    int size = Math.min(data.getShort(at + 2) & 0xffff, length - 4);
    byte[] name = new byte[size];
    data.get(at + 4, name);
    String text = new String(name, StandardCharsets.UTF_8);
    return text.contains("\0") ? text.substring(0, text.indexOf('\0')) : text;
  }

  private static Isid isid(String hex) {
    try {
      return new Isid(Long.parseLong(hex, 16));
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** REGISTER: changes this nexus' key from {@code oldKey} (0: none) to {@code key} (0: none). */
  public void register(long oldKey, long key) throws IscsiException {
    out(REGISTER, 0, oldKey, key);
  }

  /** REGISTER AND IGNORE EXISTING KEY. */
  public void registerAndIgnore(long key) throws IscsiException {
    out(REGISTER_AND_IGNORE_EXISTING_KEY, 0, 0, key);
  }

  /** RESERVE. */
  public void reserve(long key, int type) throws IscsiException {
    out(RESERVE, type, key, 0);
  }

  /** RELEASE. */
  public void release(long key, int type) throws IscsiException {
    out(RELEASE, type, key, 0);
  }

  /** CLEAR: removes the reservation and every registration. */
  public void clear(long key) throws IscsiException {
    out(CLEAR, 0, key, 0);
  }

  /** PREEMPT: removes the registrations with the victim's key. */
  public void preempt(long key, long victim, int type) throws IscsiException {
    out(PREEMPT, type, key, victim);
  }

  /** PREEMPT AND ABORT: the same, and ends the victim's commands before it answers. */
  public void preemptAndAbort(long key, long victim, int type) throws IscsiException {
    out(PREEMPT_AND_ABORT, type, key, victim);
  }

  /**
   * Whether the target says that it has PREEMPT AND ABORT.
   *
   * @return null where it does not say
   */
  public Boolean supportsPreemptAndAbort() throws IscsiException {
    ByteBuffer data =
        lun.fetchIfSupported(
            Cdb.reportSupportedOperationCode(Cdb.PERSISTENT_RESERVE_OUT, PREEMPT_AND_ABORT, 64),
            64);
    int support = data == null || data.remaining() < 2 ? 0 : data.get(1) & 7;
    return support == 1 ? Boolean.FALSE : support == 3 || support == 5 ? Boolean.TRUE : null;
  }

  private void out(int serviceAction, int type, long key, long serviceActionKey)
      throws IscsiException {
    ByteBuffer list = ByteBuffer.allocate(24).putLong(0, key).putLong(8, serviceActionKey);
    lun.control(
        Kind.PARAMETERS, Cdb.persistentReserveOut(serviceAction, type, list.capacity()), list);
  }
}
