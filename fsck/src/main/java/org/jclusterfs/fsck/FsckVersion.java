package org.jclusterfs.fsck;

import picocli.CommandLine.IVersionProvider;

/** Tells the version that the build wrote into the jar. */
final class FsckVersion implements IVersionProvider {

  static String number() {
    String version = FsckVersion.class.getPackage().getImplementationVersion();
    return version == null ? "(unpackaged)" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"fsck.jclusterfs " + number()};
  }
}
