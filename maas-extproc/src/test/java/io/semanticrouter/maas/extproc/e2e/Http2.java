// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import java.io.IOException;
import java.util.List;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** One HTTP/2 exchange. */
record Http2(int status, Headers headers, String body, Headers trailers) {

  static Http2 post(int port, String path, String json, String... headers) throws IOException {
    OkHttpClient http =
        new OkHttpClient.Builder().protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE)).build();
    Request request =
        new Request.Builder()
            .url("http://127.0.0.1:" + port + path)
            .headers(Headers.of(headers))
            .post(RequestBody.create(json, MediaType.get("application/json")))
            .build();
    try (Response response = http.newCall(request).execute()) {
      String body = response.body().string();
      return new Http2(response.code(), response.headers(), body, response.trailers());
    } finally {
      http.connectionPool().evictAll();
      http.dispatcher().executorService().shutdown();
    }
  }
}
