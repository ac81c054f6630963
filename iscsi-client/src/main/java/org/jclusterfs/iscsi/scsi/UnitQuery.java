package org.jclusterfs.iscsi.scsi;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.ReservationConflictException;
import org.jclusterfs.iscsi.ScsiException;
import org.jclusterfs.iscsi.session.Completion;
import org.jclusterfs.iscsi.session.IscsiSession;
import org.jclusterfs.iscsi.session.ScsiCommand;
import org.jclusterfs.iscsi.session.ScsiResponse;
import org.jclusterfs.iscsi.wire.Bhs;

/**
 * Questions to a logical unit that need not be a disk, nor be there at all: what {@link Lun}
 * refuses to open can be looked at by this. Changes nothing. Calls block their caller.
 */
public final class UnitQuery {

  private static final int MAX_ATTENTIONS = 16;
  private static final int MAX_BUSY = 20;
  private static final int BUSY_PAUSE_MILLIS = 100;
  private static final int STANDARD_LENGTH = 255;
  private static final int PAGE_LENGTH = 4096;
  private static final int LIST_LENGTH = 65536;

  private final IscsiSession session;
  private final int lun;

  /**
   * Makes one.
   *
   * @param lun number of the unit, 0–16383
   */
  public UnitQuery(IscsiSession session, int lun) {
    this.session = session;
    this.lun = lun;
  }

  /** Standard INQUIRY data, 36 bytes at least. */
  public ByteBuffer inquiry() throws IscsiException {
    ByteBuffer data = fetch(Cdb.inquiry(STANDARD_LENGTH), STANDARD_LENGTH);
    if (data.remaining() < 36) {
      throw new ScsiException(
          describe("INQUIRY") + ": " + data.remaining() + " bytes of data instead of 36",
          0,
          0,
          0,
          0);
    }
    return data;
  }

  /** A page of vital product data with its header, null where the unit does not have it. */
  public ByteBuffer vpd(int page) throws IscsiException {
    ByteBuffer data = fetchIfSupported(Cdb.inquiryVpd(page, PAGE_LENGTH), PAGE_LENGTH);
    // Some units answer an unknown page with the standard data instead of an error.
    return data == null || data.remaining() < 4 || (data.get(1) & 0xff) != page ? null : data;
  }

  /** What the unit says about itself; fails where there is none of that number. */
  public Inquiry identity() throws IscsiException {
    return Inquiry.parse("LUN " + lun + " of " + session.where(), inquiry(), vpd(0x80), vpd(0x83));
  }

  /** Size and limits of a disk; without its caching page where a reservation hides that. */
  public Capacity capacity() throws IscsiException {
    ByteBuffer capacity16 = fetchIfSupported(Cdb.readCapacity16(32), 32);
    ByteBuffer mode = null;
    try {
      mode = fetchIfSupported(Cdb.modeSense6(8, 255), 255);
    } catch (ReservationConflictException e) {
      // Told to who is registered only.
    }
    return Capacity.parse(
        capacity16,
        capacity16 == null ? fetch(Cdb.readCapacity10(), 8) : null,
        vpd(0xb0),
        vpd(0xb2),
        mode);
  }

  /** LUNs of the target, those below 16384, in ascending order. */
  public List<Integer> luns() throws IscsiException {
    ByteBuffer list = fetch(Cdb.reportLuns(LIST_LENGTH), LIST_LENGTH);
    List<Integer> luns = new ArrayList<>();
    for (int at = 8; at + 8 <= list.remaining(); at += 8) {
      luns.add(Bhs.decodeLun(list.getLong(at)));
    }
    luns.sort(null);
    return luns;
  }

  private ByteBuffer fetchIfSupported(byte[] cdb, int length) throws IscsiException {
    try {
      return fetch(cdb, length);
    } catch (ScsiException e) {
      if (e.isUnsupported()) {
        return null;
      }
      throw e;
    }
  }

  private ByteBuffer fetch(byte[] cdb, int length) throws IscsiException {
    int busy = 0;
    int attentions = 0;
    while (true) {
      ByteBuffer data = ByteBuffer.allocate(length);
      ScsiResponse response = run(cdb, data.duplicate());
      SenseData sense = SenseData.parse(response.sense());
      if (response.status() == ScsiResponse.GOOD) {
        return data.limit(response.transferred());
      } else if (response.status() == ScsiResponse.RESERVATION_CONFLICT) {
        throw new ReservationConflictException(
            describe(Cdb.name(cdb)) + ": RESERVATION CONFLICT, other nodes hold the LUN reserved");
      } else if (response.status() == ScsiResponse.BUSY
          || response.status() == ScsiResponse.TASK_SET_FULL) {
        pause(cdb, response, sense, ++busy);
      } else if (sense.key() != SenseData.UNIT_ATTENTION || ++attentions > MAX_ATTENTIONS) {
        throw failure(cdb, response, sense);
      }
    }
  }

  private void pause(byte[] cdb, ScsiResponse response, SenseData sense, int busy)
      throws IscsiException {
    if (busy > MAX_BUSY) {
      throw failure(cdb, response, sense);
    }
    try {
      Thread.sleep(BUSY_PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IscsiException("interrupted", e);
    }
  }

  private ScsiException failure(byte[] cdb, ScsiResponse response, SenseData sense) {
    String why =
        response.status() == ScsiResponse.CHECK_CONDITION
            ? sense.toString()
            : String.format("status 0x%02x", response.status());
    return new ScsiException(
        describe(Cdb.name(cdb)) + ": " + why,
        response.status(),
        sense.key(),
        sense.asc(),
        sense.ascq());
  }

  private String describe(String command) {
    return command + " on LUN " + lun + " of " + session.where();
  }

  private ScsiResponse run(byte[] cdb, ByteBuffer data) throws IscsiException {
    CompletableFuture<ScsiResponse> answer = new CompletableFuture<>();
    session.submit(
        new ScsiCommand(
            lun,
            ScsiCommand.Kind.READ,
            cdb,
            data,
            new Completion() {
              @Override
              public void completed(ScsiResponse response) {
                answer.complete(response);
              }

              @Override
              public void failed(IscsiException cause) {
                answer.completeExceptionally(cause);
              }
            }));
    try {
      return answer.get();
    } catch (ExecutionException e) {
      throw IscsiException.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IscsiException("interrupted", e);
    }
  }
}
