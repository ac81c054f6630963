package org.jclusterfs.system;

import java.util.List;
import java.util.Locale;

/** The middle of some figures, with the lowest and the highest. */
record Median(double middle, double least, double most, int count) {

  /** Of at least one figure; of an even number the higher of the two in the middle. */
  static Median of(List<Double> figures) {
    List<Double> sorted = figures.stream().sorted().toList();
    return new Median(
        sorted.get(sorted.size() / 2), sorted.get(0), sorted.get(sorted.size() - 1), sorted.size());
  }

  @Override
  public String toString() {
    String digits = middle < 10 ? "%.2f (%.2f to %.2f, of %d)" : "%.0f (%.0f to %.0f, of %d)";
    return String.format(Locale.ROOT, digits, middle, least, most, count);
  }
}
