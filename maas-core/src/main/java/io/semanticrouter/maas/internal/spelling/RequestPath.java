// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.spelling;

import java.nio.charset.StandardCharsets;

/**
 * The one spelling of a request's path that everything here reads: operation, routes, and the model
 * that a path names. Servers serve many spellings of a path; none of them may cost less.
 *
 * <p>Undone is what servers undo before they choose a handler: the form with scheme and authority
 * (RFC 9112, 3.2.2), query and fragment, percent-encoding once (RFC 3986, 2.1; Starlette and
 * uvicorn, Go's net/http, cpp-httplib and Tomcat decode {@code %2F} with the rest), empty segments
 * and {@code .} and {@code ..} (RFC 3986, 5.2.4; nginx, Envoy, Tomcat), parameters of segments
 * ({@code ;…}; Spring and servlets), backslashes (IIS, Envoy), slashes at the end and one line end
 * there (Starlette's routes end in {@code $}, as Python reads it). None of them decodes twice, so
 * neither is that done here. Letters keep their case, because models do; what compares paths
 * ignores it, as Express and ASP.NET do.
 */
public final class RequestPath {
  private RequestPath() {}

  /**
   * The path of a request target, itself when it is spelt like that already.
   *
   * @param target the path, with or without its query, or the absolute form
   */
  public static String of(String target) {
    int start = start(target);
    int length = target.length();
    int end = start;
    char before = 0;
    while (end < length) {
      char c = target.charAt(end);
      if (c == '?' || c == '#') {
        break;
      }
      boolean special = c == '%' || c == ';' || c == '\\';
      if (special || (before == '/' && (c == '/' || c == '.'))) {
        return rewritten(target, start);
      }
      before = c;
      end++;
    }
    if (before == '/' && end > start + 1) {
      end--;
    }
    return start == 0 && end == length ? target : target.substring(start, end);
  }

  /** Whether a target begins as its path is spelt, so that no server can read it otherwise. */
  public static boolean isPlain(String target, String path) {
    int end = path.length();
    return target.startsWith(path)
        && (end == target.length() || target.charAt(end) == '?' || target.charAt(end) == '/');
  }

  /** Where the last one of these parts ends in a path, in any case; -1 when there is none. */
  public static int endOf(String path, String part) {
    int first = foldedCase(part.charAt(0));
    for (int i = path.length() - part.length(); i >= 0; i--) {
      // Most places differ in this one character, and each exchange looks for several parts.
      if (foldedCase(path.charAt(i)) == first
          && path.regionMatches(true, i, part, 0, part.length())) {
        return i + part.length();
      }
    }
    return -1;
  }

  /** The same for both cases of an ASCII letter. */
  private static int foldedCase(char c) {
    return c | 0x20;
  }

  /** Where the path begins: behind scheme and authority, if there are any. */
  private static int start(String target) {
    int scheme = target.startsWith("/") ? -1 : target.indexOf("://");
    if (scheme < 0) {
      return 0;
    }
    int i = scheme + "://".length();
    while (i < target.length() && "/\\?#".indexOf(target.charAt(i)) < 0) {
      i++;
    }
    return i;
  }

  private static String rewritten(String target, int start) {
    byte[] bytes = target.substring(start).getBytes(StandardCharsets.UTF_8);
    Segments path = new Segments(bytes);
    for (int i = 0; i < bytes.length && bytes[i] != '?' && bytes[i] != '#'; i++) {
      byte b = bytes[i];
      if (b == ';') {
        while (i + 1 < bytes.length && "/\\?#".indexOf(bytes[i + 1]) < 0) {
          i++;
        }
        continue;
      }
      if (b == '%' && i + 2 < bytes.length) {
        int high = Character.digit(bytes[i + 1], 16);
        int low = Character.digit(bytes[i + 2], 16);
        if (high >= 0 && low >= 0) {
          b = (byte) (high << 4 | low);
          i += 2;
        }
      }
      path.append(b);
    }
    return path.end();
  }

  /** Writes a path into the bytes that it is read from: it never becomes longer. */
  private static final class Segments {
    private final byte[] out;
    private int length;

    /** Where the segment begins that is being written. */
    private int segment;

    Segments(byte[] out) {
      this.out = out;
    }

    void append(byte b) {
      if (b != '/' && b != '\\') {
        out[length++] = b;
      } else if (length == 0) {
        out[length++] = '/';
        segment = length;
      } else if (endSegment()) {
        out[length++] = '/';
        segment = length;
      }
    }

    /** Whether it was one that stays; others are taken back. */
    private boolean endSegment() {
      int dots = length - segment;
      boolean onlyDots = dots <= 2;
      for (int i = segment; i < length && onlyDots; i++) {
        onlyDots = out[i] == '.';
      }
      if (!onlyDots) {
        return true;
      }
      length = segment;
      if (dots == 2 && segment > 1) {
        length--;
        while (length > 0 && out[length - 1] != '/') {
          length--;
        }
        segment = length;
      }
      return false;
    }

    String end() {
      if (length > 0 && out[length - 1] == '\n') {
        length--;
      }
      endSegment();
      int end = length > 1 && out[length - 1] == '/' ? length - 1 : length;
      return new String(out, 0, end, StandardCharsets.UTF_8);
    }
  }
}
