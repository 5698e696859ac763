#!/usr/bin/env bash
# Publishes what a tag names to the npm registry, with provenance. --dry-run packs it and publishes nothing.
set -euo pipefail
tag=$1
shift
case "$tag" in
  policypack-v*) folder=policypack ;;
  access-v*) folder=infra/access ;;
  v*)
    # The program is used from its source: the release at GitHub is all.
    node -e 'const { version } = require("./package.json"); if (`v${version}` !== process.argv[1]) throw new Error(`package.json says ${version}, the tag ${process.argv[1]}`)' "$tag"
    exit
    ;;
  *)
    echo "No release is named $tag: expected v*, policypack-v* or access-v*" >&2
    exit 2
    ;;
esac
cd "$folder"
# The package says where it comes from, which its provenance must match.
if [ -n "${GITHUB_REPOSITORY:-}" ]; then
  home="https://github.com/$GITHUB_REPOSITORY"
  npm pkg set repository.type=git "repository.url=git+$home.git" "repository.directory=$folder" \
    "homepage=$home/tree/main/$folder#readme" "bugs.url=$home/issues"
fi
node -e 'const { version } = require("./package.json"); if (!process.argv[1].endsWith(`-v${version}`)) throw new Error(`package.json says ${version}, the tag ${process.argv[1]}`)' "$tag"
if [ -f package-lock.json ]; then npm ci --no-audit --no-fund; fi
provenance=(--provenance)
if [ "${1:-}" = --dry-run ]; then provenance=(); fi
npm publish --access public "${provenance[@]}" "$@"
