package org.jclusterfs.mount;

/** Daemons with {@code binding=libfuse} come and go as those of the kernel binding do. */
class LibFuseCommandTest extends MountCommandContract {
  @Override
  String binding() {
    return "libfuse";
  }
}
