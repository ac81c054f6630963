package org.jclusterfs.system;

class TwoNodesOnLioTest extends TwoNodesContract {

  @Override
  Target.Kind kind() {
    return Target.Kind.LIO;
  }
}
