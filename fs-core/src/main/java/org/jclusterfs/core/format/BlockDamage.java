package org.jclusterfs.core.format;

/** Why a metadata block must not be acted upon. */
public enum BlockDamage {
  /** The block is of another type or was never written. */
  MAGIC("has a wrong magic number"),
  /** The content is torn or altered. */
  CHECKSUM("has a wrong checksum"),
  /** The content belongs to another place: a misdirected write or read. */
  ADDRESS("carries another block's address"),
  /** The content is left from another volume. */
  VOLUME("belongs to another volume");

  private final String text;

  BlockDamage(String text) {
    this.text = text;
  }

  /** What is wrong, to follow "block N …" in a message. */
  public String text() {
    return text;
  }
}
