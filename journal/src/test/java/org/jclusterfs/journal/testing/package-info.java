/**
 * Support for tests of everything that writes to a shared LUN: a simulated disk with a volatile
 * cache and power cuts. Other modules use it through this module's test-jar.
 */
package org.jclusterfs.journal.testing;
