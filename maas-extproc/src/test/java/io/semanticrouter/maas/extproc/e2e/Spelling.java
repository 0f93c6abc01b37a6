// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;

/**
 * One way to write a request. Many of them no client writes by itself; that a server serves them is
 * reason enough to write them, for a payer who does not want to pay.
 *
 * @param kind what is unusual in it
 * @param name which of its kind it is, for messages; unique
 * @param line method, target and version
 * @param headers further header lines, each with CR LF
 * @param body the body as it is on the wire, chunks and all, a character for each byte
 */
record Spelling(String kind, String name, String line, String headers, String body) {
  static final String CHAT = "/v1/chat/completions";

  private static final String JSON = "content-type: application/json\r\n";
  private static final String MESSAGES =
      "\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]";
  private static final String STREAM = chat("\"stream\":true");
  private static final String ASKED =
      chat("\"stream\":true,\"stream_options\":{\"include_usage\":true}");

  /** The bytes of the request, for a user of its own. */
  byte[] request(String user) {
    String head =
        line
            + "\r\nhost: test\r\nconnection: close\r\nx-auth-request-user: "
            + user
            + "\r\nx-auth-request-tier: t\r\n"
            + RealBackend.NOTE
            + ": "
            + user
            + "\r\n"
            + headers
            + "\r\n";
    return latin1(head + body);
  }

  @Override
  public String toString() {
    return kind + ": " + name;
  }

  /** The whole table. */
  static List<Spelling> all() {
    Table t = new Table();
    booleans(t);
    twice(t);
    caseOfKeys(t);
    encodings(t);
    contentTypes(t);
    contentEncodings(t);
    manyHeaders(t);
    framing(t);
    paths(t);
    endpoints(t);
    members(t);
    return List.copyOf(t.spellings.values());
  }

  private static void booleans(Table t) {
    // What pydantic takes for true where it is not strict.
    for (String yes :
        List.of(
            "true",
            "1",
            "1.0",
            "1e0",
            "10e-1",
            "1E+0",
            "\"true\"",
            "\"True\"",
            "\"TRUE\"",
            "\"tRuE\"",
            "\"1\"",
            "\"yes\"",
            "\"YES\"",
            "\"y\"",
            "\"Y\"",
            "\"t\"",
            "\"T\"",
            "\"on\"",
            "\"ON\"",
            "\"t\\u0072ue\"",
            "\"\\u0031\"",
            " \n\ttrue\r\n ",
            "100e-2",
            "0.1e1",
            // 1 for a reader of doubles only.
            "1.00000000000000000001",
            "0.99999999999999999999")) {
      t.json("booleans", "stream is " + yes, chat("\"stream\":" + yes));
    }
    for (String no :
        List.of(
            "false",
            "0",
            "0.0",
            "-0",
            "0e7",
            "\"false\"",
            "\"False\"",
            "\"0\"",
            "\"no\"",
            "\"n\"",
            "\"f\"",
            "\"fAlse\"",
            "-0.0",
            "1e-400",
            "\"off\"",
            "\"OFF\"",
            "null")) {
      t.json("booleans", "include_usage is " + no, streamWith("{\"include_usage\":" + no + "}"));
    }
    for (String yes : List.of("1", "\"true\"", "\"yes\"", "1.0", "\"on\"")) {
      t.json("booleans", "include_usage is " + yes, streamWith("{\"include_usage\":" + yes + "}"));
      t.json(
          "booleans",
          "stream and include_usage are " + yes,
          chat("\"stream\":" + yes + ",\"stream_options\":{\"include_usage\":" + yes + "}"));
      t.json(
          "booleans",
          "stream is " + yes + " and include_usage false",
          chat("\"stream\":" + yes + ",\"stream_options\":{\"include_usage\":false}"));
    }
    for (String options :
        List.of("{}", "null", "{\"continuous_usage_stats\":true}", "{\"a\":1}", "{ }")) {
      t.json("booleans", "stream_options is " + options, streamWith(options));
    }
  }

  private static void twice(Table t) {
    String on = "\"stream_options\":{\"include_usage\":true}";
    String off = "\"stream_options\":{\"include_usage\":false}";
    Map<String, String> members = new LinkedHashMap<>();
    members.put("options null before stream", "\"stream_options\":null,\"stream\":true");
    members.put("options null behind stream", "\"stream\":true,\"stream_options\":null");
    members.put("options off before stream", off + ",\"stream\":true");
    members.put("stream false, true", "\"stream\":false,\"stream\":true");
    members.put("stream true, false", "\"stream\":true,\"stream\":false");
    members.put("stream true, true", "\"stream\":true,\"stream\":true");
    members.put("stream true, null", "\"stream\":true,\"stream\":null");
    members.put("stream null, true", "\"stream\":null,\"stream\":true");
    members.put("stream three times", "\"stream\":true,\"stream\":false,\"stream\":true");
    members.put("stream 0, 1", "\"stream\":0,\"stream\":1");
    members.put("stream false, escaped true", "\"stream\":false,\"\\u0073tream\":true");
    members.put(
        "stream and its option in escapes only",
        "\"\\u0073\\u0074\\u0072\\u0065\\u0061\\u006d\":true,"
            + "\"\\u0073tream_option\\u0073\":{\"\\u0069nclude_usage\":false}");
    members.put(
        "options with much else",
        "\"stream\":true,\"stream_options\":{\"a\":\""
            + "x".repeat(70_000)
            + "\",\"include_usage\":false}");
    members.put(
        "options with depth",
        "\"stream\":true,\"stream_options\":{\"a\":" + nested(200) + ",\"include_usage\":false}");
    members.put(
        "1.2 MB before the stream", "\"a\":\"" + "x".repeat(1_200_000) + "\",\"stream\":true");
    members.put(
        "1.2 MB behind the stream", "\"stream\":true,\"a\":\"" + "x".repeat(1_200_000) + "\"");
    members.put(
        "options null, 1.2 MB, stream",
        "\"stream_options\":null,\"a\":\"" + "x".repeat(1_200_000) + "\",\"stream\":true");
    members.put("1000 streams", "\"stream\":false,".repeat(1000) + "\"stream\":true");
    members.put("escaped stream", "\"\\u0073\\u0074ream\":true");
    members.put("options on, off", "\"stream\":true," + on + "," + off);
    members.put("options off, on", "\"stream\":true," + off + "," + on);
    members.put("options on, null", "\"stream\":true," + on + ",\"stream_options\":null");
    members.put("options null, on", "\"stream\":true,\"stream_options\":null," + on);
    members.put("options on, empty", "\"stream\":true," + on + ",\"stream_options\":{}");
    members.put("options off, off", "\"stream\":true," + off + "," + off);
    members.put(
        "options on, escaped off",
        "\"stream\":true," + on + ",\"stream\\u005foptions\":{\"include_usage\":false}");
    members.put(
        "include_usage true, false",
        "\"stream\":true,\"stream_options\":{\"include_usage\":true,\"include_usage\":false}");
    members.put(
        "include_usage false, true",
        "\"stream\":true,\"stream_options\":{\"include_usage\":false,\"include_usage\":true}");
    members.put(
        "include_usage true, null",
        "\"stream\":true,\"stream_options\":{\"include_usage\":true,\"include_usage\":null}");
    members.put(
        "include_usage true, escaped false",
        "\"stream\":true,\"stream_options\":{\"include_usage\":true,\"include\\u005fusage\":false}");
    members.put("options on, stream, options off", on + ",\"stream\":true," + off);
    members.put("stream, options on, stream again", "\"stream\":true," + on + ",\"stream\":true");
    members.put("stream in the options", "\"stream\":true,\"stream_options\":{\"stream\":false}");
    members.put(
        "options in another object", "\"stream\":true,\"metadata\":{" + on + ",\"stream\":false}");
    members.put("options in an array", "\"stream\":true,\"stop\":[{" + on + "}]");
    members.put("model twice", "\"stream\":true,\"model\":\"other\"");
    members.put("messages twice", "\"stream\":true," + MESSAGES);
    members.forEach((name, member) -> t.json("given twice", name, chat(member)));
  }

  private static void caseOfKeys(Table t) {
    Map<String, String> members = new LinkedHashMap<>();
    for (String key : List.of("Stream", "STREAM", "sTREAM", "stReam", "\\u017ftream", "ſtream")) {
      members.put(key, "\"" + key + "\":true");
      members.put("stream false, " + key, "\"stream\":false,\"" + key + "\":true");
      members.put(key + " false, stream", "\"" + key + "\":false,\"stream\":true");
      members.put("stream, " + key + " false", "\"stream\":true,\"" + key + "\":false");
      members.put(
          key + " and options off",
          "\"" + key + "\":true,\"stream_options\":{\"include_usage\":false}");
    }
    for (String key :
        List.of(
            "Stream_Options",
            "STREAM_OPTIONS",
            "stream_Options",
            "\\u017ftream_options",
            "ſtream_optionſ")) {
      members.put(key, "\"stream\":true,\"" + key + "\":{\"include_usage\":false}");
      members.put(key + " null", "\"stream\":true,\"" + key + "\":null");
      members.put(
          "options on, " + key + " off",
          "\"stream\":true,\"stream_options\":{\"include_usage\":true},\""
              + key
              + "\":{\"include_usage\":false}");
      members.put(
          key + " off, options on",
          "\"stream\":true,\""
              + key
              + "\":{\"include_usage\":false},\"stream_options\":{\"include_usage\":true}");
      members.put(key + " and Stream", "\"Stream\":true,\"" + key + "\":null");
    }
    for (String key :
        List.of("Include_Usage", "INCLUDE_USAGE", "include_u\\u017fage", "include_uſage")) {
      String off = "\"" + key + "\":false";
      members.put("options with " + key, "\"stream\":true,\"stream_options\":{" + off + "}");
      members.put(
          "options on with " + key,
          "\"stream\":true,\"stream_options\":{\"include_usage\":true," + off + "}");
      members.put(
          "options off with " + key + " on",
          "\"stream\":true,\"stream_options\":{\"include_usage\":false,\"" + key + "\":true}");
    }
    members.forEach((name, member) -> t.json("case of keys", name, chat(member)));
    t.json("case of keys", "all upper", STREAM.toUpperCase(java.util.Locale.ROOT));
    t.json(
        "case of keys",
        "MESSAGES and MODEL",
        STREAM.replace("\"messages\"", "\"MESSAGES\"").replace("\"model\"", "\"MODEL\""));
  }

  private static void encodings(Table t) {
    Charset utf32le = Charset.forName("UTF-32LE");
    Charset utf32be = Charset.forName("UTF-32BE");
    for (Charset charset :
        List.of(
            StandardCharsets.UTF_8,
            StandardCharsets.UTF_16LE,
            StandardCharsets.UTF_16BE,
            utf32le,
            utf32be)) {
      for (String body : List.of(STREAM, chat("\"stream\":false"), ASKED)) {
        String what =
            body.equals(STREAM) ? "a stream" : body.equals(ASKED) ? "an asked stream" : "no stream";
        t.body("encodings", charset + ", " + what, JSON, body.getBytes(charset));
        t.body(
            "encodings",
            charset + " with a mark, " + what,
            JSON,
            ("\uFEFF" + body).getBytes(charset));
      }
    }
    for (String number :
        List.of("NaN", "Infinity", "-Infinity", "1e999", "-0", "123456789012345678901234567890")) {
      t.json("encodings", "a member is " + number, chat("\"x\":" + number + ",\"stream\":true"));
      t.json("encodings", "the last is " + number, chat("\"stream\":true,\"x\":" + number));
    }
    t.json("encodings", "white space before", " \r\n\t".repeat(2000) + STREAM);
    t.json("encodings", "white space behind", STREAM + " \r\n\t".repeat(2000));
    t.json(
        "encodings",
        "white space inside",
        STREAM.replace("\"stream\":", "\"stream\" " + "\n".repeat(5000) + ":"));
    t.json("encodings", "text behind", STREAM + "x");
    t.json("encodings", "a second document", STREAM + "\n{\"stream\":false}");
    t.json("encodings", "a brace behind", STREAM + "}");
    t.json("encodings", "a comma behind the last member", STREAM.replace("}]", "}],"));
    t.json("encodings", "a lone surrogate", STREAM.replace("2+2", "\\ud800"));
    t.json("encodings", "a NUL escaped", STREAM.replace("2+2", "\\u0000"));
    t.body("encodings", "a byte that is not UTF-8", JSON, latin1(STREAM.replace("2+2", "\u00ff")));
    t.body(
        "encodings", "a key that is not UTF-8", JSON, latin1(chat("\"\u00ff\":1,\"stream\":true")));
    t.body("encodings", "a NUL behind", JSON, latin1(STREAM + "\0"));
    t.body("encodings", "a form feed before", JSON, latin1("\f" + STREAM));
    t.json("encodings", "a control character", STREAM.replace("2+2", "\u0001"));
    t.json(
        "encodings", "300 arrays in each other", chat("\"x\":" + nested(300) + ",\"stream\":true"));
    t.json(
        "encodings", "900 arrays in each other", chat("\"x\":" + nested(900) + ",\"stream\":true"));
    t.json(
        "encodings", "a long key before", chat("\"" + "k".repeat(70_000) + "\":1,\"stream\":true"));
    t.json(
        "encodings",
        "300 KB before",
        "{\"x\":\"" + "a".repeat(300_000) + "\"," + STREAM.substring(1));
    t.json(
        "encodings",
        "1.2 MB before",
        "{\"x\":\"" + "a".repeat(1_200_000) + "\"," + STREAM.substring(1));
    t.json("encodings", "an array around", "[" + STREAM + "]");
    t.json("encodings", "a string", "\"" + STREAM.replace("\"", "\\\"") + "\"");
  }

  private static void contentTypes(Table t) {
    for (String type :
        List.of(
            "application/json; charset=utf-8",
            "application/json; charset=utf-16",
            "application/json;charset=\"x\"",
            "APPLICATION/JSON",
            "Application/Json ; a=b",
            "application/json;",
            "application/json, text/plain",
            "application/vnd.api+json",
            "application/x+json",
            "application/problem+json",
            "application/x-json",
            "application/ndjson",
            "application/x-ndjson",
            "application/jsonl",
            "application/octet-stream",
            "application/x-www-form-urlencoded",
            "application/xml",
            "application/grpc",
            "application/grpc+json",
            "multipart/form-data; boundary=x",
            "multipart/mixed",
            "text/plain",
            "text/json",
            "text/event-stream",
            "text/html",
            "image/png",
            "audio/wav",
            "*/*",
            "json",
            "",
            ";",
            "application/")) {
      for (String body : List.of(STREAM, chat("\"stream\":false"))) {
        t.body(
            "content types",
            "'" + type + "'" + (body.equals(STREAM) ? "" : ", no stream"),
            "content-type: " + type + "\r\n",
            utf8(body));
      }
    }
    t.body("content types", "none", "", utf8(STREAM));
    t.body("content types", "none, no stream", "", utf8(chat("\"stream\":false")));
    t.body("content types", "two: JSON, text", JSON + "content-type: text/plain\r\n", utf8(STREAM));
    t.body("content types", "two: text, JSON", "content-type: text/plain\r\n" + JSON, utf8(STREAM));
    t.body("content types", "tabs around", "content-type:\tapplication/json\t\r\n", utf8(STREAM));
    t.body("content types", "in upper case", "CONTENT-TYPE: application/json\r\n", utf8(STREAM));
  }

  private static void contentEncodings(Table t) {
    for (String coding :
        List.of(
            "gzip",
            "x-gzip",
            "deflate",
            "br",
            "zstd",
            "compress",
            "identity",
            "IDENTITY",
            "identity, identity",
            "aws-chunked",
            "utf-8",
            "UTF-8",
            "none",
            "null",
            "x",
            "chunked",
            "*",
            ",",
            "gzip, identity",
            "")) {
      for (String body : List.of(STREAM, chat("\"stream\":false"))) {
        t.body(
            "content encodings",
            "'" + coding + "' over a plain body" + (body.equals(STREAM) ? "" : ", no stream"),
            JSON + "content-encoding: " + coding + "\r\n",
            utf8(body));
      }
    }
    for (String coding : List.of("gzip", "GZIP", "x-gzip", "deflate")) {
      for (String body : List.of(STREAM, chat("\"stream\":false"))) {
        t.body(
            "content encodings",
            coding + " in fact" + (body.equals(STREAM) ? "" : ", no stream"),
            JSON + "content-encoding: " + coding + "\r\n",
            coding.equals("deflate") ? deflated(body) : gzipped(body));
      }
    }
    t.body(
        "content encodings",
        "two lines, identity and gzip, over a plain body",
        JSON + "content-encoding: identity\r\ncontent-encoding: gzip\r\n",
        utf8(STREAM));
  }

  private static void manyHeaders(Table t) {
    for (int count : new int[] {10, 40, 70, 80, 84, 86, 88, 89, 90, 91, 92, 93, 94}) {
      StringBuilder junk = new StringBuilder(JSON);
      for (int i = 0; i < count; i++) {
        junk.append("x-junk-").append(i).append(": 1\r\n");
      }
      t.body("many headers", count + " headers, a stream", junk.toString(), utf8(STREAM));
      t.body(
          "many headers",
          count + " headers, no stream",
          junk.toString(),
          utf8(chat("\"stream\":false")));
    }
    for (int kilobytes : new int[] {8, 30, 50, 56, 57, 58, 59}) {
      String junk = JSON + "x-junk: " + "j".repeat(kilobytes << 10) + "\r\n";
      t.body("many headers", kilobytes + " KB, a stream", junk, utf8(STREAM));
      t.body("many headers", kilobytes + " KB, no stream", junk, utf8(chat("\"stream\":false")));
    }
    // Around Envoy's limit for all headers together, 60 KiB, with and without what is added to
    // them.
    for (int bytes = 60_400; bytes <= 61_440; bytes += 13) {
      String junk = JSON + "x-junk: " + "j".repeat(bytes) + "\r\n";
      t.body("many headers", bytes + " bytes, a stream", junk, utf8(STREAM));
    }
    for (String line :
        List.of(
            "x-vsr-cache-hit: true",
            "x-vsr-debug: false",
            "x-vsr-looper-total-tokens: 0",
            "x-vsr-response-path: error",
            "accept: text/plain",
            "accept-encoding: gzip, br",
            "te: trailers",
            "x-http-method-override: GET",
            "x-original-url: /health",
            "x-envoy-original-path: /health",
            "x-envoy-decorator-operation: x",
            "x-envoy-max-retries: 3",
            "x-request-id: 1",
            "cookie: a=b; a=b",
            "prefer: respond-async",
            "cache-control: only-if-cached",
            "range: bytes=0-1",
            "if-none-match: *",
            "upgrade-insecure-requests: 1",
            "x-forwarded-for: 127.0.0.1")) {
      t.body("many headers", line, JSON + line + "\r\n", utf8(STREAM));
    }
  }

  private static void framing(Table t) {
    byte[] body = utf8(STREAM);
    String chunked = JSON + "transfer-encoding: chunked\r\n";
    t.wire("framing", "chunked", post(CHAT), chunked, chunks(STREAM, STREAM.length(), "", ""));
    t.wire("framing", "chunked byte by byte", post(CHAT), chunked, chunks(STREAM, 1, "", ""));
    t.wire(
        "framing",
        "chunked with a trailer",
        post(CHAT),
        chunked,
        chunks(STREAM, 7, "", "x: y\r\n"));
    t.wire(
        "framing",
        "chunked with extensions",
        post(CHAT),
        chunked,
        chunks(STREAM, 9, ";a=b;c=\"d\"", ""));
    t.wire(
        "framing",
        "Chunked",
        post(CHAT),
        JSON + "Transfer-Encoding: Chunked\r\n",
        chunks(STREAM, 7, "", ""));
    t.wire(
        "framing",
        "chunked, no stream",
        post(CHAT),
        chunked,
        chunks(chat("\"stream\":false"), 7, "", ""));
    t.wire(
        "framing",
        "chunked with a trailer that is a header",
        post(CHAT),
        chunked,
        chunks(STREAM, 7, "", "content-encoding: gzip\r\n"));
    t.wire("framing", "HTTP/1.0", "POST " + CHAT + " HTTP/1.0", JSON + length(body), body);
    t.wire(
        "framing",
        "the whole URL",
        "POST http://test" + CHAT + " HTTP/1.1",
        JSON + length(body),
        body);
    for (String line :
        List.of(
            "expect: 100-continue",
            "te: gzip, trailers",
            "trailer: x",
            "connection: content-type",
            "connection: content-length, x-auth-request-tier",
            "keep-alive: timeout=5",
            "proxy-connection: keep-alive",
            "x-empty:",
            "x-folded: a\r\n b",
            "content-language: de",
            "content-md5: x",
            "digest: sha-256=x",
            "content-range: bytes 0-1/2",
            "content-location: /x",
            "content-disposition: attachment")) {
      t.body("framing", line.replace("\r\n", " and "), JSON + line + "\r\n", body);
    }
    for (String coding : List.of("identity", "gzip, chunked", "chunked, chunked", "xchunked")) {
      t.wire(
          "framing",
          "transfer-encoding: " + coding,
          post(CHAT),
          JSON + "transfer-encoding: " + coding + "\r\n",
          chunks(STREAM, 7, "", ""));
    }
    t.wire(
        "framing",
        "chunked and a length",
        post(CHAT),
        JSON + "transfer-encoding: chunked\r\n" + length(body),
        chunks(STREAM, 7, "", ""));
    t.wire(
        "framing",
        "an upgrade is offered",
        post(CHAT),
        JSON + "connection: upgrade\r\nupgrade: h2c\r\n" + length(body),
        body);
    t.wire(
        "framing",
        "a websocket is offered",
        post(CHAT),
        JSON + "connection: upgrade\r\nupgrade: websocket\r\n" + length(body),
        body);
    for (String method : List.of("PUT", "PATCH", "GET", "post", "QUERY", "DELETE", "OPTIONS")) {
      t.wire("framing", method, method + " " + CHAT + " HTTP/1.1", JSON + length(body), body);
    }
    t.wire("framing", "no body", post(CHAT), JSON + "content-length: 0\r\n", new byte[0]);
    t.wire(
        "framing",
        "a length with zeros before",
        post(CHAT),
        JSON + "content-length: 000" + body.length + "\r\n",
        body);
    t.wire("framing", "the length twice", post(CHAT), JSON + length(body) + length(body), body);
  }

  private static void paths(Table t) {
    List<String> paths = new ArrayList<>();
    for (String path : List.of(CHAT, "/v1/completions", "/v1/responses", "/v1/messages")) {
      int at = path.lastIndexOf('/') + 1;
      String begin = path.substring(0, at);
      String end = path.substring(at);
      paths.add(path);
      paths.add(path + "/");
      paths.add(path + "//");
      paths.add("/" + path);
      paths.add(begin + "/" + end);
      paths.add(begin + "%" + hex(end.charAt(0)) + end.substring(1));
      paths.add(begin + percent(end, false));
      paths.add(begin + percent(end, true));
      paths.add(percent(path.substring(1), false).replaceFirst("^", "/"));
      paths.add(path.replace("/v1/", "/v1%2F"));
      paths.add(path.replace("/v1/", "/v1%2f"));
      paths.add("/%76%31" + path.substring(3));
      paths.add(begin + "." + "/" + end);
      paths.add(begin + "x/../" + end);
      paths.add("/x/.." + path);
      paths.add(begin + "%2e/" + end);
      paths.add("/x/%2e%2e" + path);
      paths.add("/x/%2E." + path);
      paths.add(path + "/.");
      paths.add(path + "/x/..");
      paths.add(path + ";a=b");
      paths.add(path.replace("/v1", "/v1;a=b"));
      paths.add(path + "%3Ba=b");
      paths.add(path + "?");
      paths.add(path + "?a=/v1/models");
      paths.add(path + "?a#b");
      paths.add(path + "%3Fa");
      paths.add(path + "%20");
      paths.add(path + "%00");
      paths.add(path + "%0A");
      paths.add(path + "%09");
      paths.add(path + "#a");
      paths.add(path.replace("/v1", "/V1"));
      paths.add(begin + end.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + end.substring(1));
      paths.add(path.toUpperCase(java.util.Locale.ROOT));
      paths.add(path.replace("/v1/", "/v1\\"));
      paths.add(path.replace("/v1/", "/v1%5C"));
      paths.add(path.replace("/v1/", "/v1%252F"));
      paths.add(begin + "%25" + hex(end.charAt(0)) + end.substring(1));
      paths.add(begin + "%c0%af" + end);
      paths.add("/v1%2F%2F" + path.substring(4));
      paths.add("/x%2F..%2F" + path.substring(1));
      paths.add(path + "%2F");
      paths.add("//test" + path);
      paths.add("/v1/models/.." + path.substring(3));
    }
    for (String path : paths) {
      String stream = path.toLowerCase(java.util.Locale.ROOT).contains("chat") ? STREAM : api(path);
      t.at("paths", path, path, stream);
    }
  }

  /** A body that suits a spelling of one of the other paths. */
  private static String api(String path) {
    String plain =
        java.net.URLDecoder.decode(path.replace("%25", "%").replace("%c0%af", ""), ISO_8859_1)
            .toLowerCase(java.util.Locale.ROOT);
    if (plain.contains("responses")) {
      return "{\"model\":\"m\",\"stream\":true,\"input\":\"What is 2+2?\"}";
    }
    if (plain.contains("messages")) {
      return "{\"model\":\"m\",\"max_tokens\":8,\"stream\":true," + MESSAGES + "}";
    }
    if (plain.contains("completions") && !plain.contains("chat")) {
      return "{\"model\":\"m\",\"stream\":true,\"prompt\":\"What is 2+2?\"}";
    }
    return STREAM;
  }

  private static void endpoints(Table t) {
    String completion = "{\"model\":\"m\",\"prompt\":\"What is 2+2?\",\"stream\":%s}";
    String embedding = "{\"model\":\"m\",\"input\":\"What is 2+2?\"}";
    String rerank =
        "{\"model\":\"m\",\"query\":\"What is 2+2?\",\"documents\":[\"four it is\",\"five\"]}";
    String score = "{\"model\":\"m\",\"text_1\":\"What is 2+2?\",\"text_2\":\"four it is\"}";
    String responses = "{\"model\":\"m\",\"input\":\"What is 2+2?\",\"stream\":%s}";
    String messages = "{\"model\":\"m\",\"max_tokens\":8," + MESSAGES + ",\"stream\":%s}";
    String generate = "{\"token_ids\":[1,2,3,4,5],\"sampling_params\":{},\"stream\":%s}";
    for (String stream : List.of("true", "false", "1", "0", "\"yes\"", "null")) {
      String chat = chat("\"stream\":" + stream);
      String is = ", stream is " + stream;
      t.at("endpoints", "chat" + is, CHAT, chat);
      t.at("endpoints", "chat at /invocations" + is, "/invocations", chat);
      t.at("endpoints", "completion" + is, "/v1/completions", completion.formatted(stream));
      t.at(
          "endpoints",
          "completion at /invocations" + is,
          "/invocations",
          completion.formatted(stream));
      t.at("endpoints", "response" + is, "/v1/responses", responses.formatted(stream));
      t.at("endpoints", "message" + is, "/v1/messages", messages.formatted(stream));
      t.at("endpoints", "generate" + is, "/inference/v1/generate", generate.formatted(stream));
      t.at(
          "endpoints",
          "batch of chats" + is,
          CHAT + "/batch",
          chat.replace(MESSAGES, MESSAGES.replace("[", "[[").replace("]", "]]")));
      t.at("endpoints", "Ollama's chat" + is, "/api/chat", chat);
      t.at("endpoints", "Ollama's generate" + is, "/api/generate", completion.formatted(stream));
    }
    for (String path : List.of("/v1/embeddings", "/invocations", "/api/embed", "/embeddings")) {
      t.at("endpoints", "embedding at " + path, path, embedding);
    }
    for (String path : List.of("/rerank", "/v1/rerank", "/v2/rerank", "/invocations")) {
      t.at("endpoints", "rerank at " + path, path, rerank);
    }
    for (String path : List.of("/score", "/v1/score", "/classify", "/pooling", "/invocations")) {
      t.at("endpoints", "score at " + path, path, score);
    }
    t.at(
        "endpoints",
        "generative scoring",
        "/generative_scoring",
        "{\"query\":\"What is 2+2?\",\"items\":[\"four\",\"five\"]}");
    t.at("endpoints", "chat without /v1", "/chat/completions", STREAM);
    t.at("endpoints", "completion without /v1", "/completions", completion.formatted("true"));
    t.at("endpoints", "counting tokens", "/tokenize", "{\"model\":\"m\",\"prompt\":\"a\"}");
    for (String format : List.of("json", "text", "srt", "vtt", "verbose_json")) {
      for (String path : List.of("transcriptions", "translations")) {
        t.wire(
            "endpoints",
            path + " as " + format,
            post("/v1/audio/" + path),
            "content-type: multipart/form-data; boundary=x\r\n" + length(form(format)),
            form(format));
      }
    }
  }

  private static byte[] form(String format) {
    String part = "--x\r\ncontent-disposition: form-data; name=";
    return utf8(
        part
            + "\"model\"\r\n\r\nm\r\n"
            + part
            + "\"response_format\"\r\n\r\n"
            + format
            + "\r\n"
            + part
            + "\"file\"; filename=\"a.wav\"\r\ncontent-type: audio/wav\r\n\r\nRIFF\r\n--x--\r\n");
  }

  private static void members(Table t) {
    for (String model :
        List.of(
            "null",
            "\"\"",
            "\" \"",
            "\"__overflow__\"",
            "\"router\"",
            "\"\\u0000\"",
            "\"\\n\"",
            "\"m\\u200bx\"",
            "\"<nil>\"",
            "\"{m}\"",
            "\"" + "m".repeat(3000) + "\"")) {
      String name = model.length() > 99 ? "3000 letters" : model;
      t.json("members", "model is " + name, STREAM.replace("\"m\"", model));
      t.json(
          "members",
          "model is " + name + ", no stream",
          chat("\"stream\":false").replace("\"m\"", model));
    }
    t.json("members", "no model", STREAM.replace("\"model\":\"m\",", ""));
    for (String n : List.of("1", "2", "4", "null", "\"2\"", "2.0", "8")) {
      t.json("members", "n is " + n, chat("\"n\":" + n + ",\"stream\":true"));
      t.json("members", "n is " + n + ", no stream", chat("\"n\":" + n));
    }
    for (String max : List.of("1", "2", "null", "\"2\"")) {
      t.json("members", "max_tokens is " + max, chat("\"max_tokens\":" + max + ",\"stream\":true"));
    }
    t.json("members", "usage is in the prompt", STREAM.replace("2+2", "\\\"usage\\\":{}"));
    t.json(
        "members",
        "usage beside the prompt",
        chat("\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0},\"stream\":true"));
    t.json("members", "a member without a name", chat("\"\":true,\"stream\":true"));
    t.json("members", "store and metadata", chat("\"store\":true,\"metadata\":{},\"stream\":true"));
    t.json("members", "a service tier", chat("\"service_tier\":\"flex\",\"stream\":true"));
  }

  private static final class Table {
    final Map<String, Spelling> spellings = new LinkedHashMap<>();

    void json(String kind, String name, String body) {
      body(kind, name, JSON, utf8(body));
    }

    void at(String kind, String name, String path, String body) {
      wire(kind, name, post(path), JSON + length(utf8(body)), utf8(body));
    }

    void body(String kind, String name, String headers, byte[] body) {
      wire(kind, name, post(CHAT), headers + length(body), body);
    }

    void wire(String kind, String name, String line, String headers, byte[] body) {
      Spelling spelling = new Spelling(kind, name, line, headers, new String(body, ISO_8859_1));
      if (spellings.putIfAbsent(spelling.toString(), spelling) != null) {
        throw new IllegalArgumentException("twice: " + spelling);
      }
    }
  }

  private static String chat(String members) {
    return "{\"model\":\"m\"," + MESSAGES + "," + members + "}";
  }

  private static String streamWith(String options) {
    return chat("\"stream\":true,\"stream_options\":" + options);
  }

  private static String post(String path) {
    return "POST " + path + " HTTP/1.1";
  }

  private static String length(byte[] body) {
    return "content-length: " + body.length + "\r\n";
  }

  private static byte[] chunks(String body, int size, String extension, String trailers) {
    StringBuilder wire = new StringBuilder();
    for (int at = 0; at < body.length(); at += size) {
      String chunk = body.substring(at, Math.min(at + size, body.length()));
      wire.append(Integer.toHexString(chunk.length())).append(extension).append("\r\n");
      wire.append(chunk).append("\r\n");
    }
    return latin1(wire.append("0\r\n").append(trailers).append("\r\n").toString());
  }

  private static String nested(int depth) {
    return "[".repeat(depth) + "]".repeat(depth);
  }

  private static String hex(char c) {
    return Integer.toHexString(c);
  }

  /** Every letter of it written as its code. */
  private static String percent(String text, boolean upper) {
    StringBuilder coded = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      String code = upper ? hex(c).toUpperCase(java.util.Locale.ROOT) : hex(c);
      coded.append(c == '/' ? "/" : "%" + code);
    }
    return coded.toString();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }

  private static byte[] latin1(String text) {
    return text.getBytes(ISO_8859_1);
  }

  private static byte[] gzipped(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(utf8(text));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] deflated(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DeflaterOutputStream out = new DeflaterOutputStream(bytes)) {
      out.write(utf8(text));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** How many spellings there are of each kind. */
  static Map<String, Integer> counts(Collection<Spelling> spellings) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    spellings.forEach(spelling -> counts.merge(spelling.kind(), 1, Integer::sum));
    return counts;
  }
}
