package org.jclusterfs.mount.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.mount.MountContract;
import org.jclusterfs.mount.Mounted;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the kernel binding has beyond {@link MountContract}: caches and what keeps them right. */
class KernelMountTest extends MountContract {
  @Override
  protected Mounted.Kind kind() {
    return KernelBinding::new;
  }

  @Test
  void birthTimeComesByStatx() throws Exception {
    Files.writeString(mounted.path("a"), "hello");
    assertTrue(mounted.shell("stat -c %W a").length() > 5);
  }

  @Test
  void accessControlListThatIsNotThereIsNoData() throws Exception {
    assertEquals(
        "61",
        mounted.python(
            "import os",
            "try: os.getxattr('.','system.posix_acl_access')",
            "except OSError as e: print(e.errno)"));
  }

  @Test
  void attributesComeWithTheListing() throws Exception {
    mounted.shell("seq 100 | xargs touch && ls -l");
    assertTrue(mounted.vfs.count("readDirectoryPlus") > 0);
  }

  @Test
  void storeThroughSharedMappingReachesTheFilesystem() throws Exception {
    Files.writeString(mounted.path("m"), "abcdef");
    assertEquals(
        "b'abcdef' b'aXcdef'",
        mounted.python(
            "import mmap,os",
            "f=open('m','r+b'); m=mmap.mmap(f.fileno(),0); print(m[:],end=' ')",
            "m[1:2]=b'X'; m.flush(); print(os.pread(f.fileno(),10,0))"));
    assertEquals("aXcdef", mounted.vfs.content("m"));
  }

  @Test
  void dirtyPagesOfSharedMappingComeBackBeforeAnInvalidationReturns() throws Exception {
    Files.writeString(mounted.path("m"), "abcdef");
    java.nio.file.Path ready = Files.createTempFile("jclusterfs-ready", "");
    java.util.concurrent.CompletableFuture<String> child =
        java.util.concurrent.CompletableFuture.supplyAsync(
            () -> {
              try {
                return mounted.python(
                    "import mmap,os,time",
                    "f=open('m','r+b'); m=mmap.mmap(f.fileno(),0); m[1:2]=b'X'",
                    "ready='" + ready + "'; open(ready,'w').write('stored')",
                    "while os.path.exists(ready): time.sleep(0.02)",
                    "print(m[:])");
              } catch (java.io.IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    while (Files.size(ready) == 0 && !child.isDone()) {
      Thread.sleep(20);
    }
    assertEquals("abcdef", mounted.vfs.content("m"), "a store sends no request");
    mounted.vfs.caches.invalidateInode(mounted.vfs.number("m"), false);
    assertEquals("aXcdef", mounted.vfs.content("m"));
    mounted.vfs.changeRemotely("m", "remote");
    mounted.vfs.caches.invalidateInode(mounted.vfs.number("m"), false);
    Files.delete(ready);
    assertEquals("b'remote'", child.get());
  }

  @Test
  void directWriteIsSeenThroughMappingOfAReader() throws Exception {
    Files.writeString(mounted.path("m"), "abcdef");
    assertEquals(
        "b'abcdef' b'ab--ef' b'ab--ef!'",
        mounted.python(
            "import mmap,os",
            "r=open('m','rb'); m=mmap.mmap(r.fileno(),0,prot=mmap.PROT_READ)",
            "print(m[:],end=' ')",
            "w=os.open('m',os.O_WRONLY); os.pwrite(w,b'--',2); print(m[:],end=' ')",
            "a=os.open('m',os.O_WRONLY|os.O_APPEND); os.write(a,b'!')",
            "print(open('m','rb').read())"));
  }

  @Test
  void invalidationDropsAttributesAndPages() throws Exception {
    Files.writeString(mounted.path("a"), "local");
    assertEquals("local", mounted.shell("cat a"));
    mounted.vfs.changeRemotely("a", "from elsewhere");
    mounted.vfs.caches.invalidateInode(mounted.vfs.number("a"), false);
    assertEquals("from elsewhere 14", mounted.shell("cat a && stat -c ' %s' a").replace("\n", ""));
  }

  @Test
  void attributesAreServedFromTheKernelUntilInvalidated() throws Exception {
    Files.writeString(mounted.path("a"), "local");
    assertEquals("5", mounted.shell("stat -c %s a"));
    int before = mounted.vfs.count("getAttributes") + mounted.vfs.count("lookup");
    assertEquals("5", mounted.shell("stat -c %s ./a"));
    assertEquals(before, mounted.vfs.count("getAttributes") + mounted.vfs.count("lookup"));
    mounted.vfs.changeRemotely("a", "longer than before");
    mounted.vfs.caches.invalidateInode(mounted.vfs.number("a"), true);
    assertEquals("18", mounted.shell("stat -c %s a"));
  }

  @Test
  void namesAreLookedUpAgainAfterInvalidation() throws Exception {
    Files.writeString(mounted.path("a"), "x");
    assertEquals("a", mounted.shell("ls a"));
    mounted.vfs.renameRemotely("a", "b");
    mounted.vfs.caches.invalidateNames();
    assertEquals("gone", mounted.shell("[ -e a ] || [ ! -e b ] || echo gone"));
  }

  @Test
  void invalidationOfUnknownInodeReturns() {
    mounted.vfs.caches.invalidateInode(4711, false);
    mounted.vfs.caches.invalidateInode(mounted.vfs.root(), false);
  }

  @Test
  void capabilityIsAskedOncePerFile() throws Exception {
    Files.writeString(mounted.path("a"), "x");
    mounted.shell("for i in 1 2 3; do echo x >>a; getfattr -n security.capability a; done");
    assertTrue(mounted.vfs.count("getXattr security.capability") <= 1);
  }

  @Test
  void setIdBitsGoByCallerAndAreSeenByTheKernelAtOnce() throws Exception {
    assertEquals(
        "root 6777 777 777 777 777 2767 6777 other 777 777 777 777",
        mounted.python(
            "import os,ctypes",
            "c=ctypes.CDLL(None,use_errno=True); b=ctypes.create_string_buffer(256)",
            "os.umask(0)",
            "def kernel(name):",
            "  assert c.statx(-100,name.encode(),0,2,b)==0  # STATX_MODE: no other is refreshed",
            "  return int.from_bytes(b.raw[28:30],'little')&0o7777",
            "def after(change,uid,mode=0o6777):",
            "  f=os.open('s',os.O_RDWR|os.O_CREAT); os.write(f,b'x')",
            "  os.chmod('s',mode); os.stat('s')",
            "  if os.fork()==0:",
            "    os.setgid(uid); os.setuid(uid); change(f); os._exit(0)",
            "  os.wait(); os.close(f); print(oct(kernel('s'))[2:],end=' ')",
            "def opens(flags): return lambda f: os.open('s',flags)",
            "write=lambda f: os.write(f,b'x')",
            "print('root',end=' '); after(write,0); os.unlink('s')",
            "after(lambda f: os.chown('s',0,0),0); after(lambda f: os.chown('s',-1,0),0)",
            "after(lambda f: os.chown('s',-1,-1),0)",
            "after(lambda f: os.chown('s',1,1),0); after(lambda f: os.chown('s',0,0),0,0o2767)",
            "after(opens(os.O_WRONLY|os.O_TRUNC),0)",
            "print('other',end=' '); after(write,1000)",
            "after(opens(os.O_WRONLY|os.O_TRUNC),1000)",
            "after(opens(os.O_WRONLY|os.O_TRUNC|os.O_CREAT),1000)",
            "after(lambda f: os.posix_fallocate(f,0,10),1000)"));
  }

  @Test
  void copyRangeIsDoneInside() throws Exception {
    mounted.python(
        "import os",
        "a=os.open('a',os.O_RDWR|os.O_CREAT); os.write(a,b'hello')",
        "b=os.open('b',os.O_RDWR|os.O_CREAT); os.copy_file_range(a,b,5,0,0)");
    assertEquals("hello", mounted.vfs.content("b"));
    assertEquals(1, mounted.vfs.count("copyRange"));
  }

  @Test
  void chattrAndLsattrWork() throws Exception {
    assertEquals(
        "f Immutable, Append_Only, No_Atime",
        mounted.shell("touch f && chattr +iA f && chattr +a f && lsattr -l f | tr -s ' '"));
    assertEquals(
        "d Synchronous_Directory_Updates",
        mounted.shell("mkdir d && chattr +d d && chattr =D d && lsattr -dl d | tr -s ' '"));
    assertEquals(
        "7 fake",
        mounted.python(
            "import fcntl,os,struct",
            "f=os.open('f',os.O_RDONLY); a=bytearray(4); fcntl.ioctl(f,0x80087601,a)",
            "l=bytearray(256); fcntl.ioctl(f,0x81009431,l)",
            "print(struct.unpack('i',a)[0],l.rstrip(b'\\0').decode())"));
  }

  @Test
  void renameTakesTheFlagsOfRenameat2() throws Exception {
    mounted.shell("echo 1 >a; echo 2 >b");
    assertEquals(
        "17 0 22 22 0",
        mounted.python(
            "import ctypes; c=ctypes.CDLL(None,use_errno=True)",
            "def r(flag):",
            "  x=c.renameat2(-100,b'a',-100,b'b',flag); return x and ctypes.get_errno()",
            "print(r(1),r(2),r(8),r(6),r(4))"));
    assertEquals("2", mounted.shell("cat b"));
    assertEquals("character special file 0:0", mounted.shell("stat -c '%F %t:%T' a"));
  }

  @Test
  void fileWithoutNameIsMadeAndGetsOneByLinking() throws Exception {
    assertEquals(
        "0 ['named'] 1 2",
        mounted.python(
            "import os",
            "f=os.open('.',os.O_TMPFILE|os.O_RDWR,0o600); os.write(f,b'x')",
            "print(os.fstat(f).st_nlink,end=' ')",
            "import ctypes; c=ctypes.CDLL(None,use_errno=True)",
            "def link(f,n): return c.linkat(-100,b'/proc/self/fd/%d'%f,-100,n,0x400)",
            "assert link(f,b'named')==0",
            "print(os.listdir('.'),os.stat('named').st_nlink,end=' ')",
            "x=os.open('.',os.O_TMPFILE|os.O_EXCL|os.O_RDWR,0o600)",
            "assert link(x,b'no')!=0; print(ctypes.get_errno())"));
  }

  @ParameterizedTest
  @CsvSource({
    "readPages, cat f",
    "write, echo x >>f",
    "sync, sync f",
    "lookup, ls elsewhere/f",
    "readDirectoryPlus, ls -f",
    "create, touch new"
  })
  void killedProcessDiesWhileItsRequestWaits(String operation, String command) throws Exception {
    mounted.shell("echo content >f");
    mounted.vfs.hold(operation);
    Process process = start("exec " + command.replaceFirst("^echo", "/bin/echo"));
    try {
      awaitCall(operation);
      process.destroyForcibly();
      assertTrue(process.waitFor(20, TimeUnit.SECONDS), "it waits on");
    } finally {
      mounted.vfs.letGo();
    }
    assertEquals("goes on", mounted.shell("echo goes on >g; cat g"));
  }

  @Test
  void signalThatDoesNotKillIsNoErrorOfARead() throws Exception {
    mounted.shell("echo content >f");
    mounted.vfs.hold("readPages");
    Process process = start("trap 'echo signalled' ALRM; read line <f; echo $line");
    try {
      awaitCall("readPages");
      new ProcessBuilder("kill", "-ALRM", Long.toString(process.pid())).start().waitFor();
      Thread.sleep(300); // some looks at the process
    } finally {
      mounted.vfs.letGo();
    }
    assertEquals(
        "signalled content",
        process.inputReader().lines().collect(java.util.stream.Collectors.joining(" ")));
  }
}
