package org.jclusterfs.mkfs;

import picocli.CommandLine.IVersionProvider;

/** Tells the version that the build wrote into the jar. */
final class MkfsVersion implements IVersionProvider {

  static String number() {
    String version = MkfsVersion.class.getPackage().getImplementationVersion();
    return version == null ? "(unpackaged)" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"mkfs.jclusterfs " + number()};
  }
}
