#!/usr/bin/env bash
# Opens a session, hears of its end as a webhook receiver and reads the result. Needs curl, openssl and socat.
set -euo pipefail

verified() { # takes the body on stdin; the headers are in id, stamp and signature
  local key want
  key=$(printf %s "${IDEM_WEBHOOK_SECRET#whsec_}" | base64 -d | od -An -tx1 | tr -d ' \n')
  want=v1,$({ printf '%s.%s.' "$id" "$stamp" && cat; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
  [[ $stamp =~ ^[0-9]{1,12}$ && $((EPOCHSECONDS - 10#$stamp)) -le 300 && $((10#$stamp - EPOCHSECONDS)) -le 300 && " $signature " == *" $want "* ]]
}

if [[ ${1-} == request ]]; then # one HTTP request on stdin, its answer on stdout
  id='' stamp='' signature='' length=0 body=$inbox/$BASHPID
  read -r _
  while IFS=': ' read -r name value && value=${value%$'\r'} && [[ -n ${name%$'\r'} ]]; do
    case ${name,,} in
      webhook-id) id=$value ;; webhook-timestamp) stamp=$value ;; webhook-signature) signature=$value ;; content-length) length=$value ;;
    esac
  done
  head -c "$length" >"$body" # the bytes as they came
  if verified <"$body"; then status='204 No Content'; else status='401 Unauthorized'; fi
  if [[ $status == 204* && $(<"$body") == '{"id":"'$id'","event":"flow.end","session_id":"'$session'"'* ]]; then touch "$inbox/ended"; fi
  printf 'HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$status"
  exit
fi

inbox=$(mktemp -d)
session=$(curl -sSf "$IDEM_URL/api/v1/flows/session/create/" -H "X-API-Key: $IDEM_FLOW_KEY" -d '{"metadata":{"custom_id":"crm 7"}}' |
  sed -E 's/.*"session_id":"([^"]+)".*/\1/')
export inbox session
socat "TCP-LISTEN:$PORT,bind=127.0.0.1,fork,reuseaddr" EXEC:"bash $0 request" &
trap 'kill $!; rm -rf "$inbox"' EXIT
echo "send the person to $IDEM_URL/flow/$session"
until [[ -e $inbox/ended ]]; do sleep 0.2; done
result=$(curl -sSf "$IDEM_URL/api/v1/flows/session/result/?session_id=$session" -H "X-API-Key: $IDEM_FLOW_KEY")
echo "session $session ended as $(sed -E 's/.*"status":"([A-Z]+)","flow_session_result":([a-z]+).*/\1, passed: \2/' <<<"$result")"
