#!/usr/bin/env bash
# Upload a document, wait until it can be studied, answer one question, ask the same in a chat, see the insights.
# Usage: HELLOTUTOR_TOKEN=ht_… study.sh FILE [ADDRESS [QUESTION]]
# Needs curl, and python3 to pick fields out of the JSON.
set -euo pipefail

file=${1:?name a file: a PDF, Markdown or plain text}
address=${2:-http://127.0.0.1:8000}
asked=${3:-}
[[ -r $file ]] || { echo "There is no file $file that could be read." >&2; exit 1; }
api=$address/api/v1
: "${HELLOTUTOR_TOKEN:?set it to a token: hellotutor token learner@localhost makes one}"

pick() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
quote() { python3 -c "import json, sys; print(json.dumps(sys.argv[1]))" "$1"; }
ask() { curl --silent --fail-with-body --header "Authorization: Bearer $HELLOTUTOR_TOKEN" "$@"; }
# A problem ends the program with its code and its sentence.
call() {
  local answer
  answer=$(ask "$@") || { tell "${answer:-}" >&2; exit 1; }
  printf '%s\n' "$answer"
}
tell() {
  if [[ -z $1 ]]; then
    echo "No HelloTutor answers at $address: start it with hellotutor serve, or give the address that it says."
    return
  fi
  python3 -c "import json, sys; problem = json.load(sys.stdin); print(problem['code'] + ':', problem['detail'])" <<<"$1"
}
send() { call --header "Content-Type: application/json" --data "$1" "${@:2}"; }

uploaded=$(call --form "file=@$file" --header "Idempotency-Key: $(sha256sum "$file" | cut -c1-64)" "$api/documents/")
document=$(pick '["id"]' <<<"$uploaded")
echo "document $document"

# One event a change, until it is read; from `embedding` on it could be studied already. A stream ends after ten minutes,
# and with the server: it is opened again until it has said `done`.
last=none
until [[ $last == "event: done" || $last == "event: error" ]]; do
  last=none
  while read -r line; do
    if [[ $line == event:* ]]; then last=$line; echo "$line"; fi
  done < <(ask --no-buffer --header "Accept: text/event-stream" "$api/documents/$document/")
  [[ $last != none ]] || { tell "" >&2; exit 1; }
done

session=$(send "{\"document_ids\": [\"$document\"], \"count\": 1}" "$api/sessions/")
id=$(pick '["id"]' <<<"$session")
question=$(pick '["question"]["id"]' <<<"$session")
prompt=$(pick '["question"]["prompt"]' <<<"$session")
echo "$prompt"

graded=$(send "{\"question_id\": \"$question\", \"text\": \"I don't know\"}" "$api/sessions/$id/answers/")
pick '["verdict"]' <<<"$graded"
pick '["evidence"]["quote"]' <<<"$graded"

# Words as they are said, from this document alone: the events start, text …, done.
ask --header "Content-Type: application/json" --header "Accept: text/event-stream" --no-buffer "$api/chat/" \
  --data "{\"document_ids\": [\"$document\"], \"message\": $(quote "${asked:-$prompt}")}"

call "$api/sessions/$id/insights/" | pick '["summary"]'
