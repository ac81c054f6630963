package org.jclusterfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a filesystem in memory shows through each binding alike. Needs root and /dev/fuse. */
@org.junit.jupiter.api.Timeout(
    value = 40,
    threadMode = org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class MountContract {
  /** A mount with every default. */
  protected Mounted mounted;

  /** Makes the binding under test. */
  protected abstract Mounted.Kind kind();

  @BeforeEach
  void mount() throws Exception {
    mounted = new Mounted(kind(), true);
  }

  @AfterEach
  void unmount() throws Exception {
    mounted.close();
  }

  @Test
  void fileWrittenIsReadBack() throws Exception {
    Files.writeString(mounted.path("a"), "hello");
    assertEquals("hello", Files.readString(mounted.path("a")));
    assertEquals("hello", mounted.vfs.content("a"));
    assertEquals("5 regular file", mounted.shell("stat -c '%s %F' a"));
  }

  @Test
  void appendIgnoresTheKernelsOffset() throws Exception {
    Files.writeString(mounted.path("log"), "one\n");
    try (FileChannel log = FileChannel.open(mounted.path("log"), StandardOpenOption.APPEND)) {
      mounted.vfs.changeRemotely("log", "one\nremote\n");
      log.write(java.nio.ByteBuffer.wrap("two\n".getBytes()));
    }
    assertEquals("one\nremote\ntwo\n", mounted.vfs.content("log"));
  }

  @Test
  void largeRandomWritesAreReadBack() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    byte[] model = new byte[5_000_000];
    new Random(seed).nextBytes(model);
    Files.write(mounted.path("big"), model);
    assertTrue(Arrays.equals(model, Files.readAllBytes(mounted.path("big"))));
    assertEquals("", mounted.shell("dd if=big of=copy bs=1M status=none && cmp big copy"));
  }

  @Test
  void namesAreMadeRenamedAndRemoved() throws Exception {
    Files.createDirectories(mounted.path("d/e"));
    Files.writeString(mounted.path("d/f"), "x");
    Files.move(mounted.path("d/f"), mounted.path("d/e/g"), StandardCopyOption.ATOMIC_MOVE);
    Files.createSymbolicLink(mounted.path("s"), java.nio.file.Path.of("d/e/g"));
    Files.createLink(mounted.path("h"), mounted.path("d/e/g"));
    assertEquals("x", Files.readString(mounted.path("s")));
    assertEquals("2", mounted.shell("stat -c %h h"));
    assertEquals(
        "8:1 prw-r--r--",
        mounted.shell(
            "mknod b b 8 1 && mkfifo p && stat -c %t:%T b | tr '\\n' ' ' && stat -c %A p"));
    assertEquals(
        "rmdir: failed to remove 'd': Directory not empty [1]", mounted.shell("LC_ALL=C rmdir d"));
    assertEquals("", mounted.shell("rm -r d h s b p && ls"));
  }

  @Test
  void tenThousandEntriesAreListedOnce() throws Exception {
    assertEquals("10000", mounted.shell("seq 10000 | xargs touch && ls -U | sort -u | wc -l"));
    assertEquals("10000", mounted.shell("ls -l | grep -c root"));
  }

  @Test
  void extendedAttributesAreKept() throws Exception {
    assertEquals(
        "b'v' ['user.a'] 61",
        mounted.python(
            "import os",
            "open('x','w').close()",
            "os.setxattr('x','user.a',b'v')",
            "def err(f):",
            "  try: f()",
            "  except OSError as e: return e.errno",
            "print(os.getxattr('x','user.a'), os.listxattr('x'),",
            "  err(lambda: os.getxattr('x','user.b')))"));
  }

  @Test
  void withoutAclsTheirAttributesAreNotSupported() throws Exception {
    try (Mounted plain = new Mounted(kind(), false)) {
      assertAclsAreNotSupported(plain);
    }
  }

  /** A list is neither told nor taken. */
  protected static void assertAclsAreNotSupported(Mounted on) throws Exception {
    assertEquals(
        "95 95",
        on.python(
            "import os,struct",
            "def err(f):",
            "  try: f()",
            "  except OSError as e: return e.errno",
            "name='system.posix_acl_access'; all=2**32-1",
            "acl=struct.pack('<IHHIHHIHHIHHIHHI',2,1,6,all,2,4,33,4,0,all,16,4,all,32,0,all)",
            "print(err(lambda: os.getxattr('.',name)), err(lambda: os.setxattr('.',name,acl)))"));
  }

  @Test
  void locksOfTwoProcessesConflict() throws Exception {
    assertEquals(
        "flock 11 fcntl 11 held by parent True",
        mounted.python(
            "import os,fcntl,struct",
            "f=open('l','w+'); fcntl.flock(f,fcntl.LOCK_EX); fcntl.lockf(f,fcntl.LOCK_EX,10,5)",
            "if os.fork()==0:",
            "  g=open('l','r+')",
            "  try: fcntl.flock(g,fcntl.LOCK_EX|fcntl.LOCK_NB)",
            "  except OSError as e: print('flock',e.errno,end=' ')",
            "  try: fcntl.lockf(g,fcntl.LOCK_EX|fcntl.LOCK_NB,1,5)",
            "  except OSError as e: print('fcntl',e.errno,end=' ')",
            "  r=fcntl.fcntl(g,fcntl.F_GETLK,struct.pack('hhqqi',1,0,5,1,0))",
            "  print('held by parent',struct.unpack('hhqqi',r)[4]==os.getppid(),flush=True)",
            "  os._exit(0)",
            "os.wait()"));
  }

  @Test
  void lockWaiterIsInterruptedBySignal() throws Exception {
    assertEquals(
        "flock InterruptedError fcntl InterruptedError then taken",
        mounted.python(
            "import os,fcntl,signal",
            "f=open('l','w+'); fcntl.flock(f,fcntl.LOCK_EX); fcntl.lockf(f,fcntl.LOCK_EX)",
            "class Alarm(Exception): pass",
            "def ring(*a): raise InterruptedError",
            "signal.signal(signal.SIGALRM,ring)",
            "r,w=os.pipe()",
            "if os.fork()==0:",
            "  g=open('l','r+')",
            "  for name,lock in (('flock',fcntl.flock),('fcntl',fcntl.lockf)):",
            "    signal.setitimer(signal.ITIMER_REAL,0.3)",
            "    try: lock(g,fcntl.LOCK_EX)",
            "    except InterruptedError: print(name,'InterruptedError',end=' ')",
            "  os.write(w,b'x')",
            "  fcntl.flock(g,fcntl.LOCK_EX); print('then taken',flush=True)",
            "  os._exit(0)",
            "os.read(r,1); fcntl.flock(f,fcntl.LOCK_UN); os.wait()"));
  }

  @Test
  void closingDropsLocksOfTheProcess() throws Exception {
    assertEquals(
        "taken",
        mounted.python(
            "import os,fcntl",
            "if os.fork()==0:",
            "  f=open('l','w+'); fcntl.flock(f,fcntl.LOCK_EX); fcntl.lockf(f,fcntl.LOCK_EX)",
            "  os._exit(0)",
            "os.wait(); g=open('l','r+'); fcntl.lockf(g,fcntl.LOCK_EX)",
            "fcntl.flock(g,fcntl.LOCK_EX); print('taken')"));
  }

  @Test
  void twoHundredLockWaitersLeaveReadersFree() throws Exception {
    assertEquals(
        "200",
        mounted.python(
            "import os,fcntl,time",
            "f=open('l','w+'); fcntl.flock(f,fcntl.LOCK_EX)",
            "for i in range(200):",
            "  if os.fork()==0:",
            "    g=open('l','r+'); fcntl.flock(g,fcntl.LOCK_EX)",
            "    n=open('n','a'); n.write('x'); n.close(); os._exit(0)",
            "time.sleep(0.5); os.stat('.'); open('other','w').close()",
            "fcntl.flock(f,fcntl.LOCK_UN)",
            "for i in range(200): os.wait()",
            "print(os.path.getsize('n'))"));
  }

  @Test
  void writeByOtherUserClearsSetId() throws Exception {
    mounted.shell("touch s && chmod 6777 s");
    assertEquals(
        "0o100777",
        mounted.python(
            "import os",
            "f=os.open('s',os.O_WRONLY)",
            "if os.fork()==0:",
            "  os.setgid(1000); os.setuid(1000); os.write(f,b'x'); os._exit(0)",
            "os.wait(); print(oct(os.stat('s').st_mode))"));
  }

  @Test
  void synchronousWriteIsSyncedBeforeTheAnswer() throws Exception {
    mounted.shell("dd if=/dev/zero of=f bs=10 count=3 oflag=dsync status=none");
    assertEquals(3, mounted.vfs.count("syncData"));
    mounted.shell("dd if=/dev/zero of=f bs=10 count=2 oflag=sync status=none");
    assertEquals(2, mounted.vfs.count("sync"));
  }

  @Test
  void copyRangeFallocateAndSeekWork() throws Exception {
    assertEquals(
        "5 b'hello' 100 95 100",
        mounted.python(
            "import os",
            "a=os.open('a',os.O_RDWR|os.O_CREAT); os.write(a,b'hello')",
            "b=os.open('b',os.O_RDWR|os.O_CREAT)",
            "n=os.copy_file_range(a,b,5,0,0); print(n,os.pread(b,10,0),end=' ')",
            "os.posix_fallocate(b,0,100); print(os.fstat(b).st_size,end=' ')",
            "import ctypes; c=ctypes.CDLL(None,use_errno=True)",
            "c.fallocate(b,3,ctypes.c_long(0),ctypes.c_long(10)); print(ctypes.get_errno(),end=' ')",
            "print(os.lseek(b,0,os.SEEK_HOLE))"));
  }

  @Test
  void changeThatWaitsWhileItsInodesNumberIsUsedAgainDoesNothingToTheNewInode() throws Exception {
    mounted.shell("echo old >a; chmod 644 a");
    mounted.vfs.hold("setAttributes");
    Process change = start("exec chmod 600 a 2>&1");
    try {
      awaitCall("setAttributes");
      mounted.vfs.replaceRemotely("a", "new");
      mounted.vfs.renameRemotely("a", "b");
    } finally {
      mounted.vfs.letGo();
    }
    String told = change.inputReader().readLine();
    assertTrue(told.endsWith("No such file or directory"), told);
    assertEquals("644 new", mounted.shell("stat -c %a b | tr '\\n' ' '; cat b"));
    assertEquals("600", mounted.shell("chmod 600 b; stat -c %a b"));
  }

  @Test
  void abortAfterTheEndReachesNoOtherMount() throws Exception {
    Mounted ended = new Mounted(kind(), true);
    ended.close();
    // Numbers are used again at once, the lowest first.
    try (Mounted next = new Mounted(kind(), true)) {
      assertFalse(ended.binding.isConnected());
      ended.binding.abort();
      assertTrue(next.binding.isConnected());
      next.shell("echo alive >f");
      assertEquals("alive", next.shell("cat f"));
    }
  }

  @Test
  void statfsShowsTheVolume() throws Exception {
    assertEquals("4096 1000 450 400 4000", mounted.shell("stat -f -c '%S %b %f %a %d' ."));
    assertEquals(
        "fuse.jclusterfs fake:volume", mounted.shell("findmnt -n -o FSTYPE,SOURCE . | tr -s ' '"));
  }

  /** Starts a shell script in the mount's directory. */
  protected Process start(String script) throws IOException {
    return new ProcessBuilder("/bin/bash", "-c", script)
        .directory(mounted.directory.toFile())
        .start();
  }

  /** Waits until an operation that is held has come. */
  protected void awaitCall(String operation) throws InterruptedException {
    while (!mounted.vfs.isHolding(operation)) {
      Thread.sleep(10);
    }
  }
}
