// SPDX-License-Identifier: Apache-2.0
/** The metering as a filter of servlets, written to be copied from. */
@NullMarked
package io.semanticrouter.maas.examples.servlet;

import org.jspecify.annotations.NullMarked;
