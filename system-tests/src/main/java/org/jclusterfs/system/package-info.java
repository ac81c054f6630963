/**
 * Whole-system tests: real mounts of real nodes on real targets, and the campaigns that run them
 * for longer than a build can wait.
 */
package org.jclusterfs.system;
