#!/usr/bin/env bash
# Prints what CHANGELOG.md says about the release that a tag names: changelog.sh TAG
# With --write it first adds that section, from the commits that touched the package since its release before.
set -euo pipefail
tag=$1
file=$(git rev-parse --show-toplevel)/CHANGELOG.md
read_section() {
  awk -v tag="$tag" '/^## / { found = $2 == tag } found' "$file"
}
if [ "${2:-}" = --write ]; then
  if [ -n "$(read_section)" ]; then
    echo "CHANGELOG.md has a section ## $tag already: edit it, or remove it first" >&2
    exit 1
  fi
  prefix=${tag%%v*}
  case $prefix in
    policypack-) paths=(policypack) ;;
    access-) paths=(infra/access) ;;
    *) paths=(. ':!policypack' ':!infra/access') ;;
  esac
  before=$(git describe --tags --abbrev=0 --match "${prefix}v*" 2> /dev/null || true)
  cd "$(dirname "$file")"
  {
    awk '/^## / { exit } { print }' "$file"
    echo "## $tag"
    echo
    git log --no-merges --format='- %s (%h)' "${before:+$before..}HEAD" -- "${paths[@]}"
    echo
    awk '/^## / { found = 1 } found' "$file"
  } > "$file.new"
  mv "$file.new" "$file"
fi
section=$(read_section)
if [ -z "$section" ]; then
  echo "CHANGELOG.md has no section ## $tag: write it with .github/changelog.sh $tag --write, edit it and commit it" >&2
  exit 1
fi
echo "$section"
