#!/usr/bin/env bash
# Publishes what a tag names to the npm registry, with provenance. --dry-run packs it and publishes nothing.
set -euo pipefail
tag=$1
shift
root=$(git rev-parse --show-toplevel)
cd "$root"
case "$tag" in
  policypack-v*) folder=policypack installed=policypack ;;
  access-v*) folder=infra/access installed=. ;;
  # The program is used from its source: the release at GitHub is all.
  v*) folder=. installed= ;;
  *)
    echo "No release is named $tag: expected v*, policypack-v* or access-v*" >&2
    exit 2
    ;;
esac
version=$(node -p 'require(`./${process.argv[1]}/package.json`).version' "$folder")
if [ "$version" != "${tag#*v}" ]; then
  echo "$folder/package.json says version $version, the tag $tag" >&2
  exit 1
fi
.github/changelog.sh "$tag" > /dev/null
if [ "${1:-}" != --dry-run ] && grep -q @OWNER/ .github/CODEOWNERS; then
  echo "Nobody is asked about a change of access: replace @OWNER/access-reviewers in .github/CODEOWNERS by your team" >&2
  exit 1
fi
if [ "$folder" = . ]; then exit; fi
if [ ! -d "$installed/node_modules" ]; then npm ci --prefix "$installed" --no-audit --no-fund; fi
cd "$folder"
npm run --silent --if-present build
# The package says where it comes from, which its provenance must match.
if [ -n "${GITHUB_REPOSITORY:-}" ]; then
  home="https://github.com/$GITHUB_REPOSITORY"
  npm pkg set repository.type=git "repository.url=git+$home.git" "repository.directory=$folder" \
    "homepage=$home/tree/main/$folder#readme" "bugs.url=$home/issues"
fi
provenance=(--provenance)
if [ "${1:-}" = --dry-run ]; then provenance=(); fi
npm publish --access public "${provenance[@]}" "$@"
