/** What is wrong with a set-up, as far as it can be seen from outside. */
@NullMarked
package io.semanticrouter.maas.extproc.server.doctor;

import org.jspecify.annotations.NullMarked;
