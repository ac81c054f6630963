package org.jclusterfs.mount.libfuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.mount.BindingOptions;
import org.jclusterfs.mount.MountContract;
import org.jclusterfs.mount.Mounted;
import org.junit.jupiter.api.Test;

/**
 * The libfuse binding, and each thing that libfuse 2's high-level API cannot do, in the order of
 * docs/mount.md.
 */
class LibFuseMountTest extends MountContract {
  @Override
  protected Mounted.Kind kind() {
    return LibFuseBinding::new;
  }

  @Test
  void whatAnotherNodeChangesIsSeenWithoutAnyNotice() throws Exception {
    Files.writeString(mounted.path("a"), "local");
    assertEquals("local 5", mounted.shell("cat a && stat -c ' %s' a").replace("\n", ""));
    mounted.vfs.changeRemotely("a", "from elsewhere");
    assertEquals("from elsewhere 14", mounted.shell("cat a && stat -c ' %s' a").replace("\n", ""));
    mounted.vfs.renameRemotely("a", "b");
    assertEquals("gone", mounted.shell("[ -e a ] || [ ! -e b ] || echo gone"));
  }

  @Test
  void namesThatAreNoTextInUtf8AreKept() throws Exception {
    assertEquals(
        "[b'\\xff\\xfe'] 1",
        mounted.python(
            "import os",
            "open(b'\\xff\\xfe','w').write('x'); print(os.listdir(b'.'), os.stat(b'\\xff\\xfe').st_size)"));
  }

  @Test
  void timesAreSetAloneAndToNow() throws Exception {
    assertEquals(
        "5 7 True",
        mounted.python(
            "import os,time",
            "open('a','w').close(); os.utime('a',(3,7))",
            "os.system('touch -a -d @5 a'); s=os.stat('a'); print(int(s.st_atime),int(s.st_mtime),",
            "  os.utime('a') or time.time()-os.stat('a').st_mtime<30)"));
  }

  @Test
  void openFileGoesOnAfterItsNameIsGone() throws Exception {
    assertEquals(
        "b'more' []",
        mounted.python(
            "import os,fcntl",
            "f=os.open('a',os.O_RDWR|os.O_CREAT); os.unlink('a')",
            "os.write(f,b'more and more'); os.ftruncate(f,4); os.fsync(f)",
            "fcntl.lockf(f,fcntl.LOCK_EX); fcntl.flock(f,fcntl.LOCK_EX)",
            "print(os.pread(f,10,0), os.listdir('.'))"));
  }

  @Test
  void lockWaitersDoNotKeepTheirFileFromBeingRemoved() throws Exception {
    assertEquals(
        "removed",
        mounted.python(
            "import os,fcntl,time",
            "f=open('l','w+'); fcntl.flock(f,fcntl.LOCK_EX)",
            "if os.fork()==0:",
            "  g=open('l','r+'); fcntl.flock(g,fcntl.LOCK_EX); os._exit(0)",
            "time.sleep(0.3); os.unlink('l'); print('removed',flush=True)",
            "fcntl.flock(f,fcntl.LOCK_UN); os.wait()"));
  }

  @Test
  void sharedMappingsAreRefusedAndPrivateOnesAreRead() throws Exception {
    Files.writeString(mounted.path("m"), "abcdef");
    assertEquals(
        "19 b'abcdef'",
        mounted.python(
            "import mmap",
            "f=open('m','r+b')",
            "try: mmap.mmap(f.fileno(),0)",
            "except OSError as e: print(e.errno,end=' ')",
            "print(mmap.mmap(f.fileno(),0,flags=mmap.MAP_PRIVATE)[:])"));
  }

  @Test
  void statAndChangesOfAttributesOfAnOpenFileWithoutANameAreRefused() throws Exception {
    assertEquals(
        "[2, 2, 2, 2, 2]",
        mounted.python(
            "import os",
            "f=os.open('a',os.O_RDWR|os.O_CREAT); os.unlink('a')",
            "def err(call,*a):",
            "  try: call(*a)",
            "  except OSError as e: return e.errno",
            "print([err(os.fstat,f), err(os.fchmod,f,0o600), err(os.fchown,f,1,1),",
            "  err(os.utime,f), err(os.setxattr,f,'user.a',b'v')])"));
  }

  @Test
  void flagsOfRenameAreRefused() throws Exception {
    mounted.shell("echo 1 >a; echo 2 >b");
    assertEquals(
        "[22, 22, 22]",
        mounted.python(
            "import ctypes; c=ctypes.CDLL(None,use_errno=True)",
            "r=lambda to,f: c.renameat2(-100,b'a',-100,to,f) and ctypes.get_errno()",
            "print([r(b'c',1), r(b'b',2), r(b'b',4)])"));
  }

  @Test
  void filesWithoutANameCannotBeMade() throws Exception {
    assertEquals(
        "95",
        mounted.python(
            "import os",
            "try: os.open('.',os.O_TMPFILE|os.O_RDWR)",
            "except OSError as e: print(e.errno)"));
  }

  @Test
  void holesAreNotTold() throws Exception {
    mounted.shell("truncate -s 1M hole");
    assertEquals(
        "0 1048576",
        mounted.python(
            "import os",
            "f=os.open('hole',os.O_RDONLY)",
            "print(os.lseek(f,0,os.SEEK_DATA), os.lseek(f,0,os.SEEK_HOLE))"));
    assertEquals(0, mounted.vfs.count("seek"));
  }

  @Test
  void accessControlListsAreNotSupported() throws Exception {
    assertAclsAreNotSupported(mounted);
  }

  @Test
  void timeOfBirthIsNotTold() throws Exception {
    assertEquals("0", mounted.shell("touch a; stat -c %W a"));
  }

  @Test
  void fileFlagsAreNotSupported() throws Exception {
    assertEquals(
        "25",
        mounted.python(
            "import os,fcntl,array",
            "f=os.open('.',os.O_RDONLY)",
            "try: fcntl.ioctl(f,0x80086601,array.array('l',[0]))",
            "except OSError as e: print(e.errno)"));
  }

  @Test
  void missingLibraryIsNamedWithItsPackage() {
    String told =
        assertThrows(MountException.class, () -> LibFuse2.load("libfuse-of-nobody.so.2"))
            .getMessage();
    assertTrue(told.contains("libfuse-of-nobody.so.2") && told.contains("libfuse2"), told);
  }

  @Test
  void commasAndFlagsReachTheOptionList() {
    String list =
        LibFuseBinding.optionList(
            new BindingOptions("iscsi://a,b/iqn,iqn2/0", Path.of("/d"), 1 | 2 | 8, 0, false));
    assertTrue(list.contains(",fsname=iscsi://a\\,b/iqn\\,iqn2/0,"), list);
    assertTrue(list.endsWith(",ro,nosuid,dev,noexec,async"), list);
  }
}
