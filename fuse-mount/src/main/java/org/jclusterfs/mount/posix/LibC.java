package org.jclusterfs.mount.posix;

/** Functions of the C library; each returns -1 on failure and leaves errno. Thread-safe. */
public interface LibC {

  /** open(2). */
  int open(String path, int flags);

  /** close(2). */
  int close(int descriptor);

  /** read(2) into memory at an address. */
  long read(int descriptor, long address, long size);

  /** write(2) from memory at an address. */
  long write(int descriptor, long address, long size);

  /** writev(2) with an array of iovec at an address. */
  long writev(int descriptor, long vectors, int count);

  /** mount(2). */
  int mount(String source, String target, String type, long flags, String data);

  /** umount2(2). */
  int umount2(String target, int flags);

  /** statfs(2) into memory at an address. */
  int statfs(String path, long address);

  /** poll(2) with an array of pollfd at an address. */
  int poll(long descriptors, long count, int millis);

  /** geteuid(2). */
  int geteuid();

  /** dup(2). */
  int dup(int descriptor);

  /** dup2(2). */
  int dup2(int descriptor, int as);

  /** socket(2). */
  int socket(int domain, int type, int protocol);

  /** connect(2) with an address that lies in memory. */
  int connect(int descriptor, long address, int length);

  /** send(2) from memory at an address. */
  long send(int descriptor, long address, long size, int flags);

  /** socketpair(2) into two ints at an address. */
  int socketpair(int domain, int type, int protocol, long pair);

  /** recvmsg(2) with a struct msghdr at an address. */
  long recvmsg(int descriptor, long message, int flags);

  /** mlockall(2). */
  int mlockall(int flags);

  /** prctl(2). */
  int prctl(int option, long two, long three, long four, long five);
}
