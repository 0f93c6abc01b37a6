// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigSection;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The keys of the {@code server} section. */
class ServerConfigTest {
  private static List<String> errors(Map<String, ?> keys) {
    List<ConfigError> errors = new ArrayList<>();
    ServerConfig.from(ConfigSection.root(Map.of("server", keys), errors));
    return errors.stream().map(ConfigError::toString).toList();
  }

  @Test
  void keysAreRead() {
    ServerConfig config =
        RunningServer.config(
            Map.of(
                "grpc_socket",
                "/run/maas/maas.sock",
                "grpc_threads",
                3,
                "keepalive_seconds",
                10,
                "max_message_mb",
                1024,
                "max_header_list_kb",
                8,
                "reflection",
                true,
                "shutdown_delay_seconds",
                5,
                "metrics_linger_seconds",
                7,
                "tls",
                Map.of(
                    "certificate", "tls.crt",
                    "private_key", "tls.key",
                    "client_ca", "ca.crt",
                    "client_sans", List.of("envoy", "spiffe://td/ns/envoy"),
                    "reload_seconds", 9)));
    GrpcConfig grpc = config.grpc();
    assertThat(grpc.socket()).isNotNull();
    assertThat(grpc.threads()).isEqualTo(3);
    assertThat(grpc.keepalive()).isEqualTo(Duration.ofSeconds(10));
    assertThat(grpc.maxMessageBytes()).isEqualTo(1 << 30);
    assertThat(grpc.maxHeaderListBytes()).isEqualTo(8192);
    assertThat(grpc.reflection()).isTrue();
    assertThat(grpc.tls())
        .isEqualTo(
            new TlsConfig(
                "server.tls",
                Path.of("tls.crt"),
                Path.of("tls.key"),
                Path.of("ca.crt"),
                List.of("envoy", "spiffe://td/ns/envoy"),
                Duration.ofSeconds(9)));
    assertThat(config.shutdownDelay()).isEqualTo(Duration.ofSeconds(5));
    assertThat(config.metricsLinger()).isEqualTo(Duration.ofSeconds(7));
  }

  @Test
  void allErrorsComeAtOnce() {
    assertThat(
            errors(
                Map.of(
                    "grpc_tcp",
                    false,
                    "grpc_sockt",
                    "/x",
                    "grpc_threads",
                    0,
                    "max_message_mb",
                    1025,
                    "tls",
                    Map.of("client_ca", "", "privat_key", "x", "reload_seconds", 0))))
        .containsExactlyInAnyOrder(
            "server.grpc_tcp = false: can be false only with a grpc_socket to listen on",
            "server.grpc_sockt: unknown key; did you mean \"grpc_socket\"?",
            "server.grpc_threads = 0: must be a whole number from 1 to 1024",
            "server.max_message_mb = 1025: must be a whole number from 1 to 1024",
            "server.tls.certificate: must be the path of a PEM file",
            "server.tls.private_key: must be the path of a PEM file",
            "server.tls.client_ca = \"\": must be the path of a PEM file",
            "server.tls.privat_key: unknown key; did you mean \"private_key\"?",
            "server.tls.reload_seconds = 0: must be a whole number from 1 to 86400");
  }

  @ParameterizedTest
  @ValueSource(strings = {"maas.sock", "./maas.sock", "unix:/run/maas.sock", "/run/maas/", "/a\0b"})
  void socketIsAnAbsolutePathToAFile(String path) {
    assertThat(errors(Map.of("grpc_socket", path)))
        .singleElement()
        .asString()
        .endsWith("must be an absolute path of at most 107 bytes to a file");
  }

  @Test
  void socketPathHasAtMost107Bytes() {
    assertThat(errors(Map.of("grpc_socket", "/" + "x".repeat(106)))).isEmpty();
    assertThat(errors(Map.of("grpc_socket", "/" + "x".repeat(107)))).hasSize(1);
    assertThat(errors(Map.of("grpc_socket", "/" + "ü".repeat(54)))).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"660", "0680", "06600", "rw-rw----", "", "1660", "0٦60"})
  void modeIsFourOctalDigits(String mode) {
    assertThat(errors(Map.of("grpc_socket_mode", mode)))
        .singleElement()
        .asString()
        .endsWith("must be four octal digits in quotes, such as \"0660\"");
  }

  @Test
  void tlsWithoutTcpIsRefused() {
    assertThat(
            errors(
                Map.of(
                    "grpc_tcp",
                    false,
                    "grpc_socket",
                    "/run/maas.sock",
                    "tls",
                    Map.of("certificate", "tls.crt", "private_key", "tls.key"))))
        .containsExactly("server.tls = {...}: is for TCP, which grpc_tcp: false switches off");
  }

  /** Else a template that yields nothing would mean plain text. */
  @Test
  void tlsSectionWithoutFilesIsNotPlainText() {
    assertThat(errors(Map.of("tls", Map.of("reload_seconds", 5)))).hasSize(2);
    assertThat(errors(Map.of("tls", Map.of()))).isEmpty();
  }

  @Test
  void namesOfClientsNeedAnAuthorityAndAreNotEmpty() {
    Map<String, Object> files = Map.of("certificate", "tls.crt", "private_key", "tls.key");
    Map<String, Object> tls = new LinkedHashMap<>(files);
    tls.put("client_sans", List.of("envoy"));
    assertThat(errors(Map.of("tls", tls)))
        .containsExactly(
            "server.tls.client_sans = [...]: needs a client_ca whose certificates have these"
                + " names");
    tls.put("client_ca", "ca.crt");
    assertThat(errors(Map.of("tls", tls))).isEmpty();
    for (List<String> names : List.of(List.<String>of(), List.of("envoy", " "))) {
      tls.put("client_sans", names);
      assertThat(errors(Map.of("tls", tls)))
          .containsExactly(
              "server.tls.client_sans = [...]: must have DNS names or URIs, and no empty text");
    }
  }

  @Test
  void startWarnsOfPortsThatAreOpenToOthers() {
    Map<String, Object> tls =
        new LinkedHashMap<>(Map.of("certificate", "tls.crt", "private_key", "tls.key"));
    String open = "Whatever reaches 0.0.0.0:50051 can write bills";
    assertThat(warnings("0.0.0.0", Map.of())).singleElement().asString().startsWith(open);
    assertThat(warnings("0.0.0.0", tls)).singleElement().asString().startsWith(open);
    tls.put("client_ca", "ca.crt");
    assertThat(warnings("0.0.0.0", tls))
        .singleElement()
        .asString()
        .startsWith("Any certificate of server.tls.client_ca is enough");
    tls.put("client_sans", List.of("envoy"));
    assertThat(warnings("0.0.0.0", tls)).isEmpty();
    assertThat(warnings("127.0.0.1", Map.of())).isEmpty();
    assertThat(warnings("localhost", Map.of())).isEmpty();
    assertThat(
            RunningServer.config(Map.of("metrics_address", "::", "metrics_port", 9190)).warnings())
        .singleElement()
        .asString()
        .startsWith("Whatever reaches :::9190 can read users");
  }

  private static List<String> warnings(String address, Map<String, Object> tls) {
    return RunningServer.config(Map.of("grpc_address", address, "grpc_port", 50051, "tls", tls))
        .warnings();
  }

  @Test
  void portsMayBeEqualWhenTcpIsOff() {
    assertThat(
            errors(Map.of("grpc_tcp", false, "grpc_socket", "/run/maas.sock", "grpc_port", 9190)))
        .isEmpty();
  }
}
