// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.doctor;

import java.util.List;

/**
 * What the configuration of the server wants of Envoy.
 *
 * @param grpcPort where it listens, -1 when only on a socket
 * @param socket the path of its socket; empty when there is none
 * @param integrated whether users are billed
 * @param headers those that say who pays, where headers are believed without a proof; else none
 * @param namespaces of metadata that says who pays
 */
public record Expected(
    int grpcPort,
    String socket,
    boolean integrated,
    List<String> headers,
    List<String> namespaces) {}
