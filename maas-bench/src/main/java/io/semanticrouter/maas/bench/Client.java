// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import java.util.List;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The messages of one thread: users (10,000) and models (3), each in turn. */
@State(Scope.Thread)
public class Client {
  static final int CHUNKS = 20;

  private final byte[][] users;
  private final byte[][] tiers;
  private final GatewayHeaders[] jsonResponses;
  private final GatewayHeaders[] sseResponses;
  private final byte[][] bodies;
  private final byte[][][] streams;

  // Neither constants nor final: the compiler must not know them.
  private String method = new String(Traffic.METHOD.toCharArray());
  private String path = new String(Traffic.PATH.toCharArray());

  final GatewayHeaders request = Traffic.request();
  private final int userIndex = request.indexOf("x-auth-request-user");
  private final int tierIndex = request.indexOf("x-auth-request-tier");
  private int user = -1;
  private int model = -1;

  /** Makes the messages. */
  public Client() {
    this(Traffic.USERS);
  }

  Client(int userCount) {
    Checks.that(request.size() == 21, "21 request headers");
    List<String> names = Traffic.users(userCount);
    users = new byte[names.size()][];
    tiers = new byte[names.size()][];
    for (int i = 0; i < users.length; i++) {
      users[i] = names.get(i).getBytes(UTF_8);
      tiers[i] = Traffic.tier(names.get(i)).getBytes(UTF_8);
    }
    int models = Traffic.MODELS.size();
    jsonResponses = new GatewayHeaders[models];
    sseResponses = new GatewayHeaders[models];
    bodies = new byte[models][];
    streams = new byte[models][][];
    for (int i = 0; i < models; i++) {
      String name = Traffic.MODELS.get(i);
      jsonResponses[i] = Traffic.response(name, "application/json");
      sseResponses[i] = Traffic.response(name, "text/event-stream; charset=utf-8");
      bodies[i] = Traffic.body(name);
      streams[i] = Traffic.stream(name, CHUNKS);
      Checks.that(jsonResponses[i].size() == 12, "12 response headers");
      Checks.that(bodies[i].length == Traffic.BODY_BYTES, "2 KB");
    }
  }

  /** The next exchange: another user, another model. */
  void next() {
    user = user + 1 == users.length ? 0 : user + 1;
    model = model + 1 == bodies.length ? 0 : model + 1;
    request.set(userIndex, users[user]);
    request.set(tierIndex, tiers[user]);
  }

  Exchange begin(Metering metering) {
    return metering.begin(method, path, request);
  }

  GatewayHeaders jsonResponse() {
    return jsonResponses[model];
  }

  GatewayHeaders sseResponse() {
    return sseResponses[model];
  }

  byte[] body() {
    return bodies[model];
  }

  byte[][] stream() {
    return streams[model];
  }
}
