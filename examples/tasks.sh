#!/bin/sh
# A worker in shell: rpc serve 127.0.0.1 0 --exec "sh examples/tasks.sh" (see docs/WORKERS.md).
# It reads no parameters, so it needs no JSON parser: the server writes "id" and "method" first.

trap '' INT # Ctrl-C is the server's, which lets calls end first.

method() { # name, summary
  printf '{"name":"%s","summary":"%s","params":[],"x-idempotent":true}' "$1" "$2"
}

while read -r line; do
  request=$(printf '%s\n' "$line" |
    sed -n 's/^{"jsonrpc":"2.0","id":\([0-9]*\),"method":"\([^"]*\)".*/\1 \2/p')
  id=${request%% *}
  case ${request#* } in
    rpc.discover)
      outcome="\"result\":{\"openrpc\":\"1.3.2\",\"info\":{\"title\":\"tasks.sh\",\"version\":\"1\"}"
      outcome="$outcome,\"methods\":[$(method host 'The name of the machine')"
      outcome="$outcome,$(method seconds 'Seconds since 1970')]}"
      ;;
    rpc.ping) outcome='"result":"pong"' ;;
    host) outcome="\"result\":\"$(uname -n)\"" ;;
    seconds) outcome="\"result\":$(date +%s)" ;;
    *) outcome='"error":{"code":-32601,"message":"Cannot find the method"}' ;;
  esac
  if [ -n "$id" ]; then printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$outcome"; fi
done
