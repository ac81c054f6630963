package org.jclusterfs.iscsi.tool;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One thing that a target says.
 *
 * @param key its name in JSON
 * @param label its name for people
 * @param value for JSON: a number, a boolean, a text, a list
 * @param meaning the value for people
 */
record Field(String key, String label, Object value, String meaning) {

  /** A field whose value needs no other words. */
  static Field of(String key, String label, Object value) {
    String meaning =
        value instanceof Boolean ? ((Boolean) value ? "yes" : "no") : String.valueOf(value);
    return new Field(key, label, value, meaning);
  }

  /** Prints fields as lines "label: meaning". */
  static void print(PrintWriter out, String indent, List<Field> fields) {
    for (Field field : fields) {
      out.println(indent + field.label + ": " + (field.meaning.isEmpty() ? "-" : field.meaning));
    }
  }

  /** The fields as an object of a JSON document. */
  static Map<String, Object> object(List<Field> fields) {
    Map<String, Object> object = new LinkedHashMap<>();
    fields.forEach(field -> object.put(field.key, field.value));
    return object;
  }
}
