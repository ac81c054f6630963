package org.jclusterfs.iscsi.scsi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.InitiatorOptions.Digests;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.ReservationConflictException;
import org.jclusterfs.iscsi.ScsiException;
import org.jclusterfs.iscsi.login.ChapAlgorithm;
import org.jclusterfs.iscsi.login.NegotiatedParameters;
import org.jclusterfs.iscsi.session.Discovery;
import org.jclusterfs.iscsi.session.ScsiCommand.Kind;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;
import org.jclusterfs.iscsi.target.RawLogin;
import org.jclusterfs.iscsi.target.Relay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What the initiator does with every real target. What a target lacks is listed by its subclass,
 * found out by {@link #lacksWhatIsListedAndNothingElse}, and takes that part out of the others.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TargetContract {

  private static final int TYPE = PersistentReservations.WRITE_EXCLUSIVE_ALL_REGISTRANTS;
  private static final long HANG_GUARD_SECONDS = 60;
  private static final long LONG_AGO = 1;

  private ContractTarget target;
  private Lun shared;

  /** Starts the target. */
  abstract ContractTarget start() throws Exception;

  /** What it lacks; the test fails where it lacks more, or less. */
  abstract Set<Feature> lacks();

  /** After a connection whose session was taken up by another one is closed. */
  void awaitEndOfOldConnection() throws InterruptedException {}

  @BeforeAll
  void startTarget() throws Exception {
    target = start();
    shared = open(options());
  }

  @AfterAll
  void stopTarget() throws Exception {
    shared.close();
    target.close();
  }

  final boolean has(Feature feature) {
    return !lacks().contains(feature);
  }

  final ContractTarget target() {
    return target;
  }

  static InitiatorOptions options() {
    return InitiatorOptions.of(ContractTarget.INITIATOR)
        .withTimeouts(
            Duration.ofSeconds(9),
            Duration.ofSeconds(40),
            Duration.ofSeconds(20),
            Duration.ofSeconds(2));
  }

  private InitiatorOptions othersOptions() {
    return InitiatorOptions.of(ContractTarget.OTHER_INITIATOR);
  }

  private Lun open(InitiatorOptions options) throws IscsiException {
    return Lun.open(options, target.url());
  }

  static ByteBuffer random(int bytes, long seed) {
    byte[] data = new byte[bytes];
    new Random(seed).nextBytes(data);
    return ByteBuffer.allocateDirect(bytes).put(data).flip();
  }

  static <T> T await(CompletableFuture<T> future) throws Exception {
    return future.get(HANG_GUARD_SECONDS, TimeUnit.SECONDS);
  }

  static ByteBuffer read(Lun lun, long offset, int bytes) throws Exception {
    ByteBuffer data = ByteBuffer.allocateDirect(bytes);
    await(lun.read(offset, data));
    return data;
  }

  private static void writeAndReadBack(Lun lun, long offset, int bytes, long seed)
      throws Exception {
    ByteBuffer data = random(bytes, seed);
    await(lun.write(offset, data));
    assertEquals(data, read(lun, offset, bytes), bytes + " bytes at " + offset);
  }

  // What it lacks

  private interface Probe {
    boolean isThere() throws Exception;
  }

  private static boolean succeeds(CompletableFuture<?> future) throws Exception {
    try {
      await(future);
      return true;
    } catch (ExecutionException e) {
      ScsiException refusal = assertInstanceOf(ScsiException.class, e.getCause());
      assertTrue(refusal.isUnsupported(), refusal.getMessage());
      return false;
    }
  }

  private static boolean conflicts(CompletableFuture<?> future) throws Exception {
    try {
      await(future);
      return false;
    } catch (ExecutionException e) {
      assertInstanceOf(ReservationConflictException.class, e.getCause());
      return true;
    }
  }

  private boolean knows(ChapAlgorithm algorithm) throws Exception {
    IscsiUrl url = target.chapUrl(false);
    return RawLogin.succeeds(
        options().withChap(ContractTarget.ONE_WAY),
        url.targets().get(0),
        target.portal(),
        algorithm);
  }

  @Test
  void lacksWhatIsListedAndNothingElse() throws Exception {
    Set<Feature> missing = EnumSet.noneOf(Feature.class);
    try (Lun lun = open(options().withDigests(Digests.PREFERRED));
        Lun other = open(othersOptions())) {
      for (Feature feature : Feature.values()) {
        if (!probe(feature, lun, other).isThere()) {
          missing.add(feature);
        }
      }
    }
    Set<Feature> there = EnumSet.complementOf(EnumSet.copyOf(missing));
    System.out.println(getClass().getSimpleName() + ": has " + there + ", lacks " + missing);
    assertEquals(lacks(), missing);
  }

  private Probe probe(Feature feature, Lun lun, Lun other) {
    NegotiatedParameters agreed = lun.session().agreed();
    Capacity capacity = lun.capacity();
    ByteBuffer block = random(capacity.blockSize(), 5);
    switch (feature) {
      case HEADER_AND_DATA_DIGESTS:
        return () -> agreed.headerDigest() && agreed.dataDigest();
      case IMMEDIATE_DATA:
        return agreed::immediateData;
      case UNSOLICITED_DATA:
        return () -> !agreed.initialR2T();
      case SEVERAL_R2TS_AT_ONCE:
        return () -> agreed.maxOutstandingR2T() > 1;
      case CHAP_MD5:
        return () -> knows(ChapAlgorithm.MD5);
      case CHAP_SHA1:
        return () -> knows(ChapAlgorithm.SHA1);
      case CHAP_SHA256:
        return () -> knows(ChapAlgorithm.SHA256);
      case CHAP_SHA3_256:
        return () -> knows(ChapAlgorithm.SHA3_256);
      case MUTUAL_CHAP:
        return () -> {
          Lun.open(options().withChap(ContractTarget.MUTUAL), target.chapUrl(true)).close();
          return true;
        };
      case IPV6_PORTAL:
        return () -> target.ipv6() != null;
      case SERIAL_NUMBER:
        return () -> !lun.inquiry().serial().isEmpty();
      case DESIGNATOR:
        return () -> !lun.inquiry().wwid().isEmpty();
      case BLOCK_LIMITS:
        return () -> lun.fetchIfSupported(Cdb.inquiryVpd(0xb0, 64), 64) != null;
      case PROVISIONING_PAGE:
        return () -> lun.fetchIfSupported(Cdb.inquiryVpd(0xb2, 64), 64) != null;
      case CACHING_PAGE:
        return capacity::cachingKnown;
      case FORCED_UNIT_ACCESS:
        return capacity::forcedUnitAccess;
      case OVERFLOW_IS_TOLD:
        return () -> overflowIsTold(lun);
      case SENSE_DATA_WITH_EVERY_REFUSAL:
        return () -> tellsWhyItRefuses(lun);
      case ALLOCATION_LENGTH:
        return () -> lun.fetch(Cdb.inquiry(36), 255).remaining() == 36;
      case UNMAP:
        return () -> capacity.maxUnmapBlocks() > 0;
      case UNMAPPED_BLOCKS_ARE_ZERO:
        return () -> has(Feature.UNMAP) && unmappedBlocksAreZero(lun);
      case WRITE_SAME:
        return () -> succeeds(lun.writeSame(0, 4096, block));
      case COMPARE_AND_WRITE:
        return () -> compareAndWriteIsThere(lun, block);
      default:
        return reservationProbe(feature, lun, other, block);
    }
  }

  private Probe reservationProbe(Feature feature, Lun lun, Lun other, ByteBuffer block) {
    PersistentReservations mine = lun.reservations();
    switch (feature) {
      case RESERVATIONS:
        return () -> reserved(lun, () -> conflicts(other.write(0, block)));
      case READ_FULL_STATUS:
        return () -> mine.readFullStatus() != null;
      case PREEMPT_AND_ABORT:
        return () -> reserved(lun, () -> preemptsAndAborts(lun, other));
      case RESERVATION_STOPS_WRITE_SAME:
        return () -> has(Feature.WRITE_SAME) && stops(lun, other.writeSame(0, 512, block), other);
      case RESERVATION_STOPS_UNMAP:
        return () -> has(Feature.UNMAP) && reserved(lun, () -> conflicts(other.unmap(0, 4096)));
      case GROWS_ONLINE:
        return () -> growsOnline(lun);
      case GROWTH_BY_UNIT_ATTENTION:
        return () -> has(Feature.GROWS_ONLINE) && growthIsToldByAUnitAttention(lun);
      default:
        throw new IllegalStateException(feature.name());
    }
  }

  private static boolean stops(Lun lun, CompletableFuture<?> before, Lun other) throws Exception {
    await(before);
    ByteBuffer block = random(lun.capacity().blockSize(), 6);
    return reserved(lun, () -> conflicts(other.writeSame(0, lun.capacity().blockSize(), block)));
  }

  /** Runs something while the LUN is reserved for those who are registered, which it alone is. */
  private static boolean reserved(Lun lun, Probe probe) throws Exception {
    PersistentReservations mine = lun.reservations();
    try {
      mine.registerAndIgnore(0xa);
      mine.reserve(0xa, TYPE);
    } catch (ScsiException e) {
      assertTrue(e.isUnsupported(), e.getMessage());
      return false;
    }
    try {
      return probe.isThere();
    } finally {
      mine.clear(0xa);
    }
  }

  private static boolean preemptsAndAborts(Lun lun, Lun other) throws Exception {
    other.reservations().registerAndIgnore(0xb);
    try {
      lun.reservations().preemptAndAbort(0xa, 0xb, TYPE);
    } catch (ScsiException e) {
      assertTrue(e.isUnsupported(), e.getMessage());
      return false;
    }
    assertEquals(List.of(0xaL), lun.reservations().readKeys());
    return true;
  }

  /** A read of two blocks into a buffer of one. */
  private static boolean overflowIsTold(Lun lun) throws Exception {
    int block = lun.capacity().blockSize();
    await(lun.write(0, random(2 * block, 8)));
    ByteBuffer small = ByteBuffer.allocate(block);
    try {
      lun.control(Kind.READ, Cdb.read16(0, 2), small);
    } catch (ScsiException e) {
      return false;
    }
    return random(2 * block, 8).limit(block).equals(small);
  }

  private static boolean tellsWhyItRefuses(Lun lun) throws Exception {
    ScsiException e =
        assertThrows(ScsiException.class, () -> lun.fetch(Cdb.inquiryVpd(0xcf, 64), 64));
    return e.senseKey() == 5;
  }

  private static boolean compareAndWriteIsThere(Lun lun, ByteBuffer block) throws Exception {
    if (lun.capacity().maxCompareAndWriteBlocks() == 0) {
      return false;
    }
    await(lun.write(0, block));
    return succeeds(lun.compareAndWrite(0, block, block));
  }

  private static boolean unmappedBlocksAreZero(Lun lun) throws Exception {
    await(lun.write(0, random(65536, 17)));
    await(lun.unmap(0, 65536));
    return ByteBuffer.allocate(65536).equals(read(lun, 0, 65536));
  }

  private boolean growsOnline(Lun lun) throws Exception {
    long wanted = lun.capacity().bytes() + (16 << 20);
    if (!target.grow(wanted)) {
      return false;
    }
    assertEquals(wanted, await(lun.refreshCapacity()).bytes());
    writeAndReadBack(lun, wanted - 4096, 4096, 3);
    return true;
  }

  private boolean growthIsToldByAUnitAttention(Lun lun) throws Exception {
    CompletableFuture<Capacity> told = new CompletableFuture<>();
    lun.setCapacityListener(told::complete);
    long wanted = lun.capacity().bytes() + (16 << 20);
    assertTrue(target.grow(wanted));
    read(lun, 0, 4096);
    // READ CAPACITY follows the unit attention in the same session, before a later command ends.
    await(lun.flush());
    read(lun, 0, 4096);
    boolean noticed = told.isDone();
    await(lun.refreshCapacity());
    return noticed;
  }

  // What each does

  @Test
  void discoveryListsTheTargetAtItsPortal() throws Exception {
    InitiatorOptions options = options().withChap(target.discoverySecrets());
    List<Discovery.Target> targets = Discovery.sendTargets(options, List.of(target.portal()));
    Discovery.Target ours =
        targets.stream()
            .filter(each -> each.name().equals(target.url().targets().get(0)))
            .findFirst()
            .orElseThrow();
    assertTrue(
        ours.addresses().stream().anyMatch(a -> a.startsWith(target.portal() + ",")),
        ours.addresses().toString());
  }

  @Test
  void dataOfAnySizeAtAnyPlaceComeBack() throws Exception {
    Lun lun = shared;
    int block = lun.capacity().blockSize();
    assertTrue(lun.reportLuns().contains(target.url().lun()));
    int[] sizes = {block, 4096, 8192 - block, 8192 + block, 65536, 262144 - block, 3 << 20};
    for (int bytes : sizes) {
      writeAndReadBack(lun, 0, bytes, bytes);
      writeAndReadBack(lun, 7L * block, bytes, bytes + 1);
      writeAndReadBack(lun, lun.capacity().bytes() - bytes, bytes, bytes + 2);
      await(lun.writeDurably(4096, random(bytes, bytes + 3), Priority.ORDINARY));
      assertEquals(random(bytes, bytes + 3), read(lun, 4096, bytes));
    }
    await(lun.flush());
  }

  @Test
  void blocksBeyondTheEndAreRefusedByTheTarget() throws Exception {
    Lun lun = shared;
    long end = await(lun.refreshCapacity()).blocks();
    ScsiException e =
        assertThrows(
            ScsiException.class,
            () -> lun.control(Kind.READ, Cdb.read16(end, 1), ByteBuffer.allocate(4096)));
    assertEquals(2, e.status());
    writeAndReadBack(lun, 0, 4096, 1);
  }

  @Test
  void shorterAnswersAreToldAsShort() throws Exception {
    int standard = shared.fetch(Cdb.inquiry(255), 255).remaining();
    assertTrue(standard >= 36 && standard < 255, standard + " bytes");
    if (has(Feature.ALLOCATION_LENGTH)) {
      assertEquals(36, shared.fetch(Cdb.inquiry(36), 255).remaining());
    }
  }

  @Test
  void tinySegmentsAndBurstsCarryLargeData() throws Exception {
    try (Lun lun = open(options().withLengths(512, 1024, 512, 8).withDigests(Digests.NONE))) {
      assertTrue(lun.session().agreed().maxBurstLength() <= 1024);
      writeAndReadBack(lun, 512, 100 * 512, 4);
    }
    try (Lun lun =
        open(options().withLengths(4096, 9216, 8192, 8).withDigests(Digests.PREFERRED))) {
      writeAndReadBack(lun, 512, 300_544, 5);
    }
  }

  @Test
  void digestsGuardDataOfAnyLength() throws Exception {
    if (!has(Feature.HEADER_AND_DATA_DIGESTS)) {
      return; // lacksWhatIsListedAndNothingElse says so
    }
    try (Lun lun = open(options().withDigests(Digests.REQUIRED))) {
      assertTrue(lun.session().agreed().headerDigest() && lun.session().agreed().dataDigest());
      for (int bytes : new int[] {512, 8192, 65536 + 512, 1 << 20}) {
        writeAndReadBack(lun, 0, bytes, bytes);
      }
    }
  }

  /** Whether the target can be sent a PDU with a wrong digest and used thereafter. */
  boolean outlivesGarbledPdus() {
    return true;
  }

  @Test
  void garbledBytesEitherWayAreRepaired() throws Exception {
    if (!has(Feature.HEADER_AND_DATA_DIGESTS)) {
      return; // lacksWhatIsListedAndNothingElse says so
    }
    if (!outlivesGarbledPdus()) {
      System.out.println(
          getClass().getSimpleName() + ": no garbled PDUs, the target hangs of them");
      return;
    }
    try (Relay relay = new Relay(target.portal());
        Lun lun = Lun.open(options().withDigests(Digests.REQUIRED), target.at(relay.portal()))) {
      relay.flipTowardsTarget(500);
      writeAndReadBack(lun, 0, 262144, 10);
      assertTrue(relay.hasFlipped());
      relay.flipTowardsInitiator(3000);
      writeAndReadBack(lun, 0, 262144, 20);
      assertTrue(relay.hasFlipped());
    }
  }

  @Test
  void threeHundredCommandsAtOnceAllLand() throws Exception {
    Lun lun = shared;
    List<CompletableFuture<?>> writes = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      writes.add(lun.write(i * 8192L, random(8192, i)));
    }
    await(CompletableFuture.allOf(writes.toArray(new CompletableFuture<?>[0])));
    for (int i = 0; i < 300; i += 7) {
      assertEquals(random(8192, i), read(lun, i * 8192L, 8192));
    }
  }

  @Test
  void commandsInFlightSurviveALostConnection() throws Exception {
    Lun lun = shared;
    List<CompletableFuture<?>> writes = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      writes.add(lun.write(i * 65536L, random(65536, 1000 + i)));
      if (i == 40) {
        lun.session().dropConnection();
      }
    }
    await(CompletableFuture.allOf(writes.toArray(new CompletableFuture<?>[0])));
    for (int i = 0; i < 100; i++) {
      assertEquals(random(65536, 1000 + i), read(lun, i * 65536L, 65536));
    }
  }

  @Test
  void sessionIsTakenUpWhileItsOldConnectionIsSilent() throws Exception {
    InitiatorOptions options = options();
    try (Relay relay = new Relay(target.portal())) {
      Lun silent = Lun.open(options, target.at(relay.portal()));
      relay.setSilent(true);
      CompletableFuture<Void> stuck = silent.write(0, random(4096, LONG_AGO));
      try (Lun lun = open(options)) {
        writeAndReadBack(lun, 0, 4096, 2);
        silent.close();
        assertThrows(ExecutionException.class, () -> await(stuck));
        relay.close();
        awaitEndOfOldConnection();
        assertEquals(random(4096, 2), read(lun, 0, 4096));
      }
    }
  }

  @Test
  void secretsLogIn() throws Exception {
    try (Lun lun = Lun.open(options().withChap(ContractTarget.ONE_WAY), target.chapUrl(false))) {
      writeAndReadBack(lun, 0, 4096, 6);
    }
    assertThrows(IscsiException.class, () -> Lun.open(options(), target.chapUrl(false)).close());
  }

  @Test
  void ipv6PortalIsAPortal() throws Exception {
    if (!has(Feature.IPV6_PORTAL)) {
      return; // lacksWhatIsListedAndNothingElse says so
    }
    try (Lun lun = Lun.open(options(), target.at(target.ipv6()))) {
      assertEquals("0:0:0:0:0:0:0:1", lun.session().localAddress().getHostAddress());
      writeAndReadBack(lun, 0, 65536, 7);
    }
    assertFalse(Discovery.sendTargets(options(), List.of(target.ipv6())).isEmpty());
  }

  @Test
  void preemptedSessionReadsButDoesNotWrite() throws Exception {
    if (!has(Feature.RESERVATIONS)) {
      return; // lacksWhatIsListedAndNothingElse says so
    }
    Lun a = shared;
    try (Lun b = open(othersOptions())) {
      assertNull(a.reservations().readReservation());
      a.reservations().registerAndIgnore(0xa);
      a.reservations().reserve(0xa, TYPE);
      assertEquals(TYPE, a.reservations().readReservation().type());
      assertTrue(conflicts(b.write(0, random(4096, 1))));
      b.reservations().registerAndIgnore(0xb);
      await(b.write(0, random(4096, 2)));
      assertEquals(List.of(0xaL, 0xbL), a.reservations().readKeys().stream().sorted().toList());
      if (has(Feature.READ_FULL_STATUS)) {
        assertEquals(
            Set.of(0xaL, 0xbL),
            a.reservations().readFullStatus().stream()
                .map(PersistentReservations.FullStatus::key)
                .collect(java.util.stream.Collectors.toSet()));
      }
      a.reservations().preempt(0xa, 0xb, TYPE);
      assertTrue(conflicts(b.write(0, random(4096, 3))));
      read(b, 0, 4096);
      await(a.write(0, random(4096, 4)));
      assertEquals(List.of(0xaL), a.reservations().readKeys());
      a.reservations().clear(0xa);
      await(b.write(0, random(4096, 5)));
    } finally {
      a.reservations().registerAndIgnore(0xa);
      a.reservations().clear(0xa);
    }
  }

  @Test
  void specialWritesDoWhatTheySay() throws Exception {
    Lun lun = shared;
    int block = lun.capacity().blockSize();
    await(lun.write(1 << 20, random(65536, 9)));
    if (has(Feature.UNMAP)) {
      await(lun.unmap(1 << 20, 65536));
      boolean zero = ByteBuffer.allocate(65536).equals(read(lun, 1 << 20, 65536));
      assertEquals(has(Feature.UNMAPPED_BLOCKS_ARE_ZERO), zero);
    }
    if (has(Feature.WRITE_SAME)) {
      await(lun.writeSame(2 << 20, 8192, random(block, 11)));
      for (int at = 0; at < 8192; at += block) {
        assertEquals(random(block, 11), read(lun, (2 << 20) + at, block));
      }
    }
    if (has(Feature.COMPARE_AND_WRITE)) {
      await(lun.write(0, random(block, 12)));
      assertFalse(await(lun.compareAndWrite(0, random(block, 13), random(block, 14))));
      assertEquals(random(block, 12), read(lun, 0, block));
      assertTrue(await(lun.compareAndWrite(0, random(block, 12), random(block, 14))));
      assertEquals(random(block, 14), read(lun, 0, block));
    }
  }
}
