/**
 * The {@code iscsi} command: {@link org.jclusterfs.iscsi.tool.IscsiTool} holds what its subcommands
 * share, each subcommand is a class of its own.
 */
package org.jclusterfs.iscsi.tool;
