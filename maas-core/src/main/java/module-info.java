// SPDX-License-Identifier: Apache-2.0
/** Usage metering of LLM exchanges: a pure library, nothing but {@code java.base} at run time. */
module io.semanticrouter.maas.core {
  requires static org.jspecify;

  exports io.semanticrouter.maas;
  exports io.semanticrouter.maas.config;
  exports io.semanticrouter.maas.http;
  exports io.semanticrouter.maas.record;
  exports io.semanticrouter.maas.spi;

  uses io.semanticrouter.maas.spi.ContentCoding;
}
