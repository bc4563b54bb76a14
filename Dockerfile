# An image that holds the binary, glibc, and nothing else: no shell, no package manager.
#
#     docker build -t rpc .                              # from this source
#     docker build -t rpc --target released .            # from binaries in dist/amd64 and dist/arm64
#
#     docker run --init --network host --stop-timeout 45 rpc serve 192.168.0.211 6666

FROM denoland/deno:2.9.6 AS compiled
RUN apt-get update && apt-get install -y --no-install-recommends binutils
WORKDIR /rpc
COPY . .
RUN deno task compile "$(uname -m)-unknown-linux-gnu" && mv "dist/rpc-$(uname -m)-linux" /usr/local/bin/rpc

# Needs Docker 20.10.10 or later, as every image with glibc 2.34 or later does.
FROM gcr.io/distroless/cc-debian12:nonroot AS base
ENTRYPOINT ["/usr/local/bin/rpc"]
# The server itself answers this, however much its workers have to do. One that listens on another port is
# started with a check of its own, as in compose.yaml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["/usr/local/bin/rpc", "call", "rpc.ping", "--timeout", "3000", "--registry", "static:127.0.0.1:6666"]

FROM base AS released
ARG TARGETARCH
COPY dist/${TARGETARCH}/rpc /usr/local/bin/rpc

FROM base
COPY --from=compiled /usr/local/bin/rpc /usr/local/bin/rpc
