package org.jclusterfs.iscsi.scsi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Isid;
import org.jclusterfs.iscsi.ProtocolException;
import org.jclusterfs.iscsi.ReservationConflictException;
import org.jclusterfs.iscsi.ScsiException;
import org.jclusterfs.iscsi.WriteGateClosedException;
import org.jclusterfs.iscsi.scsi.PersistentReservations.FullStatus;
import org.jclusterfs.iscsi.scsi.PersistentReservations.Reservation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two sessions of one initiator name, told apart by ISID, fence each other on a real tgtd. */
class ReservationsTest {

  private static final int TYPE = PersistentReservations.WRITE_EXCLUSIVE_ALL_REGISTRANTS;
  private static final InitiatorOptions OTHER =
      InitiatorOptions.of(TgtdContractTest.OPTIONS.initiatorName());

  @TempDir Path directory;
  private TgtdTarget target;
  private Lun a;
  private Lun b;

  @BeforeEach
  void open() throws Exception {
    target = TgtdTarget.start(directory);
    a = Lun.open(TgtdContractTest.OPTIONS, target.url());
    b = Lun.open(OTHER, target.url());
  }

  @AfterEach
  void close() throws Exception {
    a.close();
    b.close();
    target.close();
  }

  private static void write(Lun lun) throws Exception {
    lun.write(0, TgtdContractTest.random(4096, 1)).get(20, TimeUnit.SECONDS);
  }

  private static void writeConflicts(Lun lun) {
    ExecutionException e = assertThrows(ExecutionException.class, () -> write(lun));
    assertInstanceOf(ReservationConflictException.class, e.getCause());
  }

  @Test
  void preemptedSessionReadsButDoesNotWrite() throws Exception {
    assertNull(a.reservations().readReservation());
    a.reservations().registerAndIgnore(0xa);
    a.reservations().reserve(0xa, TYPE);
    writeConflicts(b);
    b.reservations().registerAndIgnore(0xb);
    write(a);
    write(b);
    assertEquals(List.of(0xaL, 0xbL), a.reservations().readKeys().stream().sorted().toList());

    a.reservations().preempt(0xa, 0xb, TYPE);

    writeConflicts(b);
    TgtdContractTest.read(b, 0, 4096);
    write(a);
    assertEquals(List.of(0xaL), b.reservations().readKeys());
    assertEquals(TYPE, b.reservations().readReservation().type());
  }

  @Test
  void clearRemovesEverything() throws Exception {
    a.reservations().register(0, 0xa);
    a.reservations().reserve(0xa, TYPE);
    a.reservations().clear(0xa);
    assertEquals(List.of(), a.reservations().readKeys());
    assertNull(a.reservations().readReservation());
    write(b);
  }

  @Test
  void releaseLetsOthersWrite() throws Exception {
    a.reservations().register(0, 0xa);
    a.reservations().reserve(0xa, TYPE);
    assertEquals(TYPE, a.reservations().readReservation().type());
    a.reservations().release(0xa, TYPE);
    Reservation left = a.reservations().readReservation();
    assertNull(left);
    write(b);
  }

  @Test
  void targetWithoutPreemptAndAbortSaysSoWhenAsked() throws Exception {
    a.reservations().register(0, 0xa);
    b.reservations().register(0, 0xb);
    a.reservations().reserve(0xa, TYPE);
    ScsiException e =
        assertThrows(ScsiException.class, () -> a.reservations().preemptAndAbort(0xa, 0xb, TYPE));
    assertTrue(e.isUnsupported(), e.getMessage());
  }

  @Test
  void fullStatusIsReadWithWhoseEachRegistrationIs() throws Exception {
    byte[] port = "iqn.2026-01.org.example:a,i,0x80f12faef1cb\0\0".getBytes(StandardCharsets.UTF_8);
    ByteBuffer data = ByteBuffer.allocate(8 + 2 * 24 + 4 + port.length + 24);
    data.putInt(4, data.capacity() - 8);
    data.putLong(8, 0xa1).put(20, (byte) 1).putInt(28, 4 + port.length);
    data.put(32, (byte) 0x45).putShort(34, (short) port.length).put(36, port);
    data.putLong(36 + port.length, 0xb1);
    assertEquals(
        List.of(
            new FullStatus(0xa1, true, "iqn.2026-01.org.example:a", new Isid(0x80f12faef1cbL)),
            new FullStatus(0xb1, false, "", null),
            new FullStatus(0, false, "", null)),
        PersistentReservations.parseFullStatus(data));
  }

  @Test
  void fullStatusWithWrongLengthIsRefused() {
    ByteBuffer data = ByteBuffer.allocate(40).putInt(4, 32).putInt(28, 1 << 20);
    assertThrows(ProtocolException.class, () -> PersistentReservations.parseFullStatus(data));
    data.putInt(28, -1);
    assertThrows(ProtocolException.class, () -> PersistentReservations.parseFullStatus(data));
  }

  @Test
  void fullStatusIsNullWhereTheTargetHasNone() throws Exception {
    assertNull(a.reservations().readFullStatus());
  }

  @Test
  void whoMayNotWriteAnyMoreDoesNotWaitForATargetThatIsSilent() throws Exception {
    target.signal("STOP");
    try {
      CompletableFuture<Void> read = a.read(0, ByteBuffer.allocateDirect(4096));
      a.session().setWriteGate(() -> false);
      // Long before the target is given up otherwise.
      ExecutionException e =
          assertThrows(ExecutionException.class, () -> read.get(20, TimeUnit.SECONDS));
      assertInstanceOf(IscsiException.class, e.getCause());
    } finally {
      target.signal("CONT");
    }
  }

  @Test
  void closedGateFailsWritesAndLetsReadsPass() throws Exception {
    a.session().setWriteGate(() -> false);
    ExecutionException e = assertThrows(ExecutionException.class, () -> write(a));
    assertInstanceOf(WriteGateClosedException.class, e.getCause());
    TgtdContractTest.read(a, 0, 4096);
    a.session().setWriteGate(() -> true);
    write(a);
  }
}
