package org.jclusterfs.iscsi.tool;

import java.util.ArrayList;
import java.util.List;

/** Rows in columns that are as wide as their widest cell; numbers stand to the right. */
final class Table {

  private static final String GAP = "  ";

  private final List<String[]> rows = new ArrayList<>();

  /** Begins with the columns' heads. */
  Table(String... heads) {
    rows.add(heads);
  }

  /** Adds a row with a cell per column; null is shown as a dash. */
  void row(Object... cells) {
    String[] row = new String[cells.length];
    for (int i = 0; i < cells.length; i++) {
      row[i] = cells[i] == null || cells[i].toString().isEmpty() ? "-" : cells[i].toString();
    }
    rows.add(row);
  }

  /** The lines, each behind an indent. */
  String text(String indent) {
    int columns = rows.get(0).length;
    int[] widths = new int[columns];
    boolean[] right = new boolean[columns];
    for (int column = 0; column < columns; column++) {
      right[column] = rows.size() > 1;
      for (int row = 0; row < rows.size(); row++) {
        String cell = rows.get(row)[column];
        widths[column] = Math.max(widths[column], cell.length());
        right[column] &= row == 0 || cell.matches("-|[0-9.]{1,15}( [KMGTPE]iB| B)?");
      }
    }
    StringBuilder text = new StringBuilder();
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder(indent);
      for (int column = 0; column < columns; column++) {
        String pad = " ".repeat(widths[column] - row[column].length());
        line.append(column == 0 ? "" : GAP);
        line.append(right[column] ? pad + row[column] : row[column] + pad);
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }
}
