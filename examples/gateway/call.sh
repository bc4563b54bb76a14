#!/bin/sh
# Calls a method through `rpc gateway` by curl: `call.sh http://127.0.0.1:8080 "$TOKEN"`.
set -eu
url=$1
token=$2

# The body is the parameters, the answer the bare result.
curl --silent --show-error --fail-with-body \
  -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
  -d '[20]' "$url/call/fib"

# JSON-RPC 2.0, as its libraries send it.
curl --silent --show-error --fail-with-body \
  -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
  -d '{"jsonrpc":"2.0","id":1,"method":"fib","params":[10]}' "$url/"
