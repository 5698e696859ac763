#!/usr/bin/env bash
# The output of a run of the engine as Markdown: summarize-run.sh TITLE FILE
# First its violations, diagnostics and counts, then its end, folded. Text is indented, not fenced: wherever it is cut
# and whatever it says, it ends neither its block nor its fold.
set -eo pipefail
text=$(cat "$2" || true)
printf '### %s\n\n' "$1"
awk '/^[A-Z]/ { on = /^(Policies|Diagnostics|Resources):/ } on && (bytes += length) < 4000 { print "    " $0 }' <<< "$text"
printf '\n<details>\n<summary>%s: the end of its output</summary>\n\n' "$1"
tail -c 20000 <<< "$text" | sed 's/^/    /'
printf '\n</details>\n\n'
