// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What an embedder compiles against, as text: every public type of a module and its public and
 * protected members, without packages named {@code internal} or {@code server}.
 *
 * <p>Beside the test stands what it was, {@code src/test/resources/api.txt}. A change is either a
 * mistake or one that a reader of the change has to see: {@code -Dapi.write=true} writes the file.
 */
public final class PublicApi {
  private static final Path WRITTEN_DOWN = Path.of("src/test/resources/api.txt");

  private static final Set<String> OF_EVERY_OBJECT = Set.of("equals", "hashCode", "toString");

  private PublicApi() {}

  /**
   * The API that is written down.
   *
   * @param api what it is now: if asked to, it is written down before
   */
  public static String writtenDown(String api) {
    try {
      if (Boolean.getBoolean("api.write")) {
        Files.writeString(WRITTEN_DOWN, api);
      }
      return Files.readString(WRITTEN_DOWN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The API of the module that has this class, which is compiled into a directory. */
  public static String of(Class<?> inModule) {
    try {
      Path classes = Path.of(inModule.getProtectionDomain().getCodeSource().getLocation().toURI());
      try (Stream<Path> files = Files.walk(classes)) {
        return files
            .map(file -> classes.relativize(file).toString())
            .filter(name -> name.endsWith(".class") && !name.endsWith("-info.class"))
            .filter(name -> !name.contains("/internal/") && !name.contains("/server/"))
            .sorted()
            .map(name -> name.substring(0, name.length() - ".class".length()).replace('/', '.'))
            .map(name -> load(name, inModule.getClassLoader()))
            .filter(PublicApi::isReachable)
            .map(PublicApi::text)
            .collect(Collectors.joining("\n"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Class<?> load(String name, ClassLoader loader) {
    try {
      return Class.forName(name, false, loader);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isReachable(Class<?> type) {
    for (Class<?> c = type; c != null; c = c.getDeclaringClass()) {
      if (!isShown(c.getModifiers())) {
        return false;
      }
    }
    return !type.isAnonymousClass() && !type.isLocalClass();
  }

  private static boolean isShown(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  private static String text(Class<?> type) {
    StringBuilder text = new StringBuilder(type.toGenericString());
    if (type.getSuperclass() != null && type.getSuperclass() != Object.class) {
      text.append(" extends ").append(type.getGenericSuperclass().getTypeName());
    }
    for (var parent : type.getGenericInterfaces()) {
      text.append(" implements ").append(parent.getTypeName());
    }
    text.append('\n');
    Stream.of(
            Arrays.stream(type.getDeclaredFields())
                .filter(PublicApi::isShown)
                .map(Field::toGenericString),
            Arrays.stream(type.getDeclaredConstructors())
                .filter(PublicApi::isShown)
                .map(Constructor::toGenericString),
            Arrays.stream(type.getDeclaredMethods())
                .filter(method -> isShown(method) && !OF_EVERY_OBJECT.contains(method.getName()))
                .map(Method::toGenericString))
        .flatMap(members -> members.sorted())
        .forEach(
            member ->
                text.append("  ")
                    .append(member.replace(type.getTypeName() + ".", ""))
                    .append('\n'));
    return text.toString()
        .replace("java.lang.", "")
        .replace("java.util.", "")
        .replace("public abstract", "public");
  }

  private static boolean isShown(Member member) {
    return isShown(member.getModifiers()) && !member.isSynthetic();
  }
}
