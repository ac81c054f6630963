package org.jclusterfs.system;

class TwoNodesOnFileTest extends TwoNodesContract {

  @Override
  Target.Kind kind() {
    return Target.Kind.FILE;
  }
}
