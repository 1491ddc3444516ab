# Shared by the scripts: where things are, how uv and the virtual environment come to be.
# Everything lands inside the project: uv in .tools/, packages in .venv/.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
UV="$ROOT/.tools/uv/bin/uv"
VENV="$ROOT/.venv"
export UV_CACHE_DIR="${UV_CACHE_DIR:-$ROOT/.tools/cache}"

say() { printf '%s\n' "▸ $*" >&2; }
die() { printf '%s\n' "✗ $*" >&2; exit 1; }

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.13 python3.14 python3.12 python3.11 python3; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  die "Python 3.11 or newer (to 3.14) is needed and none was found: install one, or name it: PYTHON=/path/to/python script/run"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# uv, at the pinned version and hash, in the project's own folder.
ensure_uv() {
  local python pinned
  pinned="$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' "$ROOT/requirements-uv.txt")"
  if [ -x "$UV" ] && [ "$("$UV" --version 2>/dev/null | cut -d' ' -f2)" = "$pinned" ]; then return; fi
  if command -v uv >/dev/null 2>&1 && [ "$(uv --version | cut -d' ' -f2)" = "$pinned" ]; then UV="$(command -v uv)"; return; fi
  python="$(find_python)"
  say "Installing uv $pinned into .tools/ (the package installer)"
  rm -rf "$ROOT/.tools/uv"
  if ! "$python" -m venv "$ROOT/.tools/uv" >/dev/null 2>&1; then
    if command -v apt-get >/dev/null 2>&1 && as_root true 2>/dev/null; then
      say "Installing Debian's python3-venv (this Python can't make virtual environments without it)"
      as_root apt-get update -qq >/dev/null && as_root apt-get install -y -qq python3-venv >/dev/null
      rm -rf "$ROOT/.tools/uv"
    fi
    "$python" -m venv "$ROOT/.tools/uv" >/dev/null 2>&1 ||
      die "This Python can't make a virtual environment: install its venv module (Debian: sudo apt-get install python3-venv)."
  fi
  "$ROOT/.tools/uv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r "$ROOT/requirements-uv.txt" || die "uv could not be downloaded: is there a network? Run the same command again."
}

# ensure_venv [dev]: .venv holds exactly what the hash-pinned lock names; nothing is done when it does already.
ensure_venv() {
  local lock="$ROOT/requirements.txt" kind=runtime stamp="$VENV/.hellotutor-lock" wanted python
  # A virtual environment made for development serves for running too.
  if [ "${1:-}" = dev ] || { [ -f "$stamp" ] && grep -q '^dev ' "$stamp"; }; then
    lock="$ROOT/requirements-dev.txt" kind=dev
  fi
  wanted="$kind $(cat "$lock" "$ROOT/pyproject.toml" | cksum)"
  if ! "$VENV/bin/python" -c '' 2>/dev/null; then rm -rf "$VENV"; fi  # moved, or its Python has gone
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
  ensure_uv
  if [ ! -x "$VENV/bin/python" ]; then
    say "Making .venv"
    python="$(find_python)"
    "$UV" --system-certs venv --quiet --python "$python" "$VENV"
  fi
  rm -f "$stamp"
  say "Installing the packages of $(basename "$lock") into .venv (about 350 MB to download the first time)"
  "$UV" --system-certs pip sync --quiet --python "$VENV/bin/python" --require-hashes --compile-bytecode "$lock" ||
    die "The packages could not be installed: is there a network? Run the same command again, it goes on where it stopped."
  "$UV" --system-certs pip install --quiet --python "$VENV/bin/python" --no-deps --editable "$ROOT"
  printf '%s\n' "$wanted" >"$stamp"
}
