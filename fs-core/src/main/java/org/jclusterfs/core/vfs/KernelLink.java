package org.jclusterfs.core.vfs;

/** Holds the kernel's caches, which are connected after the filesystem is there. Thread-safe. */
final class KernelLink {
  private volatile KernelCaches caches = KernelCaches.NONE;

  KernelCaches caches() {
    return caches;
  }

  void connect(KernelCaches kernel) {
    caches = kernel;
  }
}
