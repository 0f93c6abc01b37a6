# The server as an image without a shell: what tools/image-root puts together, as user 65532.
#
#   docker build -t maas-extproc:0.1.0 .
#
# Without Docker: make image. Both hold the same files; only the libraries are those of the machine that builds.
FROM eclipse-temurin:17-jdk AS build
RUN apt-get update && apt-get install -y --no-install-recommends maven make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The JDK of the image, not the one that Maven brings.
ENV JAVA_HOME=/opt/java/openjdk
RUN make build && tools/image-root /image-root

FROM scratch
COPY --from=build /image-root /
USER 65532:65532
WORKDIR /app
# The options of the JVM: here and not among the arguments, so that whoever runs it can say something else.
ENV CONFIG_FILE=/etc/maas/config.yaml JAVA_TOOL_OPTIONS="-XX:+UseSerialGC -Xmx128m"
EXPOSE 50051 9190
ENTRYPOINT ["/usr/lib/jvm/java/bin/java", "-XX:SharedArchiveFile=/app/app.jsa", "-jar", "maas-extproc.jar"]
