package org.jclusterfs.system;

class TwoNodesOnTgtdTest extends TwoNodesContract {

  @Override
  Target.Kind kind() {
    return Target.Kind.TGTD;
  }
}
