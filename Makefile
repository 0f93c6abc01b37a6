# The verbs of the project. `make` alone lists them.
SHELL := /bin/bash
MVN ?= mvn -B -ntp
CONFIG_FILE ?= config/config.yaml
export CONFIG_FILE

SERVER_JAR := maas-extproc/target/maas-extproc.jar
SIMULATOR_JAR := testing/simulated-vllm/target/simulated-vllm.jar
GATEWAY_JAR := examples/embedded-gateway/target/embedded-gateway.jar
BENCH_JAR := maas-bench/target/benchmarks.jar
JARS := $(SERVER_JAR) $(SIMULATOR_JAR) $(GATEWAY_JAR)
# Whatever a jar is made of; a newer one of these makes the jar old.
SOURCES := $(shell find . -path ./.tools -prune -o \( -name target -prune \) -o -path '*/src/main/*' -type f -print -o -name pom.xml -print)

.PHONY: help build check test nightly demo image run-router run-envoy run-simulator bench bench-full bench-memory bench-load bench-paired bench-start \
  bench-soak bench-jars format clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: $(JARS) ## build the jars, without tests

# One Maven run makes all jars; the stamp keeps make from starting one for each.
$(JARS): target/build.stamp
target/build.stamp: $(SOURCES)
	$(MVN) -q -DskipTests -Dspotless.check.skip=true -pl '!maas-bench' package
	@mkdir -p target && touch $@

check: ## the fast loop: unit tests but the slow ones, and the format
	$(MVN) test spotless:check

test: ## run the whole test suite; REQUIRE_ENVOY=1 fails where it would skip
	tools/validate-manifests
	$(MVN) verify

nightly: bench-jars ## what takes hours: random tests in great numbers, mutations, fuzzing, soak, consumers
	$(MVN) -Pnightly verify
	set -e; for target in scanner configuration identity extProcMessages token; do tools/fuzz $$target 15; done
	$(BENCH_CLIENT).Soak --seconds 1800
	tools/consumers
	tools/reproducible
	tools/kube-apiserver

demo: $(JARS) ## show the main job: simulator, server and Envoy; KEEP=1 stays up
	@tools/demo

run-router: $(SERVER_JAR) ## run the ExtProc server with CONFIG_FILE (default config/config.yaml)
	exec java -jar $(SERVER_JAR)

image: $(SERVER_JAR) ## build the container image without a daemon: deploy/image/target/maas-extproc.tar
	tools/image-root
	mkdir -p deploy/image/target/classes
	$(MVN) -q -f deploy/image/pom.xml jib:buildTar
	@ls -l deploy/image/target/maas-extproc.tar

run-envoy: ## run Envoy with config/envoy.yaml
	exec tools/envoy --disable-hot-restart -c config/envoy.yaml

run-simulator: $(SIMULATOR_JAR) ## run the simulated backend on port 8000
	exec java -jar $(SIMULATOR_JAR)

bench: bench-jars $(SIMULATOR_JAR) ## a minute: what is promised for each request beside what is measured here
	$(BENCH_CLIENT).Promise $(BENCH_ARGS)

bench-full: bench-jars ## run the benchmarks; BENCH_ARGS goes to JMH
	java -jar $(BENCH_JAR) $(BENCH_ARGS)

bench-memory: bench-jars ## a stream of one GiB under -Xmx64m; the heap of 10,000 open exchanges
	java -Xmx64m -cp $(BENCH_JAR) io.semanticrouter.maas.bench.GigabyteStream
	java -Xmx512m -cp $(BENCH_JAR) io.semanticrouter.maas.bench.OpenExchanges

# The server under test is a process of its own; SERVER_CPUS and CLIENT_CPUS pin the two, as taskset writes processors.
BENCH_CLIENT := $(if $(CLIENT_CPUS),taskset -c $(CLIENT_CPUS)) java -Xms512m -Xmx512m -cp $(BENCH_JAR) \
  io.semanticrouter.maas.bench.extproc

bench-jars:
	$(MVN) -q -DskipTests -Dspotless.check.skip=true -pl maas-bench -am package

bench-load: bench-jars ## the ExtProc server beside one that does nothing; BENCH_ARGS: maas-bench/README.md
	$(BENCH_CLIENT).LoadRun $(BENCH_ARGS)

bench-paired: bench-jars ## the two in turn, seconds each, for small differences
	$(BENCH_CLIENT).PairedLoad $(BENCH_ARGS)

bench-start: bench-jars ## start to ready, the first exchanges, the resident set
	$(BENCH_CLIENT).Start $(BENCH_ARGS)

bench-soak: bench-jars ## ten minutes of every ending, or SECONDS: exact records, flat heap and threads
	$(BENCH_CLIENT).Soak --seconds $(or $(SECONDS),600) $(BENCH_ARGS)

format: ## format all Java sources
	$(MVN) -q spotless:apply

clean: ## remove what was built (not .tools)
	$(MVN) -q clean
	rm -rf target
