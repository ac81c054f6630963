package org.jclusterfs.core.vfs;

import static org.jclusterfs.core.vfs.TestVolume.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.vfs.AccessPolicy.Update;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What reading on one node does to access times, there and on the other node. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class AccessTimesTest {
  private static final Instant LONG_AGO = Instant.parse("2001-02-03T04:05:06.000000007Z");
  private static final AccessPolicy RELATIVE = new AccessPolicy(Update.RELATIVE, true, false);
  private static final AccessPolicy LAZY = new AccessPolicy(Update.RELATIVE, true, true);
  private static final int O_NOATIME = 01000000;

  @TempDir Path directory;
  private TestVolume a;
  private TestVolume b;
  private OpenFile file;
  private long inode;

  @BeforeEach
  void mount() throws Exception {
    a = TestVolume.clustered(directory);
    b = a.another();
    file = a.create(a.root(), "file");
    inode = file.inode();
    a.write(file, 0, new byte[] {1, 2, 3});
    setTime(a, inode, LONG_AGO);
  }

  @AfterEach
  void unmount() throws Exception {
    b.close();
    a.close();
  }

  private static void setTime(TestVolume node, long number, Instant time) throws FsException {
    AttributeChange change = new AttributeChange(null, null, null, null, time, null, false);
    node.vfs.setAttributes(InodeId.ofNumber(number), change, done -> {});
  }

  private static Instant timeOf(TestVolume node, long number) throws FsException {
    return node.attributes(number).accessTime();
  }

  private boolean readChangesTime(int openFlags) throws FsException {
    OpenFile reader = a.open(inode, openFlags);
    a.read(reader, 0, 3);
    a.vfs.release(reader, 0);
    return !timeOf(a, inode).equals(LONG_AGO);
  }

  @Test
  void byDefaultReadingChangesNothing() throws Exception {
    assertFalse(readChangesTime(0));
    a.list(a.root());
    a.vfs.setAccessPolicy(AccessPolicy.NOATIME);
    assertFalse(readChangesTime(0));
  }

  @Test
  void firstReadAfterAChangeIsToldAtOnceHereAndSoonElsewhere() throws Exception {
    a.vfs.setAccessPolicy(RELATIVE);
    Attributes before = a.attributes(inode);
    assertTrue(readChangesTime(0));
    Attributes after = a.attributes(inode);
    assertTrue(after.accessTime().isAfter(before.changeTime()));
    assertEquals(before.changeTime(), after.changeTime());
    assertEquals(before.modifyTime(), after.modifyTime());
    readChangesTime(0);
    assertEquals(after.accessTime(), timeOf(a, inode));
    eventually(() -> timeOf(b, inode).equals(after.accessTime()));
    a.write(file, 0, new byte[] {4});
    readChangesTime(0);
    assertTrue(timeOf(a, inode).isAfter(after.accessTime()));
  }

  @Test
  void readOfTheOtherNodesFileIsToldThere() throws Exception {
    b.vfs.setAccessPolicy(RELATIVE);
    OpenFile reader = b.open(inode, 0);
    b.read(reader, 0, 3);
    Instant read = timeOf(b, inode);
    assertTrue(read.isAfter(LONG_AGO));
    eventually(() -> timeOf(a, inode).equals(read));
    b.vfs.release(reader, 0);
  }

  @Test
  void whatIsOpenedOrMarkedSoIsLeftAlone() throws Exception {
    a.vfs.setAccessPolicy(RELATIVE);
    assertFalse(readChangesTime(O_NOATIME));
    a.vfs.setFlags(InodeId.ofNumber(inode), ~0, InodeBlock.FLAG_NOATIME);
    assertFalse(readChangesTime(0));
    a.vfs.setFlags(InodeId.ofNumber(inode), ~0, 0);
    assertTrue(readChangesTime(0));
  }

  @Test
  void listingsAndLinksCountAsReads() throws Exception {
    long link = linkTo("target");
    setTime(a, link, LONG_AGO);
    setTime(a, a.root(), LONG_AGO);
    a.vfs.setAccessPolicy(new AccessPolicy(Update.RELATIVE, false, false));
    a.list(a.root());
    assertEquals(LONG_AGO, timeOf(a, a.root()));
    a.vfs.setAccessPolicy(RELATIVE);
    a.list(a.root());
    assertTrue(timeOf(a, a.root()).isAfter(LONG_AGO));
    a.vfs.readLink(InodeId.ofNumber(link), target -> {});
    assertTrue(timeOf(a, link).isAfter(LONG_AGO));
  }

  private long linkTo(String target) throws FsException {
    long[] made = {0};
    a.vfs.makeSymlink(
        InodeId.ofNumber(a.root()),
        TestVolume.name("link"),
        TestVolume.name(target),
        TestVolume.ROOT,
        attributes -> made[0] = attributes.inode());
    return made[0];
  }

  @Test
  void strictlyEachReadCounts() throws Exception {
    a.vfs.setAccessPolicy(new AccessPolicy(Update.ALWAYS, true, false));
    readChangesTime(0);
    Instant first = timeOf(a, inode);
    eventually(() -> timeOf(b, inode).equals(first));
    readChangesTime(0);
    Instant second = timeOf(a, inode);
    assertTrue(second.isAfter(first));
    eventually(() -> timeOf(b, inode).equals(second));
  }

  @Test
  void lazyTimeIsWrittenWithTheNextChangeWithFsyncAndAtUnmount() throws Exception {
    a.vfs.setAccessPolicy(LAZY);
    readChangesTime(0);
    Instant first = timeOf(a, inode);
    a.vfs.setXattr(InodeId.ofNumber(inode), TestVolume.name("user.x"), new byte[1], 0);
    assertEquals(first, timeOf(b, inode));
    readChangesTime(0);
    Instant second = timeOf(a, inode);
    assertTrue(second.isAfter(first));
    a.vfs.sync(inode, false);
    assertEquals(second, timeOf(b, inode));
    a.write(file, 0, new byte[] {4});
    readChangesTime(0);
    Instant third = timeOf(a, inode);
    a.vfs.release(file, 0);
    a.vfs.close();
    assertEquals(third, timeOf(b, inode));
    a.mount();
    assertEquals(third, timeOf(a, inode));
  }

  @Test
  void lazyTimeIsWrittenWhenAnotherNodeTakesTheLock() throws Exception {
    a.vfs.setAccessPolicy(LAZY);
    readChangesTime(0);
    Instant read = timeOf(a, inode);
    timeOf(b, inode);
    eventually(() -> timeOf(b, inode).equals(read));
  }

  @Test
  void timeThatIsSetAfterTheReadStays() throws Exception {
    a.vfs.setAccessPolicy(LAZY);
    readChangesTime(0);
    setTime(b, inode, LONG_AGO.plusSeconds(1));
    assertEquals(LONG_AGO.plusSeconds(1), timeOf(a, inode));
    a.vfs.sync(inode, false);
    assertEquals(LONG_AGO.plusSeconds(1), timeOf(b, inode));
  }

  @Test
  void remountedReadOnlyItStays() throws Exception {
    a.vfs.setAccessPolicy(LAZY);
    readChangesTime(0);
    Instant read = timeOf(a, inode);
    a.vfs.setReadOnly(true);
    assertEquals(read, timeOf(b, inode));
    setTime(b, inode, LONG_AGO);
    assertFalse(readChangesTime(0));
    a.vfs.setReadOnly(false);
    assertTrue(readChangesTime(0));
  }

  @Test
  void relativelyATimeIsRenewedAfterAChangeAndOnceADay() {
    Instant now = Instant.parse("2026-01-10T00:00:00Z");
    Instant hour = now.minusSeconds(3_600);
    Instant day = now.minusSeconds(86_400);
    Instant week = now.minusSeconds(7 * 86_400);
    assertTrue(RELATIVE.wants(hour, hour, week, now));
    assertTrue(RELATIVE.wants(hour, week, hour, now));
    assertFalse(RELATIVE.wants(hour, week, week, now));
    assertFalse(RELATIVE.wants(day.plusNanos(1), week, week, now));
    assertTrue(RELATIVE.wants(day, week, week, now));
  }
}
