// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;

/** What the jar of the server says of its parts. */
class JarIT {
  private static final String PARTS = "META-INF/sbom/maas-extproc.cdx.json";

  /** Only annotations, which are left out. */
  private static final Set<String> LEFT_OUT = Set.of("org.codehaus.mojo", "javax.annotation");

  @Test
  void jarHasTheLicenseOfEachOfItsParts() throws Exception {
    try (JarFile jar = new JarFile(Project.file("maas-extproc/target/maas-extproc.jar").toFile())) {
      // The plugin that writes it is left out of builds without a network (mvn -o).
      assumeThat(jar.getEntry(PARTS) != null || "true".equals(System.getenv("CI"))).isTrue();
      JsonNode parts = new ObjectMapper().readTree(jar.getInputStream(jar.getEntry(PARTS)));
      Set<String> others = new TreeSet<>();
      for (JsonNode part : parts.get("components")) {
        String group = part.get("group").asText();
        if (!licenses(part).contains("Apache-2.0") && !LEFT_OUT.contains(group)) {
          others.add("META-INF/licenses/" + group + ".txt");
        }
      }
      assertThat(others).hasSizeGreaterThan(3);
      List<String> names = jar.stream().map(ZipEntry::getName).toList();
      assertThat(names).containsAll(others).contains("META-INF/LICENSE", "META-INF/NOTICE");
      assertThat(names).noneMatch(name -> name.startsWith("org/codehaus/mojo/"));
      // What a scanner knows them by.
      assertThat(names)
          .contains(
              "META-INF/maven/ch.qos.logback/logback-core/pom.properties",
              "META-INF/maven/com.fasterxml.jackson.core/jackson-core/pom.properties");
    }
  }

  private static List<String> licenses(JsonNode part) {
    List<String> licenses = new ArrayList<>();
    for (JsonNode license : part.path("licenses")) {
      licenses.add(license.path("license").path("id").asText());
    }
    return licenses;
  }

  @Test
  void imageHasTheModulesThatTheJarNeeds() throws Exception {
    StringWriter modules = new StringWriter();
    StringWriter errors = new StringWriter();
    int status =
        ToolProvider.findFirst("jdeps")
            .orElseThrow()
            .run(
                new PrintWriter(modules),
                new PrintWriter(errors),
                "--ignore-missing-deps",
                "--print-module-deps",
                "--multi-release",
                "17",
                Project.file("maas-extproc/target/maas-extproc.jar").toString());
    assertThat(status).as(errors.toString()).isZero();
    Matcher image =
        Pattern.compile("(?m)^modules=(.*)$")
            .matcher(Files.readString(Project.file("tools/image-root")));
    assertThat(image.find()).isTrue();

    assertThat(List.of(image.group(1).split(",", -1)))
        .containsAll(List.of(modules.toString().strip().split(",", -1)));
  }
}
