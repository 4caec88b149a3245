#!/usr/bin/env bash
# Does what a newcomer does: clones this repository, and types what README.md says, line by line. With no data, no weights and no
# network but for packages. tests/fences.py says which lines of a document are typed.
#
#     tests/stranger.sh [--keep] [DOCUMENT ...]        (README.md)
#
# Fails where a line fails, where a warning appears that tests/stranger_known.txt does not know, and where a file is left that does
# not belong there: outside the clone but for PaddleHub's modules and this project's cache. No file of the repository may change.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
keep=
if [ "${1:-}" = --keep ]; then keep=yes; shift; fi
documents=("${@:-README.md}")
work=$(mktemp -d)
[ -n "$keep" ] && echo "in $work" || trap 'rm -rf "$work"' EXIT

# Packages come from pip's usual places, though HOME is another.
pip_cache=${PIP_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pip}
pip_config=${PIP_CONFIG_FILE:-$HOME/.config/pip/pip.conf}
[ -f "$pip_config" ] || pip_config=/dev/null
python=$(python3 -c 'import sys; print(sys.executable)')
failed=0
complain() { echo "stranger: $*" >&2; failed=1; }

for document in "${documents[@]}"; do
    here=$work/$(basename "$document" .md)
    mkdir -p "$here/home" "$here/tmp" "$here/fences"
    git clone --quiet "$root" "$here/clone"
    count=$(python3 "$root/tests/fences.py" "$here/clone/$document" "$here/fences")
    echo "stranger: $document, $count fences"
    [ "$count" -gt 0 ] || complain "$document has no fence to run"

    # Nothing of this environment but where programs and packages are.
    code=0
    (cd "$here/clone" && env -i PATH="$(dirname "$python"):/usr/local/bin:/usr/bin:/bin" HOME="$here/home" TMPDIR="$here/tmp" \
        LANG=C.UTF-8 PYTHONPATH="$root/tests/offline" PIP_CACHE_DIR="$pip_cache" PIP_CONFIG_FILE="$pip_config" \
        ${PIP_CERT:+PIP_CERT="$PIP_CERT"} ${PIP_FIND_LINKS:+PIP_FIND_LINKS="$PIP_FIND_LINKS"} ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} \
        timeout "${STRANGER_TIMEOUT:-2400}" bash "$here/fences/program.sh") </dev/null >"$here/log" 2>&1 || code=$?
    cat "$here/log"
    [ "$code" = 0 ] || complain "$document: exit code $code"

    grep -v '^ *#' "$root/tests/stranger_known.txt" | grep -v '^$' >"$here/known"
    if tr '\r' '\n' <"$here/log" | grep -iE 'warning|traceback|deprecat|^[EWI][0-9]{4} ' | grep -vEf "$here/known"; then
        complain "$document: these lines above are no business of a newcomer"
    fi
    # Matplotlib and VisualDL keep lists of fonts and settings there, whoever uses them.
    left=$(cd "$here" && find home tmp -type f ! -path 'home/.paddlehub/*' ! -path 'home/.cache/paddle_cv/*' \
        ! -path 'home/.cache/matplotlib/*' ! -path 'home/.visualdl/*' | head -20)
    [ -z "$left" ] || complain "$document: files are left outside the folder:"$'\n'"$left"
    changed=$(git -C "$here/clone" status --porcelain --untracked-files=no)
    [ -z "$changed" ] || complain "$document: files of the repository are changed:"$'\n'"$changed"
    [ -n "$keep" ] || rm -rf "$here"
done
exit "$failed"
